"""What was decided about proposals, written into the transcripts, whichever way it was decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from devstral_ls.errors import RequestRefused
from devstral_ls.server.file_proposal import FileProposal
from devstral_ls.server.proposals import Proposal
from devstral_ls.server.report import save
from devstral_ls.server.sessions import Conversation, Sessions

UNDECIDED = ("pending", "superseded")


class Decisions:
    """Notes each decision once. grown: called with the session whose transcript has grown."""

    def __init__(self, sessions: Sessions, grown: Callable[[Conversation], None]) -> None:
        self._sessions = sessions
        self._grown = grown
        self._noted: dict[str, dict[str, str]] = {}

    def note(self, proposal: Proposal) -> None:
        """The proposal is new, or something about it was decided."""
        noted = self._noted.setdefault(proposal.id, {})
        decided = {file.name: text for file in proposal.files if (text := _decision(file))}
        new = {name: text for name, text in decided.items() if noted.get(name) != text}
        if not new:
            return
        noted.update(new)
        try:
            conversation = self._sessions.get(proposal.session_id)
        except RequestRefused:
            return
        for name, text in new.items():
            conversation.transcript.noted(f"{name}: {text}")
        save(conversation.transcript)
        self._grown(conversation)


def _decision(file: FileProposal) -> str:
    """Such as `applied`, or `partly applied (2 hunks applied, 1 rejected)`; empty while nothing was decided."""
    counts = Counter(hunk.decision for hunk in file.settled)
    parts = ", ".join(f"{count} {'hunk' if count == 1 else 'hunks'} {decision}" for decision, count in counts.items())
    if file.state in UNDECIDED:
        return parts
    return f"{file.state} ({parts})" if file.state == "partly applied" and parts else file.state

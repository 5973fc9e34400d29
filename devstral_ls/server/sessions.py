"""The conversations of this connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from devstral_ls.agent.session import Session
from devstral_ls.errors import RequestRefused
from devstral_ls.server.proposals import Decision, Proposal
from devstral_ls.storage.transcript import Transcript

WORDS: dict[Decision, str] = {
    "applied": "accepted and applied",
    "rejected": "rejected",
    "modified": "applied and then changed by the user",
}


@dataclass(slots=True)
class Conversation:
    """A session as the editor knows it: the agent's part, its record, and what became of its proposals."""

    session: Session
    transcript: Transcript
    proposal_id: str | None = None
    """The newest proposal's."""
    untold: list[str] = field(default_factory=list)
    """Decisions the model does not know of yet, one line each."""
    noted: set[tuple[str, str]] = field(default_factory=set)
    """(proposal id, file name) of every decision noted so far."""

    @property
    def id(self) -> str:
        return self.session.id

    def tell(self) -> list[str]:
        """What the user decided since the last turn, one line per file, told once."""
        lines, self.untold = self.untold, []
        return lines


class Sessions:
    """Every session since the server started; `current` is the one last used."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._by_id: dict[str, Conversation] = {}
        self.current: Conversation | None = None

    def new(self) -> Conversation:
        """A new session, made the current one."""
        session = Session.new()
        conversation = Conversation(session, Transcript(self._state, session.id))
        self._by_id[session.id] = self.current = conversation
        return conversation

    def get(self, session_id: str) -> Conversation:
        """The session with this id; RequestRefused when there is none."""
        found = self._by_id.get(session_id)
        if found is None:
            raise RequestRefused(f"There is no session {session_id}: leave sessionId out to start one.")
        return found

    def of_run(self, session_id: str | None, *, continues: bool) -> Conversation:
        """The session a new run belongs to."""
        if session_id is not None:
            self.current = self.get(session_id)
        elif self.current is None or not continues:
            return self.new()
        return self.current

    def all(self) -> list[Conversation]:
        return list(self._by_id.values())

    def note(self, proposal: Proposal) -> None:
        """Remember what was decided about a proposal, for the model's next turn."""
        conversation = self._by_id.get(proposal.session_id)
        if conversation is None:
            return
        for file in proposal.files:
            if file.decision in WORDS and (proposal.id, file.name) not in conversation.noted:
                conversation.noted.add((proposal.id, file.name))
                conversation.untold.append(f"Your proposed edits to {file.name} were {WORDS[file.decision]}.")

"""The conversations of this connection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from devstral_ls.agent.session import Session
from devstral_ls.errors import RequestRefused
from devstral_ls.server.outcomes import Outcome
from devstral_ls.storage.transcript import Transcript


@dataclass(slots=True)
class Conversation:
    """A session as the editor knows it: the agent's part, its record, and what became of its proposals."""

    session: Session
    transcript: Transcript
    proposal_id: str | None = None
    """The newest proposal's."""
    told: dict[tuple[str, str], str] = field(default_factory=dict)
    """What the model knows of each proposed file's outcome."""

    @property
    def id(self) -> str:
        return self.session.id

    def tell(self, outcomes: Iterable[Outcome]) -> list[str]:
        """What the model does not know yet of what became of its proposals, told once."""
        new = [outcome for outcome in outcomes if self.told.get(outcome.about) != outcome.state]
        self.told.update({outcome.about: outcome.state for outcome in new})
        return [outcome.text for outcome in new]


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

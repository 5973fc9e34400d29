"""A conversation that outlives one run."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from devstral_ls.agent.prompt import system_prompt
from devstral_ls.llm.envelope import Tally
from devstral_ls.llm.messages import Message, SystemMessage, UserMessage
from devstral_ls.tools.reads import Reads


@dataclass(slots=True)
class Session:
    """messages: only ever appended to, so that a server's prefix cache serves every turn after the first, until they
    have to be compacted (`replace`).

    tally counts them; ratio is the server's count of them divided by ours. blind_model: the model that turned out to
    see no images, by its name.
    """

    id: str
    messages: list[Message]
    reads: Reads = field(default_factory=Reads)
    tally: Tally = field(default_factory=Tally)
    ratio: float = 1.0
    told_of_truncation: bool = False
    blind_model: str | None = None

    @classmethod
    def new(cls) -> Session:
        """A session that begins with the system prompt and has read nothing."""
        return cls(secrets.token_hex(8), [SystemMessage(system_prompt())])

    @property
    def is_new(self) -> bool:
        """Whether the user has said nothing yet; then AGENTS.md goes into the first message."""
        return not any(isinstance(message, UserMessage) for message in self.messages)

    def replace(self, messages: list[Message]) -> None:
        """Put another conversation in the place of this one."""
        self.messages[:] = messages
        self.tally.reset()

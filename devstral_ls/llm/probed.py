"""What was found at one base URL, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from devstral_ls.llm.servers import Kind

Status = Literal["ready", "unreachable", "key_refused", "no_model", "unusable"]
"""unreachable: no connection. unusable: something answers, but not (yet) as a model server."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What was found at one base URL.

    models: the chat models the server lists. model: the one to use. context_window: of that model, in tokens, as far as
    the server says. problem: one line; None when the status is "ready". said: what the server says the model is made
    from. tools, vision: whether the model can, as far as the server says. advice: what to do about the problem, as the
    end of a sentence; None where the kind of server decides.
    """

    url: str
    kind: Kind
    status: Status = "ready"
    problem: str | None = None
    version: str | None = None
    models: tuple[str, ...] = ()
    model: str | None = None
    context_window: int | None = None
    said: str | None = None
    tools: bool | None = None
    vision: bool | None = None
    advice: str | None = None

"""The ways commands can be held in, strongest first, as people read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SandboxMode = Literal["auto", "require", "off"]


@dataclass(frozen=True, slots=True)
class Rung:
    """One way. name: as the documentation has it. title: what it is, in a few words.

    contained: nothing a command does lasts or leaves the machine, unless the user accepts the edits it made.
    """

    name: str
    title: str
    contained: bool


OVERLAY = Rung("1", "sandbox (overlay, bubblewrap)", contained=True)
BWRAP_OVERLAY = Rung("1b", "sandbox (bubblewrap's own overlay)", contained=True)
BOUND_COPY = Rung("2", "sandbox (copy, bubblewrap)", contained=True)
LANDLOCK = Rung("3", "weak sandbox (copy, Landlock)", contained=False)
PLATFORM = Rung("4", "weak sandbox (copy, the platform's own means)", contained=False)
RIZA = Rung("riza", "sandbox at Riza, to which the code is sent", contained=True)
WASM = Rung("wasm", "sandbox (WebAssembly)", contained=True)
"""Where Python code can run besides."""
OPEN = Rung("5", "no sandbox (copy of the workspace)", contained=False)


@dataclass(frozen=True, slots=True)
class Reached:
    """The rung commands run on; None: they are refused. passed: for each stronger rung, why it is out of reach."""

    rung: Rung | None
    passed: tuple[tuple[Rung, str], ...] = ()
    bwrap: str | None = None

    @property
    def title(self) -> str:
        return self.rung.title if self.rung is not None else "none: commands are refused"

    @property
    def remedy(self) -> str:
        """What the user can do where commands are refused, or held in less well than they could be."""
        why = "; ".join(f"{rung.title}: {reason}" for rung, reason in self.passed)
        return f"Install bubblewrap, or set execution.sandbox to off to run commands unprotected ({why})."

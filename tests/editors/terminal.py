"""A terminal that a test types into and looks at: tmux."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

PATIENCE = 20.0
"""Seconds to wait for something to appear."""


class Terminal:
    """A tmux of its own with one program in it."""

    def __init__(self, socket: Path) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]

    def start(self, command: list[str], cwd: Path, environ: Mapping[str, str]) -> None:
        # Not by tmux's own -e: it takes PATH from whoever starts it.
        settings = [f"{name}={value}" for name, value in environ.items()]
        size = ["-x", "100", "-y", "30"]
        self._run("new-session", "-d", "-s", "it", *size, "-c", str(cwd), shlex.join(["env", *settings, *command]))

    def type(self, *keys: str) -> None:
        self._run("send-keys", "-t", "it", *keys)

    def screen(self) -> str:
        return self._run("capture-pane", "-p", "-t", "it")

    def shows(self, text: str, patience: float = PATIENCE) -> str:
        """The screen, once it shows `text`. A terminal can't be waited for, only looked at."""
        end = time.monotonic() + patience
        while text not in (screen := self.screen()):
            assert time.monotonic() < end, f"no {text!r} on the screen:\n{screen}"
            time.sleep(0.02)
        return screen

    def settled(self) -> str:
        """The screen, once it stays the same from one look to the next: not in the middle of being drawn."""
        before = None
        while (screen := self.screen()) != before:
            before = screen
            time.sleep(0.05)
        return screen

    def end(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True)

    def _run(self, *arguments: str) -> str:
        return subprocess.run([*self._tmux, *arguments], capture_output=True, text=True, check=True).stdout

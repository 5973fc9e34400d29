"""A terminal that a test types into and looks at: tmux."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

DRAW = Path(__file__).parents[2] / "docs" / "picture.py"
COLUMNS, LINES = 100, 30

PATIENCE = 20.0
"""Seconds to wait for something to appear."""


class Terminal:
    """A tmux of its own with one program in it."""

    def __init__(self, socket: Path) -> None:
        self._place = str(socket.parent)
        self._tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]

    def start(
        self, command: list[str], cwd: Path, environ: Mapping[str, str], columns: int = COLUMNS, lines: int = LINES
    ) -> None:
        # Not by tmux's own -e: it takes PATH from whoever starts it.
        settings = [f"{name}={value}" for name, value in environ.items()]
        size = ["-x", str(columns), "-y", str(lines)]
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

    def picture(self, name: str, title: str) -> None:
        """Draw the screen for the documentation, when that is asked for (`make screenshots`)."""
        if folder := os.environ.get("SCREENSHOTS"):
            self.settled()
            # The temporary folder's name is noise in a picture.
            screen = self._run("capture-pane", "-e", "-p", "-t", "it").replace(f"{self._place}/home", "~")
            picture = str(Path(folder) / f"{name}.svg")
            subprocess.run(
                [sys.executable, str(DRAW), picture, title, str(COLUMNS)], input=screen, text=True, check=True
            )

    def end(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True)

    def _run(self, *arguments: str) -> str:
        return subprocess.run([*self._tmux, *arguments], capture_output=True, text=True, check=True).stdout


def awaited(holds: Callable[[], bool], instead: Callable[[], str]) -> None:
    """Until it `holds`. instead: what to show when it never does."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, instead()
        time.sleep(0.02)

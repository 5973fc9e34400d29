"""The process's own output streams: bytes as they are, and one line for an error."""

from __future__ import annotations

import sys


def prepare_streams() -> None:
    """Line endings go out as they are; a character the terminal does not have becomes `?`, not an error.

    What is piped is UTF-8 on every platform, so that a diff can be applied.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(newline="", errors="replace", encoding=None if stream.isatty() else "utf-8")


def fail(code: int, message: str) -> int:
    """The exit code, with one line on stderr about why it is not 0."""
    sys.stderr.write(f"devstral-ls: {' '.join(message.split())}\n")
    return code

"""The Python that code is run with: the one this server runs on, without its environment."""

from __future__ import annotations

import os
import sys

OPTIONS = ("-I", "-B", "-u", "-X", "utf8")
"""Isolated from variables and the user's own packages; no byte code; nothing it printed is lost when it is killed."""


def base_python() -> str:
    """Its path, with links followed. The sandbox shows it, wherever it was installed."""
    # In a virtual environment `sys.executable` is a link that may lie in a covered folder.
    found: str = getattr(sys, "_base_executable", None) or sys.executable
    return os.path.realpath(found)

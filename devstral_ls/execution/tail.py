"""The end of a command's output while it runs."""

from __future__ import annotations

from collections.abc import Callable

from devstral_ls.execution.output import plain

KEPT = 4096
"""Bytes that are looked at for the last line."""


def told_lines(told: Callable[[str], None] | None) -> Callable[[bytes], None] | None:
    """What takes output as it comes and calls `told` with the last line that is not empty; None when nobody listens."""
    if told is None:
        return None
    kept = bytearray()
    last = ""

    def feed(data: bytes) -> None:
        nonlocal last
        kept.extend(data[-KEPT:])
        del kept[:-KEPT]
        lines = [line for line in plain(bytes(kept)).splitlines() if line.strip()]
        if lines and lines[-1] != last:
            last = lines[-1]
            told(last)

    return feed

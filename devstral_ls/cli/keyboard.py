"""Yes-or-no questions on a terminal, answerable while an event loop runs."""

from __future__ import annotations

import asyncio
import os
import sys
import threading


class Keyboard:
    """The user, where there is a terminal to read from and one to ask on."""

    async def ask(self, question: str) -> bool | None:
        """Yes or no (the default); None when there is nobody to ask."""
        if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
            return None
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return (await _line(sys.stdin.fileno())).strip().lower() in {"y", "yes"}


async def _line(descriptor: int) -> str:
    """What the user types up to Enter.

    Read in a thread of its own that is left behind when the wait is cancelled: with a read on the loop's thread,
    Ctrl-C would do nothing before the next Enter.
    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bytes] = loop.create_future()

    def settle(typed: bytes) -> None:
        if not answered.done():
            answered.set_result(typed)

    def read() -> None:
        try:
            typed = os.read(descriptor, 4096)
        except OSError:
            typed = b""
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, typed)

    threading.Thread(target=read, name="keyboard", daemon=True).start()
    return (await answered).decode(errors="replace")

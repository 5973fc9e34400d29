"""Leave when the process that started us is gone, even if it left our stdin open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from devstral_ls.server.transport import parent_is_alive

INTERVAL = 1.0
"""Seconds between two looks."""


def watch_parent(pid: Any, gone: Callable[[], None]) -> None:
    """Call `gone` once the process with this id has ended.

    A pid that can't be seen to begin with (another pid namespace, a remote editor) is not watched.
    """
    if type(pid) is not int or pid <= 0 or not parent_is_alive(pid):
        return
    loop = asyncio.get_running_loop()

    def look() -> None:
        if parent_is_alive(pid):
            loop.call_later(INTERVAL, look)
        else:
            gone()

    loop.call_later(INTERVAL, look)

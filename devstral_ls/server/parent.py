"""Leave when the process that started us is gone, even if it left our stdin open."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

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


def parent_is_alive(pid: int) -> bool:
    """Whether the process exists. A pid of another namespace reads as dead: ask once before trusting the answer."""
    if os.name == "nt":
        return _windows_process_exists(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _windows_process_exists(pid: int) -> bool:
    import ctypes

    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if not handle:
        return False
    code = ctypes.c_ulong()
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return code.value == 259  # STILL_ACTIVE

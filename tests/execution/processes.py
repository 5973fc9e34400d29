"""Waiting for processes that are not our children."""

from __future__ import annotations

import asyncio
import os
import select
from pathlib import Path


def is_gone(pid: int) -> bool:
    """Whether no such process runs; one that has ended and was not collected yet counts as gone."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return Path("/proc").is_dir()


async def gone(pid: int, seconds: float = 20) -> bool:
    """Wait for the end of `pid`, however it is related to us."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        ready, _, _ = await asyncio.to_thread(select.select, [descriptor], [], [], seconds)
        return bool(ready)
    finally:
        os.close(descriptor)


async def lines_of(fifo: Path, count: int) -> list[str]:
    """The first `count` lines somebody writes into a named pipe, waiting for them."""

    def read() -> list[str]:
        with fifo.open() as stream:
            return [stream.readline().strip() for _ in range(count)]

    return await asyncio.to_thread(read)

"""Which processes belong to a command, and what ends them, where no supervisor does it: pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PS_ARGV = ("ps", "-A", "-o", "pid=,ppid=,pgid=")
"""The process table in the form `read_ps` takes; the options are POSIX's."""


@dataclass(frozen=True, slots=True)
class Process:
    """One row of the process table."""

    pid: int
    parent: int
    group: int


def read_ps(output: str) -> list[Process]:
    """The rows of `ps -A -o pid=,ppid=,pgid=`; lines of another shape are left out."""
    rows = []
    for line in output.splitlines():
        columns = line.split()
        if len(columns) == 3 and all(column.isdigit() for column in columns):
            rows.append(Process(*map(int, columns)))
    return rows


def members(processes: Iterable[Process], leader: int) -> list[int]:
    """`leader`, its process group, and all their descendants, parents first."""
    children: dict[int, list[int]] = {}
    found = [leader]
    for process in processes:
        children.setdefault(process.parent, []).append(process.pid)
        if process.group == leader and process.pid != leader:
            found.append(process.pid)
    seen = set(found)
    for pid in found:
        new = [child for child in children.get(pid, ()) if child not in seen]
        seen.update(new)
        found += new
    return found


def taskkill_argv(pid: int) -> list[str]:
    """What ends a process and its descendants on Windows."""
    return ["taskkill", "/T", "/F", "/PID", str(pid)]

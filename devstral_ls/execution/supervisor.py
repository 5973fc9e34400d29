"""Run one command and end everything it started; a program of its own, started as `python -I -S supervisor.py ARGV...`.

It adopts orphans, so that a daemon which forked twice and left its session is still a descendant. When the command
ends, or when standard input reaches its end (the parent closed it, or died), every descendant is killed before this
program exits with the command's exit code. Linux only; nothing but the standard library, so that it starts quickly.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
KILL_SECONDS = 10.0
"""How long to go on killing; a process that waits for a dead disk can't be ended at all."""

NOT_STARTED = 127


def main(argv: list[str]) -> int:
    """The exit code of `argv`, 128 plus the signal's number when a signal ended it, as shells count."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)

    command = os.fork()
    if command == 0:
        _become(argv)
    status = None
    while status is None:
        ready, _, _ = select.select([sys.stdin.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            status = _reap(command)
        elif not os.read(sys.stdin.fileno(), 4096):
            break
    _kill_descendants()
    return 128 + signal.SIGKILL if status is None else _exit_code(status)


def _become(argv: list[str]) -> None:
    """Turn this forked child into the command: its own session, nothing to read, signals as a shell expects them."""
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        # Python ignores these two, and what is ignored stays ignored in the command: `yes | head` would complain.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(NOT_STARTED)


def _reap(command: int) -> int | None:
    """Collect whatever has ended; the command's wait status when it was among them."""
    found = None
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == command:
                found = status
    return found


def _kill_descendants() -> None:
    """Kill until nobody is left: what a dying process forked in the meantime becomes our child and is next."""
    until = time.monotonic() + KILL_SECONDS
    while time.monotonic() < until:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        for pid in _descendants():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)


def _descendants() -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            # The fields follow the program's name, which may hold anything but ends at the last parenthesis.
            with contextlib.suppress(OSError):
                stat = Path(entry.path, "stat").read_bytes()
                children.setdefault(int(stat.rpartition(b")")[2].split()[1]), []).append(int(entry.name))
    found = list(children.get(os.getpid(), ()))
    for pid in found:
        found += children.get(pid, ())
    return found


def _exit_code(status: int) -> int:
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

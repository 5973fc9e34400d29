"""Run a program to its end, and let nothing it started outlive it.

Output of both streams, as one or apart, is kept head and tail; standard input is empty. On Linux a supervisor process
owns the tree, so that even daemons end with the command, and the command with this server. Elsewhere the process group
and the process table (POSIX) or `taskkill` (Windows) do what they can.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from devstral_ls.execution import process_tree
from devstral_ls.execution.output import Collected

Containment = Literal["supervisor", "lifeline", "group", "windows"]
"""lifeline: the program is a supervisor itself, which ends everything when its standard input does."""

LIFELINES = ("supervisor", "lifeline")

FLOOD = 50 * 1024 * 1024
"""Bytes of output after which a program is taken to be endless."""

END_SECONDS = 12.0
"""How long ending a tree may take: the supervisor's own limit and a little more."""

DRAIN_SECONDS = 2.0
"""How long the pipe may stay open after the program ended: somebody who escaped holds it, and is not waited for."""


@dataclass(frozen=True, slots=True)
class Ended:
    """exit_code: None when the program was killed here, for lasting too long or printing without end.

    errors: the standard error stream where it was kept apart; else it is part of `output`.
    """

    exit_code: int | None
    output: Collected
    duration: float
    timed_out: bool
    flooded: bool
    errors: Collected = field(default_factory=Collected)


async def run(
    program: str | Sequence[str],
    directory: Path,
    environment: Mapping[str, str],
    timeout: float,
    *,
    flood: int = FLOOD,
    containment: Containment | None = None,
    told: Callable[[bytes], None] | None = None,
    sent: Callable[[], Awaitable[bytes]] | None = None,
    passed: tuple[int, ...] = (),
    apart: bool = False,
) -> Ended:
    """Run `program` (a text is for the shell) and wait for its end, at most `timeout` seconds.

    told: called with the output as it comes. sent: makes what a `lifeline` program is to read first, while it starts.
    passed: file descriptors that the program inherits. apart: keep the two streams apart.
    Raises OSError when it can't be started. A cancelled caller gets its CancelledError after the tree is gone.
    """
    watch = _Watch(flood, told, apart)
    containment = containment or best_containment(sys.platform)
    task = asyncio.create_task(_run(program, directory, environment, timeout, watch, containment, sent, passed))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        watch.stop()
        # Whoever cancels twice still waits: a run that is over has no processes.
        while not task.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # Looked at, or asyncio complains that nobody did.
        raise


def best_containment(platform: str) -> Containment:
    """How the tree is held together on `platform` (as in `sys.platform`)."""
    if platform == "win32":
        return "windows"
    return "supervisor" if platform == "linux" else "group"


def shell_argv(command: str) -> list[str]:
    """What runs `command` in a POSIX shell: bash where there is one, because that is what models write for."""
    return ["/bin/bash" if Path("/bin/bash").exists() else "/bin/sh", "-c", command]


class _Watch(asyncio.SubprocessProtocol):
    """What the event loop tells about the program: its output, its end, the end of its output."""

    def __init__(self, flood: int, told: Callable[[bytes], None] | None, apart: bool) -> None:
        self.output = Collected()
        self.errors = Collected()
        self.open = {1, 2} if apart else {1}
        """The streams that may still bring something."""
        self.told = told
        self.flood = flood
        self.flooded = False
        self.over = asyncio.Event()
        """Ended by itself, or reason enough to end it."""
        self.exited = asyncio.Event()
        self.drained = asyncio.Event()

    def stop(self) -> None:
        self.over.set()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        (self.errors if fd == 2 else self.output).feed(data)
        if self.told is not None:
            self.told(data)
        if self.output.total + self.errors.total > self.flood:
            self.flooded = True
            self.over.set()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self.open.discard(fd)
        if not self.open:
            self.drained.set()

    def process_exited(self) -> None:
        self.exited.set()
        self.over.set()


async def _run(
    program: str | Sequence[str],
    directory: Path,
    environment: Mapping[str, str],
    timeout: float,
    watch: _Watch,
    containment: Containment,
    sent: Callable[[], Awaitable[bytes]] | None,
    passed: tuple[int, ...],
) -> Ended:
    started = time.monotonic()
    transport = await _start(program, directory, environment, watch, containment, passed)
    timed_out = False
    try:
        if sent is not None:
            lifeline = transport.get_pipe_transport(0)
            assert isinstance(lifeline, asyncio.WriteTransport)
            lifeline.write(await sent())
        async with asyncio.timeout(timeout):
            await watch.over.wait()
    except TimeoutError:
        timed_out = not watch.exited.is_set()
    finally:
        ended_by_itself = watch.exited.is_set()
        duration = time.monotonic() - started
        await _end(transport, containment)
        await _at_most(END_SECONDS, watch.exited)
        await _at_most(DRAIN_SECONDS, watch.drained)
        transport.close()
    code = transport.get_returncode() if ended_by_itself and not watch.flooded else None
    if code is not None and code < 0:
        code = 128 - code
    return Ended(code, watch.output, duration, timed_out, watch.flooded, watch.errors)


async def _start(
    program: str | Sequence[str],
    directory: Path,
    environment: Mapping[str, str],
    watch: _Watch,
    containment: Containment,
    passed: tuple[int, ...],
) -> asyncio.SubprocessTransport:
    loop = asyncio.get_running_loop()
    errors = subprocess.PIPE if 2 in watch.open else subprocess.STDOUT
    if containment == "windows" and isinstance(program, str):
        # Only the text form survives `cmd`'s own rules of quoting.
        transport, _ = await loop.subprocess_shell(
            lambda: watch,
            program,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=directory,
            env=dict(environment),
        )
        return transport
    argv = shell_argv(program) if isinstance(program, str) else list(program)
    if containment == "supervisor":
        argv = [sys.executable, "-I", "-S", str(Path(__file__).with_name("supervisor.py")), *argv]
    transport, _ = await loop.subprocess_exec(
        lambda: watch,
        *argv,
        # The supervisor's input is its lifeline: it ends when we close it, or die.
        stdin=subprocess.PIPE if containment in LIFELINES else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        cwd=directory,
        env=dict(environment),
        start_new_session=containment != "windows",
        pass_fds=passed,
    )
    return transport


async def _end(transport: asyncio.SubprocessTransport, containment: Containment) -> None:
    """Let the whole tree end, whether or not the program itself has ended already."""
    if containment in LIFELINES:
        lifeline = transport.get_pipe_transport(0)
        if lifeline is not None:
            lifeline.close()
    elif containment == "group":
        await asyncio.to_thread(_kill_group, transport.get_pid())
    elif transport.get_returncode() is None:
        argv = process_tree.taskkill_argv(transport.get_pid())
        await asyncio.to_thread(subprocess.run, argv, capture_output=True, check=False)


def _kill_group(leader: int) -> None:
    table = subprocess.run(process_tree.PS_ARGV, capture_output=True, text=True, check=False)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    for pid in process_tree.members(process_tree.read_ps(table.stdout), leader)[1:]:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


async def _at_most(seconds: float, event: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()

"""The server's process as a client starts it. Light to import: the process is to be on its way before anything else."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def spawn(command: Sequence[str], environ: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """The process, with pipes to all of its streams.

    It has a session of its own: Ctrl-C in the terminal is for the client, which cancels the run and waits for its end.
    """
    return subprocess.Popen(
        command,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        start_new_session=os.name != "nt",
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def start_server(environ: Mapping[str, str], *flags: str) -> subprocess.Popen[bytes]:
    """A `devstral-ls serve` process of this very installation, with these flags."""
    return spawn([*server_command(), *flags], server_environ(environ))


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends the process and what it started in its session, without asking."""
    if process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def server_command() -> list[str]:
    """Argument list of a `devstral-ls serve` process of this very installation.

    `-P` keeps the current directory off the import path: it is the user's workspace, where a `json.py` may lie.
    """
    return [sys.executable, "-P", "-m", "devstral_ls", "serve"]


def server_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ`, with the package's folder on PYTHONPATH when it runs from a source tree that is not installed."""
    home = Path(__file__).resolve().parents[2]
    if home.name in {"site-packages", "dist-packages"}:
        return dict(environ)
    return {**environ, "PYTHONPATH": os.pathsep.join(filter(None, [environ.get("PYTHONPATH"), str(home)]))}

"""The command line as a user runs it: a real process, a real workspace, a scripted model server."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstral_ls.cli.server_process import server_environ
from devstral_ls.scripted import Script

PATIENCE = 30.0
"""Seconds after which a process that did not end is a failure."""


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line on stderr."""
        return self.err.strip().splitlines()[-1] if self.err.strip() else ""


def script(*turns: Mapping[str, Any]) -> Script:
    return Script.parse({"turns": list(turns)})


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def environ(home: Path, **more: str) -> dict[str, str]:
    """The tests' own environment, with a home of its own and nothing that names a model."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DEVSTRAL_LS_", "MISTRAL_", "VIBE_", "COV_"))
    }
    folders = {name: str(home) for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "XDG_CONFIG_HOME")}
    return server_environ(
        {**kept, **folders, "XDG_STATE_HOME": str(home), "TERM": "dumb", "DEVSTRAL_LS_TRY_OUT": "0", **more}
    )


async def start(
    *arguments: str,
    cwd: Path,
    env: Mapping[str, str],
    stdin: int = asyncio.subprocess.DEVNULL,
    stdout: int = asyncio.subprocess.PIPE,
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "devstral_ls", *arguments),
        cwd=cwd,
        env=dict(env),
        stdin=stdin,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
    )


async def run(*arguments: str, cwd: Path, env: Mapping[str, str], stdin: bytes | None = None) -> Ran:
    """`devstral-ls` with these arguments, run to its end. stdin: what is piped in; None: nothing can be read."""
    how = asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE
    return await ended(await start(*arguments, cwd=cwd, env=env, stdin=how), stdin)


async def ended(process: asyncio.subprocess.Process, stdin: bytes | None = None) -> Ran:
    out, err = await asyncio.wait_for(process.communicate(stdin), PATIENCE)
    assert process.returncode is not None
    return Ran(process.returncode, (out or b"").decode(), err.decode())

"""The command line that confines a command with Landlock: what it may read and write around its copy."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from devstral_ls.execution.overlay_run import Limits
from devstral_ls.execution.surroundings import surroundings

SYSTEM = (
    *(
        "/bin",
        "/sbin",
        "/lib",
        "/lib32",
        "/lib64",
        "/libx32",
        "/usr",
        "/opt",
        "/etc",
        "/proc",
        "/sys/devices/system/cpu",
    ),
    *("/dev/urandom", "/dev/random", "/dev/zero", "/dev/full", "/nix", "/gnu", "/snap", "/var/lib/dpkg"),
)
WRITABLE = ("/dev/null",)

SCRIPT = Path(__file__).with_name("confine.py")


def confined(
    program: Sequence[str], writable: Sequence[Path], environ: Mapping[str, str], filter_fd: int, limits: Limits
) -> list[str]:
    """`program`, able to write in `writable` only, to read these and the system, and to make no socket."""
    around = surroundings(environ, writable, python=sys.base_prefix)
    resources = {name: value for name, value in limits.resources().items() if name != "RLIMIT_NPROC"}
    plan = {
        "read": [*SYSTEM, *around.readable, sys.base_prefix],
        "write": [*map(os.fspath, writable), *WRITABLE],
        # Processes are counted for the user as a whole here, editor and all.
        "limits": resources,
    }
    return [sys.executable, "-I", "-S", str(SCRIPT), repr(plan), str(filter_fd), *program]

"""Run a command on an overlay that bubblewrap mounts itself: where it alone may make user namespaces (Ubuntu 24.04)."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from devstral_ls.execution import overlay_run
from devstral_ls.execution.copy_tree import remove_tree
from devstral_ls.execution.overlay_run import DEFAULT, PLAIN, Limits, Manner, Outcome, Staged
from devstral_ls.execution.session_files import SessionFiles
from devstral_ls.execution.threads import in_thread

FIRST = (0, 11)
"""The first version of bubblewrap that mounts overlays."""


async def run(
    program: list[str],
    directory: Path,
    staged: Staged,
    environment: Mapping[str, str],
    timeout: float,
    files: SessionFiles,
    bwrap: str,
    told: Callable[[bytes], None] | None = None,
    limits: Limits = DEFAULT,
    manner: Manner = PLAIN,
) -> Outcome:
    """As `overlay_run.run`. The layers lie on disk, beside the session's caches; what it writes counts with those."""
    holder = Path(tempfile.mkdtemp(prefix="layers-", dir=files.folder))
    limits = replace(limits, cache_space=limits.cache_space + limits.space)
    try:
        seen = replace(staged, layers_in=holder)
        return await overlay_run.run(program, directory, seen, environment, timeout, files, bwrap, told, limits, manner)
    finally:
        await in_thread(remove_tree, holder)


def mounts_overlays(bwrap: str) -> bool:
    """Whether this bubblewrap is new enough."""
    said = subprocess.run([bwrap, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    found = re.search(r"(\d+)\.(\d+)", said)
    return found is not None and (int(found[1]), int(found[2])) >= FIRST

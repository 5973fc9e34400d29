"""`devstral-ls approvals`: which shell commands are always allowed in a workspace, and taking that back."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from devstral_ls.cli.render import visible
from devstral_ls.cli.streams import DONE, FAILED, USAGE, Stopped
from devstral_ls.storage.approvals import Approvals
from devstral_ls.storage.checks import CheckAnswers
from devstral_ls.storage.remembered import Remembered, described, forget, remark, remembered, spoken
from devstral_ls.storage.transcript import state_folder


def run(workspace: Path, revoke: Sequence[str] | None, *, as_json: bool) -> int:
    """The exit code. revoke: numbers or texts of what to take back, None for all; what is left is shown."""
    folder = workspace.resolve()
    if not folder.is_dir():
        raise Stopped(USAGE, f"{folder} is not a folder; --workspace takes one.")
    state = state_folder(os.environ)
    kept, checks = Approvals(state), CheckAnswers(state)
    known = remembered(folder, kept, checks)
    chosen = known if revoke is None else [each for name in revoke for each in _named(name, known)]
    for each in chosen:
        try:
            forget(folder, each, kept, checks)
        except OSError as error:
            raise Stopped(FAILED, f"{error.filename} can't be deleted: {error.strerror}.") from error
    left = [each for each in known if each not in chosen]
    if as_json:
        listed = [{"index": number, **described(each)} for number, each in enumerate(left, 1)]
        sys.stdout.write(json.dumps(listed, indent=2) + "\n")
    elif left:
        sys.stdout.write("".join(f"{number}. {_shown(each)}\n" for number, each in enumerate(left, 1)))
    else:
        sys.stdout.write(f"No command is always allowed in {folder}.\n")
    return DONE


def _named(name: str, known: Sequence[Remembered]) -> list[Remembered]:
    found = [each for each in known if each.command == name]
    if not found and name.isdecimal():
        found = list(known[int(name) - 1 : int(name)]) if int(name) else []
    if not found:
        raise Stopped(USAGE, f"{name} is not among them; without --revoke they are listed with their numbers.")
    return found


def _shown(one: Remembered) -> str:
    what = remark(one) or ("" if described(one)["unsandboxed"] else "in a sandbox")
    where = f"  ({what})" if what else ""
    return f"{spoken(one)}{visible(one.command).replace(chr(10), ' ⏎ ')}{where}"

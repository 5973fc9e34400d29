"""Runs commands as the server does, for whoever starts it: one JSON request a line, one JSON answer a line.

A program of its own, so that the same sandbox can be tried as root and as somebody else.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from devstral_ls.allowed_hosts import allowed_hosts
from devstral_ls.errors import DevstralError
from devstral_ls.execution.commands import StagedCommands
from devstral_ls.execution.ladder import SYSTEM_FOLDERS, Ladder
from devstral_ls.execution.overlay_run import Limits
from devstral_ls.execution.python_local import LocalPython
from devstral_ls.execution.rungs import Rung
from devstral_ls.execution.session_files import AllSessionFiles
from devstral_ls.workspace.documents import Document
from devstral_ls.workspace.overlay import Overlay
from devstral_ls.workspace.view import View


class NothingOpen:
    def at(self, path: Path) -> Document | None:
        return None

    def all(self) -> Iterable[Document]:
        return ()


async def yes(command: str, directory: Path, rung: Rung) -> bool:
    return True


async def serve() -> None:
    base = Path(sys.argv[1])
    folders = (os.environ["BWRAP_FOLDER"],) if "BWRAP_FOLDER" in os.environ else SYSTEM_FOLDERS
    ladder = Ladder(os.environ, AllSessionFiles(base), only=frozenset(sys.argv[2:]) or None, folders=folders)
    for line in iter(sys.stdin.readline, ""):
        print(json.dumps(await answer(json.loads(line), ladder)), flush=True)
    ladder.close()


async def answer(asked: dict[str, Any], ladder: Ladder) -> dict[str, Any]:
    if "roots" not in asked:
        reached = await ladder.reached("auto")
        return {"rung": reached.rung.name if reached.rung else None, "why": reached.remedy}
    roots = [Path(root) for root in asked["roots"]]
    view = View(roots, NothingOpen(), Overlay())
    for name, text in asked["staged"].items():
        view.stage(Path(name), text) if text is not None else view.remove(Path(name))
    environ = {**os.environ, **asked["environ"]}
    limits = Limits(**asked["limits"])
    allowed = allowed_hosts(asked["allowed"])
    commands = StagedCommands(yes, environ, ladder=ladder, session=asked["session"], limits=limits, allowed=allowed)
    try:
        if "code" in asked:
            done = await LocalPython(yes, commands.on_view).run(asked["code"], asked["timeout"], view)
            return {**asdict(done), "staged": {str(each.path): each.text for each in view.overlay.changes()}}
        result = await commands.run(asked["command"], Path(asked["directory"]), asked["timeout"], view)
    except DevstralError as error:
        return {"error": str(error)}
    return {
        "exit_code": result.exit_code,
        "output": result.output,
        "timed_out": result.timed_out,
        "cut": result.cut,
        "staged": {str(staged.path): staged.text for staged in view.overlay.changes()},
        "notes": result.notes,
    }


if __name__ == "__main__":
    asyncio.run(serve())

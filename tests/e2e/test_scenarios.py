"""The public specification of a run: one folder per behaviour under tests/scenarios/runs.

`before` is the workspace, `scenario.json` what is open, what the editor asks and what the model answers; `after` is
what the editor's user sees then, unsaved buffers over the disk, byte for byte. `answer` is part of the command's
answer, `told` are texts that the model reads in some tool's result.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.editor import EGLOT, HELIX, NEOVIM, VS_CODE
from tests.e2e.stage import Stages, tree

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCENARIOS = sorted((Path(__file__).parents[1] / "scenarios" / "runs").iterdir())
EDITORS = (NEOVIM, VS_CODE, HELIX, EGLOT)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): content
        for path, content in tree(folder).items()
        if path.name != ".gitkeep"
    }


@pytest.mark.parametrize("number", range(len(SCENARIOS)), ids=[path.name for path in SCENARIOS])
async def test_the_scenario_holds(stages: Stages, number: int) -> None:
    scenario = SCENARIOS[number]
    given = json.loads((scenario / "scenario.json").read_text(encoding="utf-8"))
    request = given["request"]
    # Every editor sees some of them, and all of them are seen.
    async with stages.on(EDITORS[number % len(EDITORS)], files(scenario / "before"), given["turns"]) as at:
        for name, text in given.get("open", {}).items():
            at.open(name, text, request.get("language", "python"))
        argument: dict[str, Any] = {**request["argument"], "wait": True}
        if "textDocument" in argument:
            argument["textDocument"] = {"uri": at.uri(argument["textDocument"]["uri"])}
        answer = await at.editor.command(request["command"], argument)
        assert {name: answer[name] for name in given["answer"]} == given["answer"]
        for text in given.get("told", ()):
            assert any(text in result for result in at.results()), at.results()
        expected = files(scenario / "after")
        assert {name: (at.seen(name) or "").encode() for name in expected} == expected
        assert files(at.folder).keys() == expected.keys()

"""The public specification of a run: one folder per behaviour under tests/scenarios/runs.

`before` is the workspace (`before-lib` a second folder of it called lib), `scenario.json` what is open, what the editor
asks and what the model answers; `after` (and `after-lib`) is what the editor's user sees then, unsaved buffers over the
disk, byte for byte. `answer` is part of the command's answer; `told` are texts that the model reads in some tool's
result, `prompted` in some message of the user. `meanwhile` is what happens while the
model makes its `reply`-th reply: files are `typed` in the editor or `saved` on disk. `then` asks once more.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.editor import EGLOT, HELIX, NEOVIM, VS_CODE
from tests.e2e.stage import Stage, Stages, tree

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCENARIOS = sorted((Path(__file__).parents[1] / "scenarios" / "runs").iterdir())
EDITORS = (NEOVIM, VS_CODE, HELIX, EGLOT)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): content
        for path, content in tree(folder).items()
        if path.name != ".gitkeep"
    }


def beside(scenario: Path, prefix: str) -> dict[str, dict[str, bytes]]:
    """The further workspace folders by name, each with its files."""
    return {folder.name.removeprefix(prefix): files(folder) for folder in scenario.glob(f"{prefix}*")}


async def ask(at: Stage, request: dict[str, Any]) -> dict[str, Any]:
    argument: dict[str, Any] = {**request["argument"], "wait": True}
    if "textDocument" in argument:
        argument["textDocument"] = {"uri": at.uri(argument["textDocument"]["uri"])}
    answer: dict[str, Any] = await at.editor.command(request["command"], argument)
    return answer


async def ask_meanwhile(at: Stage, request: dict[str, Any], meanwhile: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request during which the user goes on working."""
    at.wire.hold(meanwhile["reply"])
    asked = asyncio.create_task(ask(at, request))
    await at.wire.asked(meanwhile["reply"])
    for name, text in meanwhile.get("typed", {}).items():
        at.editor.type(at.uri(name), text)
    for name, text in meanwhile.get("saved", {}).items():
        at.put(name, text)
    await at.settled()
    await at.wire.release()
    return await asked


@pytest.mark.parametrize("number", range(len(SCENARIOS)), ids=[path.name for path in SCENARIOS])
async def test_the_scenario_holds(stages: Stages, number: int) -> None:
    scenario = SCENARIOS[number]
    given = json.loads((scenario / "scenario.json").read_text(encoding="utf-8"))
    # Every editor sees some of them, and all of them are seen.
    async with stages.on(
        EDITORS[number % len(EDITORS)],
        files(scenario / "before"),
        given["turns"],
        manner=given.get("manner", "vllm"),
        more_folders=beside(scenario, "before-"),
    ) as at:
        for name, text in given.get("open", {}).items():
            at.open(name, text, given["request"].get("language", "python"))
        if "meanwhile" in given:
            answer = await ask_meanwhile(at, given["request"], given["meanwhile"])
        else:
            answer = await ask(at, given["request"])
        if "then" in given:
            answer = await ask(at, given["then"])
        assert {name: answer[name] for name in given["answer"]} == given["answer"]
        for text in given.get("told", ()):
            assert any(text in result for result in at.results()), at.results()
        for text in given.get("prompted", ()):
            assert any(text in prompt for prompt in at.prompts()), at.prompts()
        expected = files(scenario / "after")
        for name, contents in beside(scenario, "after-").items():
            expected |= {f"../{name}/{file}": content for file, content in contents.items()}
        assert {name: (at.seen(name) or "").encode() for name in expected} == expected
        assert files(at.folder).keys() == files(scenario / "after").keys()

"""The public specification of reading and writing: one folder per behaviour under tests/scenarios/tools.

`before` is the workspace and `steps.json` what happens in it, in order. A step is a tool's call (`call`, `arguments`)
with what the model reads: `exactly` the lines, what it `says` somewhere, what it is `silent` about; `refused` is true
when the call is. Or a step is something from outside: files that somebody `write`s on disk (a text, or one to `repeat`
up to a number of bytes), `type`s in the editor, `delete`s or `link`s. `after` is what tools see of those files then; on
disk is what others left there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.edits.explain import MAX_LINES
from devstral_ls.errors import ForModel
from devstral_ls.tools.reads import Reads
from devstral_ls.tools.tool import ToolContext
from devstral_ls.workspace.overlay import Overlay
from devstral_ls.workspace.view import View
from tests.tools.workspaces import Opened, call

SCENARIOS = sorted((Path(__file__).parents[1] / "scenarios" / "tools").iterdir())


class Scene:
    """A workspace, its editor and the tools' view of both. disk: what others put there."""

    def __init__(self, root: Path, before: dict[str, bytes]) -> None:
        self.root = root.resolve()
        self.opened = Opened()
        self.context = ToolContext(View([self.root], self.opened, Overlay()), Reads())
        self.disk: dict[str, bytes] = {}
        for name, content in before.items():
            self.put(name, content)

    def put(self, name: str, content: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.disk[name] = content

    def happen(self, step: dict[str, Any]) -> None:
        """What somebody else does."""
        for name, text in step.get("write", {}).items():
            data = text["repeat"].encode() if isinstance(text, dict) else text.encode()
            self.put(
                name, (data * (text["bytes"] // len(data) + 1))[: text["bytes"]] if isinstance(text, dict) else data
            )
        for name, text in step.get("type", {}).items():
            self.opened.texts[self.root / name] = text
        for name in step.get("delete", ()):
            (self.root / name).unlink()
            del self.disk[name]
        for name, target in step.get("link", {}).items():
            (self.root / name).symlink_to(target)
            self.disk[name] = (self.root / name).read_bytes()

    async def read(self, step: dict[str, Any]) -> str:
        """What the model reads as the result of a call, which is refused when the step says so."""
        arguments = step["arguments"]
        if not step.get("refused"):
            return await call(self.context, step["call"], **arguments)
        with pytest.raises(ForModel) as refusal:
            await call(self.context, step["call"], **arguments)
        return str(refusal.value)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.name)
async def test_the_scenario_holds(scenario: Path, tmp_path: Path) -> None:
    scene = Scene(tmp_path, files(scenario / "before"))
    for step in json.loads((scenario / "steps.json").read_text(encoding="utf-8")):
        if "call" not in step:
            scene.happen(step)
            continue
        text = await scene.read(step)
        if step.get("refused"):
            assert len(text.splitlines()) <= MAX_LINES
        if "exactly" in step:
            assert text == "\n".join(step["exactly"])
        for fragment in step.get("says", ()):
            assert fragment in text
        for fragment in step.get("silent", ()):
            assert fragment not in text
        assert {"exactly", "says"} & step.keys(), "a step says what the model reads"
    view = scene.context.view
    for name, content in files(scenario / "after").items():
        snapshot = view.read(view.resolve(name))
        assert snapshot.text == content.decode(), name
    assert files(tmp_path) == scene.disk


def test_scenarios_are_numbered_and_named_by_a_sentence() -> None:
    numbers = [path.name.split("_")[0] for path in SCENARIOS]
    assert len(set(numbers)) == len(numbers) >= 40
    for path in SCENARIOS:
        assert path.name[:3].isdigit()
        assert len(path.name.split("_")) >= 5, path.name

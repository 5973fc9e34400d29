"""The staged view against a model of it: a command sees what the view holds, and what it changes is what is staged."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import hypothesis.strategies as st
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings

from devstral_ls.execution.ladder import find_bwrap
from tests.execution.sandboxes import Sandbox, people, sandbox

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not find_bwrap(), reason="bubblewrap is not installed"),
]

# Few names, so that edits meet; a directory's name is never a file's.
PATHS = [f"{folder}{name}" for folder in ("", "d/", "d/e/", "f/") for name in ("a.txt", "b.txt", "c d.txt")]
TEXTS = st.sampled_from(["", "one\n", "two\r\nlines", "ünïcode 🦉\n", "one\n\n"])
TREES = st.dictionaries(st.sampled_from(PATHS), TEXTS, max_size=8)
EDITS = st.dictionaries(st.sampled_from(PATHS), st.none() | TEXTS, max_size=5)

SCRIPT = """
import json, pathlib, shutil, sys
def tree():
    files = (path for path in pathlib.Path(".").rglob("*") if path.is_file() and path.name != "script.py")
    return {path.as_posix(): path.read_bytes().decode() for path in files}
seen = tree()
for action, name, text in json.loads(sys.argv[1]):
    path = pathlib.Path(name)
    if action == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    elif action == "append" and path.is_file():
        with path.open("ab") as file:
            file.write(text.encode())
    elif action == "remove" and path.is_file():
        path.unlink()
    elif action == "rename" and path.is_file():
        pathlib.Path("f").mkdir(exist_ok=True)
        path.rename("f/" + path.name)
    elif action == "replace" and path.parent.is_dir() and name.startswith("d/"):
        shutil.rmtree("d")
        path.parent.mkdir(parents=True)
        path.write_bytes(text.encode())
print(json.dumps([seen, tree()]))
"""
ACTIONS = st.lists(
    st.tuples(st.sampled_from(["write", "append", "remove", "rename", "replace"]), st.sampled_from(PATHS), TEXTS),
    max_size=5,
)


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=[(people()[-1], "1"), (people()[-1], "1b"), (people()[-1], "2")],
    ids=["overlay", "bubblewrap's overlay", "copy"],
)
async def box(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    who, rung = request.param
    async with sandbox(who, rung) as made:
        reached = await made.ask({})
        if reached["rung"] != rung:
            pytest.skip(f"this rung is out of reach here: {reached['why']}")
        yield made


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(disk=TREES, edits=EDITS, actions=ACTIONS)
async def test_a_command_sees_the_view_and_its_changes_are_staged(
    box: Sandbox, disk: dict[str, str], edits: dict[str, str | None], actions: list[tuple[str, str, str]]
) -> None:
    for path in box.root.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, text in disk.items():
        box.put(name, text)
    box.put("script.py", SCRIPT)
    edits = {name: text for name, text in edits.items() if text is not None or name in disk}
    view = {name: text for name, text in {**disk, **edits}.items() if text is not None}

    quoted = json.dumps(actions).replace("'", "'\\''")
    result = await box.run(f"/usr/bin/python3 script.py '{quoted}'", edits)

    assert result.exit_code == 0, result.output
    seen, left = json.loads(result.output)
    assert seen == view
    now = {name: text for name, text in {**disk, **_relative(result.staged, box.root)}.items() if text is not None}
    assert now == left
    assert {path.relative_to(box.root).as_posix() for path in box.root.rglob("*") if path.is_file()} == {
        *disk,
        "script.py",
    }
    assert all((box.root / name).read_bytes().decode() == text for name, text in disk.items())


def _relative(staged: dict[str, str | None], root: Path) -> dict[str, str | None]:
    return {Path(path).relative_to(root).as_posix(): text for path, text in staged.items()}

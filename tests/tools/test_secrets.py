"""Files with secrets: no tool shows, searches or changes them, and each says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from devstral_ls.errors import SecretRefused
from devstral_ls.tools.reads import Reads
from devstral_ls.tools.tool import ToolContext
from devstral_ls.workspace.overlay import Overlay
from devstral_ls.workspace.view import View
from tests.tools.workspaces import Opened, call, workspace

Given = Callable[..., ToolContext]

PLANTED = "hunter2"
FILES: dict[str, str | bytes] = {
    "app.py": "password = load()\n",
    ".env": f"PASSWORD={PLANTED}\n",
    ".ENV.Local": f"PASSWORD={PLANTED}\n",
    "deploy/server.pem": f"{PLANTED} password\n",
    ".env.example": "PASSWORD=\n",
}
REFUSED = ["read_file", "edit_file", "write_file", "grep_search"]


def arguments(name: str, path: str) -> dict[str, object]:
    every: dict[str, dict[str, object]] = {
        "read_file": {"file_path": path},
        "edit_file": {"file_path": path, "old_string": "PASSWORD", "new_string": "x"},
        "write_file": {"file_path": path, "content": "x\n"},
        "grep_search": {"pattern": ".", "path": path},
    }
    return every[name]


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("path", [".env", "./.env", ".ENV.Local", "deploy/server.pem", "app.py/../.env", "new.key"])
async def test_a_tool_refuses_one_and_says_what_to_do(given: Given, name: str, path: str) -> None:
    context = given(FILES)
    with pytest.raises(SecretRefused) as refusal:
        await call(context, name, **arguments(name, path))
    assert "workspace.allowSecrets" in str(refusal.value)
    assert "ask the user" in str(refusal.value)
    assert PLANTED not in str(refusal.value)
    assert list(context.view.overlay) == []


@pytest.mark.parametrize("name", REFUSED)
async def test_a_link_to_one_or_named_like_one_is_refused(tmp_path: Path, name: str) -> None:
    context = ToolContext(workspace(tmp_path, FILES | {"plain.txt": PLANTED}), Reads())
    (tmp_path / "notes.txt").symlink_to(".env")
    (tmp_path / "folder").symlink_to("deploy")
    (tmp_path / "prod.env").symlink_to("plain.txt")
    for path in (
        "notes.txt",
        "folder/server.pem",
        "prod.env",
        str(tmp_path / "notes.txt"),
        (tmp_path / ".env").as_uri(),
    ):
        with pytest.raises(SecretRefused):
            await call(context, name, **arguments(name, path))


async def test_what_the_editor_has_open_is_refused_too(given: Given) -> None:
    context = given(FILES, {".env": f"PASSWORD={PLANTED} unsaved\n"})
    with pytest.raises(SecretRefused):
        await call(context, "read_file", file_path=".env")
    assert PLANTED not in await call(context, "grep_search", pattern="unsaved|PASSWORD")


async def test_a_search_leaves_them_out_and_counts_them_whether_they_match_or_not(given: Given) -> None:
    context = given(FILES)
    left_out = "[3 files with secrets were not searched; only the user can allow that]"
    found = await call(context, "grep_search", pattern="password", case_insensitive=True)
    assert found.splitlines() == [".env.example:1: PASSWORD=", "app.py:1: password = load()", left_out]
    for pattern in (PLANTED, "hunter3"):
        assert (await call(context, "grep_search", pattern=pattern)).splitlines()[1:] == [left_out]
    assert "secrets" not in await call(context, "grep_search", pattern="password", file_pattern="*.py")
    one = await call(context, "grep_search", pattern=PLANTED, path="deploy")
    assert one.splitlines()[1:] == ["[1 file with secrets was not searched; only the user can allow that]"]


async def test_lists_leave_them_out_and_count_them(given: Given) -> None:
    context = given(FILES)
    left_out = "[3 files with secrets were not listed; only the user can allow that]"
    assert (await call(context, "glob_files", pattern="**/*")).splitlines() == [".env.example", "app.py", left_out]
    keys = await call(context, "glob_files", pattern="**/*.pem")
    assert keys.splitlines()[1:] == ["[1 file with secrets was not listed; only the user can allow that]"]
    listed = await call(context, "list_directory", path=".", recursive=True)
    assert listed.splitlines() == ["./ (2 entries)", ".env.example", "app.py", left_out]


async def test_a_directory_of_such_a_name_is_like_any_other(given: Given) -> None:
    context = given({"credentials/login.py": "x = 1\n", ".env/lib.py": "x = 2\n"})
    assert "login.py" in await call(context, "list_directory", path="credentials")
    assert "x = 2" in await call(context, "read_file", file_path=".env/lib.py")
    await call(context, "write_file", file_path="staged.key/a.py", content="x = 3\n")
    assert "x = 3" in await call(context, "grep_search", pattern="x", path="staged.key")


async def test_what_the_user_allows_is_a_file_like_any_other(tmp_path: Path) -> None:
    workspace(tmp_path, FILES)
    context = ToolContext(View([tmp_path], Opened(), Overlay(), [".env", "deploy/*.pem"]), Reads())
    assert PLANTED in await call(context, "read_file", file_path=".env")
    assert PLANTED in await call(context, "read_file", file_path="deploy/server.pem")
    found = await call(context, "grep_search", pattern=PLANTED)
    assert [line.partition(":")[0] for line in found.splitlines()[:-1]] == [".env", "deploy/server.pem"]
    assert found.splitlines()[-1].startswith("[1 file with secrets")
    with pytest.raises(SecretRefused):
        await call(context, "read_file", file_path=".ENV.Local")

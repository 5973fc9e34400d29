from __future__ import annotations

import json
from pathlib import Path

from devstral_ls.storage.approvals import Approval, Approvals
from tests.cli.running import environ, run

SINCE = "2026-01-0{}T10:00:00+00:00"


def remember(home: Path, folder: Path, *commands: str) -> None:
    for number, command in enumerate(commands, 1):
        approval = Approval(command, whole=False, unsandboxed=number != 2, since=SINCE.format(number))
        Approvals(home / "devstral-ls").add(folder.resolve(), approval)


async def test_what_is_allowed_is_listed_and_revoked_by_number_or_text(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "project"
    folder.mkdir()
    env = environ(home)
    remember(home, folder, "pytest -q", "make\x1b[2K", "echo 'a\nb'", "ls")
    ran = await run("approvals", cwd=folder, env=env)
    assert ran.out.splitlines() == ["1. pytest -q", "2. make<U+001B>[2K  (in a sandbox)", "3. echo 'a ⏎ b'", "4. ls"]
    ran = await run("approvals", "--revoke", "2", "--revoke", "ls", cwd=folder, env=env)
    assert ran.out.splitlines() == ["1. pytest -q", "2. echo 'a ⏎ b'"]
    ran = await run("approvals", "--json", "--workspace", str(folder), cwd=tmp_path, env=env)
    assert [(each["index"], each["command"]) for each in json.loads(ran.out)] == [(1, "pytest -q"), (2, "echo 'a\nb'")]
    ran = await run("approvals", "--revoke", "7", cwd=folder, env=env)
    assert (ran.code, ran.last) == (
        2,
        "devstral-ls: 7 is not among them; without --revoke they are listed with their numbers.",
    )
    ran = await run("approvals", "--revoke-all", cwd=folder, env=env)
    assert ran.out == f"No command is always allowed in {folder.resolve()}.\n"
    assert Approvals(home / "devstral-ls").of(folder.resolve()) == []


async def test_a_workspace_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    ran = await run("approvals", "--workspace", "nowhere", cwd=tmp_path, env=environ(tmp_path))
    assert ran.code == 2
    assert "is not a folder" in ran.last

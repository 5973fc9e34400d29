from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from devstral_ls.storage.approvals import Approval, Approvals

PYTEST = Approval("pytest -q", whole=False, unsandboxed=True, since="2026-01-01T10:00:00+00:00")
LOOP = Approval("for x in a b; do echo $x; done", whole=True, unsandboxed=False, since="2026-01-02T10:00:00+00:00")
HERE, THERE = Path("/w/here"), Path("/w/there")


def files(state: Path) -> list[Path]:
    return sorted(path for path in state.rglob("*") if path.is_file())


def test_what_is_allowed_is_known_to_the_next_server_and_in_its_workspace_alone(tmp_path: Path) -> None:
    kept = Approvals(tmp_path)
    kept.add(HERE, LOOP)
    kept.add(HERE, PYTEST)
    kept.add(HERE, PYTEST)
    assert Approvals(tmp_path).of(HERE) == [PYTEST, LOOP]
    assert kept.of(THERE) == []
    kept.remove(HERE, PYTEST)
    kept.remove(HERE, PYTEST)
    assert Approvals(tmp_path).of(HERE) == [LOOP]


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    Approvals(tmp_path / "state").add(HERE, PYTEST)
    (file,) = files(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [folder.stat().st_mode & 0o777 for folder in list(file.parents)[:1]] == [0o700]


def test_the_same_text_as_a_part_and_as_a_whole_are_two(tmp_path: Path) -> None:
    kept = Approvals(tmp_path)
    kept.add(HERE, PYTEST)
    kept.add(HERE, replace(PYTEST, whole=True))
    assert len(kept.of(HERE)) == 2


def test_without_a_sandbox_includes_within_one_and_not_the_other_way_round(tmp_path: Path) -> None:
    kept = Approvals(tmp_path)
    within = replace(PYTEST, unsandboxed=False)
    kept.add(HERE, within)
    assert kept.of(HERE) == [within]
    kept.add(HERE, PYTEST)
    assert kept.of(HERE) == [PYTEST]
    kept.add(HERE, within)
    assert kept.of(HERE) == [PYTEST]


GOOD: dict[str, object] = {
    "workspace": str(HERE),
    "command": "pytest -q",
    "whole": False,
    "unsandboxed": True,
    "since": "x",
}
WRONG: list[tuple[str, object]] = [
    *(("command", "rm -rf /"), ("whole", True), ("unsandboxed", 1), ("since", 3), ("workspace", str(THERE))),
]
DAMAGE = [
    *(b"", b"{", b"\xff", b"[]", b"null", b"{}", b'{"command": "rm -rf /"}', b"[" * 100_000),
    *(json.dumps(GOOD | {name: value}).encode() for name, value in WRONG),
]


@pytest.mark.parametrize("data", DAMAGE, ids=lambda data: data[:20])
def test_a_damaged_file_allows_nothing_and_is_told_once_in_one_line(
    tmp_path: Path, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    kept = Approvals(tmp_path)
    kept.add(HERE, PYTEST)
    kept.add(HERE, LOOP)
    file = next(file for file in files(tmp_path) if b"pytest" in file.read_bytes())
    file.write_bytes(data)
    assert kept.of(HERE) == kept.of(HERE) == [LOOP]
    (told,) = caplog.messages
    assert str(file) in told
    assert "\n" not in told
    kept.add(HERE, PYTEST)
    assert kept.of(HERE) == [PYTEST, LOOP]


def test_servers_at_the_same_time_lose_nothing_of_each_other(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from devstral_ls.storage.approvals import Approval, Approvals
for number in range(40):
    Approvals(Path(sys.argv[1])).add(Path("/w/here"), Approval(f"{sys.argv[2]} {number}", False, True, "x"))
    Approvals(Path(sys.argv[1])).add(Path("/w/here"), Approval("both", False, True, "x"))
"""
    running = [subprocess.Popen([sys.executable, "-c", code, tmp_path, name]) for name in ("one", "two")]
    assert [process.wait(60) for process in running] == [0, 0]
    known = Approvals(tmp_path).of(HERE)
    assert {each.command for each in known} == {"both", *(f"{name} {n}" for name in ("one", "two") for n in range(40))}
    assert {file.suffix for file in files(tmp_path)} == {".json"}


def test_what_can_not_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "approvals").write_text("a file where the folder should be")
    with pytest.raises(OSError):
        Approvals(tmp_path).add(HERE, PYTEST)
    assert Approvals(tmp_path).of(HERE) == []


def test_the_same_text_in_two_languages_is_two_and_what_was_kept_before_is_for_the_shell(tmp_path: Path) -> None:
    kept = Approvals(tmp_path)
    kept.add(HERE, PYTEST)
    (file,) = files(tmp_path)
    data = json.loads(file.read_text())
    del data["language"]
    file.write_text(json.dumps(data))
    assert kept.of(HERE) == [PYTEST]
    code = replace(PYTEST, language="python")
    kept.add(HERE, code)
    assert set(kept.of(HERE)) == {PYTEST, code}
    kept.remove(HERE, PYTEST)
    assert kept.of(HERE) == [code]

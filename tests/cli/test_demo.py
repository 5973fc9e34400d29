"""`devstral-ls demo`: it says what it is, shows a whole run, and changes the project only when it is told to."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from devstral_ls.cli.main import MANNERS
from devstral_ls.cli.sample import copy_sample, demo_environ, digests, run_tests, script_text
from devstral_ls.scripted import Manner

from .running import environ, run

FIRST = "This is a demo: the answers come from a script, not from a model. Everything else is real."


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    # Settings that would lead a run elsewhere, were they taken.
    return environ(tmp_path, DEVSTRAL_LS_BASE_URL="http://127.0.0.1:9/v1", DEVSTRAL_LS_API_KEY="secret")


async def test_the_project_is_red_before_green_when_staged_and_red_on_disk_after(
    tmp_path: Path, env: dict[str, str]
) -> None:
    keep = tmp_path / "kept"
    shown, applied, *others = await asyncio.gather(
        run("demo", "--keep", str(keep), cwd=tmp_path, env=env),
        run("demo", "--apply", "--manner", "ollama", "--keep", str(tmp_path / "applied"), cwd=tmp_path, env=env),
        *(run("demo", "--manner", manner, cwd=tmp_path, env=env) for manner in ("llama.cpp", "mistral")),
    )
    assert {(each.code, each.err) for each in (shown, applied, *others)} == {(0, "")}
    assert shown.out.splitlines()[0] == FIRST
    assert "+    return amount.quantize(CENT, ROUND_HALF_UP)" in shown.out
    assert "exit code 1" in shown.out
    assert "allowed by the demo" in shown.out
    assert "✗" not in shown.out
    copy_sample(tmp_path / "again")
    assert digests(keep / "invoices") == digests(tmp_path / "again")
    before, after = await asyncio.gather(run_tests(keep / "invoices"), run_tests(tmp_path / "applied" / "invoices"))
    assert (before.passed, before.summary) == (False, "FAILED (failures=1)")
    assert after.passed
    assert "✓ the tests pass on disk" in applied.out


async def test_a_folder_that_is_in_use_is_refused(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    ran = await run("demo", "--keep", str(tmp_path), cwd=tmp_path, env=env)
    assert ran.code == 1
    assert "is not empty" in ran.last
    assert list(digests(tmp_path)) == ["notes.txt"]


def test_the_manners_offered_are_those_of_the_scripted_server() -> None:
    assert set(MANNERS) == set(Manner.__args__)  # type: ignore[attr-defined]


def test_the_demo_sees_neither_the_users_keys_nor_folders(tmp_path: Path) -> None:
    given = {"MISTRAL_API_KEY": "a", "DEVSTRAL_LS_MODEL": "b", "PATH": "/bin", "XDG_CONFIG_HOME": "/home/me", "X": "y"}
    kept = demo_environ(given, tmp_path)
    assert not {"MISTRAL_API_KEY", "DEVSTRAL_LS_MODEL"} & set(kept)
    assert kept["XDG_CONFIG_HOME"] == str(tmp_path)
    assert kept["X"] == "y"
    assert kept["PATH"].startswith(str(Path(sys.executable).parent))


def test_the_script_names_the_python_that_runs_it() -> None:
    assert f'"{Path(sys.executable).name} -m unittest"' in script_text()

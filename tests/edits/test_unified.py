from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstral_ls.edits.unified import stat, unified_diff
from tests.edits.texts import edited, texts

pairs = texts(most=40).flatmap(lambda text: st.tuples(st.just(text), edited(text)))


def _applied_by_git(old: str, diff: str, name: str = "file.txt") -> str:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / name
        target.write_bytes(old.encode())
        run = subprocess.run(
            ["git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"],
            cwd=folder,
            input=diff.encode(),
            capture_output=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr.decode() + diff
        return target.read_bytes().decode()


@settings(max_examples=60, deadline=None)
@given(pairs, st.integers(0, 4))
def test_git_applies_the_diff_and_gets_the_new_text(pair: tuple[str, str], context: int) -> None:
    old, new = pair
    diff = unified_diff(old, new, "a/file.txt", "b/file.txt", max(1, context))
    assert bool(diff) == (old != new)
    if diff:
        assert _applied_by_git(old, diff) == new


@pytest.mark.skipif(os.name == "nt", reason="Windows has no files of these names")
@pytest.mark.parametrize("name", ["with space.txt", 'quote"d.txt', "back\\slash.txt", "tab\tbed.txt", "naïve.txt"])
def test_git_finds_the_file_whatever_its_name(name: str) -> None:
    diff = unified_diff("a\n", "b\n", f"a/{name}", f"b/{name}")
    assert _applied_by_git("a\n", diff, name) == "b\n"


def test_git_creates_and_deletes_files() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for diff in (
            unified_diff("", "a\nb", "/dev/null", "b/new.txt"),
            unified_diff("a\nb", "", "a/new.txt", "/dev/null"),
        ):
            subprocess.run(["git", "apply", "-"], cwd=folder, input=diff.encode(), check=True)
            exists = (Path(folder) / "new.txt").exists()
            assert exists == ("+++ b/new.txt" in diff)


def test_a_diff_reads_as_git_writes_it() -> None:
    old = "".join(f"{i}\n" for i in range(1, 21)) + "end"
    new = old.replace("2\n", "two\n", 1).replace("15\n", "").replace("end", "end\n")
    assert unified_diff(old, new, "a/n.txt", "b/n.txt", 1) == (
        "--- a/n.txt\n+++ b/n.txt\n"
        "@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n"
        "@@ -14,3 +14,2 @@\n 14\n-15\n 16\n"
        "@@ -20,2 +19,2 @@\n 20\n-end\n\\ No newline at end of file\n+end\n"
    )


def test_changes_near_each_other_share_a_section() -> None:
    old = "".join(f"{i}\n" for i in range(20))
    assert unified_diff(old, old.replace("5\n", "x\n", 1).replace("12\n", "y\n"), "a", "b").count("@@ -") == 1
    assert unified_diff(old, old.replace("5\n", "x\n", 1).replace("13\n", "y\n"), "a", "b").count("@@ -") == 2


def test_equal_texts_have_an_empty_diff() -> None:
    assert unified_diff("a\r\n", "a\r\n", "a", "b") == ""


def test_stat_counts_changed_lines_as_added_and_removed() -> None:
    assert stat("a\nb\nc\n", "a\nB\nc\nd\n") == (2, 1)
    assert stat("a\rb\r", "a\rc\r") == (1, 1)
    assert stat("", "a\nb") == (2, 0)
    assert stat("a", "a") == (0, 0)

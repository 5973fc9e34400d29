"""The record of a session reads well, keeps everything, and is the user's alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devstral_ls.storage.transcript import Transcript, state_folder


def test_a_session_reads_as_markdown(tmp_path: Path) -> None:
    transcript = Transcript(tmp_path, "abc")
    transcript.asked("Ask Devstral", "make it\nfaster")
    transcript.answering("I will ")
    transcript.answering("look.")
    transcript.answered()
    transcript.used("read a.py", True, "     1\tx = 1")
    transcript.used("run <tests>", False, "exit code 1")
    transcript.proposed("--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n")
    transcript.noted("proposes 1 file, +1 -1")
    path = transcript.save()
    assert path == tmp_path / "sessions" / "abc.md"
    assert path.read_text() == (
        "# Devstral session abc\n\n"
        "## Ask Devstral\n\n> make it\n> faster\n\n"
        "I will look.\n\n"
        "<details><summary>read a.py</summary>\n\n```\n     1\tx = 1\n```\n\n</details>\n\n"
        "<details><summary>run &lt;tests&gt; — failed</summary>\n\n```\nexit code 1\n```\n\n</details>\n\n"
        "```diff\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n```\n\n"
        "*proposes 1 file, +1 -1*\n\n"
    )


def test_saving_again_appends_only_what_is_new(tmp_path: Path) -> None:
    transcript = Transcript(tmp_path, "abc")
    transcript.asked("Ask", "one")
    transcript.save()
    with transcript.path.open("a") as file:
        file.write("the user's own note\n")
    transcript.asked("Ask", "two")
    text = transcript.save().read_text()
    assert text.index("> one") < text.index("the user's own note") < text.index("> two")
    assert text.count("> one") == 1


def test_an_answer_that_is_still_being_written_can_be_seen(tmp_path: Path) -> None:
    transcript = Transcript(tmp_path, "abc")
    transcript.answering("half an ans")
    assert transcript.text.endswith("half an ans")


def test_output_can_not_break_out_of_its_fence_and_is_bounded(tmp_path: Path) -> None:
    transcript = Transcript(tmp_path, "abc")
    transcript.used("read x.md", True, "```\nnot the end\n````")
    assert "`````\n```\nnot the end\n````\n`````" in transcript.text
    transcript.used("read big", True, "x" * 10_000)
    assert "[6000 more characters]" in transcript.text


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_only_the_user_can_read_it(tmp_path: Path) -> None:
    path = Transcript(tmp_path / "state", "abc").save()
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_the_state_folder_follows_the_platform(tmp_path: Path) -> None:
    assert state_folder({"XDG_STATE_HOME": str(tmp_path)}) == tmp_path / "devstral-ls"
    assert state_folder({}).name in ("devstral-ls", "State")

"""The record of a session reads well, keeps everything, and is the user's alone."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from devstral_ls.storage.transcript import Transcript, state_folder, write_private


def test_a_session_reads_as_markdown(tmp_path: Path) -> None:
    times = iter([datetime(2026, 3, 14, 9, 5), datetime(2026, 3, 14, 9, 7)])
    transcript = Transcript(tmp_path, "abc", lambda: next(times))
    transcript.asked("Ask Devstral", "make it\nfaster", "app.py, lines 3-5")
    transcript.answered_by("devstral-small-2")
    transcript.answered_by("devstral-small-2")
    transcript.answering("I will ")
    transcript.answering("look.")
    transcript.answered()
    transcript.used("read a.py", True, "     1\tx = 1")
    transcript.used("run <tests>", False, "exit code 1")
    transcript.proposed("--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n")
    transcript.noted("proposes 1 file, +1 -1")
    path = transcript.save()
    assert path == tmp_path / "sessions" / "devstral-2026-03-14-0905-abc.md"
    assert path.read_text() == (
        "# Devstral session abc\n\nStarted 2026-03-14 09:05.\n\n"
        "## Ask Devstral\n\n*2026-03-14 09:07 · app.py, lines 3-5*\n\n> make it\n> faster\n\n"
        "*Model: devstral-small-2*\n\n"
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


def test_notes_and_titles_are_no_markdown(tmp_path: Path) -> None:
    transcript = Transcript(tmp_path, "abc")
    transcript.noted("may I run: rm *.o `x`\nand __init__")
    transcript.used("run echo a\n\n# <b>", True, "")
    assert "*may I run: rm \\*.o \\`x\\` and \\_\\_init\\_\\_*\n" in transcript.text
    assert "<summary>run echo a # &lt;b&gt;</summary>" in transcript.text


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        ("```python\nx = 1", "x = 1\n```\n"),
        ("~~~~\n```\n~~~", "~~~\n~~~~\n"),
        ("```\nx\n```\nDone.", "```\nDone.\n"),
        ("``` not a fence ```\nDone.", "Done.\n"),
    ],
)
def test_a_code_block_that_was_cut_off_ends_with_its_answer(tmp_path: Path, answer: str, end: str) -> None:
    transcript = Transcript(tmp_path, "abc")
    transcript.answering(answer)
    transcript.answered()
    assert transcript.save().read_text().endswith(end + "\n")


def test_a_session_is_called_by_the_first_line_it_was_asked(tmp_path: Path) -> None:
    transcript = Transcript(tmp_path, "abc")
    transcript.asked("Ask Devstral", "\n  what is it?  \nPlease.")
    transcript.asked("Ask Devstral", "and that?")
    assert transcript.title == "what is it?"
    assert transcript.last_used >= transcript.started
    assert transcript.text.splitlines()[transcript.question_line] == "## Ask Devstral"
    assert "> and that?" in transcript.text.splitlines()[transcript.question_line + 4]
    other = Transcript(tmp_path, "def")
    other.asked("Explain with Devstral", "", "app.py, line 3")
    assert other.title == "Explain with Devstral app.py, line 3"
    long = Transcript(tmp_path, "ghi")
    long.asked("Ask Devstral", "x" * 100)
    assert long.title == "x" * 79 + "…"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_what_is_written_for_the_user_is_the_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "answers" / "a.md"
    write_private(path, "x\r\ny")
    assert path.read_bytes() == b"x\r\ny"
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0

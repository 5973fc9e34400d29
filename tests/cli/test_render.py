"""What reaches a terminal and what reaches a pipe."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from devstral_ls.cli.outcome import Outcome, ToolCall
from devstral_ls.cli.render import Terminal, diff_text, show_diff, stat_lines, tool_line, usage_line, visible

DIFF = "--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n-old\r\n+new\r\n --- kept\n\\ No newline at end of file\n"


class Tty(io.StringIO):
    """A terminal that takes everything."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Nobody:
    async def ask(self, question: str) -> bool | None:
        return None


@pytest.fixture(autouse=True)
def _colourful(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "40")


def shown(text: object) -> str:
    console = Console(file=Tty(), width=100, color_system="standard", force_terminal=True)
    console.print(text, end="")
    assert isinstance(console.file, Tty)
    return console.file.getvalue()


def test_control_and_direction_characters_are_written_out() -> None:
    assert visible("a\x1b[31mb\x07\tc\u202ed\r\ne\r") == "a<U+001B>[31mb<U+0007>\tc<U+202E>d\ne<U+000D>"
    assert visible("naïve 😀\n") == "naïve 😀\n"


def test_a_diff_is_coloured_on_a_terminal_and_keeps_its_lines() -> None:
    text = diff_text(DIFF)
    assert text.plain == DIFF.replace("\r", "<U+000D>")
    styles = {text.plain[span.start : span.end].strip(): str(span.style) for span in text.spans}
    assert styles["--- a/x.py"] == "bold"
    assert styles["@@ -1,2 +1,2 @@"] == "cyan"
    assert styles["-old<U+000D>"] == "red"
    assert styles["+new<U+000D>"] == "green"
    assert styles["\\ No newline at end of file"] == "dim"


def test_carriage_returns_are_not_shown_where_every_line_has_one() -> None:
    crlf = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-old\r\n+new\r\n kept\r\n"
    assert diff_text(crlf).plain == crlf.replace("\r", "")


def test_a_removed_line_that_looks_like_a_header_is_a_removed_line() -> None:
    text = diff_text(
        "--- a/x.sql\n+++ b/x.sql\n@@ -1,2 +1,1 @@\n--- a comment\n x\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n"
    )
    styles = [(text.plain[span.start : span.end].strip(), str(span.style)) for span in text.spans]
    assert ("--- a comment", "red") in styles
    assert ("--- a/y", "bold") in styles


def test_a_diff_in_a_pipe_is_the_diff_itself() -> None:
    pipe = io.StringIO(newline="")
    show_diff(DIFF, pipe)
    assert pipe.getvalue() == DIFF


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    tty = Tty()
    show_diff(DIFF, tty)
    assert "\x1b[32m" in tty.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    tty = Tty()
    show_diff(DIFF, tty)
    assert "\x1b[32m" not in tty.getvalue()


def test_a_tool_call_is_one_line_with_a_check_or_a_cross() -> None:
    good = ToolCall("read_file", "read a.py", True, "3 lines", "...")
    bad = ToolCall("edit_file", "edit\na.py \x1b[2J", False, "not found", "...")
    assert tool_line(good, "utf-8").plain == "✓ read a.py  3 lines"
    assert tool_line(bad, "utf-8").plain == "✗ edit a.py <U+001B>[2J  not found"
    assert tool_line(bad, "ascii").plain.startswith("x edit")


def test_a_tool_line_fits_a_narrow_terminal() -> None:
    tty = Tty()
    terminal = Terminal(tty, tty, Nobody(), permits=lambda command: False)
    terminal.tool(ToolCall("run_command", "run " + "long " * 40, True, "", ""))
    assert len(tty.getvalue().rstrip().split("\n")) == 1
    assert "…" in tty.getvalue()


def test_text_and_lines_do_not_run_into_each_other() -> None:
    out, errors = io.StringIO(), io.StringIO()
    terminal = Terminal(out, errors, Nobody(), permits=lambda command: False)
    terminal.phase("reading the prompt")
    for piece in ("I'll ", "look."):
        terminal.text(piece)
    terminal.tool(ToolCall("read_file", "read a.py", True, "", ""))
    terminal.text("Done.\n")
    terminal.rest()
    assert out.getvalue() == "I'll look.\nDone.\n"
    assert errors.getvalue() == "✓ read a.py\n"


def test_a_spinner_is_gone_before_text_is_written() -> None:
    tty = Tty()
    terminal = Terminal(tty, tty, Nobody(), permits=lambda command: False)
    terminal.phase("reading")
    terminal.phase("writing [bold]")
    terminal.text("answer")
    hidden, seen = tty.getvalue().rsplit("\x1b[?25h", 1)
    assert "writing [bold]" in hidden
    assert "answer" in seen
    assert "writing" not in seen


def test_a_dumb_terminal_gets_no_spinner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    tty = Tty()
    terminal = Terminal(tty, tty, Nobody(), permits=lambda command: False)
    terminal.phase("reading")
    terminal.rest()
    assert tty.getvalue() == ""


async def test_a_command_is_denied_when_nobody_can_be_asked() -> None:
    errors = io.StringIO()
    terminal = Terminal(None, errors, Nobody(), permits=lambda command: False)
    assert await terminal.allow("Devstral wants to run:\nmake", "make") is False
    assert "denied: make (there is no terminal to ask on; --allow allows a command" in errors.getvalue()
    assert await Terminal(None, errors, Nobody(), permits=lambda command: True).allow("?", "make") is True


def test_files_are_listed_with_their_sums() -> None:
    files = [
        {"kind": "edit", "path": "src/a.py", "added": 3, "removed": 1},
        {"kind": "create", "path": "b.py", "added": 4, "removed": 0},
    ]
    assert stat_lines(files).plain == "edit   src/a.py +3 -1\ncreate b.py +4 -0\n2 files, +7 -1"
    assert "32m+3" in shown(stat_lines(files))


def test_the_cost_of_a_run_is_one_line() -> None:
    outcome = Outcome(turns=3, prompt_tokens=12345, completion_tokens=678)
    assert usage_line(outcome, 4.23).plain == "3 turns, 12,345 tokens read, 678 written, 4.2 s"
    assert usage_line(Outcome(turns=1), 1).plain == "1 turn, 1.0 s"

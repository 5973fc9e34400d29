"""A run as a terminal shows it: the answer on one stream, everything about it on the other.

Text goes out as it comes; tool calls are one dim line each; a spinner with the phase turns whenever no text is being
written. Whatever a model, a file or a command put into that text, no control character reaches the terminal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TextIO

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from devstral_ls.cli.outcome import Outcome, ToolCall

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


class Plain(Console):
    """A console that takes text as it is: no markup, no highlighting, and a broken pipe is the caller's affair."""

    def __init__(self, file: TextIO) -> None:
        super().__init__(file=file, highlight=False, markup=False, emoji=False)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class Consent(Protocol):
    """Who decides on commands and edits: the user, where there is a terminal to ask on."""

    async def ask(self, question: str) -> bool | None:
        """Yes, no, or None when there is nobody to ask."""
        ...


class Terminal:
    """A `Screen` over an output and an error stream.

    text_to: where the answer's text goes; None: it is not shown while the run goes on. permits: whether a command was
    allowed beforehand.
    """

    def __init__(
        self, text_to: TextIO | None, errors: TextIO, consent: Consent, *, permits: Callable[[str], bool]
    ) -> None:
        self._text_to = text_to
        self._plain = text_to is None or not text_to.isatty()
        self._errors = Plain(errors)
        self._consent = consent
        self._permits = permits
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._mid_line = False
        self._asking = False

    def phase(self, text: str) -> None:
        if self._asking or self._mid_line or not self._errors.is_terminal or self._errors.is_dumb_terminal:
            return
        shown = visible(text).replace("\n", " ")
        if self._progress is None:
            self._progress = spinner(self._errors)
            self._task = self._progress.add_task(shown)
            self._progress.start()
        else:
            self._progress.update(self._task, description=shown)

    def text(self, piece: str) -> None:
        if self._text_to is None:
            return
        self._still()
        self._text_to.write(piece if self._plain else visible(piece))
        self._text_to.flush()
        self._mid_line = not piece.endswith("\n")

    def reasoning(self, piece: str) -> None:
        self.phase("thinking: " + piece[-60:])

    def tool(self, call: ToolCall) -> None:
        self.line(tool_line(call, self._errors.encoding), one_line=True)

    def notice(self, text: str) -> None:
        self.line(Text(visible(text), style="yellow"))

    def line(self, text: Text, *, one_line: bool = False) -> None:
        """A line on the error stream, between the pieces of text."""
        self.rest()
        if one_line and self._errors.is_terminal:
            text.truncate(self._errors.width, overflow="ellipsis")
        self._errors.print(text, soft_wrap=True)

    async def allow(self, question: str, command: str) -> bool:
        shown = visible(command or question)
        if self._permits(command):
            return True
        self.line(Text(visible(question)))
        answer = await self.confirm("Run it?")
        if answer is None:
            why = "there is no terminal to ask on; --allow allows a command, --allow-commands all"
            self.line(Text(f"denied: {shown} ({why})", style="yellow"))
        return bool(answer)

    async def confirm(self, question: str) -> bool | None:
        """Yes, no, or None when there is nobody to ask. Meanwhile no spinner turns over the question."""
        self.rest()
        self._asking = True
        try:
            return await self._consent.ask(question)
        finally:
            self._asking = False

    def rest(self) -> None:
        """Stops the spinner and ends the line that text was written to."""
        self._still()
        if self._mid_line and self._text_to is not None:
            self._text_to.write("\n")
            self._text_to.flush()
        self._mid_line = False

    def _still(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def spinner(console: Console) -> Progress:
    """A line with a spinner, what is going on and for how long; gone when stopped."""
    phase = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))
    return Progress(SpinnerColumn(), phase, TimeElapsedColumn(), console=console, transient=True)


def show_diff(diff: str, stream: TextIO) -> None:
    """The diff in colour on a terminal; byte for byte otherwise, so that `git apply` can read it."""
    if not stream.isatty():
        stream.write(diff)
        stream.flush()
        return
    Plain(stream).print(diff_text(diff), soft_wrap=True, end="")


def visible(text: str) -> str:
    """`text` with control and direction-changing characters written out, line feeds and tabs excepted."""
    return _UNSEEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text.replace("\r\n", "\n"))


def diff_text(diff: str) -> Text:
    """A unified diff in git's colours. Carriage returns are shown where only some of its lines have them."""
    lines = list(_styled(diff))
    mixed = len({line.endswith("\r") for line, style in lines if style in _CONTENT}) > 1
    text = Text()
    for line, style in lines:
        text.append(visible(line if mixed else line.removesuffix("\r")) + "\n", style)
    text.right_crop(1)
    return text


_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_CONTENT = ("green", "red", "")


def _styled(diff: str) -> Iterator[tuple[str, str]]:
    """Each line of the diff with its style."""
    old = new = 0
    for line in diff.split("\n"):
        if found := _HUNK.match(line):
            # The counts say where the hunk ends: a removed line may look exactly like the next file's header.
            old, new = int(found[1] or 1), int(found[2] or 1)
            yield line, "cyan"
        elif line.startswith("\\"):
            yield line, "dim"
        elif old > 0 or new > 0:
            old -= not line.startswith("+")
            new -= not line.startswith("-")
            yield line, {"+": "green", "-": "red"}.get(line[:1], "")
        else:
            yield line, "bold"


def tool_line(call: ToolCall, encoding: str) -> Text:
    """One dim line: a check or a cross, what was done, what came of it."""
    yes, no = marks(encoding)
    text = Text(f"{yes if call.ok else no} ", style="green" if call.ok else "red")
    text.append(_flat(call.title), "dim")
    if call.summary:
        text.append(f"  {_flat(call.summary)}", "dim" if call.ok else "red")
    return text


def marks(encoding: str) -> tuple[str, str]:
    """A check and a cross, in what the encoding has of them."""
    try:
        "✓✗".encode(encoding)
    except UnicodeEncodeError:
        return "ok", "x"
    return "✓", "✗"


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", visible(text)).strip()


def stat_lines(files: Sequence[Mapping[str, Any]], note: str = "") -> Text:
    """What is proposed, a line per file and a sum: `edit src/app.py +3 -1`. note: what was run on it, for the sum."""
    text = Text()
    for file in files:
        text.append(f"{file['kind']:<6} {_flat(file['path'])} ")
        text.append(f"+{file['added']}", "green").append(" ").append(f"-{file['removed']}\n", "red")
    added, removed = (sum(file[key] for file in files) for key in ("added", "removed"))
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    return text.append(f"{count}, +{added} -{removed}" + (f", {visible(note)}" if note else ""), "bold")


def usage_line(outcome: Outcome, seconds: float) -> Text:
    """What the run cost: `3 turns, 12,345 tokens read, 678 written, 4.2 s`."""
    parts = ["1 turn" if outcome.turns == 1 else f"{outcome.turns} turns"]
    if outcome.prompt_tokens or outcome.completion_tokens:
        parts += [f"{outcome.prompt_tokens:,} tokens read", f"{outcome.completion_tokens:,} written"]
    return Text(", ".join([*parts, f"{seconds:.1f} s"]), style="dim")

"""The markdown record of a session: what was asked, what the model said and did, what became of it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

HEADER = "# Devstral session {session_id}\n\nStarted {started}.\n"
OUTPUT_LIMIT = 4000
"""Characters of one tool's output that are kept."""

TITLE_LIMIT = 80
"""Characters of a session's title."""


def state_folder(environ: Mapping[str, str]) -> Path:
    """Where transcripts and diffs are kept: `$XDG_STATE_HOME/devstral-ls`, or the platform's equal."""
    if environ.get("XDG_STATE_HOME"):
        return Path(environ["XDG_STATE_HOME"], "devstral-ls")
    import platformdirs

    return Path(platformdirs.user_state_dir("devstral-ls", appauthor=False))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in a folder that only its owner can enter."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as file:
        file.write(text)


def local_time() -> datetime:
    return datetime.now().astimezone()


class Transcript:
    """One session's record, kept in memory and written to its file part by part, readable by its owner only.

    started, last_used: when the session began and was last asked something. title: the first line of its first prompt.
    """

    def __init__(self, folder: Path, session_id: str, now: Callable[[], datetime] = local_time) -> None:
        self._now = now
        self.started = self.last_used = now()
        # By their names they are in the order of time; the id tells those of one minute apart.
        self.path = folder / "sessions" / f"devstral-{self.started:%Y-%m-%d-%H%M}-{session_id[:8]}.md"
        self.title = ""
        self._parts = [HEADER.format(session_id=session_id, started=_shown(self.started))]
        self.question = ""
        """The newest one, as it stands in the record."""
        self.question_line = 0
        """Where it stands, counted from 0."""
        self._model = ""
        self._written = 0
        self._answer: list[str] = []

    @property
    def text(self) -> str:
        """The record so far, with an answer that is still being written."""
        return "\n".join([*self._parts, "".join(self._answer)])

    def asked(self, title: str, prompt: str, about: str = "") -> None:
        """about: the place it is about, such as `app.py, lines 3-5`."""
        self.last_used = self._now()
        lines = prompt.strip().splitlines()
        if not self.title:
            self.title = _bounded(lines[0].strip() if lines else " ".join(part for part in (title, about) if part))
        facts = " · ".join(part for part in (_shown(self.last_used), _plain(about)) if part)
        quoted = f"{_quote(prompt.strip())}\n" if lines else ""
        self.question = f"## {_plain(title)}\n\n*{facts}*\n" + (f"\n{quoted}" if quoted else "")
        self.question_line = "\n".join([*self._parts, ""]).count("\n")
        self._add(self.question)

    def answered_by(self, model: str) -> None:
        """Which model is asked from here on; told when it is another one than before."""
        if model and model != self._model:
            self._model = model
            self.noted(f"Model: {model}")

    def answering(self, text: str) -> None:
        """A piece of the answer; kept in memory until it is complete."""
        self._answer.append(text)

    def answered(self) -> None:
        """The answer is complete."""
        text = "".join(self._answer).strip()
        self._answer.clear()
        if text:
            self._add(_closed(text) + "\n")

    def used(self, title: str, ok: bool, output: str) -> None:
        """A tool call, folded."""
        if len(output) > OUTPUT_LIMIT:
            output = output[:OUTPUT_LIMIT] + f"\n[{len(output) - OUTPUT_LIMIT} more characters]"
        mark = "" if ok else " — failed"
        # A blank line would end the summary and turn its rest into markdown.
        summary = _escape(" ".join(title.split()))
        self._add(f"<details><summary>{summary}{mark}</summary>\n\n{_fenced(output)}\n</details>\n")

    def proposed(self, diff: str) -> None:
        self._add(_fenced(diff, "diff"))

    def noted(self, text: str) -> None:
        """An outcome, an error, anything else worth a line."""
        self._add(f"*{_plain(text)}*\n")

    def _add(self, part: str) -> None:
        self._parts.append(part)

    def save(self) -> Path:
        """Write what is new; the file's path."""
        if self._written < len(self._parts):
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if self._written == 0 else 0)
            descriptor = os.open(self.path, flags, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace", newline="\n") as file:
                file.write("".join(part + "\n" for part in self._parts[self._written :]))
            self._written = len(self._parts)
        return self.path


def _shown(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M")


def _bounded(text: str) -> str:
    return text if len(text) <= TITLE_LIMIT else text[: TITLE_LIMIT - 1].rstrip() + "…"


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _fenced(text: str, language: str = "") -> str:
    """In a fence longer than any run of backticks in the text, so that the text can't close it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}{'' if text.endswith(chr(10)) else chr(10)}{fence}\n"


def _closed(text: str) -> str:
    """With a code block that was cut off brought to its end, for it would swallow what follows."""
    open_fence = ""
    for line in text.splitlines():
        found = re.match(r" {0,3}(`{3,}|~{3,})(.*)", line)
        if found is None:
            continue
        if not open_fence:
            open_fence = found[1] if "`" not in found[2] or found[1][0] == "~" else ""
        elif found[1].startswith(open_fence) and not found[2].strip():
            open_fence = ""
    return f"{text}\n{open_fence}" if open_fence else text


def _plain(text: str) -> str:
    """On one line, and no markdown."""
    return re.sub(r"([\\`*_<\[\]])", r"\\\1", " ".join(text.split()))


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

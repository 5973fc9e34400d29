"""The markdown record of a session: what was asked, what the model said and did, what became of it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

HEADER = "# Devstral session {session_id}\n"
OUTPUT_LIMIT = 4000
"""Characters of one tool's output that are kept."""


def state_folder(environ: Mapping[str, str]) -> Path:
    """Where transcripts and diffs are kept: `$XDG_STATE_HOME/devstral-ls`, or the platform's equal."""
    if environ.get("XDG_STATE_HOME"):
        return Path(environ["XDG_STATE_HOME"], "devstral-ls")
    import platformdirs

    return Path(platformdirs.user_state_dir("devstral-ls", appauthor=False))


class Transcript:
    """One session's record, kept in memory and written to its file after every part, readable by its owner only."""

    def __init__(self, folder: Path, session_id: str) -> None:
        self.path = folder / "sessions" / f"{session_id}.md"
        self._parts: list[str] = [HEADER.format(session_id=session_id)]
        self.question = ""
        """The newest one, as it stands in the record."""
        self._written = 0
        self._answer: list[str] = []

    @property
    def text(self) -> str:
        """The record so far, with an answer that is still being written."""
        return "\n".join([*self._parts, "".join(self._answer)])

    def asked(self, title: str, prompt: str) -> None:
        self.question = f"## {title}\n\n{_quote(prompt)}\n"
        self._add(self.question)

    def answering(self, text: str) -> None:
        """A piece of the answer; kept in memory until it is complete."""
        self._answer.append(text)

    def answered(self) -> None:
        """The answer is complete."""
        text = "".join(self._answer).strip()
        self._answer.clear()
        if text:
            self._add(text + "\n")

    def used(self, title: str, ok: bool, output: str) -> None:
        """A tool call, folded."""
        if len(output) > OUTPUT_LIMIT:
            output = output[:OUTPUT_LIMIT] + f"\n[{len(output) - OUTPUT_LIMIT} more characters]"
        mark = "" if ok else " — failed"
        fence = _fence(output)
        self._add(f"<details><summary>{_escape(title)}{mark}</summary>\n\n{fence}\n{output}\n{fence}\n\n</details>\n")

    def proposed(self, diff: str) -> None:
        fence = _fence(diff)
        self._add(f"{fence}diff\n{diff}{fence}\n")

    def noted(self, text: str) -> None:
        """An outcome, an error, anything else worth a line."""
        self._add(f"*{text}*\n")

    def _add(self, part: str) -> None:
        self._parts.append(part)

    def save(self) -> Path:
        """Write what is new; the file's path."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if self._written == 0 else 0)
        descriptor = os.open(self.path, flags, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write("".join(part + "\n" for part in self._parts[self._written :]))
        self._written = len(self._parts)
        return self.path


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines()) or ">"


def _fence(text: str) -> str:
    """A fence longer than any run of backticks in the text, so that the text can't close it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    return "`" * max(3, longest + 1)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

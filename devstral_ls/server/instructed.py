"""Instruction comments as requests: the places that code actions name, and what a run is told to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from devstral_ls.errors import RequestRefused
from devstral_ls.server.documents import DocumentStore, OpenDocument
from devstral_ls.server.instructions import Instruction, marked
from devstral_ls.server.positions import Encoding, to_character, to_index

PAUSE = 0.15
"""Seconds without a change after which an open document's comments are looked for in advance."""


def instructions_at(opened: OpenDocument, where: dict[str, Any] | None, encoding: Encoding) -> list[Instruction]:
    """The instructions that touch a range; all of the document without one. RequestRefused when there is none.

    Of several on one line a range that is not empty chooses those it overlaps.
    """
    found = list(opened.instructions)
    if where is not None:
        start, end = where["start"], where["end"]
        found = [each for each in found if each.touches(start["line"], end["line"])]
        if start != end:
            begin, stop = _place(opened.lines, start, encoding), _place(opened.lines, end, encoding)
            inside = [
                each for each in found if begin < (each.end_line, each.end) and stop > (each.start_line, each.start)
            ]
            found = inside or found
    if not found:
        raise RequestRefused("There is no instruction comment here: write one such as `devstral: make this async`.")
    return found


def range_of(instruction: Instruction, lines: Sequence[str], encoding: Encoding) -> dict[str, Any]:
    """The comment's place as an LSP range."""

    def position(line: int, column: int) -> dict[str, int]:
        return {"line": line, "character": to_character(lines[line], column, encoding)}

    return {
        "start": position(instruction.start_line, instruction.start),
        "end": position(instruction.end_line, instruction.end),
    }


def prompt_for(instructions: Sequence[Instruction], lines: Sequence[str]) -> str:
    """What to do, in the users' words; of several, each with the line it stood at, now that the comments are gone."""
    if len(instructions) == 1:
        return instructions[0].text
    listed = []
    gone = 0
    for number, each in enumerate(instructions, 1):
        listed.append(f"{number}. At line {each.start_line - gone + 1}: {each.text}")
        alone = not lines[each.start_line][: each.start].strip() and not lines[each.end_line][each.end :].strip()
        gone += each.end_line - each.start_line + alone
    return "\n".join(listed)


def _place(lines: Sequence[str], position: dict[str, int], encoding: Encoding) -> tuple[int, int]:
    line = position["line"]
    return line, to_index(lines[line], position["character"], encoding) if line < len(lines) else 0


class Forethought:
    """Finds the instructions of open documents while nobody waits for them: lexing takes longer than code actions may.

    spawn: runs something in the background, under a name for the log.
    """

    def __init__(self, documents: DocumentStore, spawn: Callable[[Coroutine[Any, Any, None], str], None]) -> None:
        self._documents = documents
        self._spawn = spawn
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def changed(self, uri: str) -> None:
        """The document has been opened or changed."""
        if (timer := self._timers.get(uri)) is not None:
            timer.cancel()
        self._timers[uri] = asyncio.get_running_loop().call_later(PAUSE, self._look, uri)

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()

    def _look(self, uri: str) -> None:
        del self._timers[uri]
        opened = self._documents.get(uri)
        if opened is not None and marked(opened.lines):
            self._spawn(_find(opened), "look for instructions")


async def _find(opened: OpenDocument) -> None:
    await asyncio.to_thread(lambda: opened.instructions)

"""What a search asks and finds, and the first results by path out of a stream that has no order."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from devstral_ls.workspace.grep_output import RawLine


@dataclass(frozen=True, slots=True)
class Query:
    """pattern: a regular expression in ripgrep's syntax. base: the directory or file to search.

    glob: only files whose path relative to `base` matches (see `globs.matcher`). context: lines around each match.
    limit: the most matching lines to return.
    """

    pattern: str
    base: Path
    glob: str | None = None
    ignore_case: bool = False
    context: int = 0
    limit: int = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, counted from 1, without its ending; cut, and saying so, when it is very long.

    is_match: False for a line of context.
    """

    path: Path
    number: int
    text: str
    is_match: bool


@dataclass(frozen=True, slots=True)
class Found:
    """matches: by path, then line, context included. files, total: how many files and lines match in all.

    truncated: matching lines were left out. stopped: there was so much output that the search was ended; `files` and
    `total` count what was seen until then, and other matches could have come earlier by path. secrets: how many files
    were left out because they hold secrets, whether or not a line of theirs matches.
    """

    matches: list[Line]
    files: int
    total: int
    truncated: bool
    stopped: bool = False
    secrets: int = 0


@dataclass(order=True, slots=True)
class _Block:
    key: list[str]
    lines: list[RawLine] = field(compare=False)
    matches: int = field(compare=False)


class Ranking:
    """Keeps the first `limit` matching lines by path, however many come by."""

    def __init__(self, limit: int, context: int) -> None:
        self.limit = limit
        self._context = context
        self._blocks: list[_Block] = []
        self._kept = 0
        self.files = 0
        self.total = 0

    def add(self, path: str, lines: list[RawLine], matches: int) -> None:
        """One file's lines; `matches` counts also those that are not in `lines`, which has at least `limit`."""
        self.files += 1
        self.total += matches
        insort(self._blocks, _Block(path.split("/"), lines, matches))
        self._kept += matches
        while self._blocks and self._kept - self._blocks[-1].matches >= self.limit:
            self._kept -= self._blocks.pop().matches

    def found(self, base: Path, *, stopped: bool = False) -> Found:
        result: list[Line] = []
        left = self.limit
        for block in self._blocks:
            path = base.joinpath(*block.key)
            result += (
                Line(path, line.number, line.text.rstrip(b"\r\n").decode("utf-8", "replace"), line.is_match)
                for line in self._first(block, left)
            )
            left -= min(left, block.matches)
        return Found(result, self.files, self.total, stopped or self.total > self.limit, stopped)

    def _first(self, block: _Block, count: int) -> list[RawLine]:
        """The block's first `count` matches, with the context that belongs to them."""
        if block.matches <= count:
            return block.lines
        numbers = [line.number for line in block.lines if line.is_match][:count]
        if not numbers:
            return []
        end = numbers[-1] + self._context
        return [
            line for line in block.lines if line.number <= numbers[-1] or (not line.is_match and line.number <= end)
        ]


class FileGroups:
    """Lines of one ripgrep process, each file's in one piece, on their way into a ranking.

    name: the file's relative path, or None to leave it out.
    """

    def __init__(self, ranking: Ranking, name: Callable[[bytes], str | None]) -> None:
        self._ranking = ranking
        self._name = name
        self._path: bytes | None = None
        self._lines: list[RawLine] = []
        self._matches = 0

    def add(self, lines: list[RawLine]) -> None:
        for line in lines:
            if line.path != self._path:
                self.finish()
                self._path = line.path
            if self._matches <= self._ranking.limit:
                self._lines.append(line)
            self._matches += line.is_match

    def finish(self) -> None:
        if self._path is not None and self._matches and (path := self._name(self._path)) is not None:
            self._ranking.add(path, self._lines, self._matches)
        self._path, self._lines, self._matches = None, [], 0

"""Which parts of a text are comments, as Pygments' lexers see it: a `#` in a string starts none.

Lexing costs about 3 ms per 1,000 characters, so it is done once per snapshot and only for texts that hold a mark.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import PurePosixPath
from typing import Any, Protocol

from devstral_ls.server.comment_syntax import LEXERS

LEXED_AT_MOST = 100_000
"""Characters; in longer texts the table of syntaxes decides alone."""

Spans = Mapping[int, Sequence[tuple[int, int]]]
"""Line number -> the comments on it, as (start, end) columns without the line's ending, in order."""


class Lexer(Protocol):
    """What we use of Pygments' lexers. kind: one of Pygments' token types."""

    name: str

    def get_tokens_unprocessed(self, text: str) -> Iterable[tuple[int, Any, str]]: ...


def comment_spans(lines: Sequence[str], language_id: str, name: str, last: int) -> Spans | None:
    """The comments on the lines up to `last` and those that follow it closely; None where no lexer can tell.

    name: of the file, for language ids that no lexer goes by.
    """
    if sum(map(len, lines)) > LEXED_AT_MOST:
        return None
    lexer = lexer_of(language_id, PurePosixPath(name).name)
    if lexer is None:
        return None
    return _spans(lexer, [line.rstrip("\r\n") for line in lines], last)


@cache
def lexer_of(language_id: str, name: str) -> Lexer | None:
    """Pygments' lexer for a language, else for a file's name."""
    from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
    from pygments.util import ClassNotFound

    known = LEXERS.get(language_id, language_id)
    if known is None:
        return None
    for find, what in ((get_lexer_by_name, known), (get_lexer_for_filename, name)):
        try:
            lexer: Lexer = find(what)
        except ClassNotFound:
            continue
        return lexer if lexer.name != "Text only" else None
    return None


def _spans(lexer: Lexer, contents: Sequence[str], last: int) -> Spans:
    starts = [0]
    for content in contents:
        starts.append(starts[-1] + len(content) + 1)
    spans: dict[int, list[tuple[int, int]]] = {}
    # Every line ends alike here: some lexers know no `\r\n`, and some need the last line to end.
    for index, kind, value in lexer.get_tokens_unprocessed("\n".join([*contents, ""])):
        comment = _is_comment(kind, value)
        if index > starts[min(last + 1, len(contents))] and not comment and value.strip():
            break
        if not comment:
            continue
        number = bisect_right(starts, index) - 1
        column = index - starts[number]
        for piece in value.split("\n"):
            if piece:
                _add(spans.setdefault(number, []), column, column + len(piece))
            number, column = number + 1, 0
    return spans


def _add(spans: list[tuple[int, int]], start: int, end: int) -> None:
    """A lexer may cut one comment into several tokens."""
    if spans and spans[-1][1] == start:
        start = spans.pop()[0]
    spans.append((start, end))


def _is_comment(kind: Any, value: str) -> bool:
    from pygments.token import Comment, String

    if kind in Comment:
        return not any(kind in other for other in (Comment.Preproc, Comment.PreprocFile, Comment.Hashbang))
    # Documentation comments are told as documentation: not Python's strings, but Rust's `///`.
    return kind in String.Doc and value.lstrip().startswith(("//", "/*", "#", "--"))


def preload() -> None:
    """Import what the first use needs, so that no code action waits for it."""
    lexer_of("python", "")

"""What the editor says, in our values."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from devstral_ls.server.documents import DocumentStore, OpenDocument
from devstral_ls.server.from_lsp import without_cursor

TEXT = "one\r\n🦉 two\n\nthree\n"


def opened(tmp_path: Path) -> OpenDocument:
    store = DocumentStore()
    uri = (tmp_path / "a.txt").as_uri()
    store.open(types.TextDocumentItem(uri=uri, language_id="text", version=1, text=TEXT))
    document = store.get(uri)
    assert document is not None
    return document


@pytest.mark.parametrize(
    ("start", "end", "is_cursor"),
    [
        ((0, 1), (0, 2), True),
        ((0, 3), (1, 0), True),
        ((1, 0), (1, 4), True),
        ((2, 0), (3, 0), True),
        ((3, 0), (3, 0), True),
        ((0, 0), (0, 2), False),
        ((0, 0), (1, 0), False),
    ],
    ids=["a character", "a CRLF", "four bytes", "an empty line", "nothing", "two characters", "a line"],
)
def test_a_block_cursor_is_no_selection(
    tmp_path: Path, start: tuple[int, int], end: tuple[int, int], is_cursor: bool
) -> None:
    first, last = ({"line": line, "character": character} for line, character in (start, end))
    found = without_cursor(opened(tmp_path), {"start": first, "end": last}, "utf-8")
    assert found == {"start": first, "end": first if is_cursor else last}


@pytest.mark.parametrize(("end", "is_cursor"), [((0, 0), True), ((0, 1), True), ((0, 2), False), ((1, 0), False)])
def test_a_block_cursor_is_known_before_the_document_is(end: tuple[int, int], is_cursor: bool) -> None:
    first, last = ({"line": line, "character": character} for line, character in ((0, 0), end))
    assert without_cursor(None, {"start": first, "end": last}, "utf-8")["end"] == (first if is_cursor else last)

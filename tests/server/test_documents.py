"""The store keeps exactly the text the editor has, whatever the editor types and however lines end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from devstral_ls.edits.lines import split_lines
from devstral_ls.server.documents import DocumentStore, splice
from devstral_ls.server.positions import Encoding, to_character, to_index
from tests.doubles.applier import apply_text_edits

PIECES = st.sampled_from(["a", "bc", "é", "😀", "\n", "\r\n", "\r", "\f", "\u2028", "\u0085", "\x0b"])
TEXTS = st.lists(PIECES, max_size=30).map("".join)
ENCODINGS: list[Encoding] = ["utf-8", "utf-16", "utf-32"]


def position_of(text: str, offset: int, encoding: Encoding) -> types.Position:
    """The LSP position of an offset that is not inside a line ending."""
    lines = split_lines(text[:offset])
    line = len(lines) - 1 if lines and not lines[-1].endswith(("\n", "\r")) else len(lines)
    current = lines[line] if line < len(lines) else ""
    return types.Position(line, to_character(current, len(current), encoding))


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=TEXTS, edits=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 9), TEXTS), min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_incremental_changes_give_the_text_a_plain_editor_has(
    text: str, edits: list[tuple[int, int, str]], encoding: Encoding
) -> None:
    store = DocumentStore(encoding)
    store.open(types.TextDocumentItem("file:///a.txt", "text", 1, text))
    for version, (at, length, new) in enumerate(edits, 2):
        start = at % (len(text) + 1)
        end = min(len(text), start + length)
        # A position between \r and \n does not exist in LSP.
        start -= text[start - 1 : start + 1] == "\r\n"
        end += text[end - 1 : end + 1] == "\r\n"
        where = types.Range(position_of(text, start, encoding), position_of(text, end, encoding))
        text = text[:start] + new + text[end:]
        store.change("file:///a.txt", version, [types.TextDocumentContentChangePartial(text=new, range=where)])
        opened = store.get("file:///a.txt")
        assert opened is not None
        assert opened.text == text
        assert opened.lines == split_lines(text)
        assert opened.version == version


@given(text=TEXTS, new=TEXTS)
@settings(deadline=None)
def test_positions_past_the_end_are_clamped(text: str, new: str) -> None:
    far = types.Range(types.Position(10_000, 0), types.Position(10_001, 7))
    assert "".join(splice(split_lines(text), far, new, "utf-16")) == text + new


@given(edits=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 3), TEXTS), min_size=2, max_size=12), data=st.data())
@settings(max_examples=200, deadline=None)
def test_changes_that_overtake_each_other_on_their_way_give_the_same_text(
    edits: list[tuple[int, int, str]], data: st.DataObject
) -> None:
    text, sent = "one\ntwo\n", []
    for version, (at, length, new) in enumerate(edits, 2):
        start = at % (len(text) + 1)
        end = min(len(text), start + length)
        start -= text[start - 1 : start + 1] == "\r\n"
        end += text[end - 1 : end + 1] == "\r\n"
        where = types.Range(position_of(text, start, "utf-16"), position_of(text, end, "utf-16"))
        sent.append((version, types.TextDocumentContentChangePartial(text=new, range=where)))
        text = text[:start] + new + text[end:]
    late = data.draw(st.lists(st.integers(0, 3), min_size=len(sent), max_size=len(sent)))
    arriving = [change for _, change in sorted(enumerate(sent), key=lambda each: each[0] + late[each[0]])]
    store = DocumentStore("utf-16")
    store.open(types.TextDocumentItem("file:///a.txt", "text", 1, "one\ntwo\n"))
    for version, change in arriving:
        store.change("file:///a.txt", version, [change])
    opened = store.get("file:///a.txt")
    assert opened is not None
    assert (opened.text, opened.version) == (text, len(edits) + 1)


def test_versions_that_do_not_grow_or_leave_some_out_are_taken_as_they_come() -> None:
    store = DocumentStore("utf-16")
    store.open(types.TextDocumentItem("file:///a.txt", "text", 0, ""))
    for version, text in ((0, "a"), (0, "b"), (9, "c"), (9, "d"), (20, "e")):
        store.change("file:///a.txt", version, [types.TextDocumentContentChangeWholeDocument(text)])
        opened = store.get("file:///a.txt")
        assert opened is not None
        assert (opened.text, opened.version) == (text, version)


def test_only_the_three_line_endings_of_lsp_end_a_line() -> None:
    store = DocumentStore("utf-16")
    store.open(types.TextDocumentItem("file:///a.txt", "text", 1, "one\ftwo\u2028three\u0085four\nlast"))
    change = types.TextDocumentContentChangePartial(
        text="LAST", range=types.Range(types.Position(1, 0), types.Position(1, 4))
    )
    store.change("file:///a.txt", 2, [change])
    opened = store.get("file:///a.txt")
    assert opened is not None
    assert opened.text == "one\ftwo\u2028three\u0085four\nLAST"


def test_a_column_inside_a_surrogate_pair_goes_to_its_start() -> None:
    assert to_index("a😀b", 2, "utf-16") == 1
    assert to_index("a😀b", 3, "utf-16") == 2
    assert to_index("a😀b", 99, "utf-16") == 3
    assert to_index("ab\r\n", 99, "utf-16") == 2


def test_a_document_is_found_by_another_spelling_of_its_uri(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "a b.py").write_text("x")
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    store = DocumentStore()
    store.open(types.TextDocumentItem(f"file://{tmp_path}/a%20b.py", "python", 1, "text"))
    for uri in (f"file://{tmp_path}/a b.py", f"file://{link}/a%20b.py", f"file://{tmp_path}/./a%20b.py"):
        found = store.get(uri)
        assert found is not None, uri
        assert found.text == "text"
    document = store.at(tmp_path.resolve() / "a b.py")
    assert document is not None
    assert document.version == 1


def test_a_closed_document_is_gone_and_an_untitled_one_has_no_path() -> None:
    store = DocumentStore()
    store.open(types.TextDocumentItem("untitled:Untitled-1", "python", 1, "x"))
    assert [opened.path for opened in store] == [None]
    assert list(store.all()) == []
    store.close("untitled:Untitled-1")
    assert store.get("untitled:Untitled-1") is None


def test_a_snapshot_does_not_change_when_the_document_does() -> None:
    store = DocumentStore()
    store.open(types.TextDocumentItem("file:///a", "text", 1, "one\ntwo\n"))
    before = store.get("file:///a")
    assert before is not None
    change = types.TextDocumentContentChangePartial(
        text="ONE", range=types.Range(types.Position(0, 0), types.Position(0, 3))
    )
    store.change("file:///a", 2, [change])
    assert before.text == "one\ntwo\n"


def test_a_keystroke_touches_its_own_line_only() -> None:
    lines = split_lines("".join(f"line {number}\n" for number in range(10_000)))
    place = types.Position(5_000, 2)
    after = splice(lines, types.Range(place, place), "x", "utf-16")
    assert after[5_000] == "lixne 5000\n"
    assert all(new is old for number, (new, old) in enumerate(zip(after, lines, strict=True)) if number != 5_000)


@given(before=TEXTS, encoding=st.sampled_from(ENCODINGS))
def test_positions_agree_with_an_independent_applier(before: str, encoding: Encoding) -> None:
    end = position_of(before, len(before), encoding)
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": end.line, "character": end.character}}
    assert apply_text_edits(before, [{"range": whole, "newText": "new"}], encoding) == "new"


def test_of_a_long_text_the_table_answers_until_the_lexer_was_asked() -> None:
    quoted = 's = "# devstral: quoted"\n# devstral: real\n'
    for text, at_once in ((quoted, ["real"]), ("x = 1\n" * 1000 + quoted, ['quoted"', "real"])):
        store = DocumentStore()
        store.open(types.TextDocumentItem("file:///a.py", "python", 1, text))
        opened = store.get("file:///a.py")
        assert opened is not None
        assert [each.text for each in opened.likely_instructions] == at_once
        assert [each.text for each in opened.instructions] == ["real"]
        assert [each.text for each in opened.likely_instructions] == ["real"]

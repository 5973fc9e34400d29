from __future__ import annotations

from pathlib import Path

from devstral_ls.edits.spans import Edit
from devstral_ls.workspace.overlay import Overlay, Staged
from devstral_ls.workspace.snapshot import Snapshot, digest_of


def snapshot(path: Path, text: str) -> Snapshot:
    return Snapshot(path, path.as_uri(), text, "disk", None, digest_of(text), "utf-8", False)


def test_the_first_base_stays_while_texts_come_and_go() -> None:
    overlay, path = Overlay(), Path("/w/a")
    first = snapshot(path, "one")
    overlay.stage(path, "two", first)
    overlay.stage(path, "three", snapshot(path, "two"))
    assert overlay.get(path) == Staged(path, "three", first)


def test_changes_are_sorted_and_leave_out_what_changes_nothing() -> None:
    overlay = Overlay()
    overlay.stage(Path("/w/b"), "new", None)
    overlay.stage(Path("/w/a"), None, snapshot(Path("/w/a"), "old"))
    overlay.stage(Path("/w/same"), "same", snapshot(Path("/w/same"), "same"))
    overlay.stage(Path("/w/never"), "x", None)
    overlay.stage(Path("/w/never"), None, None)
    assert [(staged.path.name, staged.text) for staged in overlay.changes()] == [("a", None), ("b", "new")]


def test_an_empty_new_file_is_a_change() -> None:
    overlay = Overlay()
    overlay.stage(Path("/w/empty"), "", None)
    assert len(overlay.changes()) == 1


def test_what_is_dropped_is_forgotten_with_its_base() -> None:
    overlay, path = Overlay(), Path("/w/a")
    overlay.stage(path, "two", snapshot(path, "one"))
    overlay.drop(path)
    overlay.drop(path)
    assert overlay.get(path) is None
    overlay.stage(path, "three", None)
    assert overlay.get(path) == Staged(path, "three", None)


def test_edits_are_kept_in_their_order_until_something_else_makes_the_text() -> None:
    overlay, path = Overlay(), Path("/w/a")
    first, second = Edit(0, "one", "two"), Edit(0, "two", "three")
    overlay.stage(path, "two", snapshot(path, "one"), (first,))
    overlay.stage(path, "three", snapshot(path, "one"), (second,))
    staged = overlay.get(path)
    assert staged is not None
    assert staged.edits == (first, second)
    overlay.stage(path, "four", snapshot(path, "one"))
    overlay.stage(path, "five", snapshot(path, "one"), (Edit(0, "four", "five"),))
    staged = overlay.get(path)
    assert staged is not None
    assert staged.edits is None


def test_a_new_file_has_no_edits() -> None:
    overlay, path = Overlay(), Path("/w/a")
    overlay.stage(path, "one", None)
    overlay.stage(path, "two", None, (Edit(0, "one", "two"),))
    staged = overlay.get(path)
    assert staged is not None
    assert staged.edits is None

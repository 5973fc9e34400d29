from __future__ import annotations

from pathlib import Path

import pytest

from devstral_ls.errors import EditRefused
from devstral_ls.tools.reads import Reads
from devstral_ls.workspace.snapshot import Snapshot, digest_of
from tests.tools.workspaces import workspace


def snapshot(text: str) -> Snapshot:
    return Snapshot(Path("/w/a"), "file:///w/a", text, "disk", None, digest_of(text), "utf-8", False)


TEXT = snapshot("text")


def is_whole(reads: Reads) -> bool:
    try:
        reads.require_whole(TEXT, "a")
    except EditRefused:
        return False
    return True


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        ([(1, 10)], True),
        ([(1, 4), (5, 10)], True),
        ([(6, 10), (1, 7)], True),
        ([(1, 4), (6, 10)], False),
        ([(2, 10)], False),
        ([(1, 0)], False),
        ([], False),
    ],
)
def test_pieces_add_up_to_the_whole(pieces: list[tuple[int, int]], whole: bool) -> None:
    reads = Reads()
    for start, end in pieces:
        reads.saw(TEXT, start, end, 10)
    assert is_whole(reads) is whole


def test_another_text_starts_anew() -> None:
    reads = Reads()
    reads.saw(TEXT, 1, 10, 10)
    reads.saw(snapshot("other"), 1, 3, 10)
    reads.saw(TEXT, 4, 10, 10)
    assert not is_whole(reads)


def test_an_empty_file_is_read_by_looking() -> None:
    reads = Reads()
    reads.saw(TEXT, 1, 0, 0)
    assert is_whole(reads)


def test_what_was_written_is_known_as_well_as_before() -> None:
    reads = Reads()
    reads.saw(snapshot("before"), 1, 5, 10)
    reads.wrote(TEXT)
    reads.require_current(TEXT, "a")
    assert not is_whole(reads)
    reads.wrote(TEXT, whole=True)
    assert is_whole(reads)


def test_a_file_that_is_forgotten_has_to_be_read_again(tmp_path: Path) -> None:
    view = workspace(tmp_path, {"a.py": "one\n", "b.py": "two\n"})
    kept, gone = (view.read(tmp_path / name) for name in ("a.py", "b.py"))
    reads = Reads()
    for snapshot in (kept, gone):
        reads.saw(snapshot, 1, 1, 1)
    reads.keep_only({kept.path})
    reads.require_whole(kept, "a.py")
    with pytest.raises(EditRefused, match="was not read yet"):
        reads.require_current(gone, "b.py")

from __future__ import annotations

from pathlib import Path

from devstral_ls.workspace.found import FileGroups, Ranking
from devstral_ls.workspace.grep_output import RawLine


def block(*numbers: int) -> list[RawLine]:
    """Matching lines; a negative number is a line of context."""
    return [RawLine(b"x", abs(number), number > 0, b"text\r") for number in numbers]


def test_the_first_matches_by_path_are_kept_whatever_order_they_come_in() -> None:
    ranking = Ranking(limit=3, context=0)
    for name in ("z", "a/b", "m", "a-b", "a"):
        ranking.add(name, block(1, 2), 2)
    found = ranking.found(Path("/w"))
    assert [(str(line.path), line.number) for line in found.matches] == [("/w/a", 1), ("/w/a", 2), ("/w/a/b", 1)]
    assert (found.files, found.total, found.truncated) == (5, 10, True)


def test_a_cut_keeps_the_context_of_what_stays() -> None:
    ranking = Ranking(limit=1, context=1)
    ranking.add("a", block(-1, 2, -3, -9, 10, -11), 2)
    assert [line.number for line in ranking.found(Path("/w")).matches] == [1, 2, 3]


def test_nothing_left_out_is_not_truncated() -> None:
    ranking = Ranking(limit=2, context=0)
    ranking.add("a", block(1, 2), 2)
    assert not ranking.found(Path("/w")).truncated
    assert ranking.found(Path("/w"), stopped=True).truncated


def test_a_file_with_endless_matches_is_counted_but_not_kept() -> None:
    ranking = Ranking(limit=10, context=0)
    groups = FileGroups(ranking, lambda path: path.decode())
    for start in range(0, 100_000, 1000):
        groups.add([RawLine(b"a", number, True, b"t") for number in range(start, start + 1000)])
    groups.add([RawLine(b"b", 1, True, b"t")])
    groups.finish()
    found = ranking.found(Path("/w"))
    assert (found.files, found.total, len(found.matches)) == (2, 100_001, 10)


def test_files_that_are_left_out_count_for_nothing() -> None:
    ranking = Ranking(limit=10, context=0)
    groups = FileGroups(ranking, lambda path: None)
    groups.add(block(1))
    groups.finish()
    assert ranking.found(Path("/w")).total == 0

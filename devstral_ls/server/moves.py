"""Files that were moved: a deleted file and a new one with much the same text are one file under a new name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from devstral_ls.edits.lines import split_lines
from devstral_ls.edits.unified import stat
from devstral_ls.server.file_proposal import FileProposal, Origin

KEPT = 0.5
"""The part of the old file's lines that the new one has to have, as in git."""

LARGEST = 400
"""Pairs of a deleted and a new file that are compared; beyond it only files with the same text are paired."""


def as_moves(files: Sequence[FileProposal]) -> list[FileProposal]:
    """The files, with each deletion whose text went into a new file as one move; in the order of their paths."""
    gone = [file for file in files if file.kind == "delete"]
    made = [file for file in files if file.kind == "create"]
    moves: dict[str, FileProposal] = {}
    taken: set[str] = set()
    for score, old, new in sorted(_pairs(gone, made), key=lambda pair: -pair[0]):
        if score >= KEPT and old.uri not in taken and new.uri not in moves:
            taken.add(old.uri)
            moves[new.uri] = replace(new, base=old.base, moved=Origin(old.path, old.uri, old.name))
    return [moves.get(file.uri, file) for file in files if file.uri not in taken]


def _pairs(
    gone: Sequence[FileProposal], made: Sequence[FileProposal]
) -> list[tuple[float, FileProposal, FileProposal]]:
    few = len(gone) * len(made) <= LARGEST
    return [
        (1.0 if old.base == new.staged else _kept(old.base or "", new.staged or ""), old, new)
        for old in gone
        for new in made
        if old.base and (few or old.base == new.staged)
    ]


def _kept(old: str, new: str) -> float:
    """The part of the longer text's lines that both have."""
    longer = max(len(split_lines(old)), len(split_lines(new)))
    _, removed = stat(old, new)
    return (len(split_lines(old)) - removed) / longer if longer else 0.0

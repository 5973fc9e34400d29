"""Inline review: code lenses over each hunk of a pending proposal, to accept or to reject it where it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from devstral_ls.edits.diff import Hunk
from devstral_ls.server.action import command
from devstral_ls.server.documents import OpenDocument
from devstral_ls.server.file_proposal import FileProposal
from devstral_ls.server.placing import Read, conflicts, hunks_now
from devstral_ls.server.proposals import Proposal

TITLE = 48
"""Characters of a hunk's first line in its lens."""


def lenses(opened: OpenDocument | None, proposals: Sequence[Proposal], read: Read) -> list[dict[str, Any]]:
    """The lenses of one open document, as LSP data."""
    found: list[dict[str, Any]] = []
    for proposal in proposals if opened is not None else ():
        for file in proposal.pending:
            if opened is not None and file.path == opened.path:
                found += _of_file(proposal, file, len(opened.lines), read)
    return found


def _of_file(proposal: Proposal, file: FileProposal, lines: int, read: Read) -> Iterator[dict[str, Any]]:
    whole = {"proposalId": proposal.id, "uris": [file.uri]}
    name = {"proposalId": proposal.id}
    if conflicts(file, read):
        yield _lens(0, "Devstral's edits no longer fit: the text changed. Show the diff", "devstral.showDiff", name)
        yield _lens(0, "Discard them", "devstral.discardProposal", whole)
        return
    hunks = hunks_now(file, read)
    if len(hunks) != 1:
        count = f"{len(hunks)} changes" if hunks else {"delete": "to delete", "rename": "to move"}.get(file.kind, "")
        yield _lens(0, f"Devstral proposes {count}: accept all", "devstral.applyProposal", whole)
        yield _lens(0, "Reject all", "devstral.discardProposal", whole)
        yield _lens(0, "Show the diff", "devstral.showDiff", name)
    for key, hunk in hunks:
        line = max(0, min(hunk.old_start, lines - 1))
        one = {"proposalId": proposal.id, "hunks": [key]}
        yield _lens(line, f"Accept {_title(hunk)}", "devstral.applyProposal", one)
        yield _lens(line, "Reject", "devstral.discardProposal", one)


def _lens(line: int, title: str, name: str, argument: dict[str, Any]) -> dict[str, Any]:
    place = {"line": line, "character": 0}
    return {"range": {"start": place, "end": place}, "command": command(title, name, argument)}


def _title(hunk: Hunk) -> str:
    """Such as `+2 -1: return total / count`."""
    removed = hunk.old_end - hunk.old_start
    parts = [f"+{len(hunk.new_lines)}"] * bool(hunk.new_lines) + [f"-{removed}"] * bool(removed)
    first = next((" ".join(line.split()) for line in hunk.new_lines if line.strip()), "")
    first = first if len(first) <= TITLE else first[: TITLE - 1].rstrip() + "…"
    return " ".join(parts) + (f": {first}" if first else "")

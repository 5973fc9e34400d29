"""A proposal as plain data for clients: its files, their hunks with the lines of each, and what was decided."""

from __future__ import annotations

from devstral_ls.edits.diff import Hunk
from devstral_ls.server.file_proposal import FileProposal, Settled, lines_of
from devstral_ls.server.proposals import Proposal


def describe(proposal: Proposal) -> dict[str, object]:
    """What `devstral.status`, the stream and `devstral/proposal` say of a proposal."""
    return {
        "proposalId": proposal.id,
        "state": proposal.state,
        "note": proposal.check,
        "files": [_file(file) for file in proposal.files],
        "diff": proposal.diff(),
    }


def _file(file: FileProposal) -> dict[str, object]:
    added, removed = file.stat()
    base = file.base or ""
    described: dict[str, object] = {
        "uri": file.uri,
        "path": file.name,
        "kind": file.kind,
        "state": file.state,
        "confirm": file.is_run,
        "added": added,
        "removed": removed,
        "hunks": [
            {"id": key, "line": hunk.old_start, **_size(hunk), "diff": lines_of(base, hunk)}
            for key, hunk in (zip(file.ids(), file.hunks, strict=True) if file.decision is None else ())
        ],
        "decided": [_decided(each) for each in file.decided],
    }
    if file.moved is not None:
        described["movedFrom"] = {"uri": file.moved.uri, "path": file.moved.name}
    return described


def _decided(hunk: Settled) -> dict[str, object]:
    return {"decision": hunk.decision, **_size(hunk.hunk), "diff": hunk.diff}


def _size(hunk: Hunk) -> dict[str, int]:
    return {"added": len(hunk.new_lines), "removed": hunk.old_end - hunk.old_start}

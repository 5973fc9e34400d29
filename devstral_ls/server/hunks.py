"""What is pending, placed in the texts as they are now, for clients that draw it themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devstral_ls.edits.diff import Hunk
from devstral_ls.edits.lines import split_lines
from devstral_ls.server.arguments import Arguments
from devstral_ls.server.file_proposal import FileProposal
from devstral_ls.server.placing import Read, conflicts, hunks_now

if TYPE_CHECKING:
    from devstral_ls.server.server import DevstralServer


async def hunks(server: DevstralServer, arguments: Arguments) -> Any:
    """The pending hunks with their lines, where they are in the texts now: of one proposal, or of all."""
    if arguments.proposal_id is not None:
        pending = [server.review.pick(arguments.proposal_id)]
    else:
        server.review.look()
        pending = server.review.proposals.pending()
    return [
        {
            "proposalId": proposal.id,
            "sessionId": proposal.session_id,
            "summary": proposal.summary(),
            "files": [placed(file, server.review.read) for file in proposal.pending],
        }
        for proposal in pending
    ]


def placed(file: FileProposal, read: Read) -> dict[str, Any]:
    """A file's hunks as plain data, in lines of its text now; none where it is in conflict."""
    moved = {"from": {"uri": file.moved.uri, "path": file.moved.name}} if file.moved is not None else {}
    text = file.base if file.is_whole else read(file.path).text
    lines = split_lines(text or "")
    found = list(zip(file.ids(), file.hunks, strict=True)) if file.is_whole else hunks_now(file, read)
    return {
        "uri": read(file.path).uri or file.uri,
        "path": file.name,
        "kind": file.kind,
        **moved,
        "conflict": conflicts(file, read),
        "hunks": [_hunk(key, hunk, lines) for key, hunk in found],
    }


def _hunk(key: str, hunk: Hunk, lines: list[str]) -> dict[str, Any]:
    return {
        "id": key,
        "line": hunk.old_start,
        "oldLines": [_shown(line) for line in lines[hunk.old_start : hunk.old_end]],
        "newLines": [_shown(line) for line in hunk.new_lines],
    }


def _shown(line: str) -> str:
    """The line without its end."""
    return line.rstrip("\r\n")

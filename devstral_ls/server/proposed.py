"""The two sides of a proposed file, as documents: `devstral:/proposals/ID/before/PATH` and `.../after/PATH`.

An editor shows its own file on the left and `after` on the right. `before` is for a file that is to be made: there is
none to show.
"""

from __future__ import annotations

from devstral_ls.edits.rebase import Conflict
from devstral_ls.server.file_proposal import FileProposal
from devstral_ls.server.placing import Read, change_now
from devstral_ls.server.proposals import Proposal


def side(proposal: Proposal, which: str, name: str, read: Read) -> str | None:
    """The text of one side of the file `name`; None where the proposal has no such file, or there is no such side."""
    file = next((file for file in proposal.files if file.name == name), None)
    if file is None or which not in ("before", "after"):
        return None
    return (_before(file, read) if which == "before" else _after(file, read)) or ""


def _before(file: FileProposal, read: Read) -> str | None:
    return read(file.moved.path if file.moved else file.path).text


def _after(file: FileProposal, read: Read) -> str | None:
    """The text now with what is still pending; in conflict, as it was proposed."""
    if file.decision is not None:
        return read(file.path).text
    try:
        return change_now(file, read).after
    except Conflict:
        return file.staged

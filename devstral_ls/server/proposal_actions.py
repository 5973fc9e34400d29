"""What can be done about a pending proposal, as code actions: literal edits made for the text as it is now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from devstral_ls.edits.rebase import Conflict
from devstral_ls.server.action import DEVSTRAL, Action, command
from devstral_ls.server.client import Client
from devstral_ls.server.documents import OpenDocument
from devstral_ls.server.file_proposal import FileProposal
from devstral_ls.server.placing import Read, change_now, conflicts, hunks_now
from devstral_ls.server.proposals import Proposal
from devstral_ls.server.to_lsp import cannot, workspace_edit

AGAIN = (
    "The text of {files} changed where your pending edits are, so they can't be applied. Read it again and make the "
    "edits anew where they are still wanted."
)


def actions(
    opened: OpenDocument,
    where: dict[str, Any],
    proposals: Sequence[Proposal],
    client: Client,
    read: Read,
    *,
    automatic: bool = False,
) -> Iterator[Action]:
    """The actions at a place of an open document. where: an LSP range. automatic: the user did not ask for them."""
    for proposal in proposals:
        mine = next((file for file in proposal.pending if opened.path in (file.path, _origin(file))), None)
        # What is about no open document, such as a new file, would have actions nowhere; so it has them everywhere.
        if mine is not None or (not automatic and not _is_open(proposal, read)):
            yield from _of_proposal(proposal, mine, where, client, read)


def _is_open(proposal: Proposal, read: Read) -> bool:
    """Whether a document is open that the proposal is about."""
    pending = proposal.pending
    return any(read(file.moved.path if file.moved else file.path).version is not None for file in pending)


def _of_proposal(
    proposal: Proposal, mine: FileProposal | None, where: dict[str, Any], client: Client, read: Read
) -> Iterator[Action]:
    name = {"proposalId": proposal.id}
    clashing = [file for file in proposal.pending if conflicts(file, read)]
    here = f" to {mine.name}" if mine is not None and len(proposal.pending) > 1 else ""
    title = f"Devstral: apply all ({proposal.summary()})"
    yield _apply(title, proposal, name, None, None, client, read)
    if mine is not None and here:
        title = f"Devstral: apply the edits{here}"
        yield _apply(title, proposal, {**name, "uris": [mine.uri]}, mine.uri, None, client, read)
    key = _hunk_at(mine, where, read) if mine is not None and len(mine.ids()) > 1 else None
    if mine is not None and key is not None:
        one: dict[str, Any] = {**name, "hunks": [key]}
        yield _apply("Devstral: apply this hunk", proposal, one, mine.uri, key, client, read)
        yield Action("Devstral: reject this hunk", DEVSTRAL, "devstral.discardProposal", one)
    if clashing:
        files = ", ".join(file.name for file in clashing)
        again = {"sessionId": proposal.session_id, "prompt": AGAIN.format(files=files)}
        yield Action(f"Devstral: make the edits to {files} anew", DEVSTRAL, "devstral.edit", again)
    yield Action("Devstral: show the proposed diff", DEVSTRAL, "devstral.showDiff", name)
    if mine is not None and here:
        dropped = {**name, "uris": [mine.uri]}
        yield Action(f"Devstral: discard the edits{here}", DEVSTRAL, "devstral.discardProposal", dropped)
    yield Action("Devstral: discard the proposal", DEVSTRAL, "devstral.discardProposal", name)


def _apply(
    title: str,
    proposal: Proposal,
    argument: dict[str, Any],
    uri: str | None,
    hunk: str | None,
    client: Client,
    read: Read,
) -> Action:
    """With the literal edit where the client takes one: its own preview works, and it needs no applyEdit."""
    data = {"proposalId": proposal.id, "uri": uri, "hunk": hunk, "argument": argument}
    if not client.action_literals:
        return Action(title, DEVSTRAL, "devstral.applyProposal", argument)
    files = [file for file in proposal.pending if uri in (None, file.uri)]
    if client.action_resolves_edit and not any(conflicts(file, read) for file in files):
        return Action(title, DEVSTRAL, data=data)
    if client.action_resolves_edit:
        # The command tells why not; Helix would run none that comes only with resolving.
        return Action(title, DEVSTRAL, "devstral.applyProposal", argument)
    edit = _edit(proposal, uri, hunk, client, read)
    if edit is not None:
        return Action(title, DEVSTRAL, edit=edit)
    reason = "The text changed where these edits are; show the diff, or ask again."
    return Action(title, DEVSTRAL, "devstral.applyProposal", argument, disabled=reason)


def resolve(action: dict[str, Any], proposals: Sequence[Proposal], client: Client, read: Read) -> dict[str, Any]:
    """Fills a proposal's literal edit in; anything else comes back unchanged, for resolving blocks some editors."""
    data = action.get("data")
    if not isinstance(data, dict) or "proposalId" not in data:
        return action
    for proposal in proposals:
        if proposal.id == data["proposalId"]:
            edit = _edit(proposal, data.get("uri"), data.get("hunk"), client, read)
            if edit is not None:
                return {**action, "edit": edit}
            # The command tells the user why these edits can't be applied any more.
            return {**action, "command": command(action["title"], "devstral.applyProposal", data.get("argument"))}
    return action


def _edit(proposal: Proposal, uri: str | None, hunk: str | None, client: Client, read: Read) -> dict[str, Any] | None:
    """The pending edits (of one file, of one hunk) for the texts as they are now; None when they don't fit."""
    changes = []
    for file in proposal.pending:
        if uri is not None and file.uri != uri:
            continue
        if hunk is not None and hunk not in file.ids():
            return None
        try:
            change = change_now(file if hunk is None else file.only([hunk]), read)
        except Conflict:
            return None
        if cannot(change, client) is not None:
            return None
        if change.before != change.after or change.new_uri is not None:
            changes.append(change)
    return workspace_edit(changes, client, "Devstral")


def _hunk_at(mine: FileProposal, where: dict[str, Any], read: Read) -> str | None:
    """The id of the hunk at the place, in the text as it is now."""
    first, last = where["start"]["line"], where["end"]["line"]
    for key, hunk in hunks_now(mine, read):
        if hunk.old_start <= last and first <= max(hunk.old_end - 1, hunk.old_start):
            return key
    return None


def _origin(file: FileProposal) -> object:
    return file.moved.path if file.moved is not None else file.path

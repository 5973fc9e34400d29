"""Between a run's staged view and the session's proposal."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from devstral_ls.agent.events import Event, Noticed, RunEnded
from devstral_ls.edits.rebase import Conflict
from devstral_ls.edits.spans import hunks_of
from devstral_ls.edits.unified import unified_diff
from devstral_ls.errors import NotText
from devstral_ls.llm.messages import UserMessage
from devstral_ls.server.file_proposal import IN_THE_TEXT, FileProposal
from devstral_ls.server.moves import as_moves
from devstral_ls.server.placing import NO_TEXT, Current, Read, Unfit, change_now, conflicts
from devstral_ls.server.proposals import Proposal
from devstral_ls.server.review import Review
from devstral_ls.server.sessions import Conversation
from devstral_ls.workspace.overlay import Staged
from devstral_ls.workspace.paths import path_to_uri
from devstral_ls.workspace.view import View

REDONE = 2
"""How often edits are made anew because the user changed the text in the same places while the run went on."""

CLASHED = (
    "While you worked the user changed {files} in the places of your edits, so those edits could not be kept. Read "
    "each of these files again and make your edits anew where they are still wanted. Your other edits are kept."
)

DIFF_TOLD = 120
"""Lines of the pending diff that a follow-up is told, so that it can speak of hunks by their number."""


def restage(review: Review, conversation: Conversation, view: View) -> list[str]:
    """Put the session's pending proposal into a new run's view, so that a follow-up builds on it; notes for the model.

    A file that changed where the proposal does is left out: the model is told and the proposal stays as it is.
    """
    notes: list[str] = []
    proposal = review.proposals.get(conversation.proposal_id or "")
    if proposal is None:
        return notes
    for file in proposal.pending:
        try:
            change = change_now(file, _reader(view))
        except Unfit as unfit:
            notes.append(f"{file.name} {unfit.what}: your pending edits to it can't be applied as they are.")
            continue
        except Conflict:
            notes.append(f"The user changed {file.name} where your pending edits are: read it again.")
            continue
        if file.moved is not None:
            view.remove(file.moved.path)
        if change.after is None:
            view.remove(file.path)
        else:
            view.stage(file.path, change.after, file.edits if change.before == file.base else None)
        notes.append(f"Your proposed edits to {file.name} are still undecided; you see the file with them.")
    if notes and (numbered := _numbered(proposal)):
        notes.append(f"What is undecided, hunk by hunk:\n{numbered}")
    if notes and proposal.note:
        notes.append(f"What the user's check said of these edits: {proposal.check}.")
    return notes


def _numbered(proposal: Proposal) -> str:
    """The pending hunks with their numbers; nothing when they are too many to be worth reading again."""
    lines: list[str] = []
    number = 0
    for file in proposal.pending:
        for key in file.ids():
            number += 1
            what = file.only([key])
            old, new = f"a/{file.name}", f"b/{file.name}"
            diff = unified_diff(what.base or "", what.staged or "", old, new, context=1).splitlines()[2:]
            lines += [f"Hunk {number}, {file.name}:", *diff]
            if len(lines) > DIFF_TOLD:
                return ""
    return "\n".join(lines)


Aside = dict[Path, Staged]
"""Edits that were taken out of a run's view because the user changed the text in the same places meanwhile."""


async def until_it_fits(
    ask: Callable[[UserMessage], Awaitable[RunEnded]],
    message: UserMessage,
    view: View,
    aside: Aside,
    report: Callable[[Event], None],
) -> RunEnded:
    """Ask the model, and again (at most `REDONE` times) while its edits clash with what the user did meanwhile.

    The clashing edits go into `aside`. Those of the last time stay in the view: a proposal in conflict.
    """
    for left in range(REDONE, -1, -1):
        ended = await ask(message)
        clashes = [staged for staged in view.overlay.changes() if conflicts(_proposed(view, staged), _reader(view))]
        if not clashes or not left or ended.stop_reason != "end_turn":
            break
        aside |= {staged.path: staged for staged in clashes}
        for staged in clashes:
            view.overlay.drop(staged.path)
        shown = ", ".join(view.show(staged.path) for staged in clashes)
        report(Noticed(f"{shown} changed meanwhile where the edits are. Asking the model to make them anew."))
        message = UserMessage(CLASHED.format(files=shown))
    return ended


Texts = dict[Path, str | None]


def texts(view: View) -> Texts:
    """What is staged in the view, by path; None for a deletion."""
    return {staged.path: staged.text for staged in view.overlay}


def propose(
    review: Review, conversation: Conversation, view: View, aside: Aside, restaged: Texts, note: str = ""
) -> Proposal | None:
    """Everything staged in the view as the session's newest proposal; None when the run changed nothing of it.

    It takes the place of the session's older proposal for the files it contains. restaged: what was staged of that one
    when the run began. aside: edits that could not be kept in the view; those that were not made anew are proposed as
    they are, in conflict. note: what was run on it and how that went.
    """
    staged = [*view.overlay.changes(), *(item for path, item in aside.items() if view.overlay.get(path) is None)]
    files = tuple(as_moves([_proposed(view, item) for item in sorted(staged, key=lambda item: item.path)]))
    older = review.proposals.get(conversation.proposal_id or "")
    if not files or (not aside and texts(view) == restaged):
        return None
    proposal = Proposal(secrets.token_hex(4), conversation.id, files, note)
    if older is not None:
        for path in _accepted_meanwhile(older, files, restaged):
            proposal = proposal.decided(path, "superseded")
        for path in {file.path for file in files}:
            older = older.decided(path, "superseded")
        review.proposals.put(older)
    conversation.proposal_id = proposal.id
    conversation.transcript.proposed(proposal.diff())
    return review.settled(proposal)


def _accepted_meanwhile(older: Proposal, files: Sequence[FileProposal], restaged: Texts) -> set[Path]:
    """Files whose edits all came into the text from the older proposal while the run added nothing to them.

    What the user made of them since is no matter of a proposal any more.
    """
    accepted = {file.path for file in older.files if file.state in IN_THE_TEXT} & restaged.keys()
    return {file.path for file in files if file.path in accepted and file.staged == restaged[file.path]}


def _proposed(view: View, staged: Staged) -> FileProposal:
    base = staged.base
    return FileProposal(
        path=staged.path,
        uri=base.uri if base is not None else path_to_uri(staged.path),
        name=view.show(staged.path),
        base=base.text if base is not None else None,
        staged=staged.text,
        cut=hunks_of(base.text, staged.text, staged.edits) if base is not None and staged.text is not None else None,
        edits=staged.edits if base is not None and staged.text is not None else None,
    )


def _reader(view: View) -> Read:
    """Reads files as the user has them now, whatever is staged."""

    def read(path: Path) -> Current:
        try:
            now = view.original(path)
        except NotText:
            return Current(None, None, unfit=NO_TEXT)
        return Current(now.text, now.version, now.uri) if now is not None else Current(None, None)

    return read

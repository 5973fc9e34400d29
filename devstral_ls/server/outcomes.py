"""What became of a session's proposals, judged from the text as it is now; for the model's next turn and for status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from devstral_ls.edits.diff import diff_lines
from devstral_ls.edits.fates import fates
from devstral_ls.edits.unified import unified_diff
from devstral_ls.server.history import Change, History
from devstral_ls.server.placing import Read
from devstral_ls.server.proposals import IN_THE_TEXT, Decision, FileProposal, Proposal, Settled

LINES_TOLD = 24
"""Diff lines per file that the model is shown of what was rejected or changed."""

WHOLE: dict[str, str] = {
    "applied": "were accepted and applied.",
    "rejected": "were rejected.",
    "modified": "were accepted and applied, and then changed by the user.",
    "undone": "were applied and then undone by the user.",
}
UNSEEN = (
    "Your proposed edits to {file} were accepted. The editor says that it applied them, but the file on disk does not "
    "have them yet: until it is saved, you read the old text."
)
PARTS: dict[Decision, str] = {
    "applied": "accepted",
    "modified": "accepted and then changed by the user",
    "rejected": "rejected",
    "undone": "undone by the user",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to tell the model about one file of one proposal. about and state: to tell it once."""

    about: tuple[str, str]
    state: str
    text: str


def outcomes(proposals: Sequence[Proposal], history: History, read: Read) -> Iterator[Outcome]:
    """One for every file that something was decided about."""
    for proposal in proposals:
        changes = history.changes(proposal.id)
        for file in proposal.files:
            since = _since(file, changes.get(file.path), read)
            text = _text(file, since, changes.get(file.path), read)
            if text:
                yield Outcome((proposal.id, file.uri), f"{since} {file.decision} {len(file.settled)}", text)


def status(proposal: Proposal, history: History, read: Read) -> list[dict[str, Any]]:
    """The same as plain data: per file its state now, and its decided hunks counted by decision."""
    changes = history.changes(proposal.id)
    return [
        {
            "uri": file.uri,
            "path": file.name,
            "state": since or file.state,
            "hunks": dict(Counter(hunk.decision for hunk in file.settled)),
        }
        for file in proposal.files
        for since in [_since(file, changes.get(file.path), read)]
    ]


def _text(file: FileProposal, since: Decision | None, change: Change | None, read: Read) -> str:
    if change is not None and not change.seen and read(change.path).text == change.before:
        line = UNSEEN.format(file=file.name)
    elif not file.settled:
        whole = WHOLE.get(since or file.state, "")
        line = f"Your proposed edits to {file.name} {whole}" if whole else ""
    elif since == "undone":
        line = f"Your proposed edits to {file.name} were applied in part and then undone by the user."
    else:
        counts = Counter(hunk.decision for hunk in file.settled)
        if file.decision in PARTS:
            counts[file.decision] += len(file.hunks) if file.base != file.staged else 0
        parts = [
            f"{count} {'hunk' if count == 1 else 'hunks'} {PARTS[key]}" for key, count in counts.items() if key in PARTS
        ]
        line = f"Of your proposed edits to {file.name}: {', '.join(parts)}." if parts else ""
        rejected = _short("".join(hunk.diff for hunk in file.settled if hunk.decision == "rejected"))
        if rejected:
            line += f" Rejected:\n{rejected}"
    if since == "modified" and change is not None:
        now = read(change.path).text or ""
        diff = unified_diff(change.after or "", now, change.name, change.name, context=1)
        line += " What the user changed since:\n" + _short("\n".join(diff.splitlines()[2:]))
    return line


def _since(file: FileProposal, change: Change | None, read: Read) -> Decision | None:
    """What the user made of applied edits since: changed them, or took them back; None when neither."""
    if change is None or (file.decision not in IN_THE_TEXT and not _has_applied(file.settled)):
        return None
    now = read(file.path).text
    if now == change.after or (now == change.before and not change.seen):
        return None
    if now == change.before:
        return "undone"
    if change.before is None or change.after is None or now is None:
        return "modified"
    found = fates(change.before, diff_lines(change.before, change.after), now)
    if found and all(fate == "missing" for fate in found):
        return "undone"
    return "modified" if set(found) != {"kept"} else None


def _has_applied(settled: Sequence[Settled]) -> bool:
    return any(hunk.decision in IN_THE_TEXT for hunk in settled)


def _short(diff: str) -> str:
    lines = diff.splitlines()
    if len(lines) <= LINES_TOLD:
        return "\n".join(lines)
    return "\n".join([*lines[:LINES_TOLD], f"... {len(lines) - LINES_TOLD} more lines"])

"""What became of a session's proposals, judged from the text as it is now; for the model's next turn and for status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from devstral_ls.edits.diff import diff_lines
from devstral_ls.edits.fates import fates
from devstral_ls.edits.rebase import Conflict
from devstral_ls.edits.unified import unified_diff
from devstral_ls.server.file_proposal import IN_THE_TEXT, Decision, FileProposal
from devstral_ls.server.history import Change, History
from devstral_ls.server.placing import Current, Read
from devstral_ls.server.proposals import Proposal

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
            read_then = _before_later(proposal, history, read)
            since = _since(file, changes.get(file.path), read_then)
            text = _text(file, since, changes.get(file.path), read_then)
            if text:
                seen = _is_seen(changes.get(file.path), read_then)
                yield Outcome((proposal.id, file.uri), f"{since} {file.decision} {len(file.settled)} {seen}", text)


def status(proposal: Proposal, history: History, read: Read) -> list[dict[str, Any]]:
    """The same as plain data: per file its state now, and its decided hunks counted by decision."""
    changes, read = history.changes(proposal.id), _before_later(proposal, history, read)
    return [
        {
            "uri": file.uri,
            "path": file.name,
            "state": since or file.state,
            "seen": _is_seen(changes.get(file.path), read),
            "hunks": dict(Counter(hunk.decision for hunk in file.settled)),
        }
        for file in proposal.files
        for since in [_since(file, changes.get(file.path), read)]
    ]


def _before_later(proposal: Proposal, history: History, read: Read) -> Read:
    """Reads files without what later proposals did to them; as they are, where that can't be told apart."""

    changes = history.changes(proposal.id)

    def read_then(path: Path) -> Current:
        now, change = read(path), changes.get(path)
        if change is None or _become(change, now.text) == "applied":
            return now
        try:
            return replace(now, text=history.without_later(proposal.id, path, now.text))
        except Conflict:
            return now

    return read_then


def _text(file: FileProposal, since: Decision | None, change: Change | None, read: Read) -> str:
    if not _is_seen(change, read):
        line = UNSEEN.format(file=file.name)
    elif not file.settled:
        whole = WHOLE.get(since or file.state, "")
        line = f"Your proposed edits to {file.name} {whole}" if whole else ""
    elif since == "undone":
        line = f"Your proposed edits to {file.name} were applied in part and then undone by the user."
    else:
        counts = Counter(_as(hunk.decision, since) for hunk in file.settled)
        if file.decision in PARTS:
            counts[_as(file.decision, since)] += len(file.hunks) if file.base != file.staged else 0
        parts = [
            f"{count} {'hunk' if count == 1 else 'hunks'} {PARTS[key]}" for key, count in counts.items() if key in PARTS
        ]
        line = f"Of your proposed edits to {file.name}: {', '.join(parts)}." if parts else ""
        rejected = _short("".join(hunk.diff for hunk in file.decided if hunk.decision == "rejected"))
        if rejected:
            line += f" Rejected:\n{rejected}"
    if since == "modified" and change is not None:
        now = read(change.path).text or ""
        diff = unified_diff(change.after or "", now, change.name, change.name, context=1)
        line += " What the user changed since:\n" + _short("\n".join(diff.splitlines()[2:]))
    return line


def _is_seen(change: Change | None, read: Read) -> bool:
    """Whether the text itself has ever shown what was applied, not only the editor's word."""
    return change is None or change.seen or read(change.path).text != change.before


def _as(decision: Decision, since: Decision | None) -> Decision:
    """A hunk's decision: what was undone, the user may have brought back."""
    return "applied" if decision == "undone" and since == "applied" else decision


def _since(file: FileProposal, change: Change | None, read: Read) -> Decision | None:
    """What the user made since of edits that were applied, or that were undone; None when nothing."""
    decided = {file.decision, *(hunk.decision for hunk in file.settled)}
    applied = not decided.isdisjoint(IN_THE_TEXT)
    if change is None or not (applied or "undone" in decided):
        return None
    now = read(file.path).text
    if now == change.before and not change.seen:
        return None
    become = _become(change, now)
    if become == "applied" and not applied:
        return "applied"
    return become if become != "applied" and (applied or become == "modified") else None


def _become(change: Change, now: str | None) -> Decision:
    """What the text is to the edits: applied, modified, or undone."""
    if now == change.after:
        return "applied"
    if now == change.before:
        return "undone"
    if change.before is None or change.after is None or now is None:
        return "modified"
    found = set(fates(change.before, diff_lines(change.before, change.after), now))
    return "applied" if found == {"kept"} else "undone" if found == {"missing"} else "modified"


def _short(diff: str) -> str:
    lines = diff.splitlines()
    if len(lines) <= LINES_TOLD:
        return "\n".join(lines)
    return "\n".join([*lines[:LINES_TOLD], f"... {len(lines) - LINES_TOLD} more lines"])

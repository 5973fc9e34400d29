"""Who may write what: judges every edit of the server's by the marks that come and go with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.soak.improviser import Improviser, marks

Json = dict[str, Any]
HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")


@dataclass(frozen=True)
class Proposed:
    """One file of a proposal as it was first: marks it adds, and marks it takes away."""

    adds: frozenset[str]
    takes: frozenset[str]


@dataclass
class Ledger:
    """accepted: marks of the model that may come into the text. said: what happened, for who reads a failure."""

    model: Improviser
    accepted: set[str] = field(default_factory=set)
    undoing: bool = False
    proposals: dict[str, dict[str, Proposed]] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    auto: set[str] = field(default_factory=set)
    """Sessions with a run that applies its edits by itself."""
    said: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def note(self, line: str) -> None:
        self.said.append(line)

    def violated(self, line: str) -> None:
        self.note(f"!!! {line}")
        self.wrong.append(line)

    def hears(self, update: Json) -> None:
        """A sessionUpdate notification: remembers what was proposed."""
        if update["kind"] == "proposal":
            self.sessions[update["proposalId"]] = update["sessionId"]
            if update["proposalId"] not in self.proposals:
                self.proposals[update["proposalId"]] = in_diff(update["diff"])
                self.note(f"proposal {update['proposalId']}: {update['diff']!r}")
                if update["sessionId"] in self.auto:
                    self.accept(update["proposalId"])

    def accept(self, proposal_id: str) -> None:
        for proposed in self.proposals[proposal_id].values():
            self.accepted |= proposed.adds

    def edited(self, before: dict[str, str], after: dict[str, str], why: str) -> None:
        """An edit of the server's was applied: texts by name, all of the workspace's."""
        was, now = marks("".join(before.values())), marks("".join(after.values()))
        changed = {name: (before.get(name), after.get(name)) for name in before | after}
        changed = {name: texts for name, texts in changed.items() if texts[0] != texts[1]}
        lost, came = was - now, now - was
        if lost or came:
            self.note(f"{why}: {sorted(lost)} left, {sorted(came)} came")
        users = {mark for mark in lost if mark[1] != "M"} - self.model.took_out
        if self.undoing:
            users -= self.accepted  # A file that was written anew has the user's lines from the model.
        ours = {mark for mark in lost if mark[1] == "M"} - self.model.took_out
        if users:
            self.violated(f"{why} lost {sorted(users)}: {changed}")
        if ours and not self.undoing:
            self.violated(f"{why} lost the accepted {sorted(ours)}: {changed}")
        back = {mark for mark in came if mark[1] != "M"} - self.accepted
        if back and not (self.undoing and back <= self.model.took_out):
            self.violated(f"{why} brought back {sorted(back)}: {changed}")
        new = {mark for mark in came if mark[1] == "M"} - self.accepted
        if new and not (self.undoing and new <= self.model.took_out):
            self.violated(f"{why} wrote {sorted(new)}, which nobody accepted: {changed}")

    def faults(self, outcome: Json, texts: dict[str, str]) -> Iterator[str]:
        """Where one proposal's reported states are not what the text says."""
        proposed = self.proposals.get(outcome["proposalId"])
        if proposed is None:
            yield f"proposal {outcome['proposalId']} was never announced"
            return
        # Another proposal may say something else about the same lines.
        others = {
            mark
            for key, files in self.proposals.items()
            if key != outcome["proposalId"]
            for one in files.values()
            for mark in one.adds | one.takes
        }
        for file in outcome["files"]:
            there = marks(texts.get(file["path"]))
            own = proposed.get(file["path"], Proposed(frozenset(), frozenset()))
            adds, takes, state = own.adds - others, own.takes - others, file["state"]
            about = f"proposal {outcome['proposalId']}: {file['path']} is {state}, but"
            if not file["seen"]:
                continue  # The editor says so, and the server says that it has only the editor's word.
            if state == "applied" and (missing := adds - there):
                yield f"{about} {sorted(missing)} is not there"
            if state == "applied" and (left := takes & there):
                yield f"{about} {sorted(left)} is there still"
            if (state in ("rejected", "undone") or (state == "pending" and not file["hunks"])) and adds & there:
                yield f"{about} {sorted(adds & there)} is there"


def in_diff(diff: str) -> dict[str, Proposed]:
    """What a unified diff adds and takes, by the name of the file."""
    found: dict[str, tuple[str, str]] = {}
    name = ""
    for line in diff.splitlines():
        if line.startswith("--- "):
            name = line[6:] if line.startswith("--- a/") else name
        elif line.startswith("+++ "):
            name = line[6:] if line.startswith("+++ b/") else name
        elif line.startswith(("+", "-")):
            plus, minus = found.get(name, ("", ""))
            found[name] = (plus + line, minus) if line.startswith("+") else (plus, minus + line)
    return {
        name: Proposed(frozenset(marks(plus) - marks(minus)), frozenset(marks(minus) - marks(plus)))
        for name, (plus, minus) in found.items()
    }


def blocks(diff: str) -> dict[str, list[tuple[int, str]]]:
    """Per file the changed blocks of a unified diff: (line of the old text they begin at, from 0; added text)."""
    found: dict[str, list[tuple[int, str]]] = {}
    name, line_number, inside = "", 0, False
    for line in diff.splitlines():
        if line.startswith("--- "):
            name = line[6:] if line.startswith("--- a/") else name
        elif line.startswith("+++ "):
            name = line[6:] if line.startswith("+++ b/") else name
        elif match := HUNK.match(line):
            line_number, inside = int(match[1]) - (match[2] != "0"), False
        elif line.startswith(("+", "-")):
            if not inside:
                found.setdefault(name, []).append((line_number, ""))
            inside = True
            start, added = found[name].pop()
            found[name].append((start, added + line + "\n" if line.startswith("+") else added))
            line_number += line.startswith("-")
        elif not line.startswith("\\"):
            line_number, inside = line_number + 1, False
    return found

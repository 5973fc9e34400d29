"""Proposals on their way into the text: what is sent, and what became of each hunk."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devstral_ls.edits.diff import Hunk, apply_hunks, diff_lines
from devstral_ls.edits.fates import fates
from devstral_ls.edits.rebase import Conflict
from devstral_ls.server.delivery import Arrived, Delivery, Parcel
from devstral_ls.server.file_proposal import IN_THE_TEXT, Decision, FileProposal
from devstral_ls.server.history import Change, History
from devstral_ls.server.placing import Read, Unfit, change_now
from devstral_ls.server.proposals import Proposal, Proposals, names
from devstral_ls.server.to_lsp import TextChange

TRIES = 3
"""How often an edit is sent, made anew each time, while the user types between the last change we know of and it."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One file on its way: as proposed, as chosen (all of its hunks, or some), and the change that brings it there."""

    file: FileProposal
    chosen: FileProposal
    parcel: Parcel


@dataclass(slots=True)
class Applied:
    """How applying went, per file."""

    applied: list[FileProposal] = field(default_factory=list)
    modified: list[FileProposal] = field(default_factory=list)
    partly: list[FileProposal] = field(default_factory=list)
    """Where the user left out hunks in the editor's own preview."""
    refused: list[FileProposal] = field(default_factory=list)
    conflicts: list[FileProposal] = field(default_factory=list)
    unfit: dict[str, list[FileProposal]] = field(default_factory=dict)
    """Files that are not what the edits were made for any more, by what is to be said of them."""
    spoiled: list[FileProposal] = field(default_factory=list)
    """Files where the edits came in the moment of typing and took out what was typed."""
    reason: str | None = None

    @property
    def done(self) -> list[FileProposal]:
        """The files whose text has any of it now."""
        return [*self.applied, *self.modified, *self.partly]

    def take(self, plan: Planned, decisions: Mapping[str, Decision]) -> None:
        """Count a file some of whose chosen hunks are in the text."""
        if "rejected" in decisions.values() or len(decisions) < len(plan.chosen.ids()):
            self.partly.append(plan.file)
        else:
            (self.modified if "modified" in decisions.values() else self.applied).append(plan.file)

    def and_then(self, later: Applied) -> Applied:
        """Both together, of two that were about different files."""
        return Applied(
            self.applied + later.applied,
            self.modified + later.modified,
            self.partly + later.partly,
            self.refused + later.refused,
            self.conflicts + later.conflicts,
            {what: self.unfit.get(what, []) + later.unfit.get(what, []) for what in {**self.unfit, **later.unfit}},
            self.spoiled + later.spoiled,
            self.reason or later.reason,
        )

    def failure(self) -> str | None:
        """One line about what was not applied, None when all of it was."""
        lines = [f"{names(files)} {what}: Devstral's edits stay pending." for what, files in self.unfit.items()]
        if self.conflicts:
            lines.append(f"{names(self.conflicts)} changed where Devstral's edits are: they stay pending.")
        if lines:
            lines.append("Show the diff to apply by hand, or ask again.")
        if self.spoiled:
            what = "The edits came while you were typing and may have overwritten it"
            lines.append(f"{what} in {names(self.spoiled)}: look, and undo in the editor what is wrong.")
        if self.refused:
            why = f": {self.reason}." if self.reason else "."
            lines.append(f"The editor did not apply the edits to {names(self.refused)}{why}")
        return " ".join(lines) or None


class Applying:
    """Applies proposals and decides, hunk by hunk, what became of them."""

    def __init__(self, delivery: Delivery, proposals: Proposals, history: History, read: Read) -> None:
        self._delivery = delivery
        self._proposals = proposals
        self._history = history
        self._read = read

    async def apply(
        self,
        proposal: Proposal,
        paths: Collection[Path] | None = None,
        hunks: Collection[str] | None = None,
        *,
        preview: bool = False,
    ) -> Applied:
        """Apply the pending files, or those in `paths`, or only the hunks with these ids. The rest stays pending.

        Raises Withdrawn when a preview has to make way.
        """
        async with self._delivery.turn(can_wait=preview):
            # It may have been decided about while this waited for its turn.
            proposal = self._proposals.get(proposal.id) or proposal
            return await self._apply(proposal, paths, hunks, preview)

    async def _apply(
        self, proposal: Proposal, paths: Collection[Path] | None, hunks: Collection[str] | None, preview: bool
    ) -> Applied:
        wanted: list[tuple[FileProposal, FileProposal]] = []
        for file in proposal.pending:
            if paths is not None and file.path not in paths:
                continue
            if hunks is None or not set(hunks).isdisjoint(file.ids()):
                wanted.append((file, file if hunks is None else file.only(hunks)))
        outcome = Applied()
        for _ in range(1 if preview else TRIES):
            wanted = await self._try(proposal, wanted, outcome, preview)
        outcome.refused += [file for file, _ in wanted]
        return outcome

    async def _try(
        self,
        proposal: Proposal,
        wanted: Sequence[tuple[FileProposal, FileProposal]],
        outcome: Applied,
        preview: bool,
    ) -> list[tuple[FileProposal, FileProposal]]:
        """Apply these (file, chosen) to the texts as they are now; those whose text had moved on before they came."""
        one_by_one = self._delivery.client.checks_first_version_only
        stale: list[Planned] = []
        for together in [[one] for one in wanted] if one_by_one else [wanted]:
            # Planned right before it is sent: the user types on while the file before it is on its way.
            if planned := list(self._plan(together, outcome)):
                stale += await self._send(proposal, planned, outcome, preview)
        return [(plan.file, plan.chosen) for plan in stale]

    def _plan(self, wanted: Sequence[tuple[FileProposal, FileProposal]], outcome: Applied) -> Iterator[Planned]:
        for file, chosen in wanted:
            try:
                yield Planned(file, chosen, Parcel(file.path, change_now(chosen, self._read)))
            except Unfit as unfit:
                outcome.unfit.setdefault(unfit.what, []).append(file)
            except Conflict:
                outcome.conflicts.append(file)

    async def _send(
        self, proposal: Proposal, planned: Sequence[Planned], outcome: Applied, preview: bool
    ) -> list[Planned]:
        """Have the editor apply these changes; those it did not apply while the text was changed otherwise."""
        stale: list[Planned] = []
        left: list[Planned] = []
        changes: list[Change] = []
        parcels = [plan.parcel for plan in planned]
        with self._delivery.under_way(parcels):
            note = f" ({proposal.check})" if proposal.note else ""
            label = f"Devstral: {names([plan.file for plan in planned])}{note}"
            answer = await self._delivery.send(parcels, label, preview=preview)
            outcome.reason = answer.reason or outcome.reason
            for plan in planned:
                arrived = await self._delivery.text_after(plan.parcel, answer, preview=preview)
                text, change = arrived.text, plan.parcel.change
                outcome.spoiled += [plan.file] if arrived.spoiled else []
                decisions = decide(plan.chosen, change, text, accepted=answer.accepted, preview=preview)
                self._settle(proposal.id, decisions)
                if in_the_text(decisions):
                    changes.append(_change(plan, decisions, arrived))
                    outcome.take(plan, decisions)
                elif text != change.before and answer.came:
                    stale.append(plan)
                else:
                    left.append(plan)
        if preview and answer.accepted and changes:
            # The editor opens every file that it changes: what shows nothing was left out by its user.
            for plan in left:
                self._settle(proposal.id, dict.fromkeys(plan.chosen.ids(), "rejected"))
            outcome.partly += [plan.file for plan in left]
        else:
            outcome.refused += [plan.file for plan in left]
        self._history.add(proposal.id, proposal.session_id, changes)
        return stale

    def _settle(self, proposal_id: str, decisions: Mapping[str, Decision]) -> None:
        proposal = self._proposals.get(proposal_id)
        if proposal is not None and decisions:
            self._proposals.put(proposal.decide(decisions))


def decide(
    chosen: FileProposal, change: TextChange, text: str | None, *, accepted: bool, preview: bool = False
) -> dict[str, Decision]:
    """What became of each of the chosen hunks, by id, judged from the text; what is not there is not decided.

    accepted: the editor says that it applied something. With a preview of its own, its user left out what is not there.
    """
    ids = chosen.ids()
    if text == change.after:
        return dict.fromkeys(ids, "applied")
    if chosen.is_whole or text is None or change.before is None or change.after is None:
        made = accepted and chosen.staged is not None and text is not None and text != change.before
        return dict.fromkeys(ids, "modified") if made else {}
    sent = _sent(change)
    before, sent = (change.before, sent) if len(sent) == len(ids) else (chosen.base or "", chosen.hunks)
    found = fates(before, sent, text)
    decisions: dict[str, Decision] = {}
    for key, fate in zip(ids, found, strict=True):
        if fate == "kept":
            decisions[key] = "applied"
        elif fate == "altered" and accepted:
            decisions[key] = "modified"
        elif fate == "missing" and accepted and preview and "kept" in found:
            decisions[key] = "rejected"
    return decisions


def in_the_text(decisions: Mapping[str, Decision]) -> bool:
    """Whether any of it was applied."""
    return not {"applied", "modified"}.isdisjoint(decisions.values())


def _change(plan: Planned, decisions: Mapping[str, Decision], arrived: Arrived) -> Change:
    moved = plan.file.moved.path if plan.file.moved else None
    change = plan.parcel.change
    after = _with_ours(plan.chosen, change, decisions)
    # Where that can't be told, what the user typed while it arrived counts as ours.
    after = arrived.text if after is None and not plan.chosen.is_whole else after
    return Change(plan.file.path, plan.file.name, change.before, after, moved, arrived.seen)


def _with_ours(chosen: FileProposal, change: TextChange, decisions: Mapping[str, Decision]) -> str | None:
    """The text there was with what was applied, and nothing that was typed meanwhile."""
    ids = chosen.ids()
    mine = [key for key in ids if decisions.get(key) in IN_THE_TEXT]
    if len(mine) == len(ids):
        return change.after
    sent = _sent(change)
    if change.before is None or len(sent) != len(ids):
        return None
    return apply_hunks(change.before, [hunk for key, hunk in zip(ids, sent, strict=True) if key in mine])


def _sent(change: TextChange) -> tuple[Hunk, ...]:
    if change.hunks is not None:
        return change.hunks
    return diff_lines(change.before or "", change.after or "")

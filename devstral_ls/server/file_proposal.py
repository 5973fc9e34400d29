"""Edits that are proposed for one file, until every hunk of them is decided."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Literal

from devstral_ls.edits.diff import Hunk, apply_hunks, diff_lines
from devstral_ls.edits.lines import split_lines
from devstral_ls.edits.spans import Edit
from devstral_ls.edits.unified import stat, unified_diff
from devstral_ls.workspace.run_paths import needs_confirmation

Decision = Literal["applied", "rejected", "modified", "undone", "superseded"]
"""modified: applied, then changed by the user. undone: applied, then taken back. superseded: another proposal of the
session accounts for it."""

State = Literal["pending", "partly applied"] | Decision


@dataclass(frozen=True, slots=True)
class Settled:
    """A hunk that was decided about. base: the text that it is in lines of."""

    decision: Decision
    base: str
    hunk: Hunk

    @property
    def diff(self) -> str:
        """Its lines, without headers."""
        return lines_of(self.base, self.hunk)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file that is to be moved is now."""

    path: Path
    uri: str
    name: str


@dataclass(frozen=True, slots=True)
class FileProposal:
    """What is still proposed for one file: its way from `base` to `staged`, hunk by hunk, and what was decided.

    base: what it was made from, with the hunks applied since (None: no such file). staged: without the hunks rejected
    since (None for a deletion). edits: the exact replacements it was made with, when it was made with nothing else.
    """

    path: Path
    uri: str
    name: str
    """As shown to people: relative to the workspace."""
    base: str | None
    staged: str | None
    moved: Origin | None = None
    cut: tuple[Hunk, ...] | None = None
    """Its hunks, in lines of `base`; None: as a comparison of the two texts gives them."""
    edits: tuple[Edit, ...] | None = None
    decision: Decision | None = None
    """About what was left of it at last; None while something is pending."""
    settled: tuple[Settled, ...] = ()

    @property
    def kind(self) -> Literal["create", "edit", "delete", "rename"]:
        if self.moved is not None:
            return "rename"
        return "create" if self.base is None else "delete" if self.staged is None else "edit"

    @property
    def is_run(self) -> bool:
        """Whether something runs what stands in the file: its change is the user's to confirm, whatever the mode is."""
        paths = [self.path, *([self.moved.path] if self.moved is not None else [])]
        # By its whole path: the folder that was opened may itself be the one that editors look into.
        return any(needs_confirmation(path.as_posix()) for path in paths)

    @property
    def is_whole(self) -> bool:
        """Whether it can only be taken or left: a file made, deleted or moved."""
        return self.kind != "edit"

    @property
    def state(self) -> State:
        if self.decision is None:
            return "pending"
        return together({hunk.decision for hunk in self.settled} | {self.decision})

    @property
    def hunks(self) -> tuple[Hunk, ...]:
        """What is left to decide, in lines of `base`; one for what can only be taken whole."""
        return self.cut if self.cut is not None else _hunks(self.base, self.staged, self.is_whole)

    @property
    def decided(self) -> tuple[Settled, ...]:
        """Every hunk that was decided, those decided at last at the end."""
        if self.decision is None:
            return self.settled
        return (*self.settled, *(Settled(self.decision, self.base or "", hunk) for hunk in self.hunks))

    def ids(self) -> tuple[str, ...]:
        """A name for each hunk that stays the same while others are decided and the text around it changes."""
        return _ids(self.uri, self.base or "", self.hunks)

    def stat(self) -> tuple[int, int]:
        """Lines added and removed."""
        return stat(self.base or "", self.staged or "")

    def diff(self) -> str:
        """A unified diff as git prints it."""
        old = f"a/{self.moved.name}" if self.moved else "/dev/null" if self.base is None else f"a/{self.name}"
        new = "/dev/null" if self.staged is None else f"b/{self.name}"
        moved = f"rename from {self.moved.name}\nrename to {self.name}\n" if self.moved else ""
        return moved + unified_diff(self.base or "", self.staged or "", old, new)

    def only(self, ids: Collection[str]) -> FileProposal:
        """The file with only those of its hunks."""
        if set(self.ids()) <= set(ids):
            return self
        assert not self.is_whole, "a file made, deleted or moved has one hunk"
        cut = tuple(hunk for key, hunk in zip(self.ids(), self.hunks, strict=True) if key in ids)
        return replace(self, staged=apply_hunks(self.base or "", cut), cut=cut, edits=None)

    def decide(self, fates: Mapping[str, Decision]) -> FileProposal:
        """With those of its hunks decided, by id. What is left stays pending."""
        hunks = dict(zip(self.ids(), self.hunks, strict=True))
        mine = {key: fates[key] for key in hunks if key in fates}
        if not mine or self.decision is not None:
            return self
        if len(mine) == len(hunks) and len(set(mine.values())) == 1:
            return replace(self, decision=next(iter(mine.values())))
        base = self.base or ""
        settled = self.settled + tuple(Settled(decision, base, hunks[key]) for key, decision in mine.items())
        kept = [hunks[key] for key, decision in mine.items() if decision in IN_THE_TEXT]
        left = [hunk for key, hunk in hunks.items() if key not in mine]
        decided = replace(
            self,
            base=apply_hunks(base, kept),
            staged=apply_hunks(base, sorted([*kept, *left], key=lambda hunk: hunk.old_start)),
            cut=tuple(_after(hunk, kept) for hunk in left),
            edits=None,
            settled=settled,
        )
        return decided if left else replace(decided, decision=settled[-1].decision)

    def rejected(self) -> tuple[Settled, ...]:
        """Its rejected hunks; one for what can only be taken or left, which is rejected as a whole."""
        last = self.hunks if self.decision == "rejected" and self.base != self.staged else ()
        whole = tuple(Settled("rejected", self.base or "", hunk) for hunk in last)
        return tuple(hunk for hunk in self.settled if hunk.decision == "rejected") + whole

    def accepted_after_all(self, hunks: Collection[Settled]) -> FileProposal:
        """With these of its rejected hunks applied."""
        settled = tuple(replace(hunk, decision="applied") if hunk in hunks else hunk for hunk in self.settled)
        last = [hunk for hunk in self.rejected() if hunk not in self.settled]
        if not any(hunk in hunks for hunk in last):
            return replace(self, settled=settled)
        decisions: list[Decision] = ["applied" if hunk in hunks else "rejected" for hunk in last]
        pending = replace(self, settled=settled, decision=None)
        return pending.decide(dict(zip(pending.ids(), decisions, strict=True)))


IN_THE_TEXT: frozenset[State] = frozenset({"applied", "modified"})
GONE: frozenset[State] = frozenset({"rejected", "undone"})


def together(states: Set[State]) -> State:
    """What parts decided like this come to."""
    if len(states) == 1:
        return next(iter(states))
    if states <= IN_THE_TEXT:
        return "modified"
    return "partly applied" if states & (IN_THE_TEXT | {"partly applied"}) else "rejected"


@lru_cache(maxsize=64)
def _hunks(base: str | None, staged: str | None, whole: bool) -> tuple[Hunk, ...]:
    if whole:
        old = split_lines(base or "")
        return (Hunk(0, len(old), tuple(split_lines(staged or ""))),)
    return diff_lines(base or "", staged or "")


@lru_cache(maxsize=64)
def _ids(uri: str, base: str, hunks: tuple[Hunk, ...]) -> tuple[str, ...]:
    lines = split_lines(base)
    found: list[str] = []
    for hunk in hunks:
        # With the unchanged lines beside it, which hunks never share all of.
        around = lines[max(0, hunk.old_start - 1) : hunk.old_end + 1]
        content = "\0".join([uri, "".join(around), "".join(hunk.new_lines)])
        digest = sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        # The same change made twice in a file: told apart by their order.
        found.append(f"{digest}-{sum(1 for key in found if key.startswith(digest)) + 1}")
    return tuple(found)


def _after(hunk: Hunk, applied: Iterable[Hunk]) -> Hunk:
    """The hunk in lines of the text once others are applied."""
    above = [other for other in applied if other.old_start < hunk.old_start]
    shift = sum(len(other.new_lines) - (other.old_end - other.old_start) for other in above)
    return Hunk(hunk.old_start + shift, hunk.old_end + shift, hunk.new_lines)


def lines_of(base: str, hunk: Hunk) -> str:
    """A hunk's lines, old and new, as a diff has them."""
    old = split_lines(base)[hunk.old_start : hunk.old_end]
    lines = [f"-{line}" for line in old] + [f"+{line}" for line in hunk.new_lines]
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)

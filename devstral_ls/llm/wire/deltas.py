"""Native calls, put together from the deltas of a stream."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from devstral_ls.llm.wire.json_scan import JsonScanner, Scan

_NO_ID = ("", "null")
_PIECES = 256
"""Pieces that are kept apart; each costs several times what its few characters do."""


class Slot:
    """One call as far as it has arrived."""

    def __init__(self, call_id: str, index: int | None) -> None:
        self.id = call_id
        self.index = index
        self.name = ""
        self.announced = False
        self._blocks: list[str] = []
        self._pieces: list[str] = []
        self._scanner = JsonScanner()
        self._scanned = 0

    @property
    def arguments(self) -> str:
        return "".join((*self._blocks, *self._pieces))

    @property
    def begun(self) -> bool:
        """Some of the arguments have arrived."""
        return bool(self._blocks or self._pieces)

    def add(self, name: str, arguments: str) -> None:
        # A name comes whole, in fragments, or again with every delta; after the arguments it can't be a fragment.
        if not self.name or (name != self.name and not self.begun):
            grown = len(self.name) > 2 and name.startswith(self.name)
            self.name = name if grown else self.name + name
        if arguments:
            self._pieces.append(arguments)
            if len(self._pieces) == _PIECES:
                self._join()

    def complete(self) -> bool:
        """The arguments are a whole JSON value; each piece is scanned once, however often this is asked."""
        self._join()
        for block in self._blocks[self._scanned :]:
            self._scanner.feed(block)
        self._scanned = len(self._blocks)
        return self._scanner.status is Scan.DONE

    def _join(self) -> None:
        if self._pieces:
            self._blocks.append("".join(self._pieces))
            self._pieces.clear()


class CallDeltas:
    """The calls of one reply, in the order they began.

    Servers number calls from 0 or 1, all with 0, or not at all; ids are missing, empty, null or "null" after the first
    delta, or the same for all calls. A new id with a name is a new call whatever its index says, and a new index with a
    name whatever its id says; so is a name with new arguments behind a call that is complete, unless both id and index
    say otherwise.

    whole: the entries are no deltas; each is a call.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self._whole = whole
        self.slots: list[Slot] = []
        self._by_index: dict[int, Slot] = {}
        self._by_id: dict[str, Slot] = {}

    def add(self, entry: Any) -> Slot | None:
        """The call that `entry`, an element of `tool_calls`, belongs to; None when it is no object."""
        if not isinstance(entry, Mapping):
            return None
        function = entry.get("function")
        if not isinstance(function, Mapping):
            function = entry
        name = function.get("name")
        name = name if isinstance(name, str) else ""
        call_id = entry.get("id")
        call_id = call_id if isinstance(call_id, str) and call_id not in _NO_ID else ""
        index = _as_index(entry.get("index"))
        arguments = _as_text(function.get("arguments"))
        slot = None if self._whole else self._find(index, call_id, name, arguments)
        if slot is None:
            slot = Slot(call_id, index)
            self.slots.append(slot)
        if call_id:
            slot.id = slot.id or call_id
            self._by_id[call_id] = slot
        if index is not None:
            self._by_index[index] = slot
        slot.add(name, arguments)
        return slot

    def _find(self, index: int | None, call_id: str, name: str, arguments: str) -> Slot | None:
        slot = self._by_id.get(call_id)
        if slot is not None:
            if name and index is not None and index not in self._by_index and slot.index is not None:
                return None
            elsewhere = index is None or self._by_index.get(index) is not slot
            another = name and elsewhere and arguments not in ("", slot.arguments) and slot.complete()
            return None if another else slot
        slot = self._by_index.get(index) if index is not None else (self.slots[-1] if self.slots else None)
        if slot is None:
            return None
        if call_id and slot.id and (name or index is None):
            return None
        if name and slot.name and not call_id and slot.complete():
            return None
        return slot


def _as_index(index: Any) -> int | None:
    if isinstance(index, str) and index.isdecimal() and len(index) < 9:
        return int(index)
    return index if isinstance(index, int) else None


def _as_text(arguments: Any) -> str:
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else json.dumps(arguments, ensure_ascii=False)

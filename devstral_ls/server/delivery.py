"""Workspace edits on their way into the editor, until the text has followed.

Whether an edit was applied is read from the text itself, for `applied` in a client's answer is often wrong: some
always say true, one declines with null, one never answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devstral_ls.server.client import Client
from devstral_ls.server.dialogs import Dialogs
from devstral_ls.server.outgoing import ClientError
from devstral_ls.server.placing import Read
from devstral_ls.server.stray import Stray, find_stray
from devstral_ls.server.to_lsp import TextChange, cannot, workspace_edit

OBSERVE = 1.0
"""Seconds to wait for the text to follow an editor's answer."""

BRIEF = OBSERVE / 4
"""The same where it said that it applied nothing."""

LATE = 10.0
"""The same for an editor that sends changes only once its user pauses."""

PATIENCE = 10.0
"""Seconds to wait for the answer of a client that need not ask its user. ALE never answers, and Eglot asks all the
same: what they apply later is seen in the text."""

UNANNOUNCED = 3.0
"""Seconds to wait for a client that did not announce workspace/applyEdit; Kate takes edits all the same, for 2 s."""

MENDED = 3
"""How often an edit that came onto another text than its own is put right, while the user types on."""

NO_ANSWER = "it did not answer"


_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Parcel:
    """One file's change. path: where the file is afterwards."""

    path: Path
    change: TextChange


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client said. reason: why it did not apply the edit, in one line. came: whether it said anything."""

    accepted: bool
    reason: str | None = None
    came: bool = True


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file's text once it has followed an answer. seen: whether the text itself shows it, not only the answer.

    mended: it came onto a text that had moved on, and was put right since. spoiled: that could not be put right.
    """

    text: str | None
    seen: bool = True
    mended: bool = False
    spoiled: bool = False


@dataclass(eq=False, slots=True)
class UnderWay:
    """A change from before it is sent until it is judged.

    heard: its file changed since. came: its file had the expected text, if only for a moment. news: set with either.
    texts: what the file has been since, from the text that the change was made for, as each notification left it.
    version: that of the last of them, None where the file is not open.
    """

    parcel: Parcel
    heard: bool = False
    came: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    texts: list[str | None] = field(default_factory=list)
    version: int | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it was judged."""


class Delivery:
    """Sends workspace edits, one at a time, and knows which files have an edit on the way."""

    def __init__(self, client: Client, dialogs: Dialogs, read: Read) -> None:
        self.client = client
        self._dialogs = dialogs
        self._read = read
        self._under_way: list[UnderWay] = []
        self._judging = 0
        self._judged = asyncio.Event()
        self._judged.set()
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, *, can_wait: bool = False) -> AsyncIterator[None]:
        """One at a time: what is planned next stands on the text with what was sent before. A preview makes way."""
        if self._lock.locked():
            with self._dialogs.way_made(can_wait=can_wait):
                await self._lock.acquire()
        else:
            await self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def under_way(self, parcels: Sequence[Parcel]) -> Iterator[None]:
        """While these are sent and judged, so that nobody else judges the text that follows."""
        started = [UnderWay(parcel, texts=[parcel.change.before]) for parcel in parcels]
        self._under_way += started
        try:
            yield
        finally:
            for one in started:
                self._under_way.remove(one)
                one.over.set()

    async def send(self, parcels: Sequence[Parcel], label: str, *, preview: bool = False) -> Answer:
        """The client's answer to an edit that makes these changes; what they leave as it is counts as accepted."""
        changes = [parcel.change for parcel in parcels if _changes(parcel.change)]
        impossible = [line for change in changes if (line := cannot(change, self.client)) is not None]
        edit = workspace_edit(changes, self.client, label, preview=preview)
        if not (edit.get("documentChanges") or edit.get("changes")):
            return Answer(not impossible, next(iter(impossible), None))
        try:
            answer = await self._ask(edit, label, parcels, preview)
        except ClientError as error:
            return Answer(False, str(error))
        if answer is _NOTHING:
            return Answer(False, NO_ANSWER, came=False)
        accepted = isinstance(answer, dict) and answer.get("applied") is True
        said = answer.get("failureReason") if isinstance(answer, dict) else None
        reason = " ".join(said.split()) if isinstance(said, str) else None
        return Answer(accepted, reason or next(iter(impossible), None))

    async def text_after(self, parcel: Parcel, answer: Answer, *, preview: bool) -> Arrived:
        """The file's text once it has followed the client's answer, or has had the time to."""
        self._judging += 1
        self._judged.clear()
        try:
            arrived = await self._text_after(parcel, answer, preview)
            stray = self._stray(parcel)
            return arrived if stray is None else await self._mend(parcel, stray)
        finally:
            self._judging -= 1
            if not self._judging:
                self._judged.set()

    def _stray(self, parcel: Parcel) -> Stray | None:
        """Where the change was put on a text that it was not made for: some editors look at no version."""
        if parcel.change.version is None or parcel.change.new_uri is not None:
            return None
        return find_stray(parcel.change, self._find(parcel).texts, self.client.encoding)

    async def _mend(self, parcel: Parcel, stray: Stray) -> Arrived:
        """Have the editor bring back what was typed before the edit came, with the edit where it belongs if it can be.

        The user may be typing still, so that what mends comes onto another text in its turn.
        """
        for _ in range(MENDED):
            now = self._read(parcel.path)
            after = stray.mended(now.text)
            if after is None:
                break
            mending = Parcel(parcel.path, TextChange(parcel.change.uri, now.version, now.text, after))
            with self.under_way([mending]):
                answer = await self.send([mending], "Devstral: restore what you typed meanwhile")
                arrived = await self._text_after(mending, answer, preview=False)
                again = self._stray(mending)
            if again is not None:
                # It stands on what it was made of: what it should have made is what is wanted now.
                stray = again
            elif arrived.text == after:
                return Arrived(self._read(parcel.path).text, mended=True)
        return Arrived(self._read(parcel.path).text, spoiled=True)

    async def judged(self) -> None:
        """Until what the editor has answered about, or what has changed a file, is judged."""
        await self._judged.wait()
        heard = [one.over.wait() for one in self._under_way if one.heard]
        with suppress(TimeoutError):
            async with asyncio.timeout(OBSERVE):
                await asyncio.gather(*heard)

    async def _text_after(self, parcel: Parcel, answer: Answer, preview: bool) -> Arrived:
        change, path = parcel.change, parcel.path
        late = self.client.tells_late
        # Where parts were left out in a preview the expected text never comes: what has come by now is all of it.
        partly = preview and self._read(path).text not in (change.before, change.after)
        patience = LATE if late and answer.accepted else OBSERVE if late or (answer.accepted and not partly) else BRIEF
        try:
            async with asyncio.timeout(patience):
                came = await self._arrival(parcel, first=late)
        except TimeoutError:
            came = False
        now = self._read(path)
        if late and answer.accepted and now.text == change.before and self._find(parcel).heard:
            # Applied and taken back at once, which such an editor tells as one change that changes nothing.
            came = True
        if came and self._stray(parcel) is None:
            return Arrived(change.after)
        unseen = change.version is None and now.version is None and now.text == change.before
        if unseen and answer.accepted and not preview and cannot(change, self.client) is None:
            # In a buffer that we are not told of and that is not saved: the client's word has to do.
            return Arrived(change.after, seen=False)
        return Arrived(now.text)

    async def _ask(self, edit: dict[str, Any], label: str, parcels: Sequence[Parcel], preview: bool) -> Any:
        """The client's answer; nothing when none came, or none came soon after the text had arrived everywhere."""
        arrived = asyncio.create_task(self._all_arrive(parcels), name="the text arrives")
        asked = asyncio.create_task(
            self._dialogs.ask("workspace/applyEdit", {"label": label, "edit": edit}, can_wait=preview),
            name="the editor answers",
        )
        try:
            # A preview may stay open for as long as the user likes.
            patience = UNANNOUNCED if not self.client.apply_edit else None if preview else PATIENCE
            await asyncio.wait({arrived, asked}, return_when=asyncio.FIRST_COMPLETED, timeout=patience)
            if arrived.done() and not asked.done():
                await asyncio.wait({asked}, timeout=OBSERVE)
            return asked.result() if asked.done() else _NOTHING
        finally:
            arrived.cancel()
            asked.cancel()

    async def _all_arrive(self, parcels: Sequence[Parcel]) -> None:
        """Done when every file has its expected text, in an open document or on disk."""
        await asyncio.gather(*(self._arrival(parcel) for parcel in parcels))

    async def _arrival(self, parcel: Parcel, *, first: bool = False) -> bool:
        """Done when the file has the expected text, or has had it; with `first`, also when it changed otherwise."""
        mine = self._find(parcel)
        while not (mine.came or self._read(parcel.path).text == parcel.change.after or self._stray(parcel)):
            if first and mine.heard:
                return False
            mine.news.clear()
            await mine.news.wait()
        return True

    def _find(self, parcel: Parcel) -> UnderWay:
        return next(one for one in self._under_way if one.parcel is parcel)

    def waits_for(self, path: Path) -> bool:
        """Whether an edit of this file is on its way."""
        return any(one.parcel.path == path for one in self._under_way)

    def arrived(self, path: Path, text: str | None, version: int | None = None) -> None:
        """The file's text is now this: wakes who waits for it. version: of the notification that told it."""
        for one in self._under_way:
            if one.parcel.path == path:
                one.heard = True
                if version is not None and version == one.version:
                    one.texts[-1] = text
                elif not one.texts or one.texts[-1] != text:
                    one.texts.append(text)
                one.version = version
                one.came = one.came or one.parcel.change.after == text
                one.news.set()


def _changes(change: TextChange) -> bool:
    return change.before != change.after or change.new_uri is not None

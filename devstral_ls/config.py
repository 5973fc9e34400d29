"""Settings: one schema, one loader, one frozen result.

A setting has a dotted key (`llm.baseUrl`), a type, a default and a sentence about what it does; all four stand in the
dataclasses below and nowhere else. `load` reads layers of plain data (a TOML file, the environment, what an editor
sent), later layers win, and a wrong value costs one `InvalidSetting` and falls back to the layer below.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from devstral_ls.errors import InvalidSetting
from devstral_ls.user_actions import EditsMode as EditsMode
from devstral_ls.user_actions import UserAction, read_actions

ToolsMode = Literal["auto", "native", "direct"]
"""native: the server's tool calling; direct: JSON in the text of replies; auto: native where it works."""
ProfileName = Literal[
    "auto", "devstral-small-2", "devstral-2", "devstral-small-1.1", "devstral-small-1.0", "mistral", "generic"
]

ApprovalMode = Literal["always", "unsandboxed", "never"]
"""When the user is asked about a command that is not remembered as allowed."""

EDITING = ("ask", "edit", "fix", "document", "test", "runInstruction", "runAction")
"""The commands that may edit, without their prefix."""
CheckMode = Literal["auto", "off"]
"""auto: checks that were set, or found and confirmed; off: none."""

ANY_FOLDER = "*"
"""In place of a workspace folder: every one that has no check of its own."""

SandboxMode = Literal["auto", "require", "off"]
"""auto: the strongest way that works here; require: only a real sandbox; off: none."""


PythonBackend = Literal["local", "riza", "wasm", "off"]
"""Who executes Python code: this machine's sandbox, Riza's, WebAssembly, nobody."""


def setting(
    key: str, doc: str, default: Any, *, secret: bool = False, low: float | None = None, users_own: bool = False
) -> Any:
    """A dataclass field that is the setting `key`; `low` is the smallest number allowed.

    users_own: taken from the user's own file alone. What an editor sends may come from a file of the workspace.
    """
    metadata = {"key": key, "doc": doc, "secret": secret, "low": low, "users_own": users_own}
    return field(default=default, repr=not secret, metadata=metadata)


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
    headers: Mapping[str, str] | None = setting(
        "llm.headers",
        "Headers to send with every request to `llm.baseUrl`, by name, for gateways that want more than a key. They "
        "are kept as secret as a key, and go to no other server.",
        None,
        secret=True,
    )
    proxy: str | None = setting(
        "llm.proxy",
        "Proxy for requests to `llm.baseUrl` and the Mistral API, such as `http://user:password@proxy:3128` or "
        "`socks5://proxy:1080`. Unset: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` of the environment, "
        "never for this machine.",
        None,
        secret=True,
    )
    ca_file: str | None = setting(
        "llm.caFile",
        "File with the certificates (PEM) of an authority of your own, trusted in addition to the usual ones.",
        None,
    )
    tools: ToolsMode = setting(
        "llm.tools",
        "How the model calls tools: `native` uses the server's tool calling, `direct` asks for JSON in the reply, "
        "`auto` is native unless the server or the model can't.",
        "auto",
    )
    profile: ProfileName = setting(
        "llm.profile",
        "Which model to take it for, where its name doesn't tell. `auto`: by its name and what the server says.",
        "auto",
    )
    try_out: bool = setting(
        "llm.tryOut",
        "Whether a model that is new here is tried out before the first run: a tiny tool call, and what else is needed "
        "to know how to ask it. What comes of it is kept for a week.",
        True,
    )
    vision: bool | None = setting(
        "llm.vision",
        "Whether the model can see images. Unset: what the server says, else what is known of the model.",
        None,
    )
    temperature: float | None = setting(
        "llm.temperature", "Sampling temperature. Unset: what the model is made for, 0.15 for Devstral.", None, low=0
    )
    max_tokens: int = setting("llm.maxTokens", "The longest reply to ask for, in tokens.", 8192, low=1)
    context_window: int | None = setting(
        "llm.contextWindow",
        "The model's context window in tokens. Unset: what the server reports, else what the model is made for.",
        None,
        low=1024,
    )
    connect_timeout: float = setting(
        "llm.connectTimeout", "Seconds to wait for a connection to the server.", 10.0, low=0.1
    )
    prompt_timeout: float = setting(
        "llm.promptTimeout",
        "Seconds without a single byte that the server may take to read the prompt, before its reply begins. Minutes "
        "are normal, and a reply that is not streamed is written meanwhile.",
        3600.0,
        low=1,
    )
    idle_timeout: float = setting(
        "llm.idleTimeout",
        "Seconds without a single byte after which a reply that has begun counts as broken. Some servers say nothing "
        "while the model writes a long tool call.",
        600.0,
        low=1,
    )


@dataclass(frozen=True, slots=True)
class EditsConfig:
    """How finished edits reach the editor."""

    mode: EditsMode = setting(
        "edits.mode",
        "`review` asks before edits are applied, `auto` applies them when a run ends and asks about files that "
        "editors, shells or build servers run, `propose` only offers them as code actions.",
        "review",
    )
    inline: bool = setting(
        "edits.inline",
        "Whether what is proposed is shown in the text too: an information mark at each change with its lines, and "
        "code lenses to accept or reject it, in editors that have them.",
        False,
    )
    modes: Mapping[str, EditsMode] | None = setting(
        "edits.modes",
        'Modes of single commands, such as `{"fix": "auto"}`, which go before `edits.mode`. Commands: '
        f"{', '.join(f'`{name}`' for name in EDITING)}.",
        None,
    )

    def mode_of(self, command: str) -> EditsMode:
        """How a command's edits are applied where neither its argument nor an action says it."""
        return (self.modes or {}).get(command, self.mode)


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """Bounds of a run."""

    max_turns: int = setting("agent.maxTurns", "How many times a run may ask the model before it stops.", 50, low=1)


@dataclass(frozen=True, slots=True)
class ExecutionConfig:
    """How the agent runs commands."""

    enabled: bool = setting("execution.enabled", "Whether the agent may ask to run commands at all.", True)
    sandbox: SandboxMode = setting(
        "execution.sandbox",
        "What holds commands in: `auto` the strongest sandbox that works here, and no commands where none does; "
        "`require` only one that keeps everything in; `off` no sandbox, just a throw-away copy.",
        "auto",
        users_own=True,
    )
    approval: ApprovalMode = setting(
        "execution.approval",
        "When you are asked before a command runs, unless you have allowed it always: `always`; `unsandboxed`, only "
        "where it would run without a sandbox; `never`, which refuses what would run without a sandbox.",
        "always",
        users_own=True,
    )
    approval_timeout: float = setting(
        "execution.approvalTimeout",
        "Seconds to wait for your answer when a command asks; after that it is a no.",
        600.0,
        low=1,
    )
    python: PythonBackend = setting(
        "execution.python.backend",
        "What executes the agent's Python code: `local` the sandbox of commands, `wasm` WebAssembly (needs "
        "`pip install 'devstral-ls[wasm]'`, Python 3.12), `riza` Riza's servers, to which the code is sent (needs "
        "`pip install 'devstral-ls[riza]'` and the key in `RIZA_API_KEY`), `off` nothing.",
        "local",
        users_own=True,
    )
    network: tuple[str, ...] = setting(
        "execution.network.allow",
        "Hosts that commands and Python code in a sandbox may reach, over HTTP and HTTPS: a list of globs with or "
        'without a port, such as `["pypi.org", "*.pythonhosted.org", "10.0.0.7:8080"]` '
        "([what that allows](security.md#the-network)). Empty: none.",
        (),
        users_own=True,
    )


@dataclass(frozen=True, slots=True)
class CheckConfig:
    """What is run on a run's edits before the user sees them."""

    mode: CheckMode = setting(
        "execution.check.mode",
        "Whether a command checks edits before you see them ([how](review.md#checks-before-you-accept)): `auto`, the "
        "one in `execution.check.commands`, else one found in the workspace once you have confirmed it; `off`, none.",
        "auto",
        users_own=True,
    )
    commands: Mapping[str, str] | None = setting(
        "execution.check.commands",
        'The commands that check edits, by workspace folder, such as `"/home/me/project" = "pytest -q"`; `*` is every '
        "folder without one. They are not asked about where a sandbox holds them in.",
        None,
        users_own=True,
    )
    rounds: int = setting(
        "execution.check.rounds",
        "How many times in a run the model is told that its edits fail the check, to mend them. 0: never.",
        2,
        low=0,
    )
    timeout: float = setting(
        "execution.check.timeout", "Seconds that a check may take; after that it is killed.", 300.0, low=1
    )


@dataclass(frozen=True, slots=True)
class WorkspaceConfig:
    """What of the workspace the agent may see."""

    allow_secrets: bool | tuple[str, ...] = setting(
        "workspace.allowSecrets",
        "Which files with secrets (`.env`, private keys, credentials) the agent's tools may read, search and change: a "
        'list of globs, such as `["fixtures/*.pem"]`, or `true` for all '
        "([which files these are](security.md#files-with-secrets)).",
        False,
        users_own=True,
    )


@dataclass(frozen=True, slots=True)
class TranscriptConfig:
    """The markdown record of a session."""

    open: bool = setting(
        "transcript.open",
        "Whether an answer in prose opens as a page in the editor, where the editor can.",
        True,
    )


@dataclass(frozen=True, slots=True)
class UserConfig:
    """What the user added."""

    actions: tuple[UserAction, ...] = setting(
        "actions", "Code actions of your own, each with a prompt ([below](#actions-of-your-own)).", ()
    )


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting, with its default where nothing was set."""

    llm: LlmConfig = field(default_factory=LlmConfig)
    edits: EditsConfig = field(default_factory=EditsConfig)
    agent: AgentConfig = field(default_factory=AgentConfig)
    execution: ExecutionConfig = field(default_factory=ExecutionConfig)
    check: CheckConfig = field(default_factory=CheckConfig)
    workspace: WorkspaceConfig = field(default_factory=WorkspaceConfig)
    transcript: TranscriptConfig = field(default_factory=TranscriptConfig)
    user: UserConfig = field(default_factory=UserConfig)


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the schema."""

    key: str
    type: Any
    default: Any
    doc: str
    secret: bool
    low: float | None
    users_own: bool


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
    rows = {row.key: (section, name, row) for section, name, row in _rows()}
    tables = frozenset(key for key, (_, _, row) in rows.items() if is_table(row))
    for layer in layers:
        parts: dict[str, dict[str, Any]] = {}
        for key, value in _flatten(layer.values, tables):
            if key in tables and isinstance(value, Mapping):
                # A table may come whole or entry by entry; the pieces of one layer belong together.
                value = {**parts.get(key, {}), **value}
                parts[key] = value
            if key not in rows:
                problems.append(InvalidSetting(f"devstral.{key} ({layer.name}) is not a setting{_nearest(key, rows)}."))
                continue
            section, name, row = rows[key]
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
                if key in _BY_ENTRY:
                    value, wrong = _BY_ENTRY[key](value)
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


_BY_ENTRY: Mapping[str, Callable[[Any], tuple[Any, list[str]]]] = {
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


def _rows() -> Iterator[tuple[str, str, Setting]]:
    """(section attribute, field name, row) for every setting."""
    for section in fields(Config):
        kind = get_type_hints(Config)[section.name]
        hints = get_type_hints(kind)
        for item in fields(kind):
            meta = item.metadata
            default = None if item.default is MISSING else item.default
            yield section.name, item.name, Setting(type=hints[item.name], default=default, **meta)


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

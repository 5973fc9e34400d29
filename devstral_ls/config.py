"""The settings: their schema, and the frozen result of reading them.

A setting has a dotted key (`llm.baseUrl`), a type, a default and a sentence about what it does; all four stand in the
dataclasses below and in `config_llm`, and nowhere else. `config_layers` reads them from layers of plain data,
`config_values` checks them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Literal, get_type_hints

from devstral_ls.config_llm import LlmConfig
from devstral_ls.config_setting import Setting, setting
from devstral_ls.user_actions import EditsMode as EditsMode
from devstral_ls.user_actions import UserAction

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
        'without a port, such as `["packages.example", "*.example.org", "10.0.0.7:8080"]` '
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


def schema() -> list[Setting]:
    """Every setting, in the order they are documented."""
    return [row for _, _, row in rows()]


def rows() -> Iterator[tuple[str, str, Setting]]:
    """(section attribute, field name, row) for every setting."""
    for section in fields(Config):
        kind = get_type_hints(Config)[section.name]
        hints = get_type_hints(kind)
        for item in fields(kind):
            meta = item.metadata
            default = None if item.default is MISSING else item.default
            yield section.name, item.name, Setting(type=hints[item.name], default=default, **meta)

"""What real editors can do and how they behave, read from their sources; `FakeEditor` behaves like them.

Where an editor does less than the protocol lets a server hope for, its double does exactly as little.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

Stale = Literal["refuses", "skips the first", "stops", "rebases", "ignores"]
"""What becomes of an edit made for an older version of a document.

refuses: nothing of the whole edit is applied. skips the first: only the first document's version is looked at, and
that document is left out without a word. stops: what comes before it is applied, the rest is not. rebases: its places
are moved along with the text. ignores: it is applied where it says, whatever is there now.
"""


@dataclass(frozen=True)
class Personality:
    """capabilities: as sent. applies: how it answers applyEdit: "truth", "always true", "{}" or "never" after applying,
    "declines" (null) or "refuses" (false) without. picks: titles it picks from messages, in order of preference; none
    of them: no answer (null).
    """

    name: str
    version: str
    capabilities: dict[str, Any]
    applies: str = "truth"
    picks: tuple[str, ...] = ("Apply", "Run once")
    settings: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    resolves: bool = True
    empty: str = ""
    """What a new document holds: in Neovim a line that ends."""
    stale: Stale = "refuses"
    closes: Any = None
    """Its answer to a question that the user closed."""
    one_popup: bool = False
    """Whether a second question takes the place of the first, which is then never answered."""
    previews: bool = False
    """Whether it shows edits that need confirmation before it applies them, those unticked."""
    clears: bool = False
    """Whether CreateFile empties a file that is there, unless it is told to ignore it."""
    accepts_for: float | None = None
    """Seconds after a command in which it takes edits; None: always."""
    shows: bool = True
    """Whether it ever answers window/showDocument."""
    sends_token: bool = False
    """Whether it sends a workDoneToken with every command."""
    string_tokens: bool = False
    """Whether it turns progress tokens into strings."""
    cancels: bool = True
    """Whether its user can cancel a progress."""
    tells_late: bool = False
    """Whether it tells changes only when its user pauses, or with its next request."""
    sees_all: bool = True
    """Whether it sends a server the diagnostics of others too."""


_ACTIONS = {
    "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "refactor.rewrite"]}},
    "resolveSupport": {"properties": ["edit", "command"]},
    "dataSupport": True,
    "isPreferredSupport": True,
}
_EDIT_ONLY = {**_ACTIONS, "resolveSupport": {"properties": ["edit"]}}
_OPERATIONS = ["create", "rename", "delete"]
_EDITS = {"documentChanges": True, "resourceOperations": _OPERATIONS}
_WINDOW = {
    "workDoneProgress": True,
    "showMessage": {"messageActionItem": {"additionalPropertiesSupport": True}},
    "showDocument": {"support": True},
}

VS_CODE = Personality(
    "Visual Studio Code",
    "1.139.0",
    {
        "general": {"positionEncodings": ["utf-16"]},
        "workspace": {
            "applyEdit": True,
            "configuration": True,
            "workspaceFolders": True,
            "didChangeConfiguration": {"dynamicRegistration": True},
            "workspaceEdit": {
                **_EDITS,
                "failureHandling": "textOnlyTransactional",
                "changeAnnotationSupport": {"groupsOnLabel": True},
            },
        },
        "window": _WINDOW,
        "textDocument": {"codeAction": {**_ACTIONS, "disabledSupport": True, "honorsChangeAnnotations": True}},
    },
    previews=True,
)
NEOVIM = Personality(
    "Neovim",
    "0.12.4",
    {
        "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
        "workspace": {
            "applyEdit": True,
            "configuration": True,
            "workspaceFolders": True,
            "workspaceEdit": {"resourceOperations": ["rename", "create", "delete"]},
        },
        "window": _WINDOW,
        "textDocument": {"codeAction": _ACTIONS},
    },
    applies="always true",
    empty="\n",
    stale="skips the first",
    clears=True,
    sees_all=False,
)
HELIX = Personality(
    "helix",
    "26.07",
    {
        "general": {"positionEncodings": ["utf-8", "utf-32", "utf-16"]},
        "workspace": {
            "applyEdit": True,
            "configuration": True,
            "workspaceFolders": True,
            "workspaceEdit": {**_EDITS, "failureHandling": "abort"},
        },
        "window": {"workDoneProgress": True, "showDocument": {"support": True}},
        "textDocument": {"codeAction": {**_ACTIONS, "disabledSupport": True}},
    },
    stale="stops",
    one_popup=True,
    cancels=False,
)
EGLOT = Personality(
    "Eglot",
    "1.24",
    {
        "general": {"positionEncodings": ["utf-32", "utf-8", "utf-16"]},
        "workspace": {
            "applyEdit": True,
            "configuration": True,
            "workspaceFolders": True,
            "workspaceEdit": {**_EDITS, "failureHandling": "abort"},
        },
        "window": {"workDoneProgress": True, "showDocument": {"support": True}},
        "textDocument": {"codeAction": {**_ACTIONS, "disabledSupport": True}},
    },
    cancels=False,
    tells_late=True,
)
ZED = Personality(
    "Zed",
    "1.4.0",
    {
        "general": {"positionEncodings": ["utf-16"]},
        "workspace": {
            "applyEdit": True,
            "configuration": True,
            "workspaceFolders": True,
            "didChangeConfiguration": {"dynamicRegistration": True},
            "workspaceEdit": {**_EDITS, "snippetEditSupport": True},
        },
        "window": _WINDOW,
        "textDocument": {"codeAction": _ACTIONS},
    },
    applies="always true",
    stale="rebases",
    cancels=False,
)
SUBLIME = Personality(
    "Sublime Text LSP",
    "2.13.0",
    {
        "general": {"positionEncodings": ["utf-16"]},
        "workspace": {
            "applyEdit": True,
            "configuration": True,
            "workspaceFolders": True,
            "workspaceEdit": {
                **_EDITS,
                "failureHandling": "abort",
                "changeAnnotationSupport": {"groupsOnLabel": False},
            },
            "textDocumentContent": {"dynamicRegistration": True},
        },
        "window": _WINDOW,
        "textDocument": {"codeAction": {**_EDIT_ONLY, "honorsChangeAnnotations": True}},
    },
    sends_token=True,
    cancels=False,
)
KATE = Personality(
    "Kate",
    "26.08",
    {
        "workspace": None,
        "window": {"workDoneProgress": True},
        "textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}},
    },
    picks=(),
    resolves=False,
    stale="ignores",
    closes={},
    accepts_for=2.0,
    shows=False,
    cancels=False,
)
LSP4IJ = Personality(
    "IntelliJ IDEA",
    "2026.2",
    {
        "general": {"positionEncodings": ["utf-16"]},
        "workspace": {
            "applyEdit": True,
            "configuration": True,
            "workspaceFolders": True,
            "didChangeConfiguration": {"dynamicRegistration": True},
            "workspaceEdit": _EDITS,
        },
        "window": _WINDOW,
        "textDocument": {"codeAction": _EDIT_ONLY},
    },
    applies="always true",
    stale="ignores",
    clears=True,
    string_tokens=True,
)
BARE = Personality("", "", {}, picks=())

COLUMNS = (VS_CODE, NEOVIM, HELIX, EGLOT, ZED, SUBLIME, KATE, LSP4IJ)
ALL = (*COLUMNS, BARE)


def behaving(personality: Personality, **changes: Any) -> Personality:
    """The same editor, behaving differently. What it says of itself differs only if it gets another name."""
    return replace(personality, **changes)


def capable(personality: Personality, name: str, section: str, **more: Any) -> Personality:
    """An editor of that name that can do more. section: of its capabilities, such as "workspace"."""
    capabilities = {**personality.capabilities, section: {**(personality.capabilities[section] or {}), **more}}
    return replace(personality, name=name, capabilities=capabilities)


DOCUMENTS = capable(
    VS_CODE,
    "Visual Studio Code with virtual documents",
    "workspace",
    textDocumentContent={"dynamicRegistration": True},
)
EGLOT_30 = replace(capable(EGLOT, "Eglot", "workspace", workspaceEdit={"documentChanges": True}), version="1.17.30")
"""That of Emacs 30, which makes, moves and deletes no files."""

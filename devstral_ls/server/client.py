"""What the client can do, and what it is known to do, resolved once to plain values.

Capabilities are read from plain JSON: a client newer than our types must not fail the handshake. What is not there,
or has a shape nobody expects, counts as absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from devstral_ls.server.positions import Encoding

Preview = Literal["annotations", "ask", "actions"]
"""How a proposal is reviewed.

annotations: the client shows a workspace edit whose annotations need confirmation (VS Code's Refactor Preview).
ask: we ask with a message and apply after a yes. Eglot's own confirmation leaves out the files that are open.
actions: the client takes no workspace/applyEdit (Kate); code actions carry the edits.
"""


@dataclass(frozen=True, slots=True)
class Client:
    """One client's capabilities."""

    name: str = ""
    version: tuple[int, ...] = ()
    encoding: Encoding = "utf-16"
    apply_edit: bool = False
    document_changes: bool = False
    resource_operations: frozenset[str] = frozenset()
    annotations: bool = False
    work_done_progress: bool = False
    message_actions: bool = True
    show_document: bool = False
    configuration: bool = False
    configuration_registration: bool = False
    workspace_folders: bool = False
    action_literals: bool = False
    action_disabled: bool = False
    action_resolves_edit: bool = False
    action_llm_tag: bool = False
    code_lens: bool = False
    code_lens_refresh: bool = False
    text_document_content: bool = False
    stream: bool = False
    preview: Preview = "ask"
    checks_first_version_only: bool = False
    """Whether only the first entry of a workspace edit is checked against the text, and version 0 not at all."""
    tells_late: bool = False
    """Whether changes are sent only once the user pauses, also those that an edit of ours made."""
    makes_no_folders: bool = False
    """Whether a new file in a folder that is not there fails."""
    cursor_selects: bool = False
    """Whether a mere cursor is sent as a selection of the character under it."""
    empty_text: str = ""
    """What a document without text is to the client: in Neovim and Vim a line that ends."""


def resolve(params: Mapping[str, Any]) -> Client:
    """The client that sent these `initialize` params."""
    info = _table(params.get("clientInfo"))
    capabilities = _table(params.get("capabilities"))
    workspace = _table(capabilities.get("workspace"))
    window = _table(capabilities.get("window"))
    text_document = _table(capabilities.get("textDocument"))
    edit = _table(workspace.get("workspaceEdit"))
    action = _table(text_document.get("codeAction"))
    operations = frozenset(item for item in _list(edit.get("resourceOperations")) if isinstance(item, str))
    extras = {
        **_table(_table(capabilities.get("experimental")).get("devstral")),
        **_table(_table(params.get("initializationOptions")).get("client")),
    }
    name = str(info.get("name") or extras.get("name") or "")  # ALE does not say who it is
    version = _version(info.get("version"))
    apply_edit = workspace.get("applyEdit") is True
    annotations = isinstance(edit.get("changeAnnotationSupport"), Mapping)
    return Client(
        name=name,
        version=version,
        encoding=_encoding(capabilities),
        apply_edit=apply_edit,
        # Neovim handles documentChanges and says so only by listing resource operations.
        document_changes=edit.get("documentChanges") is True or bool(operations),
        resource_operations=operations,
        annotations=annotations,
        work_done_progress=window.get("workDoneProgress") is True,
        show_document=_table(window.get("showDocument")).get("support") is True,
        configuration=workspace.get("configuration") is True,
        configuration_registration=_table(workspace.get("didChangeConfiguration")).get("dynamicRegistration") is True,
        workspace_folders=workspace.get("workspaceFolders") is True,
        action_literals=isinstance(action.get("codeActionLiteralSupport"), Mapping),
        action_disabled=action.get("disabledSupport") is True,
        action_resolves_edit="edit" in _list(_table(action.get("resolveSupport")).get("properties"))
        and action.get("dataSupport") is True,
        action_llm_tag=1 in _list(_table(action.get("tagSupport")).get("valueSet")),
        code_lens=isinstance(text_document.get("codeLens"), Mapping),
        code_lens_refresh=_table(workspace.get("codeLens")).get("refreshSupport") is True,
        text_document_content=isinstance(workspace.get("textDocumentContent"), Mapping),
        stream=extras.get("stream") is True,
        preview=_preview(name, apply_edit, annotations),
        checks_first_version_only=name == "Neovim",
        tells_late=name == "Eglot",
        makes_no_folders=name == "Eglot" and "create" not in operations,
        cursor_selects=name.lower() == "helix",
        empty_text="\n" if name in ("Neovim", "ALE") else "",
    )


def _preview(name: str, apply_edit: bool, annotations: bool) -> Preview:
    if not apply_edit:
        return "actions"
    if annotations and re.search(r"visual studio code|vscod|code-server|cursor|windsurf", name, re.IGNORECASE):
        return "annotations"
    return "ask"


def _encoding(capabilities: Mapping[str, Any]) -> Encoding:
    """The client's first choice that we know; utf-16 when it names none (LSP 3.17, "PositionEncodingKind")."""
    for offered in _list(_table(capabilities.get("general")).get("positionEncodings")):
        if offered in ("utf-8", "utf-16", "utf-32"):
            chosen: Encoding = offered
            return chosen
    return "utf-16"


def _version(text: Any) -> tuple[int, ...]:
    found = re.match(r"\D{0,2}(\d+)\.(\d+)(?:\.(\d+))?", str(text or ""))
    return tuple(int(part) for part in found.groups() if part) if found else ()


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

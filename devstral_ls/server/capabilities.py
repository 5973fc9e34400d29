"""What the server says it can do (protocol reference: docs/protocol.md)."""

from __future__ import annotations

from typing import Any

from devstral_ls.server.action import KINDS
from devstral_ls.server.client import Client
from devstral_ls.server.commands import COMMANDS
from devstral_ls.server.pages import SCHEME

VERSION = 1
"""Of the opt-in notifications."""


def server_capabilities(client: Client) -> dict[str, Any]:
    """Written out, for pygls' builder leaves out workDoneProgress, textDocumentContent and experimental."""
    workspace: dict[str, Any] = {"workspaceFolders": {"supported": True, "changeNotifications": True}}
    if client.text_document_content:
        workspace["textDocumentContent"] = {"schemes": [SCHEME]}
    capabilities: dict[str, Any] = {
        "positionEncoding": client.encoding,
        "textDocumentSync": {"openClose": True, "change": 2, "save": {"includeText": False}},
        "codeActionProvider": {"codeActionKinds": KINDS, "resolveProvider": True},
        "executeCommandProvider": {"commands": list(COMMANDS), "workDoneProgress": True},
        "workspace": workspace,
        "experimental": {"devstral": {"version": VERSION, "stream": True}},
    }
    if client.code_lens:
        capabilities["codeLensProvider"] = {"resolveProvider": False}
    return capabilities

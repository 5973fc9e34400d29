"""What a terminal tells the server of itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import devstral_ls


def initialize_params(root: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "processId": os.getpid(),
        "clientInfo": {"name": "devstral-ls ask", "version": devstral_ls.__version__},
        "rootUri": folder(root)["uri"],
        "workspaceFolders": [folder(root)],
        "initializationOptions": settings,
        "capabilities": {
            "general": {"positionEncodings": ["utf-16"]},
            "workspace": {
                "applyEdit": True,
                "workspaceFolders": True,
                "workspaceEdit": {
                    "documentChanges": True,
                    "resourceOperations": ["create", "rename", "delete"],
                    "failureHandling": "transactional",
                },
            },
            "textDocument": {"synchronization": {"didSave": True}},
            "window": {"workDoneProgress": True, "showMessage": {}},
        },
    }


def folder(root: Path) -> dict[str, str]:
    """An LSP WorkspaceFolder."""
    from devstral_ls.workspace.paths import path_to_uri

    return {"uri": path_to_uri(root), "name": root.name}

"""The settings as VS Code declares them, in the manifest of its extension."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from devstral_ls.config import schema
from devstral_ls.config_setting import Setting
from devstral_ls.config_values import is_table
from devstral_ls.user_actions import EditsMode, UserAction, When

MANIFEST = Path(__file__).parents[1] / "editors" / "vscode" / "package.json"
OURS = ("devstral.server.", "devstral.chat.")
"""The extension's own settings: those about the server it starts, and its chat."""

KEPT_SECRET = "Not in a settings file: the command **Devstral: Set API Key...** keeps it in the secret storage."

NOT_FROM_A_WORKSPACE = ("llm.", "execution.")
"""Where the model is and what may run is never said by a repository that somebody opens."""


def manifest() -> str:
    """The manifest's text with its settings made anew, without those that no editor may make."""
    content = json.loads(MANIFEST.read_text(encoding="utf-8"))
    configuration = content["contributes"]["configuration"]
    ours = {name: value for name, value in configuration["properties"].items() if name.startswith(OURS)}
    # What is taken from the user's own file alone would have no effect here.
    declared = {f"devstral.{row.key}": _property(row) for row in schema() if not row.users_own}
    configuration["properties"] = {**ours, **declared}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _property(row: Setting) -> Mapping[str, Any]:
    default = list(row.default) if isinstance(row.default, tuple) else row.default
    declared: dict[str, Any] = {**_type(row), "default": default}
    if row.low is not None:
        declared["minimum"] = row.low
    if row.key.startswith(NOT_FROM_A_WORKSPACE):
        declared["scope"] = "machine"
    if row.key == "llm.apiKey":
        declared["markdownDeprecationMessage"] = KEPT_SECRET
    # Links into our pages lead nowhere in the Settings editor.
    return {**declared, "markdownDescription": re.sub(r" \(\[[^]]*\]\(#[^)]*\)\)", "", row.doc)}


def _type(row: Setting) -> dict[str, Any]:
    kinds = get_args(row.type) or (row.type,)
    if get_origin(row.type) is Literal:
        return {"type": "string", "enum": list(kinds)}
    if row.key == "actions":
        return {"type": "array", "items": {"type": "object", "properties": _action(), "required": REQUIRED}}
    if row.key == "edits.modes":
        modes = {"enum": list(get_args(EditsMode))}
        return {"type": ["object", "null"], "additionalProperties": modes}
    if is_table(row):
        return {"type": ["object", "null"], "additionalProperties": {"type": "string"}}
    # A whole number is a number, and true is a whole number: the first that fits is meant.
    names = {bool: "boolean", int: "integer", float: "number", str: "string"}
    name = next(names[kind] for kind in names if kind in kinds)
    return {"type": [name, "null"] if NoneType in kinds else name}


def _action() -> dict[str, Any]:
    """One of the user's own actions: its fields by name."""
    lists = {"languages": {"type": "array", "items": {"type": "string"}}}
    choices = {"mode": {"enum": list(get_args(EditsMode))}, "when": {"enum": list(get_args(When))}}
    flags = {"edits": {"type": "boolean"}}
    special: dict[str, Any] = {**lists, **choices, **flags}
    return {item.name: special.get(item.name, {"type": "string"}) for item in fields(UserAction)}


REQUIRED = ["id", "title", "prompt"]

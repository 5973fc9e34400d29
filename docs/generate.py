"""Writes the reference pages from the code, between the markers in each page, and the settings into the manifest of VS
Code's extension: `python docs/generate.py [--check]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Literal, get_args, get_origin

from server_features import features_table
from vscode_settings import MANIFEST, manifest

from devstral_ls.config import schema
from devstral_ls.config_setting import Setting
from devstral_ls.config_values import is_table
from devstral_ls.server.commands import described
from devstral_ls.tools import TOOLS

DOCS = Path(__file__).parent
BEGIN, END = "<!-- generated: {name} -->", "<!-- end of generated: {name} -->"


def settings_table() -> str:
    """Every setting: key, type, default, meaning."""
    rows = ["| Key | Type | Default | Meaning |", "|---|---|---|---|"]
    rows += [f"| `{row.key}` | {_type(row)} | {_default(row)} | {row.doc}{_where(row)} |" for row in schema()]
    return "\n".join(rows)


def _where(row: Setting) -> str:
    return " From [your file](#layers) alone." if row.users_own else ""


def commands_table() -> str:
    """Every command and what it does."""
    rows = ["| Command | What it does |", "|---|---|"]
    rows += [f"| `{name}` | {text} |" for name, text in described()]
    return "\n".join(rows)


def tools_table() -> str:
    """Every tool the model has, with its parameters."""
    rows = ["| Tool | Parameters | What the model is told |", "|---|---|---|"]
    for tool in TOOLS:
        required = tool.spec.parameters["required"]
        names = ", ".join(f"{name}" if name in required else f"*{name}*" for name in tool.spec.parameters["properties"])
        rows.append(f"| `{tool.spec.name}` | {names} | {' '.join(tool.spec.description.split())} |")
    return "\n".join(rows)


TABLES = {
    "settings.md": {"settings": settings_table},
    "protocol.md": {"commands": commands_table},
    "agent.md": {"tools": tools_table},
    "servers.md": {"features": features_table},
}


def page(path: Path) -> str:
    """The page's text with its generated parts made anew."""
    text = path.read_text(encoding="utf-8")
    for name, table in TABLES[path.name].items():
        begin, end = BEGIN.format(name=name), END.format(name=name)
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(end)
        text = f"{head}{begin}\n{table()}\n{end}{tail}"
    return text


TABLES_OF = {"edits.modes": "table of modes", "execution.check.commands": "table of commands"}
LISTS = {"actions": "list of actions", "workspace.allowSecrets": "true / false, or a list of globs"}


def _type(row: Setting) -> str:
    if get_origin(row.type) is Literal and all(isinstance(choice, str) for choice in get_args(row.type)):
        return " / ".join(f"`{choice}`" for choice in get_args(row.type))
    if is_table(row):
        return TABLES_OF.get(row.key, "table of texts")
    if row.key in LISTS:
        return LISTS[row.key]
    kinds = get_args(row.type) or (row.type,)
    names = {str: "text", int: "whole number", float: "number", bool: "true / false"}
    text = next(names[kind] for kind in kinds if kind in names)
    return f"{text}, at least {row.low:g}" if row.low is not None else text


def _default(row: Setting) -> str:
    return "unset" if row.default in (None, ()) else f"`{json.dumps(row.default)}`"


def main() -> int:
    made = {DOCS / name: page(DOCS / name) for name in TABLES} | {MANIFEST: manifest()}
    stale = [path for path, text in made.items() if path.read_text(encoding="utf-8") != text]
    names = [path.relative_to(DOCS.parent) for path in stale]
    if "--check" in sys.argv:
        print("\n".join(f"{name} is stale: run make reference" for name in names) or "the reference is up to date")
        return 1 if stale else 0
    for path, name in zip(stale, names, strict=True):
        path.write_text(made[path], encoding="utf-8")
        print(f"{name} written")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

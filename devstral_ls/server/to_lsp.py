"""Our values as LSP's: positions, text edits, workspace edits. Conversions, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from devstral_ls.edits.diff import Hunk, diff_lines
from devstral_ls.edits.lines import split_lines
from devstral_ls.server.client import Client
from devstral_ls.server.positions import Encoding, to_character

ANNOTATION = "devstral"
CONFIRM = "devstral-confirm"


@dataclass(frozen=True, slots=True)
class TextChange:
    """One document's way from the text the client has to the text it should have.

    before: None when the file has to be created. after: None when it has to be deleted.
    version: of the open document, None when the client does not have it open.
    """

    uri: str
    version: int | None
    before: str | None
    after: str | None
    in_new_folder: bool = False
    """Whether the folder of a file to create has to be created too."""


def text_edits(before: str, after: str, encoding: Encoding) -> list[dict[str, Any]]:
    """Minimal, ordered, non-overlapping line hunks that turn `before` into `after`, as LSP TextEdits."""
    lines = split_lines(before)
    return [
        {
            "range": {
                "start": _position(lines, hunk.old_start, encoding),
                "end": _position(lines, hunk.old_end, encoding),
            },
            "newText": "".join(hunk.new_lines),
        }
        for hunk in diff_lines(before, after)
    ]


def hunk_range(text: str, hunk: Hunk, encoding: Encoding) -> dict[str, Any]:
    """The LSP range of the lines a hunk replaces."""
    lines = split_lines(text)
    return {
        "start": _position(lines, hunk.old_start, encoding),
        "end": _position(lines, hunk.old_end, encoding),
    }


def _position(lines: list[str], line: int, encoding: Encoding) -> dict[str, int]:
    """The start of a line; past a last line without an ending, the end of that line."""
    if line and line == len(lines) and not lines[-1].endswith(("\n", "\r")):
        return {"line": line - 1, "character": to_character(lines[-1], len(lines[-1]), encoding)}
    return {"line": line, "character": 0}


def workspace_edit(
    changes: Sequence[TextChange], client: Client, label: str, *, preview: bool = False
) -> dict[str, Any]:
    """A WorkspaceEdit: create, then edit, then delete; versions explicit, null for what is not open.

    preview: annotate it so that a client with a preview of its own shows one (see `client.Preview`).
    """
    if not client.document_changes:
        return {"changes": _plain_changes(changes, client.encoding)}
    annotated = preview and client.annotations
    operations: list[dict[str, Any]] = []
    for change in changes:
        # Eglot fails on operations it did not announce; there, editing a URI without a file makes the file.
        if change.before is None and change.after is not None and "create" in client.resource_operations:
            operations.append(
                {
                    "kind": "create",
                    "uri": change.uri,
                    # Without ignoreIfExists some clients empty a file that came into being meanwhile; with it Neovim
                    # leaves the folder out, and then the file can't be written.
                    "options": {"overwrite": False, "ignoreIfExists": not change.in_new_folder},
                }
            )
    for change in changes:
        if change.after is None:
            continue
        edits = text_edits(change.before or client.empty_text, change.after, client.encoding)
        if edits:
            operations.append(_document_edit(change, [_annotate(edit, annotated) for edit in edits], client))
    for change in changes:
        if change.after is None:
            options = {"recursive": False, "ignoreIfNotExists": True}
            operations.append({"kind": "delete", "uri": change.uri, "options": options})
    edit: dict[str, Any] = {"documentChanges": operations}
    if annotated:
        _ask_for_confirmation(operations)
        edit["changeAnnotations"] = {
            ANNOTATION: {"label": label, "needsConfirmation": False},
            CONFIRM: {"label": "Devstral's proposal", "description": "review, then apply", "needsConfirmation": True},
        }
    return edit


def _document_edit(change: TextChange, edits: list[dict[str, Any]], client: Client) -> dict[str, Any]:
    # An absent version crashes Neovim 0.12, so it is always there. Neovim opens documents as version 0, which it does
    # not check, and goes on at 3 or more with the first change: 1 is as good as 0, and checked.
    unchecked = client.checks_first_version_only and change.version == 0
    return {"textDocument": {"uri": change.uri, "version": 1 if unchecked else change.version}, "edits": edits}


def _annotate(edit: dict[str, Any], annotated: bool) -> dict[str, Any]:
    return {**edit, "annotationId": ANNOTATION} if annotated else edit


def _ask_for_confirmation(operations: list[dict[str, Any]]) -> None:
    """Add one insertion of nothing that needs confirmation.

    VS Code opens its preview only for edits that need confirmation, and shows those unticked: real edits marked so
    would be dropped by a user who just presses Apply.
    """
    for operation in operations:
        if "textDocument" in operation:
            start = operation["edits"][0]["range"]["start"]
            nothing = {"range": {"start": start, "end": start}, "newText": "", "annotationId": CONFIRM}
            operation["edits"] = [nothing, *operation["edits"]]
            return


def _plain_changes(changes: Sequence[TextChange], encoding: Encoding) -> dict[str, list[dict[str, Any]]]:
    """`changes` of a client without documentChanges: no versions, no new files but by editing their URI."""
    return {
        change.uri: text_edits(change.before or "", change.after, encoding)
        for change in changes
        if change.after is not None
    }

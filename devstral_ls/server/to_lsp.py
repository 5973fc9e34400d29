"""Our values as LSP's: positions, text edits, workspace edits. Conversions, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

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
    new_uri: str | None = None
    """Where the file is moved to, if it is."""
    hunks: tuple[Hunk, ...] | None = None
    """The hunks from `before` to `after`, where they are known; else a comparison decides."""


def text_edits(
    before: str, after: str, encoding: Encoding, hunks: Sequence[Hunk] | None = None
) -> list[dict[str, Any]]:
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
        for hunk in (diff_lines(before, after) if hunks is None else hunks)
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
    """A WorkspaceEdit: create, then edit, then move, then delete; versions explicit, null for what is not open.

    What the client can't do - files moved or deleted - is left out: see `cannot`.

    preview: annotate it so that a client with a preview of its own shows one (see `client.Preview`).
    """
    changes = [part for change in changes for part in _as_client_can(change, client)]
    if not client.document_changes:
        return {"changes": _plain_changes(changes, client)}
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
        hunks = change.hunks if change.before else None
        edits = text_edits(change.before or client.empty_text, change.after, client.encoding, hunks)
        if edits:
            operations.append(_document_edit(change, [_annotate(edit, annotated) for edit in edits], client))
    for change in changes:
        if change.new_uri is not None:
            # The text is changed where it is, under its version; then the file is moved with its buffer and history.
            options = {"overwrite": False, "ignoreIfExists": False}
            operations.append({"kind": "rename", "oldUri": change.uri, "newUri": change.new_uri, "options": options})
    for change in changes:
        if change.after is None:
            options = {"recursive": False, "ignoreIfNotExists": True}
            operations.append({"kind": "delete", "uri": change.uri, "options": options})
    edit: dict[str, Any] = {"documentChanges": operations}
    if annotated:
        _ask_for_confirmation(operations, client)
        edit["changeAnnotations"] = {
            ANNOTATION: {"label": label, "needsConfirmation": False},
            CONFIRM: {"label": "Devstral's proposal", "description": "review, then apply", "needsConfirmation": True},
        }
    return edit


def cannot(change: TextChange, client: Client) -> str | None:
    """What the client can't carry out of a change, as a line that says what to do; None when it can do it all."""
    if change.in_new_folder and client.makes_no_folders:
        folder = unquote(urlsplit(change.new_uri or change.uri).path).rsplit("/", 1)[0]
        return f"this editor can't make folders for a server: make {folder} and apply again"
    enough = {"delete"} if change.after is None else {"delete", "rename"} if change.new_uri is not None else set()
    if not enough or _operations(client) & enough:
        return None
    return f"this editor can't delete files for a server: delete {unquote(change.uri.rsplit('/', 1)[-1])} yourself"


def _operations(client: Client) -> frozenset[str]:
    return client.resource_operations if client.document_changes else frozenset()


def _as_client_can(change: TextChange, client: Client) -> Iterator[TextChange]:
    """The change in what the client has: where it can't move a file it gets a new one and deletes the old one."""
    if change.after is None or (change.in_new_folder and client.makes_no_folders):
        if cannot(change, client) is None:
            yield change
    elif change.new_uri is None or "rename" in _operations(client):
        yield change
    else:
        yield TextChange(change.new_uri, None, None, change.after, change.in_new_folder)
        yield from _as_client_can(TextChange(change.uri, change.version, change.before, None), client)


def _document_edit(change: TextChange, edits: list[dict[str, Any]], client: Client) -> dict[str, Any]:
    # An absent version crashes Neovim 0.12, so it is always there. Neovim opens documents as version 0, which it does
    # not check, and goes on at 3 or more with the first change: 1 is as good as 0, and checked.
    unchecked = client.checks_first_version_only and change.version == 0
    return {"textDocument": {"uri": change.uri, "version": 1 if unchecked else change.version}, "edits": edits}


def _annotate(edit: dict[str, Any], annotated: bool) -> dict[str, Any]:
    return {**edit, "annotationId": ANNOTATION} if annotated else edit


def _ask_for_confirmation(operations: list[dict[str, Any]], client: Client) -> None:
    """Add one operation that does nothing and needs confirmation.

    VS Code opens its preview only for edits that need confirmation, and shows those unticked: real edits marked so
    would be dropped by a user who just presses Apply. What it would skip anyway, such as deleting what is not there, it
    gives no row in the preview; an insertion of nothing would be a row that reads like an edit.
    """
    first = next((operation for operation in operations if "textDocument" in operation), None)
    if first is None:
        return
    if "delete" in client.resource_operations:
        # Nothing can be there: a file holds no other file.
        inside = f"{first['textDocument']['uri']}/devstral-review"
        options = {"recursive": False, "ignoreIfNotExists": True}
        operations.append({"kind": "delete", "uri": inside, "options": options, "annotationId": CONFIRM})
    else:
        start = first["edits"][0]["range"]["start"]
        nothing = {"range": {"start": start, "end": start}, "newText": "", "annotationId": CONFIRM}
        first["edits"] = [nothing, *first["edits"]]


def _plain_changes(changes: Sequence[TextChange], client: Client) -> dict[str, list[dict[str, Any]]]:
    """`changes` of a client without documentChanges: no versions, no new files but by editing their URI."""
    return {
        change.uri: text_edits(
            change.before or client.empty_text, change.after, client.encoding, change.hunks if change.before else None
        )
        for change in changes
        if change.after is not None
    }

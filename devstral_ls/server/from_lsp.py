"""LSP's values as ours: the context of a prompt from a document, a range and diagnostics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from devstral_ls.agent.prompt import Problem, PromptContext, Selection, guidance
from devstral_ls.server.documents import OpenDocument
from devstral_ls.server.positions import ending_length, to_index
from devstral_ls.workspace.paths import canonical, uri_to_path

if TYPE_CHECKING:
    from devstral_ls.server.editor import Editor
    from devstral_ls.server.positions import Encoding
    from devstral_ls.server.run import RunRequest
    from devstral_ls.workspace.view import View

SEVERITIES = {1: "error", 2: "warning", 3: "information", 4: "hint"}


def selection(opened: OpenDocument, where: dict[str, Any], encoding: Encoding) -> Selection | None:
    """The selected text with its lines, or None when the range is empty.

    Lines are 1-based and inclusive; a range that ends at the start of a line does not contain that line.
    """
    start, end = where["start"], where["end"]
    if start == end:
        return None
    first, last = start["line"], end["line"]
    lines = opened.lines[first : last + 1]
    if not lines:
        return None
    if last - first < len(lines):
        final = lines[-1]
        cut = to_index(final, end["character"], encoding)
        lines[-1] = final if cut == len(final) - ending_length(final) and cut else final[:cut]
    offset = to_index(lines[0], start["character"], encoding)
    lines[0] = lines[0][offset:]
    text = "".join(lines)
    ends_before = end["character"] == 0 and last > first
    return Selection(text, first + 1, last if ends_before else min(last, len(opened.lines) - 1) + 1)


def without_cursor(opened: OpenDocument | None, where: dict[str, Any], encoding: Encoding) -> dict[str, Any]:
    """The range, empty where it holds no more than the character (or line end) that a block cursor covers.

    opened: None where the editor asks before it has sent the document, as Helix may at its start.
    """
    start, end = where["start"], where["end"]
    if opened is None:
        covered = start["line"] == end["line"] and end["character"] - start["character"] <= 1
    else:
        chosen = selection(opened, where, encoding)
        covered = chosen is not None and len(chosen.text.replace("\r\n", "\n")) == 1
    return {"start": start, "end": start} if covered else where


def problems(items: Sequence[dict[str, Any]], name: str) -> tuple[Problem, ...]:
    """LSP diagnostics as the model is told them."""
    found = []
    for item in items:
        line = item["range"]["start"]["line"] + 1 if item.get("range") else 1
        code = item.get("code")
        origin = " ".join(str(part) for part in (item.get("source"), code) if part not in (None, ""))
        severity = SEVERITIES.get(item.get("severity", 1), "error")
        found.append(Problem(name, line, severity, str(item["message"]), origin))
    return tuple(found)


def prompt_context(
    editor: Editor, view: View, request: RunRequest, instruction: str, notes: Sequence[str], *, first: bool
) -> PromptContext:
    """Everything the editor knows that the model needs for this request. first: of the session's messages."""
    target = request.target
    path = uri_to_path(target.uri) if target is not None else None
    path = canonical(path) if path is not None else None
    opened = editor.documents.get(target.uri) if target is not None else None
    name = view.show(path) if path is not None else None
    chosen = None
    notes = list(notes)
    if opened is not None and target is not None and target.range is not None and request.scope == "selection":
        chosen = selection(opened, target.range, editor.client.encoding)
        if chosen is None:
            notes.append(f"The cursor is on line {target.range['start']['line'] + 1}.")
    open_files = [view.show(document.path) for document in editor.documents.all()]
    return PromptContext(
        instruction=instruction,
        roots=tuple(str(root) for root in view.roots),
        file=None if request.scope == "workspace" else name,
        language=opened.language_id if opened is not None else None,
        selection=chosen,
        diagnostics=problems(request.diagnostics, name or "?"),
        open_files=tuple(sorted(item for item in open_files if item != name)),
        notes=notes,
        guidance=guidance(view) if first else "",
    )

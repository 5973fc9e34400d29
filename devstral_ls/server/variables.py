"""What the variables in the prompt of a user's action stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devstral_ls.agent.prompt import diagnostic_line
from devstral_ls.server.from_lsp import problems, selection
from devstral_ls.workspace.paths import canonical, uri_to_path

if TYPE_CHECKING:
    from devstral_ls.server.editor import Editor
    from devstral_ls.server.run import RunRequest


def values(editor: Editor, request: RunRequest) -> dict[str, str]:
    """A text for each variable; one in parentheses where there is nothing to name."""
    target = request.target
    assert target is not None
    opened = editor.documents.get(target.uri)
    path = uri_to_path(target.uri)
    name = editor.view(editor.roots(target)).show(canonical(path)) if path is not None else "(a text without a file)"
    chosen = None
    if opened is not None and target.range is not None:
        chosen = selection(opened, target.range, editor.client.encoding)
    return {
        "selection": chosen.text if chosen is not None else "(nothing is selected)",
        "file": name,
        "language": opened.language_id if opened is not None else "(unknown)",
        "diagnostics": "\n".join(map(diagnostic_line, problems(request.diagnostics, name))) or "(none)",
    }

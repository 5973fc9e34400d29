"""Information diagnostics where a pending proposal would change text, for those who see proposals in no other way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from devstral_ls.edits.diff import diff_lines
from devstral_ls.server.editor import Editor
from devstral_ls.server.progress import Connection
from devstral_ls.server.proposals import Proposal
from devstral_ls.server.to_lsp import hunk_range

SOURCE = "devstral-ls"
INFORMATION = 3


class ProposalDiagnostics:
    """Shows and takes back the marks; only for clients that can't be asked, and in propose mode."""

    def __init__(self, connection: Connection, editor: Editor) -> None:
        self._connection = connection
        self._editor = editor
        self._shown: set[str] = set()

    def show(self, pending: Sequence[Proposal]) -> None:
        """Mark every hunk of these proposals, and nothing else."""
        wanted = self._editor.client.preview == "actions" or self._editor.config.edits.mode == "propose"
        marks: dict[str, list[dict[str, Any]]] = {}
        for proposal in pending if wanted else ():
            for file in proposal.pending:
                if file.base is not None and file.staged is not None:
                    marks.setdefault(file.uri, []).extend(
                        {
                            "range": hunk_range(file.base, hunk, self._editor.client.encoding),
                            "severity": INFORMATION,
                            "source": SOURCE,
                            "message": "Devstral proposes a change here: the code actions apply, show or discard it.",
                        }
                        for hunk in diff_lines(file.base, file.staged)
                    )
        for uri in {*marks, *self._shown}:
            self._connection.notify("textDocument/publishDiagnostics", {"uri": uri, "diagnostics": marks.get(uri, [])})
        self._shown = set(marks)

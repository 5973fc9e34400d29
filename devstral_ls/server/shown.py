"""Information diagnostics where a pending proposal would change text, for those who see proposals in no other way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from devstral_ls.edits.diff import Hunk
from devstral_ls.edits.lines import split_lines
from devstral_ls.server.editor import Editor
from devstral_ls.server.placing import hunks_now
from devstral_ls.server.progress import Connection
from devstral_ls.server.proposals import Proposal
from devstral_ls.server.to_lsp import hunk_range

SOURCE = "devstral-ls"
INFORMATION = 3
PAUSE = 0.3
"""Seconds without a keystroke after which marks are put where the text is now."""

LINES_SHOWN = 12
"""Diff lines of a hunk in its mark's message."""


class ProposalDiagnostics:
    """Shows and takes back the marks; only for clients that can't be asked, in propose mode, and for inline review."""

    def __init__(self, connection: Connection, editor: Editor) -> None:
        self._connection = connection
        self._editor = editor
        self._shown: set[str] = set()
        self._soon: asyncio.TimerHandle | None = None

    def show_soon(self, pending: Callable[[], Sequence[Proposal]]) -> None:
        """Move the marks with the text, once typing pauses."""
        if self._shown:
            if self._soon is not None:
                self._soon.cancel()
            self._soon = asyncio.get_running_loop().call_later(PAUSE, lambda: self.show(pending()))

    def show(self, pending: Sequence[Proposal]) -> None:
        """Mark every hunk of these proposals, and nothing else."""
        edits = self._editor.config.edits
        wanted = self._editor.client.preview == "actions" or edits.mode == "propose" or edits.inline
        marks: dict[str, list[dict[str, Any]]] = {}
        for proposal in pending if wanted else ():
            for file in proposal.pending:
                now = self._editor.current(file.path).text
                for _, hunk in hunks_now(file, self._editor.current) if now is not None else ():
                    marks.setdefault(file.uri, []).append(
                        {
                            "range": hunk_range(now or "", hunk, self._editor.client.encoding),
                            "severity": INFORMATION,
                            "source": SOURCE,
                            "message": f"Devstral proposes; the code actions apply, show or discard it:\n"
                            f"{_diff(now or '', hunk)}",
                        }
                    )
        for uri in {*marks, *self._shown}:
            self._connection.notify("textDocument/publishDiagnostics", {"uri": uri, "diagnostics": marks.get(uri, [])})
        self._shown = set(marks)


def _diff(text: str, hunk: Hunk) -> str:
    """The hunk's lines, old and new, as many as a message can hold."""
    old = [f"-{line}" for line in split_lines(text)[hunk.old_start : hunk.old_end]]
    lines = [line.rstrip("\r\n") for line in [*old, *(f"+{line}" for line in hunk.new_lines)]]
    if len(lines) > LINES_SHOWN:
        lines[LINES_SHOWN:] = [f"... {len(lines) - LINES_SHOWN} more lines"]
    return "\n".join(lines)

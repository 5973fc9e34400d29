"""What the user is told outside of a run's progress: messages, log lines, and status for clients that opted in."""

from __future__ import annotations

from typing import Literal

from lsprotocol import types

from devstral_ls.server.described import describe
from devstral_ls.server.editor import Editor
from devstral_ls.server.proposals import Proposal
from devstral_ls.server.protocol import Protocol

Kind = Literal["error", "warning", "info"]
MESSAGE_TYPES = {"error": 1, "warning": 2, "info": 3}


class User:
    """The person at the editor. Nothing is said before the client is `initialized`."""

    def __init__(self, connection: Protocol, editor: Editor) -> None:
        self._connection = connection
        self._editor = editor

    def tell(self, kind: Kind, message: str) -> None:
        """Show one line."""
        if self._connection.initialized.is_set():
            params = {"type": MESSAGE_TYPES[kind], "message": message}
            self._connection.notify(types.WINDOW_SHOW_MESSAGE, params)

    def log(self, line: str) -> None:
        """One line for the client's log of this server."""
        if self._connection.initialized.is_set():
            self._connection.notify(types.WINDOW_LOG_MESSAGE, {"type": MESSAGE_TYPES["info"], "message": line})

    def status(self, *, busy: bool, message: str, healthy: bool) -> None:
        """Whether something goes on, and whether the model could be reached; opt-in."""
        if self._editor.client.stream:
            health = "ok" if healthy else "error"
            self._connection.notify("devstral/status", {"busy": busy, "message": message, "health": health})

    def proposal(self, proposal: Proposal) -> None:
        """A proposal is new, or something about it was decided, by whatever way; opt-in."""
        if self._editor.client.stream:
            self._connection.notify("devstral/proposal", {"sessionId": proposal.session_id, **describe(proposal)})

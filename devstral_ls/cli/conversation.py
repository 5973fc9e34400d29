"""One question to the agent, from a terminal: start a server, ask, watch the run, apply what it proposed.

    async with conversation(start_server(os.environ), root, settings) as talk:
        outcome = await talk.ask(Question(root, "rename x to y"), screen)
        await talk.apply(outcome)

Runs are asked to *propose* (never to apply), so that whether anything is written is decided here, after the user has
seen the diff.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from devstral_ls.cli.client import METHOD_NOT_FOUND, LanguageClient, RequestFailed
from devstral_ls.cli.editor import Editor, OpenDocument
from devstral_ls.cli.handshake import folder, initialize_params
from devstral_ls.cli.outcome import Outcome, Screen
from devstral_ls.cli.question import Question
from devstral_ls.cli.streams import USAGE, Stopped
from devstral_ls.cli.workspace_edit import utf16_length

CANCEL_PATIENCE = 3.0
"""Seconds a cancelled run gets to end by itself."""


@contextlib.asynccontextmanager
async def conversation(
    server: subprocess.Popen[bytes], root: Path, settings: Mapping[str, Any]
) -> AsyncIterator[Conversation]:
    """A conversation with a server that was just started, about the workspace `root`. On leaving, it is gone.

    `initialize` is on its way when this returns; what else is to be done meanwhile (imports!) can be done now.
    """
    talk = Conversation(root, settings)
    async with LanguageClient.over(server, talk.answer, talk.notice) as client:
        talk.attach(client)
        await asyncio.sleep(0)
        try:
            yield talk
        finally:
            await talk.detach()


class Conversation:
    """The client side of one server: its editor, its answers to the server's requests, the outcome so far."""

    def __init__(self, root: Path, settings: Mapping[str, Any]) -> None:
        self._root = root
        self._settings = settings
        self._client: LanguageClient | None = None
        self._ready: asyncio.Task[Any] | None = None
        self._screen: Screen | None = None
        self._outcome = Outcome()
        self._command = ""
        self.editor = Editor(root, self._notify)

    def attach(self, client: LanguageClient) -> None:
        self._client = client
        self._ready = asyncio.create_task(client.request("initialize", initialize_params(self._root, self._settings)))

    async def detach(self) -> None:
        if self._ready is not None:
            await _end([self._ready])

    async def ask(self, question: Question, screen: Screen) -> Outcome:
        """How the run ended. RequestFailed, ServerStopped; cancelled: the run is over when CancelledError goes on."""
        self._screen = screen
        assert self._ready is not None
        screen.phase("starting")
        await self._ready
        self._notify("initialized", {})
        result = await self._run(self._arguments(question))
        outcome = self._outcome
        outcome.session_id = result.get("sessionId", outcome.session_id)
        outcome.state = result.get("state", "failed")
        outcome.stop_reason = result.get("stopReason")
        outcome.message = result.get("message")
        outcome.text = result.get("text") or ""
        outcome.turns = result.get("turns") or outcome.turns
        outcome.proposal_id = result.get("proposalId") or outcome.proposal_id
        return outcome

    async def apply(self, outcome: Outcome, uris: Sequence[str] | None = None) -> str | None:
        """Writes what the run proposed, or these files of it, to disk; None, or why it could not be."""
        if outcome.proposal_id is None:
            return None
        which = {"uris": list(uris)} if uris is not None else {}
        result = await self.command("devstral.applyProposal", {"proposalId": outcome.proposal_id, **which})
        if isinstance(result, Mapping) and result.get("applied") and self.editor.refused is None:
            return None
        reason = result.get("failureReason") if isinstance(result, Mapping) else None
        return self.editor.refused or reason or "The server did not apply the edits."

    async def command(self, name: str, argument: Mapping[str, Any], **extra: Any) -> Any:
        assert self._client is not None
        params = {"command": name, "arguments": [argument], **extra}
        return await self._client.request("workspace/executeCommand", params)

    def _arguments(self, question: Question) -> dict[str, Any]:
        arguments: dict[str, Any] = {"prompt": question.prompt, "wait": True, "apply": "propose"}
        if question.images:
            arguments["images"] = list(question.images)
        if question.file is not None:
            document = self.editor.open(question.file)
            arguments["textDocument"] = {"uri": document.uri}
            if question.lines is not None:
                arguments["range"] = line_range(document, *question.lines)
        return arguments

    async def _run(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        running = asyncio.ensure_future(self.command("devstral.ask", arguments, workDoneToken="ask"))
        try:
            return await asyncio.shield(running) or {}
        except asyncio.CancelledError:
            assert self._screen is not None
            self._screen.phase("cancelling")
            session = {"sessionId": self._outcome.session_id} if self._outcome.session_id else {}
            cancelling = asyncio.ensure_future(self.command("devstral.cancel", session))
            await asyncio.wait([running, cancelling], timeout=CANCEL_PATIENCE)
            await _end([running, cancelling])
            raise

    def _notify(self, method: str, params: Any) -> None:
        assert self._client is not None
        self._client.notify(method, params)

    # -------------------------------------------------------------------------------------- what the server sends us

    async def answer(self, method: str, params: Any) -> Any:
        match method:
            case "workspace/applyEdit":
                return self.editor.apply(params)
            case "window/showMessageRequest":
                return await self._decide(params)
            case "workspace/configuration":
                return [dict(self._settings) for _ in params["items"]]
            case "workspace/workspaceFolders":
                return [folder(self._root)]
            case "window/showDocument":
                return {"success": False}
            case "window/workDoneProgress/create" | "client/registerCapability" | "client/unregisterCapability":
                return None
            case _ if method.endswith("/refresh"):
                return None
        raise RequestFailed(METHOD_NOT_FOUND, f"{method} is not supported by this client.")

    async def _decide(self, params: Mapping[str, Any]) -> Any:
        """Commands may run when the screen says so; any other question stays open (its proposal stays pending)."""
        titles = [action["title"] for action in params.get("actions") or []]
        if self._screen is None or "Run once" not in titles:
            self._say(params)
            return None
        command, self._command = self._command, ""
        if await self._screen.allow(params["message"], command):
            return {"title": "Run once"}
        self._outcome.denied.append(command or params["message"])
        return {"title": "Deny"} if "Deny" in titles else None

    def notice(self, method: str, params: Any) -> None:
        match method:
            case "devstral/sessionUpdate":
                self._update(params)
            case "$/progress" if self._screen is not None and params["token"] == "ask":
                if phase := params["value"].get("message") or params["value"].get("title"):
                    self._screen.phase(phase)
            case "window/showMessage":
                self._say(params)

    def _say(self, params: Mapping[str, Any]) -> None:
        if self._screen is not None and params.get("type", 4) <= 2:
            self._screen.notice(params["message"])

    def _update(self, params: Mapping[str, Any]) -> None:
        if self._screen is None:
            return
        if params["kind"] == "approval":
            # Code is none of the commands that a command line allows; its question says it all.
            self._command = params["command"] if params["language"] == "shell" else ""
        self._outcome.take(params, self._screen)


async def _end(tasks: list[asyncio.Task[Any]]) -> None:
    """Returns when none of the tasks goes on, whatever they came to."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def line_range(document: OpenDocument, first: int, last: int) -> dict[str, Any]:
    """The LSP range of whole lines `first` to `last` (1-based, inclusive), without the last one's ending.

    Lines after the last are left out; Stopped when that leaves none.
    """
    from devstral_ls.edits.lines import split_lines

    lines = split_lines(document.text)
    if first > len(lines):
        raise Stopped(USAGE, f"{document.path} has {len(lines)} lines; there is no line {first}.")
    last = min(last, len(lines))
    return {
        "start": {"line": first - 1, "character": 0},
        "end": {"line": last - 1, "character": utf16_length(lines[last - 1].rstrip("\r\n"))},
    }

"""Start a run with everything it reports to: progress, stream, transcript, and where its answer is shown."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from devstral_ls.agent.events import RunEnded
from devstral_ls.server.arguments import Arguments
from devstral_ls.server.editor import Editor
from devstral_ls.server.pages import Pages
from devstral_ls.server.progress import Progress
from devstral_ls.server.proposals import Proposal
from devstral_ls.server.protocol import Protocol
from devstral_ls.server.report import Report, save
from devstral_ls.server.run import Run, RunRequest
from devstral_ls.server.runs import Runs
from devstral_ls.server.sessions import Conversation
from devstral_ls.server.stream import Stream
from devstral_ls.server.user import Kind, User

ANSWER_SHOWN = 600
"""Characters of an answer that are shown as a message where no document can be opened."""

Spawn = Callable[[Coroutine[Any, Any, None], str], None]


class Launch:
    """Starts runs for commands.

    spawn: runs something in the background, under a name for the log. model: the name of the model asked.
    """

    def __init__(
        self,
        connection: Protocol,
        editor: Editor,
        runs: Runs,
        pages: Pages,
        user: User,
        spawn: Spawn,
        model: Callable[[], str | None],
    ) -> None:
        self._connection = connection
        self._editor = editor
        self._runs = runs
        self._pages = pages
        self._user = user
        self._spawn = spawn
        self._model = model

    def start(self, request: RunRequest, arguments: Arguments) -> Run:
        """Begin the run; with `wait` its task ends when the user has decided."""

        def make_report(conversation: Conversation) -> Report:
            conversation.transcript.asked(request.title, request.prompt, self._about(request))
            save(conversation.transcript)
            return self._report(conversation, arguments)

        return self._runs.start(request, arguments.session_id, make_report, wait=arguments.wait)

    def _report(self, conversation: Conversation, arguments: Arguments) -> Report:
        client = self._editor.client
        if arguments.wait and arguments.work_done_token is not None:
            progress = Progress(self._connection, arguments.work_done_token, created=True)
        else:
            token = f"devstral-{secrets.token_hex(6)}" if client.work_done_progress else None
            progress = Progress(self._connection, token, created=False)
        partial = arguments.partial_token if arguments.wait else None
        stream = Stream(self._connection, conversation.id, updates=client.stream, token=partial)

        def ended(state: str, result: RunEnded | None, proposal: Proposal | None) -> None:
            if not arguments.wait:
                self._spawn(self._show_answer(conversation, state, result, proposal), "show the answer")

        def tell(kind: Kind, message: str) -> None:
            if not arguments.wait:
                self._user.tell(kind, message)

        def grown() -> None:
            self._pages.refresh(conversation)

        return Report(progress, stream, conversation.transcript, self._user.log, tell, ended, grown, self._model)

    def _about(self, request: RunRequest) -> str:
        """The file a request is about, its lines where some are selected, and how many problems come with it."""
        target = request.target
        if target is None or request.scope == "workspace":
            return ""
        facts = [PurePosixPath(unquote(urlsplit(target.uri).path)).name or target.uri]
        if target.range is not None and request.scope == "selection":
            first, end = target.range["start"]["line"] + 1, target.range["end"]
            last = max(first, end["line"] + (end["character"] > 0))
            facts.append(f"line {first}" if first == last else f"lines {first}-{last}")
        facts += [" ".join(str(item["message"]).split()) for item in request.diagnostics]
        return ", ".join(facts[:2]) + "".join(f" · {fact}" for fact in facts[2:])

    async def _show_answer(
        self, conversation: Conversation, state: str, result: RunEnded | None, proposal: Proposal | None
    ) -> None:
        """Open the answer when it is prose; show it as a message where no document can be opened."""
        text = result.text.strip() if result is not None else ""
        if state != "finished" or proposal is not None or not text or not self._editor.config.transcript.open:
            return
        _, shown = await self._pages.show_answer(conversation, text)
        if not shown:
            more = f"… (all of it: {conversation.transcript.path})" if len(text) > ANSWER_SHOWN else ""
            self._user.tell("info", text[:ANSWER_SHOWN] + more)

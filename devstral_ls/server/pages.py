"""Text we show: transcripts and diffs, as files in the state folder or as `devstral:` documents where supported."""

from __future__ import annotations

import asyncio
import logging
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from devstral_ls.errors import RequestRefused
from devstral_ls.server.client import Client
from devstral_ls.server.editor import Target
from devstral_ls.server.outgoing import ClientError
from devstral_ls.server.placing import Read
from devstral_ls.server.proposals import Proposal, Proposals
from devstral_ls.server.proposed import side
from devstral_ls.server.protocol import Protocol
from devstral_ls.server.sessions import Conversation, Sessions
from devstral_ls.storage.transcript import write_private

log = logging.getLogger(__name__)

SCHEME = "devstral"
PROMPT_PAGE = "<!-- Write below what Devstral should do, then choose its code action. This line is left out. -->\n\n"
REFRESH = 0.5
"""Seconds between two refreshes of an open transcript."""


class Pages:
    """Shows documents of ours in the editor. read: reads a file as it is now."""

    def __init__(
        self,
        connection: Protocol,
        client: Client,
        sessions: Sessions,
        proposals: Proposals,
        state: Path,
        read: Read,
    ) -> None:
        self._connection = connection
        self.client = client
        self._sessions = sessions
        self._proposals = proposals
        self._state = state
        self._read = read
        self.prompts: dict[str, Target | None] = {}
        """Documents to write a prompt into, by URI, and what each prompt is about."""
        self._seen: set[str] = set()
        self._refreshing: dict[str, asyncio.TimerHandle] = {}

    async def show_transcript(self, conversation: Conversation) -> tuple[str, bool]:
        """Open a session's record; (its URI, whether the editor says it is shown)."""
        if self.client.text_document_content:
            return await self._show(transcript_uri(conversation.id))
        return await self._show(conversation.transcript.save().as_uri())

    async def show_answer(self, conversation: Conversation, answer: str) -> tuple[str, bool]:
        """Open the newest answer; (its URI, whether the editor says it is shown).

        In a file of its own: editors don't load a growing file anew, and open it at its top. A virtual document is
        loaded anew, and shown where the newest question stands.
        """
        if self.client.text_document_content:
            return await self._show(transcript_uri(conversation.id), line=conversation.transcript.question_line)
        transcript = conversation.transcript
        path = self._state / "answers" / f"{secrets.token_hex(4)}.md"
        record = f"[The whole session]({transcript.path.as_uri()})"
        write_private(path, f"{transcript.question}\n{answer}\n\n{record}\n")
        return await self._show(path.as_uri())

    async def show_diff(self, proposal: Proposal) -> tuple[str, bool]:
        """Open what is pending of a proposal as a unified diff; (its URI, whether the editor says it is shown)."""
        if self.client.text_document_content:
            return await self._show(f"{SCHEME}:/proposals/{proposal.id}.diff")
        path = self._state / "proposals" / f"{proposal.id}.diff"
        write_private(path, proposal.diff())
        return await self._show(path.as_uri())

    async def show_prompt(self, target: Target | None) -> bool:
        """Open a document to write a prompt into, whose code action asks it; whether the editor says it is shown."""
        if not self.client.show_document:
            return False
        path = self._state / "prompts" / f"{secrets.token_hex(4)}.md"
        write_private(path, PROMPT_PAGE)
        self.prompts[path.as_uri()] = target
        _, shown = await self._show(path.as_uri(), focus=True)
        return shown

    async def _show(self, uri: str, *, focus: bool = False, line: int = 0) -> tuple[str, bool]:
        if not self.client.show_document:
            return uri, False
        params: dict[str, Any] = {"uri": uri, "external": False, "takeFocus": focus}
        if line:
            place = {"line": line, "character": 0}
            params["selection"] = {"start": place, "end": place}
        try:
            answer = await self._connection.ask("window/showDocument", params, timeout=10)
        except ClientError as error:
            log.info("the editor did not show %s: %s", uri, error)
            return uri, False
        return uri, isinstance(answer, dict) and answer.get("success") is True

    def content(self, uri: str) -> dict[str, Any]:
        """`workspace/textDocumentContent`: the text of one of our documents."""
        parts = unquote(urlsplit(uri).path).strip("/").split("/")
        match parts:
            case ["sessions", name]:
                self._seen.add(uri)
                return {"text": self._sessions.get(name.removesuffix(".md")).transcript.text}
            case ["proposals", name]:
                proposal = self._proposals.get(name.removesuffix(".diff"))
                if proposal is not None:
                    return {"text": proposal.diff()}
            case ["proposals", name, which, *path]:
                proposal = self._proposals.get(name)
                text = side(proposal, which, "/".join(path), self._read) if proposal is not None else None
                if text is not None:
                    return {"text": text}
        raise RequestRefused(f"There is no document {uri}.")

    def refresh(self, conversation: Conversation) -> None:
        """Tell the editor that an open transcript has grown, at most twice a second."""
        uri = transcript_uri(conversation.id)
        if uri in self._seen and uri not in self._refreshing:
            loop = asyncio.get_running_loop()
            self._refreshing[uri] = loop.call_later(REFRESH, self._send_refresh, uri)

    def _send_refresh(self, uri: str) -> None:
        self._refreshing.pop(uri, None)
        task = asyncio.ensure_future(
            self._connection.ask("workspace/textDocumentContent/refresh", {"uri": uri}, timeout=10)
        )
        task.add_done_callback(_log_refusal)


def prompt_of(text: str) -> str:
    """What the user wrote into a prompt document."""
    return text.replace(PROMPT_PAGE.strip(), "").strip()


def transcript_uri(session_id: str) -> str:
    return f"{SCHEME}:/sessions/{session_id}.md"


def _log_refusal(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.info("a refresh was refused: %s", error)

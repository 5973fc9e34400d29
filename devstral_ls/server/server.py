"""The server object: everything of one connection, and the list of every message it serves.

A client talks to `Protocol`; what it asks for is done by the parts below, each of which holds one thing: the editor's
state, the sessions, the proposals under review, the runs going on, the model. This is where they meet.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types
from lsprotocol.converters import get_converter
from pygls.lsp.server import LanguageServer

from devstral_ls import __version__
from devstral_ls.config_layers import Layer
from devstral_ls.errors import RequestRefused
from devstral_ls.llm.openai_backend import preload
from devstral_ls.llm.record import Folder
from devstral_ls.server import code_actions, commands, comments, lenses, proposal_actions
from devstral_ls.server.arguments import Arguments
from devstral_ls.server.background import Background
from devstral_ls.server.capabilities import server_capabilities
from devstral_ls.server.decisions import Decisions
from devstral_ls.server.dialogs import Dialogs
from devstral_ls.server.documents import OpenDocument
from devstral_ls.server.editor import Editor, Target, workspace_folders
from devstral_ls.server.execution import Execution
from devstral_ls.server.from_lsp import without_cursor
from devstral_ls.server.instructed import Forethought
from devstral_ls.server.launch import Launch
from devstral_ls.server.model import Model
from devstral_ls.server.pages import Pages
from devstral_ls.server.parent import watch_parent
from devstral_ls.server.proposals import Proposal, Proposals
from devstral_ls.server.protocol import Protocol
from devstral_ls.server.review import Review
from devstral_ls.server.runs import Runs
from devstral_ls.server.sessions import Sessions
from devstral_ls.server.settings import Settings
from devstral_ls.server.shown import ProposalDiagnostics
from devstral_ls.server.user import User
from devstral_ls.server.work import Work
from devstral_ls.storage.approvals import Approvals
from devstral_ls.storage.checks import CheckAnswers
from devstral_ls.storage.transcript import state_folder
from devstral_ls.workspace.paths import canonical, uri_to_path
from devstral_ls.workspace.watcher import Watcher

log = logging.getLogger(__name__)


class DevstralServer(LanguageServer):
    """One connection's server.

    layers: settings below the editor's (the user's file, the environment). recordings: where every exchange with the
    model is recorded.
    """

    protocol: Protocol

    def __init__(self, layers: Sequence[Layer] = (), recordings: Folder | None = None) -> None:
        super().__init__(
            "devstral-ls",
            __version__,
            types.TextDocumentSyncKind.Incremental,
            protocol_cls=Protocol,
            converter_factory=get_converter,
        )
        state = state_folder(os.environ)
        self._background = Background()
        self.editor = Editor()
        self.user = User(self.protocol, self.editor)
        self.sessions = Sessions(state)
        self.model = Model(lambda: self.editor.config.llm, recordings)
        self.dialogs = Dialogs(self.protocol)
        proposals = Proposals()
        self.review = Review(self.editor.client, self.dialogs, proposals, self.editor.current, self._show_diff)
        self.pages = Pages(self.protocol, self.editor.client, self.sessions, proposals, state, self.editor.current)
        self.settings = Settings(self.protocol, self.editor, layers, self.user)
        self.approvals = Approvals(state)
        self.checks = CheckAnswers(state)
        self.execution = Execution(
            lambda: self.editor.config.execution, lambda: self.editor.config.check, self.approvals, self.checks
        )
        work = Work(self.editor, self.model, self.review, self.dialogs, self.execution)
        self.runs = Runs(self.sessions, work, self.settings.wait_until_known)
        self.runs.on_busy = self._send_status
        self.launch = Launch(
            self.protocol,
            self.editor,
            self.runs,
            self.pages,
            self.user,
            self._background.spawn,
            lambda: self.model.name,
        )
        self._marks = ProposalDiagnostics(self.protocol, self.editor)
        self._watcher = Watcher(self._disk_changed)
        self._decisions = Decisions(self.sessions, self.pages.refresh)
        self._forethought = Forethought(self.editor.documents, self._background.spawn)
        self._parent_gone: Callable[[], None] = _nothing
        proposals.on_update = self._proposal_changed
        self.editor.documents.on_change = self._document_changed

        # Every message served here; documents, folders, progress and the lifecycle are in Protocol. pygls' decorator
        # writes attributes on functions, which bound methods don't have.
        self.protocol.fm.features.update(
            {
                types.TEXT_DOCUMENT_CODE_ACTION: self.code_action,
                types.CODE_ACTION_RESOLVE: self.resolve_code_action,
                types.TEXT_DOCUMENT_CODE_LENS: self.code_lens,
                types.TEXT_DOCUMENT_DID_SAVE: self.did_save,
                types.WORKSPACE_DID_CHANGE_CONFIGURATION: self.settings.changed,
                types.WORKSPACE_DID_CHANGE_WATCHED_FILES: self.did_change_watched_files,
                types.WORKSPACE_TEXT_DOCUMENT_CONTENT: self.text_document_content,
            }
        )

    # ------------------------------------------------------------------------------------------------ lifecycle

    def initialize(self, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `initialize`. params: plain JSON, as the client sent it."""
        client = self.settings.take_client(params)
        self.review.client = self.pages.client = client
        self.editor.documents.encoding = client.encoding
        self.editor.folders = workspace_folders(params)
        watch_parent(params.get("processId"), lambda: self._parent_gone())
        return {
            "capabilities": server_capabilities(client),
            "serverInfo": {"name": self.name, "version": self.version},
        }

    def after_initialized(self) -> None:
        self._background.spawn(self.settings.fetch(), "settings")
        self._background.spawn(_warm_up(), "warm up")

    async def close(self) -> None:
        """End runs, reviews and connections; called once, at shutdown or when the client is gone."""
        await self.runs.close()
        await self._background.close()
        self._watcher.close()
        self._forethought.close()
        await self.model.close()
        await asyncio.to_thread(self.execution.close)

    def on_parent_gone(self, leave: Callable[[], None]) -> None:
        """Call `leave` when the process that started us is gone."""
        self._parent_gone = leave

    # -------------------------------------------------------------------------------------- documents and folders

    def did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        self.editor.last_touched = params.text_document.uri
        self.editor.documents.open(params.text_document)

    def did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        document = params.text_document
        self.editor.last_touched = document.uri
        self.editor.documents.change(document.uri, document.version, params.content_changes)

    def did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        if self.editor.last_touched == params.text_document.uri:
            self.editor.last_touched = None
        self.editor.documents.close(params.text_document.uri)

    def did_save(self, params: types.DidSaveTextDocumentParams) -> None:
        """Nothing to do: what is saved is what was sent. Announced so that clients with only save sync stay happy."""

    def did_change_watched_files(self, params: types.DidChangeWatchedFilesParams) -> None:
        for change in params.changes:
            path = uri_to_path(change.uri)
            if path is not None:
                self._disk_changed(canonical(path))

    def did_change_folders(self, params: types.DidChangeWorkspaceFoldersParams) -> None:
        for removed in params.event.removed:
            path = uri_to_path(removed.uri)
            if path is not None and (folder := canonical(path)) in self.editor.folders:
                self.editor.folders.remove(folder)
                self.runs.cancel_folder(folder)
        for added in params.event.added:
            path = uri_to_path(added.uri)
            if path is not None and (folder := canonical(path)) not in self.editor.folders:
                self.editor.folders.append(folder)

    def _document_changed(self, opened: OpenDocument) -> None:
        self._forethought.changed(opened.uri)
        path = opened.path
        if path is not None and self.review.interested(path):
            self.review.observe(path, opened.text, opened.version)
            self._marks.show_soon(self.review.proposals.pending)

    def _disk_changed(self, path: Path) -> None:
        if self.review.interested(path) and self.editor.documents.at(path) is None:
            self.review.observe(path, self.editor.current(path).text)

    def _proposal_changed(self, proposal: Proposal) -> None:
        self._decisions.note(proposal)
        self.user.proposal(proposal)
        self._marks.show(self.review.proposals.pending())
        if self.editor.config.edits.inline and self.editor.client.code_lens_refresh:
            self._background.spawn(
                self.protocol.ask(types.WORKSPACE_CODE_LENS_REFRESH, None, timeout=10), "refresh the lenses"
            )
        for file in proposal.files:
            if file.decision is None and file.path.parent.is_dir():
                self._watcher.watch(file.path)
            else:
                self._watcher.unwatch(file.path)

    # ------------------------------------------------------------------------------------------ actions, commands

    def code_action(self, params: types.CodeActionParams) -> list[dict[str, Any]]:
        uri = params.text_document.uri
        opened = self.editor.documents.get(uri)
        where: dict[str, Any] = self.protocol.plain(params.range)
        if self.editor.client.cursor_selects:
            where = without_cursor(opened, where, self.editor.client.encoding)
        self.editor.last_target = Target(uri, where)
        context: dict[str, Any] = self.protocol.plain(params.context)
        return code_actions.actions(opened, uri, where, context, self._surroundings())

    def code_lens(self, params: types.CodeLensParams) -> list[dict[str, Any]]:
        if not self.editor.config.edits.inline:
            return []
        opened = self.editor.documents.get(params.text_document.uri)
        return lenses.lenses(opened, self.review.proposals.pending(), self.editor.current)

    def resolve_code_action(self, params: types.CodeAction) -> dict[str, Any]:
        pending = self.review.proposals.pending()
        return proposal_actions.resolve(self.protocol.plain(params), pending, self.editor.client, self.editor.current)

    def _surroundings(self) -> code_actions.Surroundings:
        return code_actions.Surroundings(
            client=self.editor.client,
            running=[(run.conversation.id, run.request.title) for run in self.runs.going()],
            prompts=self.pages.prompts,
            proposals=self.review.proposals.pending(),
            read=self.editor.current,
            user_actions=self.editor.config.user.actions,
        )

    async def execute(self, params: Any) -> Any:
        return await commands.execute(self, params)

    def text_document_content(self, params: types.TextDocumentContentParams) -> dict[str, Any]:
        return self.pages.content(params.uri)

    def target(self, arguments: Arguments, *, needed: bool) -> Target | None:
        """What a command is about: what it names, else where the editor last was."""
        if arguments.uri is not None:
            self.editor.last_target = Target(arguments.uri, arguments.range)
            return self.editor.last_target
        place = self.editor.place()
        if needed and place is None:
            raise RequestRefused("Put the cursor into a file and open the code actions first, or name a textDocument.")
        return place

    def cancel_progress(self, token: str | int) -> None:
        self.runs.cancel_token(token)

    # --------------------------------------------------------------------------------------------- to the user

    async def _show_diff(self, proposal: Proposal) -> None:
        uri, shown = await self.pages.show_diff(proposal)
        if not shown:
            self.user.tell("info", f"The diff is at {uri}")

    def _send_status(self) -> None:
        going = self.runs.going()
        message = going[-1].request.title if going else (self.model.problem or "")
        self.user.status(busy=bool(going), message=message, healthy=self.model.problem is None)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """pygls pops errors up; ours go to the log, for the user sees only what the user can act on."""
        log.error("%s: %s", getattr(source, "__name__", source), error)


async def _warm_up() -> None:
    """Load the model's SDK while the user is still typing, then let the garbage collector look at what comes after."""
    try:
        await asyncio.to_thread(preload)
        await asyncio.to_thread(comments.preload)
    finally:
        gc.freeze()
        gc.enable()


def _nothing() -> None:
    """Until a transport is connected there is nothing to leave."""

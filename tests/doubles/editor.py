"""A strict fake editor: keeps buffers, really applies workspace edits, and refuses what a strict editor refuses.

A `Personality` says what the editor can do and how it behaves; see `personalities`.
"""

from __future__ import annotations

import asyncio
import re
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.doubles.applier import EditError, apply_text_edits
from tests.doubles.personalities import (
    ALL,
    BARE,
    COLUMNS,
    EGLOT,
    HELIX,
    KATE,
    LSP4IJ,
    NEOVIM,
    SUBLIME,
    VS_CODE,
    ZED,
    Personality,
    behaving,
)
from tests.doubles.raw import ServerProcess, serve
from tests.doubles.rebasing import apply_rebased

__all__ = [
    "ALL", "BARE", "COLUMNS", "EGLOT", "HELIX", "KATE", "LSP4IJ", "NEOVIM", "SUBLIME", "VS_CODE", "ZED", "Buffer",
    "FakeEditor", "Personality", "behaving", "editing", "load", "to_path",
]  # fmt: skip


@dataclass
class Buffer:
    text: str
    version: int = 1
    language: str = "python"
    older: dict[int, str] = field(default_factory=dict)
    """Its text at every earlier version."""


class FakeEditor:
    """One editor with a server. `buffers` by URI is what the user sees; disk files are opened when an edit needs it."""

    def __init__(self, server: ServerProcess, personality: Personality, folders: list[Path]) -> None:
        self.server = server
        self.personality = personality
        self.folders = folders
        self.buffers: dict[str, Buffer] = {}
        self.messages: list[tuple[int, str]] = []
        self.questions: list[dict[str, Any]] = []
        self.edits: list[dict[str, Any]] = []
        self.shown: list[str] = []
        self.progress: dict[Any, list[dict[str, Any]]] = {}
        self.log: list[str] = []
        self.diagnostics: dict[str, list[dict[str, Any]]] = {}
        self.updates: list[dict[str, Any]] = []
        self.refreshed: list[str] = []
        self.wrote: dict[Path, bytes | None] = {}
        """What this editor itself wrote to disk; None where it deleted."""
        self.before_apply: Callable[[], None] | None = None
        """What the user does between the question and the edit."""
        self.in_preview: Callable[[dict[str, Any]], None] | None = None
        """What the user unticks in the editor's own preview: takes it out of the edit."""
        self.instead: Callable[[dict[str, Any]], Any] | None = None
        """Deals with an applyEdit in place of the personality."""
        self.settings = personality.settings
        self.silent: set[str] = set()
        """Requests it never answers."""
        self.undecided = False
        """Whether its user leaves questions open, until `answer`."""
        self.waiting: dict[int | str, dict[str, Any]] = {}
        """Questions now open, by the request's id."""
        self.withdrawn: list[int | str] = []
        """Requests the server took back."""
        self.tokens: list[Any] = []
        """Progress tokens, the server's and its own."""
        self.busy = False
        """Whether its user never pauses."""
        self._unsent: dict[str, list[dict[str, Any]]] = {}
        self._commanded = -1e9
        self.encoding = "utf-16"
        server.on_message = self._take

    # ----------------------------------------------------------------------------------------------- the user

    def open(self, path: Path, language: str = "python", text: str | None = None) -> str:
        """Open a file (or type a text nobody saved); its URI."""
        uri = path.as_uri()
        content = load(path) if text is None else text
        self.buffers[uri] = Buffer(content, 1, language)
        item = {"uri": uri, "languageId": language, "version": 1, "text": content}
        self.server.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    def type(self, uri: str, text: str) -> None:
        """Replace a buffer's whole text."""
        buffer = self.buffers[uri]
        buffer.older[buffer.version] = buffer.text
        buffer.text, buffer.version = text, buffer.version + 1
        self._unsent.setdefault(uri, []).append({"text": text})
        if not self.personality.tells_late:
            self.tell()
        elif not self.busy:
            asyncio.get_running_loop().call_later(PAUSE, self.tell)

    def tell(self) -> None:
        """Tell the server of all changes it does not know yet."""
        for uri, changes in self._unsent.items():
            document = {"uri": uri, "version": self.buffers[uri].version}
            self.server.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
        self._unsent.clear()

    def forget_between(self, uri: str) -> None:
        """Take the changes it has not told yet for one."""
        self._unsent[uri] = self._unsent[uri][-1:]

    def close(self, uri: str) -> None:
        self.tell()
        del self.buffers[uri]
        self.server.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    async def command(self, name: str, *arguments: Any) -> Any:
        return await self._execute(name, list(arguments))

    async def _execute(self, name: str, arguments: Any) -> Any:
        self.tell()
        params = {"command": name, "arguments": arguments}
        if self.personality.sends_token:
            params["workDoneToken"] = f"${self.personality.name}-{len(self.tokens)}"
            self.tokens.append(params["workDoneToken"])
        self._commanded = asyncio.get_running_loop().time()
        return await self.server.call("workspace/executeCommand", params)

    def answer(self, title: str | None) -> None:
        """Answer the newest question that was left open; None closes it."""
        number = list(self.waiting)[-1]
        self.waiting.pop(number)
        result = {"title": title} if title is not None else self.personality.closes
        self.server.send({"jsonrpc": "2.0", "id": number, "result": result})

    async def actions(self, uri: str, first: int, last: int | None = None, **context: Any) -> list[dict[str, Any]]:
        self.tell()
        end = {"line": last, "character": 0} if last is not None else {"line": first, "character": 0}
        where = {"start": {"line": first, "character": 0}, "end": end}
        params = {"textDocument": {"uri": uri}, "range": where, "context": {"diagnostics": [], **context}}
        result: list[dict[str, Any]] = await self.server.call("textDocument/codeAction", params)
        return result

    async def choose(self, actions: list[dict[str, Any]], title: str) -> Any:
        """Run the action whose title contains `title`, as editors do: resolve, edit, command."""
        action = next(item for item in actions if title in item["title"])
        if self.personality.resolves and "edit" not in action and "data" in action:
            action = await self.server.call("codeAction/resolve", action)
        if "edit" in action:
            self.apply(action["edit"])
        command = action.get("command")
        if isinstance(command, str):
            command = action
        if command is not None:
            return await self._execute(command["command"], command.get("arguments"))
        return None

    async def run_ends(self, count: int = 1) -> None:
        """Until `count` progresses have ended (of a personality that shows progress)."""
        await self.server.until(lambda _: self.ended() >= count)

    def ended(self) -> int:
        return sum(1 for values in self.progress.values() if values[-1]["kind"] == "end")

    async def settles(self, condition: Callable[[], bool]) -> None:
        """Until something is true of this editor; looked at after every message."""
        if not condition():
            await self.server.until(lambda _: condition())

    # --------------------------------------------------------------------------------------------- the machine

    def _take(self, message: dict[str, Any]) -> None:
        method: str | None = message.get("method")
        params: Any = message.get("params")
        if method is None:
            return
        if method == "$/cancelRequest":
            self.withdrawn.append(params["id"])
            if not self.personality.one_popup:
                self.waiting.pop(params["id"], None)
            return
        if "id" in message:
            if method == "window/showMessageRequest" and self.undecided:
                self.questions.append(params)
                if self.personality.one_popup:
                    self.waiting.clear()
                self.waiting[message["id"]] = params
                return
            answer = self._answer(method, params)
            if answer is not NO_ANSWER:
                self.server.send({"jsonrpc": "2.0", "id": message["id"], "result": answer})
            return
        if method == "$/progress":
            token = str(params["token"]) if self.personality.string_tokens else params["token"]
            self.progress.setdefault(token, []).append(params["value"])
        elif method == "window/showMessage":
            self.messages.append((params["type"], params["message"]))
        elif method == "window/logMessage":
            self.log.append(params["message"])
        elif method == "textDocument/publishDiagnostics":
            self.diagnostics[params["uri"]] = params["diagnostics"]
        elif method == "devstral/sessionUpdate":
            self.updates.append(params)

    def _answer(self, method: str, params: Any) -> Any:
        if method in self.silent:
            return NO_ANSWER
        if method == "workspace/configuration":
            return [self.settings for _ in params["items"]]
        if method == "window/showMessageRequest":
            self.questions.append(params)
            titles = [action["title"] for action in params["actions"]]
            picked = next((title for title in self.personality.picks if title in titles), None)
            return {"title": picked} if picked is not None else self.personality.closes
        if method == "workspace/applyEdit":
            self.edits.append(params["edit"])
            if self.before_apply is not None:
                self.before_apply()
            if self.in_preview is not None:
                self.in_preview(params["edit"])
            return self._apply_edit(params["edit"]) if self.instead is None else self.instead(params["edit"])
        if method == "window/showDocument":
            self.shown.append(params["uri"])
            return {"success": True} if self.personality.shows else NO_ANSWER
        if method == "workspace/textDocumentContent/refresh":
            self.refreshed.append(params["uri"])
            return None
        if method == "window/workDoneProgress/create":
            self.tokens.append(params["token"])
            return None
        if method == "client/registerCapability":
            return None
        raise AssertionError(f"the server asked for {method}")

    def _apply_edit(self, edit: dict[str, Any]) -> Any:
        how, patience = self.personality.applies, self.personality.accepts_for
        if patience is not None and asyncio.get_running_loop().time() > self._commanded + patience:
            return {"applied": False, "failureReason": ""}
        try:
            if how not in ("declines", "refuses"):
                self.apply(edit)
        except EditError as error:
            return {"applied": how == "always true", "failureReason": str(error)}
        if how == "never":
            return NO_ANSWER
        if how in ("truth", "always true", "refuses"):
            return {"applied": how != "refuses"}
        return {} if how == "{}" else None

    def apply(self, edit: dict[str, Any]) -> None:
        """Apply a workspace edit as strictly as the specification allows, all or nothing unless this editor does less.

        Raises EditError for what it refuses.
        """
        can = (self.personality.capabilities.get("workspace") or {}).get("workspaceEdit", {})
        annotations = edit.get("changeAnnotations", {})
        assert "changeAnnotations" not in edit or "changeAnnotationSupport" in can, "it never said it knows those"
        operations = edit.get("documentChanges")
        if operations is None:
            operations = [
                {"textDocument": {"uri": uri, "version": None}, "edits": edits}
                for uri, edits in edit["changes"].items()
            ]
        texts = {uri: buffer.text for uri, buffer in self.buffers.items()}
        moved: dict[str, str | None] = {}
        try:
            for number, operation in enumerate(operations):
                kind = operation.get("kind")
                assert kind is None or kind in can.get("resourceOperations", ()), f"it never said it can {kind}"
                if kind == "create":
                    self._create(operation, texts)
                elif kind == "rename":
                    moved[operation["oldUri"]] = operation["newUri"]
                elif kind == "delete":
                    if to_path(operation["uri"]).exists():
                        moved[operation["uri"]] = None
                    else:
                        assert operation["options"]["ignoreIfNotExists"], f"{operation['uri']} is not there"
                else:
                    self._edit(operation, texts, annotations, first=number == 0)
        except EditError:
            if self.personality.stale == "stops":
                self._take_over(texts, moved)
            raise
        self._take_over(texts, moved)

    def _take_over(self, texts: dict[str, str], moved: dict[str, str | None]) -> None:
        """Make these the texts of buffers, or of files where none is open; then move and delete files."""
        for uri, text in texts.items():
            if uri not in self.buffers:
                self._write(to_path(uri), text.encode())
            elif self.buffers[uri].text != text:
                self.type(uri, text)
        for old, new in moved.items():
            path = to_path(old)
            if new is not None:
                self._write(to_path(new), path.read_bytes())
            path.unlink()
            self.wrote[path] = None

    def save(self, uri: str) -> None:
        """Write a buffer to disk, as its user does."""
        self.tell()
        self._write(to_path(uri), self.buffers[uri].text.encode())
        self.server.notify("textDocument/didSave", {"textDocument": {"uri": uri}})

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.read_bytes().startswith(BOM_UTF8):
            content = BOM_UTF8 + content
        path.write_bytes(content)
        self.wrote[path] = content

    def _create(self, operation: dict[str, Any], texts: dict[str, str]) -> None:
        options, uri = operation["options"], operation["uri"]
        assert options["overwrite"] is False
        if to_path(uri).exists() and not options.get("ignoreIfExists"):
            if not self.personality.clears:
                raise EditError("the file exists")
            texts[uri] = self.personality.empty
        texts.setdefault(uri, load(to_path(uri)) if to_path(uri).exists() else self.personality.empty)

    def _edit(
        self, operation: dict[str, Any], texts: dict[str, str], annotations: dict[str, Any], *, first: bool
    ) -> None:
        uri = operation["textDocument"]["uri"]
        assert "version" in operation["textDocument"], "an absent version crashes Neovim"
        version = operation["textDocument"]["version"]
        buffer = self.buffers.get(uri)
        stale = buffer is not None and version is not None and version != buffer.version
        how = self.personality.stale
        if stale and how in ("refuses", "stops"):
            raise EditError(f"stale: version {version} of {buffer.version if buffer else None}")
        if stale and how == "skips the first" and first:
            return
        if uri not in texts:
            # Editing a file that is not there makes one, in editors that can't be told to.
            texts[uri] = load(to_path(uri)) if to_path(uri).exists() else self.personality.empty
        names = [item["annotationId"] for item in operation["edits"] if "annotationId" in item]
        assert set(names) <= set(annotations), "an annotation that is not there fails in Neovim"
        # A preview opens with the edits that need confirmation unticked; its user just presses Apply.
        ticked = [
            item
            for item in operation["edits"]
            if not self.personality.previews
            or "annotationId" not in item
            or not annotations[item["annotationId"]].get("needsConfirmation")
        ]
        if stale and how == "rebases" and buffer is not None:
            since = [text for number, text in sorted(buffer.older.items()) if number >= version]
            texts[uri] = apply_rebased([*since, texts[uri]], ticked, self.encoding)
        else:
            texts[uri] = apply_text_edits(texts[uri], ticked, self.encoding)


NO_ANSWER = object()
PAUSE = 0.05
"""Seconds after which an editor that tells late takes its user for idle; Eglot's are 0.5."""


def load(path: Path) -> str:
    """A file's text as an editor holds it: without its byte order mark, which stays in the file."""
    return path.read_bytes().removeprefix(BOM_UTF8).decode()


def to_path(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path))


@asynccontextmanager
async def editing(
    personality: Personality,
    folder: Path | list[Path],
    home: Path,
    env: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    kind: type[FakeEditor] = FakeEditor,
    **options: Any,
) -> AsyncIterator[FakeEditor]:
    """An editor with a server that has been greeted.

    arguments: for `devstral-ls serve`. options: added to initializationOptions.
    """
    folders = folder if isinstance(folder, list) else [folder]
    async with serve(home, env, *arguments) as server:
        editor = kind(server, personality, folders)
        result = await server.call(
            "initialize",
            {
                "processId": None,
                "clientInfo": {"name": personality.name, "version": personality.version},
                "capabilities": personality.capabilities,
                "initializationOptions": {**personality.options, **options},
                "rootUri": folders[0].as_uri() if folders else None,
                "workspaceFolders": [{"uri": item.as_uri(), "name": item.name} for item in folders],
            },
        )
        editor.encoding = result["capabilities"]["positionEncoding"]
        server.notify("initialized", {})
        yield editor
        for values in editor.progress.values():
            assert re.fullmatch("(begin(report)*(end)?)?", "".join(value.get("kind", "") for value in values))
        if server.process.returncode is not None:
            return  # the test has seen it leave
        try:
            assert await server.leave() == 0, server.stderr.decode()
        except asyncio.IncompleteReadError as error:  # pragma: no cover - the message says what went wrong
            raise AssertionError(server.stderr.decode()) from error

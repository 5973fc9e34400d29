"""A strict fake editor: keeps buffers, really applies workspace edits, and refuses what a strict editor refuses.

A `Personality` says what the editor can do and how it behaves; the ones at the end follow real editors.
"""

from __future__ import annotations

import asyncio
import re
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.doubles.applier import EditError, apply_text_edits
from tests.doubles.raw import ServerProcess, serve

Answer = dict[str, Any] | None


@dataclass(frozen=True)
class Personality:
    """capabilities: as sent. applies: how it answers applyEdit: "truth", "always true", "{}" or "never" after applying,
    "declines" (null) or "refuses" (false) without. picks: titles it picks from messages, in order of preference; none
    of them: no answer (null).
    """

    name: str
    version: str
    capabilities: dict[str, Any]
    applies: str = "truth"
    picks: tuple[str, ...] = ("Apply", "Run once")
    settings: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    resolves: bool = True
    empty: str = ""
    """What a new document holds: in Neovim a line that ends."""


@dataclass
class Buffer:
    text: str
    version: int = 1
    language: str = "python"


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
        buffer.text, buffer.version = text, buffer.version + 1
        identifier = {"uri": uri, "version": buffer.version}
        self.server.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": [{"text": text}]})

    def close(self, uri: str) -> None:
        del self.buffers[uri]
        self.server.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    async def command(self, name: str, *arguments: Any) -> Any:
        return await self.server.call("workspace/executeCommand", {"command": name, "arguments": list(arguments)})

    async def actions(self, uri: str, first: int, last: int | None = None, **context: Any) -> list[dict[str, Any]]:
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
            return await self.server.call(
                "workspace/executeCommand", {"command": command["command"], "arguments": command.get("arguments")}
            )
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
        if "id" in message:
            answer = self._answer(method, params)
            if answer is not NO_ANSWER:
                self.server.send({"jsonrpc": "2.0", "id": message["id"], "result": answer})
            return
        if method == "$/progress":
            value = params["value"]
            self.progress.setdefault(params["token"], []).append(value)
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
            return {"title": picked} if picked is not None else None
        if method == "workspace/applyEdit":
            self.edits.append(params["edit"])
            if self.before_apply is not None:
                self.before_apply()
            if self.in_preview is not None:
                self.in_preview(params["edit"])
            return self._apply_edit(params["edit"]) if self.instead is None else self.instead(params["edit"])
        if method == "window/showDocument":
            self.shown.append(params["uri"])
            return {"success": True}
        if method == "workspace/textDocumentContent/refresh":
            self.refreshed.append(params["uri"])
            return None
        if method in ("window/workDoneProgress/create", "client/registerCapability"):
            return None
        raise AssertionError(f"the server asked for {method}")

    def _apply_edit(self, edit: dict[str, Any]) -> Any:
        how = self.personality.applies
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
        """Apply a workspace edit all or nothing, as strictly as the specification allows."""
        texts = {uri: buffer.text for uri, buffer in self.buffers.items()}
        deleted: list[str] = []
        operations = edit.get("documentChanges")
        if operations is None:
            operations = [
                {"textDocument": {"uri": uri, "version": None}, "edits": edits}
                for uri, edits in edit["changes"].items()
            ]
        for operation in operations:
            if operation.get("kind") == "create":
                self._create(operation, texts)
            elif operation.get("kind") == "delete":
                if to_path(operation["uri"]).exists():
                    deleted.append(operation["uri"])
                else:
                    assert operation["options"]["ignoreIfNotExists"], f"{operation['uri']} is not there"
            else:
                self._edit(operation, texts, edit.get("changeAnnotations", {}))
        for uri, text in texts.items():
            if uri not in self.buffers:
                self._write(to_path(uri), text.encode())
            elif self.buffers[uri].text != text:
                self.type(uri, text)
        for uri in deleted:
            to_path(uri).unlink()
            self.wrote[to_path(uri)] = None

    def save(self, uri: str) -> None:
        """Write a buffer to disk, as its user does."""
        self._write(to_path(uri), self.buffers[uri].text.encode())
        self.server.notify("textDocument/didSave", {"textDocument": {"uri": uri}})

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.read_bytes().startswith(BOM_UTF8):
            content = BOM_UTF8 + content
        path.write_bytes(content)
        self.wrote[path] = content

    def _create(self, operation: dict[str, Any], texts: dict[str, str]) -> None:
        options = operation["options"]
        if to_path(operation["uri"]).exists() and not options.get("ignoreIfExists"):
            raise EditError("the file exists")
        texts.setdefault(operation["uri"], self.personality.empty)

    def _edit(self, operation: dict[str, Any], texts: dict[str, str], annotations: dict[str, Any]) -> None:
        uri = operation["textDocument"]["uri"]
        assert "version" in operation["textDocument"], "an absent version crashes Neovim"
        version = operation["textDocument"]["version"]
        buffer = self.buffers.get(uri)
        if buffer is not None and version is not None and version != buffer.version:
            raise EditError(f"stale: version {version} of {buffer.version}")
        if uri not in texts:
            texts[uri] = load(to_path(uri))
        # A preview opens with the edits that need confirmation unticked; its user just presses Apply.
        ticked = [
            item
            for item in operation["edits"]
            if "annotationId" not in item or not annotations[item["annotationId"]].get("needsConfirmation")
        ]
        texts[uri] = apply_text_edits(texts[uri], ticked, self.encoding)


NO_ANSWER = object()


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


_ACTIONS = {
    "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "refactor.rewrite"]}},
    "resolveSupport": {"properties": ["edit", "command"]},
    "dataSupport": True,
    "isPreferredSupport": True,
}
_OPERATIONS = ["create", "rename", "delete"]

VS_CODE = Personality(
    "Visual Studio Code",
    "1.139.0",
    {
        "general": {"positionEncodings": ["utf-16"]},
        "workspace": {
            "applyEdit": True,
            "configuration": True,
            "workspaceFolders": True,
            "didChangeConfiguration": {"dynamicRegistration": True},
            "workspaceEdit": {
                "documentChanges": True,
                "resourceOperations": _OPERATIONS,
                "failureHandling": "textOnlyTransactional",
                "changeAnnotationSupport": {"groupsOnLabel": True},
            },
        },
        "window": {
            "workDoneProgress": True,
            "showMessage": {"messageActionItem": {"additionalPropertiesSupport": True}},
            "showDocument": {"support": True},
        },
        "textDocument": {"codeAction": {**_ACTIONS, "disabledSupport": True, "honorsChangeAnnotations": True}},
    },
)
NEOVIM = Personality(
    "Neovim",
    "0.12.4",
    {
        "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
        "workspace": {
            "applyEdit": True,
            "configuration": True,
            "workspaceFolders": True,
            "workspaceEdit": {"resourceOperations": ["rename", "create", "delete"]},
        },
        "window": {
            "workDoneProgress": True,
            "showMessage": {"messageActionItem": {"additionalPropertiesSupport": True}},
            "showDocument": {"support": True},
        },
        "textDocument": {"codeAction": _ACTIONS},
    },
    applies="always true",
    empty="\n",
)
HELIX = Personality(
    "helix",
    "25.01",
    {
        "general": {"positionEncodings": ["utf-8", "utf-32", "utf-16"]},
        "workspace": {
            "applyEdit": True,
            "configuration": True,
            "workspaceFolders": True,
            "workspaceEdit": {"documentChanges": True, "resourceOperations": _OPERATIONS, "failureHandling": "abort"},
        },
        "window": {"workDoneProgress": True, "showDocument": {"support": True}},
        "textDocument": {"codeAction": {**_ACTIONS, "disabledSupport": True}},
    },
)
EGLOT = Personality(
    "Eglot",
    "1.24",
    {
        "general": {"positionEncodings": ["utf-32", "utf-8", "utf-16"]},
        "workspace": {
            "applyEdit": True,
            "configuration": True,
            "workspaceFolders": True,
            "workspaceEdit": {"documentChanges": True},
        },
        "window": {"workDoneProgress": True, "showDocument": {"support": True}},
        "textDocument": {"codeAction": {**_ACTIONS, "disabledSupport": True}},
    },
)
KATE = Personality(
    "Kate",
    "26.08",
    {
        "workspace": None,
        "window": {"workDoneProgress": True},
        "textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}},
    },
    applies="{}",
    picks=(),
    resolves=False,
)
BARE = Personality("", "", {}, picks=())

ALL = (VS_CODE, NEOVIM, HELIX, EGLOT, KATE, BARE)


def behaving(personality: Personality, **changes: Any) -> Personality:
    """The same editor, behaving differently."""
    return replace(personality, **changes)

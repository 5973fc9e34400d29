"""One behaviour's stage: a folder, an editor with a real server process, and a scripted model behind a wire.

Servers are shared between tests, one per kind of editor: each test gets its own workspace folder, settings and session
on it, and leaves nothing behind. A test that fails takes its server with it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from devstral_ls.scripted import Manner, Script, ScriptedServer
from tests.doubles.editor import FakeEditor, Personality, editing, to_path
from tests.doubles.raw import PATIENCE
from tests.doubles.wire import Wire, wire

Json = dict[str, Any]
Files = Mapping[str, str | bytes]


def call(name: str, **arguments: Any) -> Json:
    """A turn that calls one tool."""
    return {"calls": [{"name": name, "arguments": arguments}]}


def calls(*turns: Json) -> Json:
    """One turn that makes the calls of all these."""
    return {"calls": [made for turn in turns for made in turn["calls"]]}


def read(name: str) -> Json:
    return call("read_file", file_path=name)


def edit(name: str, old: str, new: str) -> Json:
    return call("edit_file", file_path=name, old_string=old, new_string=new)


def write(name: str, content: str) -> Json:
    return call("write_file", file_path=name, content=content)


def command(line: str) -> Json:
    return call("run_command", command=line)


def say(text: str, **more: Any) -> Json:
    return {"text": text, **more}


HANG: Json = say("I am thinking", hang=True)


@dataclass
class Stage:
    """What a test works with."""

    editor: FakeEditor
    model: ScriptedServer
    wire: Wire
    folder: Path
    disk: dict[Path, bytes] = field(default_factory=dict)
    """What was put on disk by the test."""

    def path(self, name: str) -> Path:
        return self.folder / name

    def uri(self, name: str) -> str:
        return self.path(name).as_uri()

    def put(self, name: str, content: str | bytes) -> Path:
        """Write a file as somebody outside the editor would."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(data)
        self.disk[path] = data
        return path

    def open(self, name: str, text: str | None = None, language: str = "python") -> str:
        """Open a file, or type a text nobody saved; its URI."""
        return self.editor.open(self.path(name), language, text)

    def seen(self, name: str) -> str | None:
        """The text as the editor's user sees it: the buffer, else the file."""
        buffer = self.editor.buffers.get(self.uri(name))
        if buffer is not None:
            return buffer.text
        return self.path(name).read_bytes().decode() if self.path(name).exists() else None

    def page(self, uri: str) -> str:
        """The text of a page the server wrote, such as a transcript."""
        return to_path(uri).read_text(encoding="utf-8")

    def mode(self, uri: str) -> int:
        """Who may do what with a page."""
        return to_path(uri).stat().st_mode

    async def start(self, name: str = "ask", prompt: str = "do it", **fields: Any) -> Json:
        """Start a run in the background; the acknowledgement."""
        answer: Json = await self.editor.command(f"devstral.{name}", {"prompt": prompt, **fields})
        return answer

    async def run(self, name: str = "ask", prompt: str = "do it", **fields: Any) -> Json:
        """A whole run, its review included; the answer at its end."""
        return await self.start(name, prompt, wait=True, **fields)

    async def status(self) -> Json:
        answer: Json = await self.editor.command("devstral.status")
        return answer

    async def pending(self) -> list[Json]:
        """The proposals now pending."""
        proposals: list[Json] = (await self.status())["proposals"]
        return proposals

    async def decided(self) -> None:
        """Until no proposal is pending any more."""
        async with asyncio.timeout(PATIENCE):
            while await self.pending():
                pass

    async def ends(self, runs: int = 1) -> None:
        """Until `runs` runs of this test have ended; all of them where the editor shows no progress."""
        if self.editor.personality.capabilities.get("window", {}).get("workDoneProgress"):
            await self.editor.run_ends(runs)
        else:
            # It sees the end in the log alone, where a notice looks the same; only the status is certain.
            await self.is_idle()

    async def is_idle(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while (await self.status())["state"] != "idle":
                pass

    async def told(self, text: str) -> str:
        """The message to the user that contains this text, once it is there."""
        await self.editor.settles(lambda: any(text in message for _, message in self.editor.messages))
        return next(message for _, message in self.editor.messages if text in message)

    async def settled(self) -> None:
        """Until the server has nothing more to say about what has happened so far."""
        for _ in range(2):
            await self.status()

    def results(self, request: int = -1) -> list[str]:
        """The tool results that a question to the model contains, oldest first."""
        messages = self.model.requests[request]["messages"]
        return [message["content"] for message in messages if message["role"] == "tool"]

    def prompts(self, request: int = -1) -> list[str]:
        """What the user said in a question to the model, oldest first."""
        messages = self.model.requests[request]["messages"]
        return [text(message) for message in messages if message["role"] == "user"]

    async def configure(self, settings: Json) -> None:
        """Settings as a client pushes them, on top of where the model is."""
        merged = {"llm": {"baseUrl": self.wire.base_url}, **settings}
        if "llm" in settings:
            merged["llm"] = {"baseUrl": self.wire.base_url, **settings["llm"]}
        self.editor.settings = merged
        self.editor.server.notify("workspace/didChangeConfiguration", {"settings": {"devstral": merged}})


def text(message: Json) -> str:
    """A message's content, whether it is a string or parts."""
    content = message["content"]
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


def tree(folder: Path) -> dict[Path, bytes]:
    """Every file below a folder with its bytes; a symlink counts as its target's name."""
    return {
        path: str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


class Stages:
    """The servers that tests share, started when the first test needs them."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._numbers = count(1)
        self._running: dict[str, tuple[FakeEditor, AsyncExitStack]] = {}

    @asynccontextmanager
    async def on(
        self,
        personality: Personality,
        files: Files | None = None,
        turns: Sequence[Json] = (),
        *,
        manner: Manner = "vllm",
        settings: Json | None = None,
        client: Json | None = None,
        more_folders: Mapping[str, Files] | None = None,
        **script: Any,
    ) -> AsyncIterator[Stage]:
        """A stage on the shared server of this kind of editor. client: opted-in extras. script: of `Script.parse`."""
        key = f"{personality.name} {personality.version} {json.dumps(client)}"
        async with self._model(turns, manner, script) as (model, line):
            editor = await self._editor(key, personality, client)
            stage = Stage(editor, model, line, self.folder())
            editor.personality = personality
            try:
                await self._enter(stage, files or {}, more_folders or {}, settings or {})
                yield stage
                await self._leave(stage)
            except BaseException:
                await self._drop(key)
                raise

    @asynccontextmanager
    async def own(
        self,
        personality: Personality,
        files: Files | None = None,
        turns: Sequence[Json] = (),
        *,
        manner: Manner = "vllm",
        env: Mapping[str, str] | None = None,
        home: Path | None = None,
        options: Json | None = None,
        base_url: bool = True,
        arguments: Sequence[str] = (),
        **script: Any,
    ) -> AsyncIterator[Stage]:
        """A stage with a server of its own.

        base_url: tell it where the model is, as an initialization option. arguments: for `devstral-ls serve`.
        """
        async with self._model(turns, manner, script) as (model, line):
            folder = self.folder()
            given = {**({"llm.baseUrl": line.base_url} if base_url else {}), **(options or {})}
            stage = Stage(None, model, line, folder)  # type: ignore[arg-type]
            for name, content in (files or {}).items():
                stage.put(name, content)
            async with editing(
                personality, folder, home or folder.parent / "home", env, arguments=arguments, **given
            ) as editor:
                stage.editor = editor
                yield stage
                self.check(stage)

    def folder(self) -> Path:
        """A new empty folder."""
        folder = self._home / f"work{next(self._numbers)}" / "project"
        folder.mkdir(parents=True)
        return folder.resolve()

    async def close(self) -> None:
        for _, stack in self._running.values():
            await stack.aclose()

    @asynccontextmanager
    async def _model(
        self, turns: Sequence[Json], manner: Manner, script: Json
    ) -> AsyncIterator[tuple[ScriptedServer, Wire]]:
        key = script.pop("api_key", None)
        others, version = script.pop("other_models", ()), script.pop("version", None)
        parsed = Script.parse({"turns": list(turns), **script})
        with ScriptedServer(parsed, manner, api_key=key, other_models=others, version=version) as model:
            async with wire(model.port) as line:
                yield model, line

    async def _editor(self, key: str, personality: Personality, client: Json | None) -> FakeEditor:
        if key not in self._running:
            stack = AsyncExitStack()
            start = self.folder()
            extras: dict[str, Any] = {"client": client} if client else {}
            home = self._home / f"home{next(self._numbers)}"
            editor = await stack.enter_async_context(editing(personality, start, home, **extras))
            self._running[key] = editor, stack
        return self._running[key][0]

    async def _drop(self, key: str) -> None:
        editor, stack = self._running.pop(key)
        await editor.server.kill()
        # The test's own failure is what is worth reading.
        with suppress(AssertionError, ConnectionError, asyncio.IncompleteReadError):
            await stack.aclose()

    async def _enter(self, stage: Stage, files: Files, more: Mapping[str, Files], settings: Json) -> None:
        editor = stage.editor
        for name, content in files.items():
            stage.put(name, content)
        folders = [stage.folder]
        for name, others in more.items():
            folder = stage.folder.parent / name
            folder.mkdir()
            folders.append(folder)
            for other, content in others.items():
                stage.put(f"../{name}/{other}", content)
        stage.disk = {path.resolve(): data for path, data in stage.disk.items()}
        for record in (
            editor.messages, editor.questions, editor.edits, editor.shown, editor.log, editor.updates,
            editor.refreshed, editor.withdrawn, editor.tokens, editor.server.received,
        ):  # fmt: skip
            record.clear()
        for table in (editor.buffers, editor.progress, editor.diagnostics, editor.wrote, editor.waiting):
            table.clear()
        editor.before_apply = editor.in_preview = editor.instead = None
        editor.silent = set()
        editor.undecided = editor.busy = False
        move_folders(editor, added=folders, removed=editor.folders)
        await stage.configure(settings)
        await editor.command("devstral.newSession")

    async def _leave(self, stage: Stage) -> None:
        """Check what every run has to leave as it was, and clear the server for the next test."""
        editor = stage.editor
        await editor.command("devstral.cancel")
        await stage.is_idle()
        await stage.settled()
        for proposal in await stage.pending():
            await editor.command("devstral.discardProposal", {"proposalId": proposal["proposalId"]})
        for uri in list(editor.buffers):
            editor.close(uri)
        for token, values in editor.progress.items():
            kinds = "".join(value["kind"] if isinstance(value, dict) and "kind" in value else "x" for value in values)
            assert re.fullmatch("x+|begin(report)*end", kinds), (token, values)
        assert editor.server.stderr == b"", editor.server.stderr.decode()
        self.check(stage)

    def check(self, stage: Stage) -> None:
        """The server wrote nothing: what is on disk is what the test and its editor put there."""
        expected: dict[Path, bytes | None] = {path.resolve(): data for path, data in stage.disk.items()}
        expected.update({path.resolve(): data for path, data in stage.editor.wrote.items()})
        found = tree(stage.folder.parent)
        home = stage.folder.parent / "home"
        found = {path: data for path, data in found.items() if not path.is_relative_to(home) and not path.is_symlink()}
        assert found == {path: data for path, data in expected.items() if data is not None}


def move_folders(editor: FakeEditor, *, added: Sequence[Path] = (), removed: Sequence[Path] = ()) -> None:
    """Change the editor's workspace folders."""
    event = {
        "added": [{"uri": folder.as_uri(), "name": folder.name} for folder in added],
        "removed": [{"uri": folder.as_uri(), "name": folder.name} for folder in removed],
    }
    editor.folders = [*(folder for folder in editor.folders if folder not in removed), *added]
    editor.server.notify("workspace/didChangeWorkspaceFolders", {"event": event})

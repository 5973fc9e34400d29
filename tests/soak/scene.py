"""One workspace, one editor with its server, one model: run after run, while the user does as the dice say."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from devstral_ls.scripted import Script, ScriptedServer
from tests.doubles.editor import Personality, editing, to_path
from tests.doubles.wire import wire
from tests.soak.editor import DicedEditor
from tests.soak.gate import Gate
from tests.soak.improviser import Improviser, content, marks
from tests.soak.ledger import Json, Ledger, blocks, in_diff

FILES = ("a.txt", "b.txt", "c.txt", "sub/d.txt")
LINES = 24
HANGS = 60.0
"""Seconds after which what goes on by itself never comes to rest."""

APPLIED, REJECTED, UNDONE = "were accepted and applied.", "were rejected.", "were applied and then undone by the user."
TOLD = re.compile(r"^(?:Your|Of your) proposed edits to ([^\s:]+):? (?!are still undecided)(.*)", re.M)


@dataclass
class Scene:
    editor: DicedEditor
    ledger: Ledger
    model: ScriptedServer
    wire: Gate
    folder: Path
    seed: str
    random: Random = field(default_factory=Random)
    """The dice of one step, for it alone: whatever a step takes long or short leaves the next ones as they are."""
    runs: int = 0
    disk: dict[Path, bytes | None] = field(default_factory=dict)
    """What was put on disk by somebody else than the editor."""
    session: str | None = None
    steps: int = 0

    async def play(self, runs: int) -> None:
        """So many runs, and then the reckoning."""
        acts: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (14, self.type),
            (10, self.start),
            (14, self.goes_on),
            (4, self.save),
            (4, self.take_back),
            (3, self.close),
            (5, self.open),
            (2, self.rename),
            (1, self.delete),
            (3, self.elsewhere),
            (9, self.answer),
            (5, self.apply),
            (4, self.apply_hunks),
            (3, self.discard),
            (5, self.code_action),
            (3, self.undo),
            (1, self.cancel),
            (2, self.new_session),
            (1, self.show),
        ]
        weights, choices = [weight for weight, _ in acts], [act for _, act in acts]
        while self.runs < runs:
            self.steps += 1
            self.random = self.editor.random = Random(f"{self.seed} step {self.steps}")
            (act,) = self.random.choices(choices, weights)
            self.ledger.note(f"-- {act.__name__}")
            await act()
            await self.rest()
            if self.ledger.wrong:
                return
        await self.reckon()

    async def rest(self) -> None:
        """Until nothing goes on but what waits for its user, or for the model."""
        self.editor.tell()
        async with asyncio.timeout(HANGS):
            while True:
                self.editor.news.clear()
                runs = (await self.status())["runs"]
                running = sum(run["state"] == "running" for run in runs)
                thinks = running == self.wire.held and (running or not runs)
                if thinks and (self.editor.asked or not self.editor.reviews):
                    return
                await self.editor.news.wait()

    # ---------------------------------------------------------------------------------------------- the model

    async def start(self) -> None:
        """A run; often the one before is still going on."""
        if len((await self.status())["runs"]) > 1:
            return await self.goes_on()
        self.runs += 1
        texts = self.editor.texts()
        if not texts:
            self.put("a.txt", first_text("a", self.runs))
            texts = self.editor.texts()
        names = self.random.sample(sorted(texts), min(len(texts), 3))
        fields: Json = {"prompt": f"run {self.runs}, files: {', '.join(names)}."}
        mode = self.random.choice(("review", "review", "propose", "auto"))
        fields["apply"] = mode
        if self.editor.buffers:
            fields["textDocument"] = {"uri": self.random.choice(sorted(self.editor.buffers))}
        alone = not (await self.status())["runs"]
        answer = await self.command(self.random.choice(("ask", "edit")), **fields)
        if answer is None:
            return None
        self.ledger.note(f"run {self.runs} {answer['sessionId']} {mode}")
        if mode == "auto":
            self.ledger.auto.add(answer["sessionId"])
            for proposal, session in self.ledger.sessions.items():
                if session == answer["sessionId"]:
                    self.ledger.accept(proposal)
        await self.rest()
        if alone:
            self.hear(answer["sessionId"])
        return None

    def hear(self, session: str) -> None:
        """Hold what the model is told of its edits against the text, which nobody has changed since."""
        prompt = content(json.loads(self.wire.bodies[-1])["messages"][-1])
        texts = self.editor.texts()
        # Of several proposals for a file the newest comes last. It may be the one of which only parts were accepted.
        for name, what in dict(TOLD.findall(prompt)).items():
            if what not in (APPLIED, REJECTED, UNDONE):
                continue
            told = [
                files[name]
                for proposal, files in self.ledger.proposals.items()
                if self.ledger.sessions[proposal] == session and name in files
            ]
            there, took_out = marks(texts.get(name)), self.ledger.model.took_out
            # One of them is told of. What adds nothing is applied where the lines that it takes are gone.
            is_there = any(one.adds <= there | took_out and (one.adds or not one.takes & there) for one in told)
            is_all_there = all(one.adds and one.adds <= there for one in told)
            if told and (not is_there if what == APPLIED else is_all_there):
                self.ledger.violated(f"the model is told that its edits to {name} {what}, but {told} against {there}")
                self.ledger.note(prompt)

    async def goes_on(self) -> None:
        """The model answers what it was asked, and is asked something new or is done."""
        await self.wire.let_go()

    async def finish(self) -> None:
        """Let every run end."""
        while (await self.status())["runs"]:
            await self.wire.let_go()
            await self.rest()

    async def cancel(self) -> None:
        await self.command("cancel")

    async def new_session(self) -> None:
        await self.judge()
        await self.command("newSession")

    # ----------------------------------------------------------------------------------------------- the user

    async def type(self) -> None:
        self.editor.scribble()

    async def save(self) -> None:
        if uri := self.some():
            self.ledger.note(f"saves {to_path(uri).name}")
            self.editor.save(uri)

    async def take_back(self) -> None:
        """The editor's own undo."""
        if (uri := self.some()) and self.editor.past.get(uri):
            self.editor.take_back(uri)

    async def close(self) -> None:
        if uri := self.some():
            if self.random.random() < 0.6:
                self.editor.save(uri)
            self.ledger.note(f"closes {to_path(uri).name}")
            self.editor.close(uri)

    async def open(self) -> None:
        closed = [name for name in self.editor.texts() if (self.folder / name).as_uri() not in self.editor.buffers]
        if closed:
            name = self.random.choice(closed)
            self.ledger.note(f"opens {name}")
            self.editor.open(self.folder / name, "plaintext")

    async def rename(self) -> None:
        texts = sorted(self.editor.texts())
        if texts:
            name = self.random.choice(texts)
            path = self.folder / f"moved{self.steps}.txt"
            self.ledger.note(f"renames {name} to {path.name}")
            self.editor.moves((self.folder / name).as_uri(), path)

    async def delete(self) -> None:
        texts = sorted(self.editor.texts())
        if len(texts) > 2:
            path = self.folder / self.random.choice(texts)
            self.ledger.note(f"deletes {path.name}")
            self.editor.removes(path.as_uri())

    async def elsewhere(self) -> None:
        """Another program writes a file."""
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        if not files:
            return
        path = self.random.choice(files)
        lines = path.read_text().splitlines(keepends=True)
        lines.insert(self.random.randrange(len(lines) + 1), f"text <U{self.steps}.1> of another program\n")
        lines[:-1] = [line if line.endswith("\n") else f"{line}\n" for line in lines[:-1]]
        self.ledger.note(f"another program writes {path.name} <U{self.steps}.1>")
        self.put(path.relative_to(self.folder).as_posix(), "".join(lines))
        if self.random.random() < 0.5:
            params = {"changes": [{"uri": path.as_uri(), "type": 2}]}
            self.editor.server.notify("workspace/didChangeWatchedFiles", params)

    async def answer(self) -> None:
        if self.editor.asked:
            self.editor.answer(self.random.choice(("Apply", "Apply", "Apply", "Show diff", "Discard", None)))
            await self.status()

    async def show(self) -> None:
        await self.command("showDiff")

    async def apply(self) -> None:
        """A whole proposal, or a file of one."""
        proposals = (await self.status())["proposals"]
        if not proposals:
            return
        proposal = self.random.choice(proposals)
        fields: Json = {"proposalId": proposal["proposalId"]}
        wanted = in_diff(proposal["diff"])
        if self.random.random() < 0.4:
            file = self.random.choice([file for file in proposal["files"] if file["state"] == "pending"])
            fields["uris"] = [file["uri"]]
            wanted = {name: one for name, one in wanted.items() if name == file["path"]}
        await self.accept(fields, set().union(*(one.adds for one in wanted.values())))

    async def apply_hunks(self) -> None:
        proposals = (await self.status())["proposals"]
        if not proposals:
            return
        proposal = self.random.choice(proposals)
        changed = blocks(proposal["diff"])
        named = [(hunk, file["path"]) for file in proposal["files"] for hunk in file["hunks"]]
        some = self.random.sample(named, min(len(named), self.random.choice((1, 1, 2))))
        wanted: set[str] = set()
        for hunk, path in some:
            # Hunks beside each other are one block of the diff.
            beginnings = [start for start, _ in changed.get(path, ()) if start <= hunk["line"]]
            if beginnings:
                wanted |= marks("".join(text for start, text in changed[path] if start == max(beginnings)))
        hunks: list[str | int] = [hunk["id"] for hunk, _ in some]
        if self.random.random() < 0.3:
            hunks = [named.index(one) for one in some]
        await self.accept({"proposalId": proposal["proposalId"], "hunks": hunks}, wanted)

    async def accept(self, fields: Json, wanted: set[str]) -> None:
        new = wanted - self.ledger.accepted
        self.ledger.accepted |= wanted
        answer = await self.command("applyProposal", **fields)
        there = marks("".join(self.editor.texts().values()))
        self.ledger.accepted -= new - there
        self.ledger.note(f"applied {answer}")

    async def discard(self) -> None:
        proposals = (await self.status())["proposals"]
        if proposals:
            proposal = self.random.choice(proposals)
            fields: Json = {"proposalId": proposal["proposalId"]}
            if self.random.random() < 0.6:
                fields["hunks"] = [
                    self.random.choice([hunk["id"] for file in proposal["files"] for hunk in file["hunks"]])
                ]
            await self.command("discardProposal", **fields)

    async def code_action(self) -> None:
        uri = self.some()
        if uri is None:
            return
        line = self.random.randrange(self.editor.buffers[uri].text.count("\n") + 1)
        actions = await self.editor.actions(uri, line)
        titles = [item["title"] for item in actions if "apply" in item["title"] and "disabled" not in item]
        if not titles:
            return
        title = self.random.choice(titles)
        action = next(item for item in actions if item["title"] == title)
        if "edit" not in action and "data" in action and self.editor.personality.resolves:
            action = await self.editor.server.call("codeAction/resolve", action)
        edit = action.get("edit")
        if edit is None:
            return
        if self.random.random() < 0.2 and "documentChanges" in edit:
            # What carries no version can't know of that: the editor puts it where the lines were.
            self.editor.scribble()
        news = [one["newText"] for item in edit.get("documentChanges", ()) for one in item.get("edits", ())]
        news += [one["newText"] for edits in edit.get("changes", {}).values() for one in edits]
        self.ledger.accepted |= marks("".join(news))
        self.editor.why = f"code action {title} {str(edit)[:600]}"
        try:
            self.editor.apply(edit)
        except Exception as error:
            if type(error).__name__ != "EditError":
                raise
            self.ledger.note(f"code action refused: {error}")

    async def undo(self) -> None:
        self.ledger.undoing = True
        answer = await self.command("undo")
        self.ledger.undoing = False
        self.ledger.note(f"undid {answer}")

    # ---------------------------------------------------------------------------------------------- the reckoning

    async def judge(self) -> None:
        """Hold what the server says of the current session's proposals against the text."""
        await self.rest()
        outcomes, texts = (await self.status())["outcomes"], self.editor.texts()
        for line in [line for outcome in outcomes for line in self.ledger.faults(outcome, texts)]:
            self.ledger.violated(line)

    async def reckon(self) -> None:
        await self.finish()
        while self.editor.asked:
            self.editor.answer(None)
            await self.rest()
        await self.judge()
        for proposal in (await self.status())["proposals"]:
            await self.command("discardProposal", proposalId=proposal["proposalId"])
        await self.judge()
        received = self.editor.server.received
        answered = Counter(message["id"] for message in received if "method" not in message)
        if twice := [number for number, count in answered.items() if count > 1]:
            self.ledger.violated(f"requests {twice} were answered more than once")
        for token, values in self.editor.progress.items():
            if values[-1]["kind"] != "end":
                self.ledger.violated(f"progress {token} did not end: {values}")
        if self.editor.server.stderr:
            self.ledger.violated(self.editor.server.stderr.decode())
        expected = {**self.disk, **self.editor.wrote}
        found = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        if found != {path: data for path, data in expected.items() if data is not None}:
            self.ledger.violated("somebody else wrote to disk")

    # --------------------------------------------------------------------------------------------------- tools

    def some(self) -> str | None:
        return self.random.choice(sorted(self.editor.buffers)) if self.editor.buffers else None

    def put(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        self.disk[path] = text.encode()
        self.editor.wrote.pop(path, None)

    async def command(self, name: str, **fields: Any) -> Any:
        """A command's result; None when it was refused, which takes one line."""
        self.editor.tell()
        params = {"command": f"devstral.{name}", "arguments": [fields]}
        response = await self.editor.server.answer(self.editor.server.ask("workspace/executeCommand", params))
        if "error" in response:
            self.ledger.note(f"{name} refused: {response['error']['message']}")
            if response["error"]["code"] != -32803 or "\n" in response["error"]["message"]:
                self.ledger.violated(f"{name} failed: {response['error']}")
            return None
        return response["result"]

    async def status(self) -> Json:
        answer: Json = await self.command("status")
        return answer


def first_text(name: str, number: int) -> str:
    """Lines with a mark each, and some that are alike."""
    lines = []
    for line in range(LINES):
        lines.append(f"text <O{number}.{line}> of {name}\n")
        if line % 5 == 4:
            lines += ["}\n", "\n"]
    return "".join(lines)


@asynccontextmanager
async def scene(personality: Personality, seed: int, home: Path) -> AsyncIterator[Scene]:
    folder = (home / "project").resolve()
    folder.mkdir()
    improviser = Improviser(seed)
    with ScriptedServer(Script([]), answering=improviser) as model:
        async with wire(model.port, Gate) as line:
            assert isinstance(line, Gate)
            options: Json = {"llm.baseUrl": line.base_url, "client": {"stream": True}}
            async with editing(personality, folder, home / "home", kind=DicedEditor, **options) as editor:
                assert isinstance(editor, DicedEditor)
                editor.settings = {"llm": {"baseUrl": line.base_url}}
                ledger = Ledger(improviser)
                editor.ledger, editor.seed, editor.folder = ledger, f"{personality.name} {seed}", folder
                line.on_news = editor.news.set
                on = Scene(editor, ledger, model, line, folder, editor.seed)
                for number, name in enumerate(FILES):
                    on.put(name, first_text(name, number))
                editor.open(folder / "a.txt", "plaintext")
                editor.open(folder / "b.txt", "plaintext")
                yield on
                await line.let_go()

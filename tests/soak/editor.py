"""A strict fake editor in front of which somebody sits who does as the dice say, and keeps a ledger."""

from __future__ import annotations

import asyncio
import json
from copy import deepcopy
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from tests.doubles.applier import EditError
from tests.doubles.editor import NO_ANSWER, FakeEditor, load, to_path
from tests.soak.improviser import marks
from tests.soak.ledger import Json, Ledger


class DicedEditor(FakeEditor):
    """asked: questions that are on the screen, by the id of their request. past: each buffer's earlier texts.

    reviews: how many proposals the server is taking to the user. news: set with every message of the server's.
    """

    ledger: Ledger
    random: Random
    seed: str
    folder: Path

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.asked: dict[str, Json] = {}
        self.past: dict[str, list[str]] = {}
        self.reviews = 0
        self.news = asyncio.Event()
        self.why = "applyEdit"
        self._proposed: dict[str, int] = {}
        self._numbers = count(1)

    # ----------------------------------------------------------------------------------------------- the text

    def texts(self) -> dict[str, str]:
        """Every text of the workspace as the user sees it, by name."""
        found = {}
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                found[path.relative_to(self.folder).as_posix()] = load(path)
        for uri, buffer in self.buffers.items():
            found[to_path(uri).relative_to(self.folder).as_posix()] = buffer.text
        return found

    def apply(self, edit: Json) -> None:
        before = self.texts()
        edit = deepcopy(edit)
        operations: list[Json] = edit.get("documentChanges", [])
        moves = [item for item in operations if item.get("kind") == "rename"]
        gone = [item for item in operations if item.get("kind") == "delete"]
        if moves or gone:
            edit["documentChanges"] = [item for item in operations if item not in moves and item not in gone]
        if any(to_path(move["newUri"]).exists() for move in moves):
            raise EditError("the file exists")
        if any(self._was_closed(item["textDocument"]) for item in operations if "textDocument" in item):
            # What it was made for is gone, and no editor has a version to hold it against: nobody could tell that.
            raise EditError("closed meanwhile")
        if self.personality.name in ("Neovim", "Visual Studio Code"):
            self._show_closed(edit)
        ticked = self._tick(edit)
        super().apply(edit)
        for move in moves:
            self.moves(move["oldUri"], to_path(move["newUri"]))
        for item in gone:
            self.removes(item["uri"])
        self.ledger.accepted |= ticked
        self.ledger.edited(before, self.texts(), self.why)

    def type(self, uri: str, text: str) -> None:
        self.past.setdefault(uri, []).append(self.buffers[uri].text)
        super().type(uri, text)

    def close(self, uri: str) -> None:
        self.past.pop(uri, None)
        super().close(uri)

    def moves(self, uri: str, path: Path) -> None:
        """Move a file, with its buffer if it has one."""
        buffer = self.buffers.get(uri)
        if buffer is not None:
            self.close(uri)
        path.parent.mkdir(exist_ok=True, parents=True)
        old = to_path(uri)
        if old.exists():
            old.rename(path)
            self.wrote[old], self.wrote[path] = None, path.read_bytes()
        if buffer is not None:
            self.open(path, buffer.language, buffer.text)

    def removes(self, uri: str) -> None:
        """Delete a file, with its buffer if it has one."""
        if uri in self.buffers:
            self.close(uri)
        if to_path(uri).exists():
            to_path(uri).unlink()
            self.wrote[to_path(uri)] = None

    def _was_closed(self, document: Json) -> bool:
        return document["version"] is not None and document["uri"] not in self.buffers

    def _show_closed(self, edit: Json) -> None:
        """Open what is not open: these editors edit files in buffers, and leave the saving to their user."""
        for item in edit.get("documentChanges", ()):
            uri = item["textDocument"]["uri"] if "textDocument" in item else None
            if uri is not None and uri not in self.buffers and to_path(uri).exists():
                self.open(to_path(uri), "plaintext")

    def _tick(self, edit: Json) -> set[str]:
        """In a preview: untick some of the edits; marks of those that are ticked."""
        ticked: set[str] = set()
        notes: Json = edit.get("changeAnnotations", {})
        for item in edit.get("documentChanges", ()) if notes else ():
            kept = []
            for one in item.get("edits", ()):
                if notes[one["annotationId"]]["needsConfirmation"] or self.random.random() < 0.7:
                    kept.append(one)
                    ticked |= marks(one["newText"])
            if "edits" in item:
                item["edits"] = kept
        return ticked

    def _edit(self, operation: Json, texts: dict[str, str], annotations: Json, *, first: bool) -> None:
        uri = operation["textDocument"]["uri"]
        if uri not in texts and not to_path(uri).exists():
            texts[uri] = self.personality.empty
        super()._edit(operation, texts, annotations, first=first)

    # ----------------------------------------------------------------------------------------------- the machine

    def _take(self, message: Json) -> None:
        method = message.get("method")
        if method == "window/showMessageRequest":
            self.asked[message["id"]] = message["params"]
        elif method == "$/cancelRequest":
            self.asked.pop(message["params"]["id"], None)
        elif method == "devstral/sessionUpdate":
            self._hears(message["params"])
        self.news.set()
        super()._take(message)

    def _hears(self, update: Json) -> None:
        """A run that ends says what it proposes and right then that it has ended; once it was reviewed, what it is."""
        self.ledger.hears(update)
        session, number = update["sessionId"], update["seq"]
        if update["kind"] == "proposal":
            self.reviews -= 1
            self._proposed[session] = number
        ended = update["kind"] == "state" and update["state"] in ("finished", "cancelled", "failed")
        if ended and self._proposed.pop(session, None) == number - 1:
            self.reviews += 2 if update["state"] == "finished" else 1

    def _answer(self, method: str, params: Any) -> Any:
        if method == "window/showMessageRequest":
            # Answered later, or never: see `answer`.
            return NO_ANSWER
        if method != "workspace/applyEdit":
            return super()._answer(method, params)
        acting, self.random = self.random, Random(f"{self.seed} edit {len(self.edits)}")
        try:
            return self._meets(params)
        finally:
            self.random = acting

    def _meets(self, params: Json) -> Any:
        """An edit of the server's arrives while its user does something: declines, types, or takes it back at once."""
        chance = self.random.random()
        if chance < 0.08:
            self.ledger.note("the user declines")
            return {"applied": self.personality.applies == "always true" and chance < 0.04}
        operations = params["edit"].get("documentChanges", ())
        if chance < 0.2 and operations and all(item.get("kind") != "delete" for item in operations):
            # Between the server's edit and its arrival. What carries no version can't know of that.
            self.scribble()
        self.why = f"applyEdit {json.dumps(params['edit'])[:600]}"
        answer = super()._answer("workspace/applyEdit", params)
        if 0.2 <= chance < 0.3:
            self.scribble()
        elif 0.3 <= chance < 0.38:
            changed = [uri for uri in sorted(self.buffers) if self.past.get(uri)]
            if changed:
                uri = self.random.choice(changed)
                text = self.buffers[uri].text
                self.take_back(uri)
                if chance < 0.34:
                    self.ledger.note("and does it again")
                    self.type(uri, text)
        return answer

    def take_back(self, uri: str) -> None:
        """The editor's own undo, of one step."""
        text = self.past[uri].pop()
        gone = sorted(marks(self.buffers[uri].text) ^ marks(text))
        self.ledger.note(f"takes back in {to_path(uri).name}: {gone}")
        past = self.past[uri]
        self.type(uri, text)
        self.past[uri] = past[:-1]

    def answer(self, title: str | None) -> None:
        """Answer the newest question that is on the screen."""
        number, question = list(self.asked.items())[-1]
        self.asked.pop(number)
        self.ledger.note(f"answers {title} to {question['message']}")
        if title == "Apply":
            names = question["message"].split(": ", 1)[1]
            for files in self.ledger.proposals.values():
                if any(name in names for name in files):
                    for proposed in files.values():
                        self.ledger.accepted |= proposed.adds
        result = {"title": title} if title else None
        self.server.send({"jsonrpc": "2.0", "id": number, "result": result})

    def scribble(self) -> None:
        """Type somewhere, each time with a mark of its own."""
        if not self.buffers:
            return
        uri = self.random.choice(sorted(self.buffers))
        lines = self.buffers[uri].text.splitlines(keepends=True)
        mark = f"<U{next(self._numbers)}>"
        near = [number for number, line in enumerate(lines) if "<M" in line]
        at = self.random.choice(near) if near and self.random.random() < 0.3 else self.random.randrange(len(lines) + 1)
        at = min(at, max(0, len(lines) - 1))
        match self.random.randrange(8):
            case 0 | 1:
                lines.insert(at, f"text {mark} of the user\n")
            case 2 if lines:
                bare = lines[at].rstrip("\n")
                lines[at] = f"{bare} {mark}\n"
            case 3 if lines:
                lines[at] = f"text {mark} of the user\n"
            case 4 if lines:
                del lines[at]
            case 5 if lines:
                bare = lines[at].rstrip("\n")
                cut = self.random.randrange(len(bare) + 1)
                # Inside a mark it would be somebody else's word.
                cut = 0 if "<" in bare else cut
                lines[at] = f"{bare[:cut]}{mark}{bare[cut:]}\n"
            case 6:
                lines.insert(at, "}\n" if self.random.random() < 0.5 else "\n")
            case _:
                lines.append(f"text {mark} of the user" + ("\n" if self.random.random() < 0.8 else ""))
        if len(lines) > 1:
            lines[:-1] = [line if line.endswith("\n") else f"{line}\n" for line in lines[:-1]]
        text = "".join(lines)
        if text != self.buffers[uri].text:
            self.ledger.note(f"types {mark} in {to_path(uri).name}")
            self.type(uri, text)

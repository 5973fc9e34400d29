"""A strict fake editor in front of which somebody sits who does as the dice say, and keeps a ledger."""

from __future__ import annotations

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
    """asked: questions that are on the screen, by the id of their request. past: each buffer's earlier texts."""

    ledger: Ledger
    random: Random
    folder: Path

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.asked: dict[str, Json] = {}
        self.past: dict[str, list[str]] = {}
        self.why = "applyEdit"
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
            self.ledger.hears(message["params"])
        super()._take(message)

    def _answer(self, method: str, params: Any) -> Any:
        if method == "window/showMessageRequest":
            # Answered later, or never: see `answer`.
            return NO_ANSWER
        if method == "workspace/applyEdit":
            before = self.random.random()
            if before < 0.08:
                self.ledger.note("the user declines")
                return {"applied": self.personality.applies == "always true" and before < 0.04}
            operations = params["edit"].get("documentChanges", ())
            if before < 0.2 and operations and all(item.get("kind") != "delete" for item in operations):
                # Between the server's edit and its arrival. What carries no version can't know of that.
                self.scribble()
        if method == "workspace/applyEdit":
            self.why = f"applyEdit {json.dumps(params['edit'])[:600]}"
        return super()._answer(method, params)

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

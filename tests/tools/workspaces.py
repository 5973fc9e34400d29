"""A workspace on disk with documents open over it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from devstral_ls.tools import TOOLS
from devstral_ls.tools.tool import ToolContext
from devstral_ls.workspace.documents import Document
from devstral_ls.workspace.overlay import Overlay
from devstral_ls.workspace.view import View


class Opened:
    """What an editor has open: a path and its unsaved text."""

    def __init__(self, texts: dict[Path, str] | None = None) -> None:
        self.texts = texts or {}
        self.version = 1

    def at(self, path: Path) -> Document | None:
        if path not in self.texts:
            return None
        return Document(path.as_uri(), path, "plaintext", self.version, self.texts[path])

    def all(self) -> Iterable[Document]:
        return [document for path in self.texts if (document := self.at(path))]


def workspace(root: Path, files: dict[str, str | bytes], opened: dict[str, str] | None = None) -> View:
    """`files` written below `root` exactly as given, and a view of them with `opened` in the editor."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    documents = Opened({root / name: text for name, text in (opened or {}).items()})
    return View([root], documents, Overlay())


def names(folder: Path) -> list[str]:
    """What is in a directory, sorted; nothing when there is none."""
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


async def call(context: ToolContext, name: str, **arguments: object) -> str:
    """What the model reads when it calls the tool `name`. Raises ForModel as the tool does."""
    (tool,) = (tool for tool in TOOLS if tool.spec.name == name)
    return (await tool.run(arguments, context)).text

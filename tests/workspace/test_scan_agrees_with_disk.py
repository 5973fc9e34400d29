"""Invariant: listing and searching the view gives what it would give on a disk that holds the view's files.

Random trees, ignore files, open documents and staged changes; the view is written out to another directory, and a plain
`rg --files` and `rg --json` there are the judges.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstral_ls.errors import ForModel
from devstral_ls.workspace.files import encode
from devstral_ls.workspace.search import find_rg
from devstral_ls.workspace.secrets_paths import hides
from devstral_ls.workspace.view import Query, View
from tests.workspace.editor import Editor, view_of

FOLDERS = ["", "a", "b", "a/b", "a/b/c", ".hidden", "out", "a/out", "with space"]
NAMES = ["x.py", "y.txt", "z.log", "[id].ts", "-dash", "new\nline", ".env", "é.txt"]
RULES = ["*.log", "*.py", "/a/", "b/", "out", "!x.py", "*", "!*/", "a/**/x.py", "/x.py", "# note", "!b/", ".*", "a/b/*"]
RULES += ["!/out/", "out/**", "\\[id].ts"]
TEXTS = [
    "foo\n",
    "bar\n",
    "foo\r\nbar\r\nfoo 2\r\n",
    "bar\nfoo",
    "",
    "é foo\nbaz\n\nfoofoo\n",
    "last foo\r\n",
    "x" * 700 + "foo\n",
]

RIPGREP_WORD_FOR = {"b/": "**/b/**"}  # a directory named as a glob means what is in it; to ripgrep, nothing


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


paths = st.builds(_joined, st.sampled_from(FOLDERS), st.sampled_from(NAMES))
ignore_paths = st.builds(
    _joined,
    st.sampled_from(FOLDERS),
    st.sampled_from([".gitignore", ".gitignore", ".ignore", ".rgignore"]),
)
texts = st.sampled_from(TEXTS)
rules = st.lists(st.sampled_from(RULES), max_size=3).map(lambda lines: "".join(f"{line}\n" for line in lines))
raw = st.one_of(
    texts.map(str.encode),
    texts.map(lambda text: b"\xef\xbb\xbf" + text.encode()),
    texts.map(lambda text: b"\xff\xfe" + text.encode("utf-16-le")),
    st.sampled_from([b"foo\0bar\n", b"foo \xe9\n", b"NUL far behind a match"]),
)


@dataclass(frozen=True)
class Workspace:
    files: dict[str, bytes]
    changes: list[tuple[str, str, str]]
    repositories: list[str]
    excluded: str
    base: str
    glob: str | None
    pattern: str
    context: int


workspaces = st.builds(
    Workspace,
    files=st.builds(
        lambda files, ignores: {**files, **ignores},
        st.dictionaries(paths, raw, max_size=14),
        st.dictionaries(ignore_paths, rules.map(str.encode), max_size=4),
    ),
    changes=st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["open", "stage", "remove"]), paths, texts),
            st.tuples(st.sampled_from(["open", "stage", "remove"]), ignore_paths, rules),
        ),
        max_size=6,
    ),
    repositories=st.lists(st.sampled_from(["", "a", "a/b", "b"]), max_size=2),
    excluded=rules,
    base=st.sampled_from(["", "", "a", "a/b", "out", ".hidden"]),
    glob=st.sampled_from([None, None, "*.py", "*.{py,log}", "a/**", "**/x.*", "[xy].*", "!*.py", "b/", "**/*"]),
    pattern=st.sampled_from(["foo", "foo$", "^bar", "fo+(?=2)|bar", "É", "."]),
    context=st.integers(0, 2),
)


@settings(max_examples=int(os.environ.get("EXAMPLES", "60")), deadline=None, derandomize=True)
@given(workspaces)
def test_the_view_lists_and_finds_what_the_same_tree_on_disk_would(workspace: Workspace) -> None:
    with tempfile.TemporaryDirectory() as place:
        root, copy = Path(place).resolve() / "view" / "w", Path(place).resolve() / "copy" / "w"
        _plant(root, workspace)
        view = _changed(root, workspace)
        shutil.copytree(root, copy)
        _write_out(view, copy, workspace)
        (copy / workspace.base).mkdir(parents=True, exist_ok=True)
        if not view.is_dir(root / workspace.base):
            return
        asyncio.run(_compare(view, root / workspace.base, copy / workspace.base, workspace))


async def _compare(view: View, base: Path, copy: Path, workspace: Workspace) -> None:
    in_repository = [] if "" in workspace.repositories else ["--no-require-git"]
    listing = await view.listing(base, workspace.glob)
    listed = {str(path.relative_to(base)) for path in listing.paths}
    expected = _rg_files(copy, *in_repository)
    if workspace.glob:
        expected &= _rg_files(copy, "--no-ignore", "--glob", RIPGREP_WORD_FOR.get(workspace.glob, workspace.glob))
    secret = {name for name in expected if hides(name)}
    expected -= secret
    assert listed == expected
    assert listing.secrets == len(secret)

    query = Query(workspace.pattern, base, workspace.glob, context=workspace.context, limit=1_000_000)
    found = await view.search(query)
    lines = [
        (str(line.path.relative_to(base)), line.number, line.is_match, line.text.split(" [... ")[0][:500])
        for line in found.matches
    ]
    reference = [line for line in _rg_json(copy, workspace, *in_repository) if line[0] in expected]
    assert sorted(lines) == sorted(reference)
    assert found.secrets == len(secret)
    assert found.files == len({line[0] for line in reference})
    assert found.total == sum(line[2] for line in reference)

    for folder in FOLDERS:
        if (copy / folder).is_dir() and view.is_dir(base / folder):
            entries = {(entry.name, entry.is_dir, entry.size) for entry in view.entries(base / folder)}
            assert entries == {
                (entry.name, entry.is_dir(), 0 if entry.is_dir() else entry.stat().st_size)
                for entry in os.scandir(copy / folder)
                if entry.name != ".git"
            }


def _plant(root: Path, workspace: Workspace) -> None:
    root.mkdir(parents=True)
    for name, data in workspace.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"foo\n" + b"bar\n" * 40_000 + b"\0" if data == b"NUL far behind a match" else data)
    for name in workspace.repositories:
        info = root / name / ".git" / "info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "exclude").write_text(workspace.excluded)
        (info / "x.py").write_text("foo in a repository's own files\n")


def _changed(root: Path, workspace: Workspace) -> View:
    editor = Editor()
    view = view_of(root, editor=editor)
    for kind, name, text in workspace.changes:
        path = root / name
        try:
            if kind == "open":
                editor.open(path, text)
            elif kind == "stage":
                view.stage(path, text)
            else:
                view.remove(path)
        except ForModel:
            pass  # what can't be staged, such as text over a binary file, is no part of the view
    return view


def _write_out(view: View, copy: Path, workspace: Workspace) -> None:
    for _, name, _ in workspace.changes:
        path, target = view.roots[0] / name, copy / name
        if not view.exists(path):
            target.unlink(missing_ok=True)
            continue
        try:
            snapshot = view.read(path)
        except ForModel:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(encode(snapshot.text, snapshot.encoding, snapshot.bom))


def _rg(directory: Path, *arguments: str) -> bytes:
    command = [str(find_rg()), "--no-config", "--hidden", "--glob", "!.git", *arguments]
    return subprocess.run([*command, "./"], cwd=directory, stdin=subprocess.DEVNULL, capture_output=True).stdout


def _rg_files(directory: Path, *arguments: str) -> set[str]:
    names = _rg(directory, "--files", "--null", *arguments).split(b"\0")
    return {os.fsdecode(name).removeprefix("./") for name in names if name}


def _rg_json(directory: Path, workspace: Workspace, *arguments: str) -> list[tuple[str, int, bool, str]]:
    options = ["--json", "--crlf", "-P", "--context", str(workspace.context), "-e", workspace.pattern]
    lines = []
    for message in map(json.loads, _rg(directory, *options, *arguments).splitlines()):
        if message["type"] in ("match", "context"):
            data = message["data"]
            text = _text(data["lines"]).decode("utf-8", "replace").rstrip("\r\n")[:500]
            name = os.fsdecode(_text(data["path"])).removeprefix("./")
            lines.append((name, data["line_number"], message["type"] == "match", text))
    return lines


def _text(value: dict[str, str]) -> bytes:
    return value["text"].encode() if "text" in value else base64.b64decode(value["bytes"])


@pytest.mark.parametrize("repository", [True, False])
def test_a_staged_ignore_file_hides_what_it_names(tmp_path: Path, repository: bool) -> None:
    root = tmp_path.resolve()
    if repository:
        (root / ".git").mkdir()
    for name in ("keep.py", "drop.log", "lib/drop.log"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("foo\n")
    view = view_of(root)
    view.stage(root / ".gitignore", "*.log\n")

    async def seen() -> tuple[list[str], list[str]]:
        found = await view.search(Query("foo", root))
        return [view.show(path) for path in await view.files(root)], [view.show(line.path) for line in found.matches]

    assert asyncio.run(seen()) == ([".gitignore", "keep.py"], ["keep.py"])
    view.overlay.drop(root / ".gitignore")
    assert asyncio.run(seen())[1] == ["drop.log", "keep.py", "lib/drop.log"]

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from devstral_ls.errors import NotFound, NotText, PathRefused, SearchFailed, WorkspaceGone
from devstral_ls.workspace.entries import Entry
from devstral_ls.workspace.paths import path_to_uri
from devstral_ls.workspace.view import Query, Snapshot
from tests.workspace.editor import Editor, plant, shown, view_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return plant(tmp_path / "app", {"src/a.py": "disk\r\n", "README.md": "# App\n"})


def test_staged_text_lies_over_the_open_document_and_that_over_the_disk(root: Path) -> None:
    editor = Editor()
    view = view_of(root, editor=editor)
    path = view.resolve("src/a.py")
    uri = path_to_uri(path)

    def expected(text: str, source: str, version: int | None) -> Snapshot:
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Snapshot(path, uri, text, source, version, digest, "utf-8", False)  # type: ignore[arg-type]

    assert view.read(path) == expected("disk\r\n", "disk", None)
    editor.open(path, "typed", version=7)
    assert view.read(path) == expected("typed", "open", 7)
    view.stage(path, "staged")
    assert view.read(path) == expected("staged", "staged", None)
    assert view.original(path) == expected("typed", "open", 7)
    staged = view.overlay.get(path)
    assert staged is not None
    assert staged.base == expected("typed", "open", 7)
    view.overlay.drop(path)
    editor.close(path)
    assert view.read(path) == expected("disk\r\n", "disk", None)
    assert path.read_bytes() == b"disk\r\n"


def test_a_deleted_file_is_gone_from_the_view_and_kept_on_disk(root: Path) -> None:
    view = view_of(root)
    path = view.resolve("README.md")
    view.remove(path)
    assert not view.exists(path)
    assert [entry.name for entry in view.entries(root)] == ["src"]
    with pytest.raises(NotFound, match=r"README.md .* deleted earlier"):
        view.read(path)
    with pytest.raises(NotFound):
        view.remove(path)
    assert path.exists()
    view.stage(path, "again\n")
    assert view.read(path).text == "again\n"
    staged = view.overlay.get(path)
    assert staged is not None
    assert staged.base is not None
    assert staged.base.text == "# App\n"


def test_a_new_file_in_new_directories_is_seen_everywhere_at_once(root: Path) -> None:
    view = view_of(root)
    path = view.resolve("lib/deep/new.py")
    assert view.original(path) is None
    view.stage(path, "é\n")
    assert view.exists(path.parent)
    assert view.is_dir(root / "lib")
    assert Entry("lib", True, 0) in view.entries(root)
    assert view.entries(root / "lib") == [Entry("deep", True, 0)]
    assert view.entries(root / "lib" / "deep") == [Entry("new.py", False, 3)]
    with pytest.raises(NotText, match="directory"):
        view.read(root / "lib")
    view.remove(path)
    assert not view.exists(root / "lib")
    assert view.overlay.changes() == ()


def test_an_open_document_is_found_under_another_spelling_of_its_path(root: Path) -> None:
    (root / "link").symlink_to("src")
    (root / "alias.py").symlink_to("src/a.py")
    for spelling in (root / "link" / "a.py", root / "alias.py"):
        editor = Editor()
        editor.open(spelling, "typed")
        view = view_of(root, editor=editor)
        for given in ("src/a.py", "link/a.py", "alias.py", path_to_uri(spelling)):
            assert view.read(view.resolve(given)).text == "typed"


def test_an_open_document_keeps_the_encoding_its_file_has_on_disk(root: Path) -> None:
    (root / "u.txt").write_bytes(b"\xff\xfe" + "old".encode("utf-16-le"))
    editor = Editor()
    editor.open(root / "u.txt", "typed")
    view = view_of(root, editor=editor)
    view.stage(root / "u.txt", "staged")
    for snapshot in (view.original(root / "u.txt"), view.read(root / "u.txt")):
        assert snapshot is not None
        assert (snapshot.encoding, snapshot.bom) == ("utf-16-le", True)
    assert Entry("u.txt", False, 14) in view.entries(root)


async def test_documents_outside_the_folders_and_in_git_are_not_in_the_view(root: Path) -> None:
    editor = Editor()
    editor.open(root.parent / "other.py", "needle")
    editor.open(root / ".git" / "COMMIT_EDITMSG", "needle")
    view = view_of(root, editor=editor)
    assert [entry.name for entry in view.entries(root)] == ["README.md", "src"]
    assert shown(view, await view.files(root)) == ["README.md", "src/a.py"]
    assert (await view.search(Query("needle", root))).total == 0
    for path in (root.parent / "other.py", root / ".git" / "COMMIT_EDITMSG"):
        with pytest.raises(PathRefused):
            view.read(path)


def test_nothing_is_read_from_where_a_symlink_leads_after_the_path_was_resolved(root: Path) -> None:
    view = view_of(root)
    path = view.resolve("src/a.py")
    outside = plant(root.parent / "outside", {"a.py": "secret"})
    shutil.rmtree(root / "src")
    (root / "src").symlink_to(outside)
    with pytest.raises((NotFound, NotText)):
        view.read(path)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")
def test_a_pipe_is_neither_read_nor_searched(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(NotText, match="pipe is no regular file"):
        view_of(root).read(root / "pipe")


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")
async def test_searching_a_pipe_is_refused(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(NotText, match="can't be searched"):
        await view_of(root).search(Query("a", root / "pipe"))


def test_a_file_can_be_staged_only_where_one_can_be(root: Path) -> None:
    view = view_of(root)
    with pytest.raises(PathRefused, match="src is a directory"):
        view.stage(root / "src", "text")
    with pytest.raises(PathRefused, match=r"README.md is a file"):
        view.stage(root / "README.md" / "below", "text")
    (root / "binary").write_bytes(b"\0\1")
    with pytest.raises(NotText, match="binary file"):
        view.stage(root / "binary", "text")
    assert view.overlay.changes() == ()
    view.remove(root / "README.md")
    view.stage(root / "README.md" / "below", "text")
    assert Entry("README.md", True, 0) in view.entries(root)


def test_a_directory_lists_its_names_in_order_without_git(root: Path) -> None:
    (root / ".git").mkdir()
    (root / ".gitignore").write_text("src\n")
    (root / "gone").symlink_to("nowhere")
    view = view_of(root)
    assert view.entries(root) == [
        Entry(".gitignore", False, 4),
        Entry("README.md", False, 6),
        Entry("gone", False, 0),
        Entry("src", True, 0),
    ]
    with pytest.raises(NotFound, match=r"README.md is a file"):
        view.entries(root / "README.md")
    with pytest.raises(NotFound, match="nope does not exist"):
        view.entries(root / "nope")


async def test_every_question_about_a_deleted_folder_is_told_to_the_user(root: Path) -> None:
    view = view_of(root)
    shutil.rmtree(root)
    for ask in (view.read, view.entries):
        with pytest.raises(WorkspaceGone):
            ask(root / "src" / "a.py")
    with pytest.raises(WorkspaceGone):
        await view.files(root)
    with pytest.raises(WorkspaceGone):
        await view.search(Query("a", root))


async def test_open_and_staged_text_is_searched_instead_of_the_disk(root: Path) -> None:
    editor = Editor()
    editor.open(root / "src" / "a.py", "one\ntyped needle\n")
    view = view_of(root, editor=editor)
    view.stage(root / "new" / "b.py", "needle staged\n")
    view.remove(root / "README.md")
    found = await view.search(Query("needle|disk|App", root))
    assert [(view.show(line.path), line.number, line.text) for line in found.matches] == [
        ("new/b.py", 1, "needle staged"),
        ("src/a.py", 2, "typed needle"),
    ]
    assert shown(view, await view.files(root)) == ["new/b.py", "src/a.py"]
    assert shown(view, await view.files(root / "new")) == ["new/b.py"]
    assert shown(view, await view.files(root, "src/*.py")) == ["src/a.py"]


async def test_a_single_file_can_be_searched_even_when_it_is_ignored(root: Path) -> None:
    (root / ".gitignore").write_text("*.md\n")
    view = view_of(root)
    assert (await view.search(Query("App", root))).total == 0
    assert [line.text for line in (await view.search(Query("App", root / "README.md"))).matches] == ["# App"]
    view.stage(root / "README.md", "# Staged App\n")
    found = await view.search(Query("App", root / "README.md"))
    assert [(line.path, line.text) for line in found.matches] == [(root / "README.md", "# Staged App")]
    assert await view.files(root / "README.md") == [root / "README.md"]
    view.remove(root / "README.md")
    for question in (view.search(Query("App", root / "README.md")), view.files(root / "README.md")):
        with pytest.raises(NotFound, match=r"README.md does not exist"):
            await question


async def test_a_glob_does_not_bring_ignored_files_back(root: Path) -> None:
    plant(root, {".gitignore": "build/\n*.log\n", "build/x.py": "disk", "a.log": "disk"})
    view = view_of(root)
    for glob in ("**/*", "**", "*"):
        assert shown(view, await view.files(root, glob)) == [".gitignore", "README.md", "src/a.py"]
    assert await view.files(root, "*.log") == []
    assert shown(view, await view.files(root / "build")) == ["build/x.py"]


async def test_a_repository_inside_another_is_not_ruled_from_outside(root: Path) -> None:
    plant(root, {".git/HEAD": "", ".gitignore": "*.py\n", "sub/.git": "gitdir: nowhere\n", "sub/b.py": "b"})
    view = view_of(root)
    view.stage(root / "sub" / "c.py", "c")
    view.stage(root / "src" / "d.py", "d")
    assert shown(view, await view.files(root)) == [".gitignore", "README.md", "sub/b.py", "sub/c.py"]


async def test_context_limit_and_case_are_as_asked(root: Path) -> None:
    plant(root, {"t.txt": "".join(f"{number} Word\n" for number in range(1, 10))})
    view = view_of(root)
    found = await view.search(Query("5 word", root, ignore_case=True, context=1))
    assert [(line.number, line.is_match) for line in found.matches] == [(4, False), (5, True), (6, False)]
    assert (await view.search(Query("5 word", root))).total == 0
    limited = await view.search(Query("Word", root, limit=2))
    assert ([line.number for line in limited.matches], limited.total, limited.truncated) == ([1, 2], 9, True)


async def test_strange_names_patterns_and_bytes_are_found(root: Path) -> None:
    plant(
        root,
        {"-dash": "-foo\n", "new\nline": "x -foo", " lead": "-foo", "latin": b"-foo \xe9\n", "crlf": "-foo;\r\n-foo;"},
    )
    view = view_of(root)
    found = await view.search(Query("-foo", root))
    assert [(view.show(line.path), line.text) for line in found.matches] == [
        (" lead", "-foo"),
        ("-dash", "-foo"),
        ("crlf", "-foo;"),
        ("crlf", "-foo;"),
        ("latin", "-foo \ufffd"),
        ("new\nline", "x -foo"),
    ]
    assert (await view.search(Query(";$", root / "crlf"))).total == 2
    assert (await view.search(Query("(?<=-)foo", root / "-dash"))).total == 1


async def test_a_name_that_is_no_utf8_is_listed_and_printable(root: Path) -> None:
    try:
        (root / os.fsdecode(b"\xff.txt")).write_text("foo")
    except (OSError, UnicodeError):
        pytest.skip("this file system takes UTF-8 names only")
    view = view_of(root)
    assert "\ufffd.txt" in shown(view, await view.files(root))


async def test_a_long_line_is_cut_and_says_so(root: Path) -> None:
    plant(root, {"min.js": "x" * 100_000 + "needle"})
    (line,) = (await view_of(root).search(Query("needle", root))).matches
    assert len(line.text) < 600
    assert "[..." in line.text


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("foo(", "unclosed group"),
        ("a\nb", "one line"),
        (r"a\nb", "one line"),
        ("*", "not a valid regular expression"),
        ("a\0", "NUL"),
        ("x" * 20_000, "longer"),
    ],
)
async def test_a_pattern_that_can_not_be_searched_is_explained_in_two_lines(
    root: Path, pattern: str, message: str
) -> None:
    with pytest.raises(SearchFailed, match=message) as raised:
        await view_of(root).search(Query(pattern, root))
    assert str(raised.value).count("\n") <= 1


async def test_a_search_of_what_is_not_there_says_so(root: Path) -> None:
    view = view_of(root)
    with pytest.raises(NotFound, match="nope does not exist"):
        await view.search(Query("a", root / "nope"))
    with pytest.raises(SearchFailed, match="not closed"):
        await view.files(root, "[a")


async def test_staged_and_unsaved_text_leaves_no_trace_in_the_temporary_directory(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One that no other test's processes use.
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    view = view_of(root)
    view.stage(root / "b.py", "needle")
    await view.search(Query("needle", root))
    with pytest.raises(SearchFailed):
        await view.search(Query("needle(", root))
    assert list(temporary.iterdir()) == []

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from devstral_ls.execution.copy_tree import Abandoned, Copying, remove_tree

pytestmark = pytest.mark.skipif(os.name != "posix", reason="symbolic links and modes")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "real" / "proj"
    (root / "src").mkdir(parents=True)
    (root / "src" / "a.py").write_text("a = 1\n")
    return root


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "holder").mkdir()
    return tmp_path / "holder" / "proj"


def test_content_modes_and_times_are_kept(source: Path, target: Path) -> None:
    script = source / "run.sh"
    script.write_bytes(b"\x00\xff\r\n")
    script.chmod(0o555)
    os.utime(script, ns=(1_000_000_000, 2_000_000_000))
    (source / "empty").mkdir()
    Copying(source, target).run()
    copied = target / "run.sh"
    assert copied.read_bytes() == b"\x00\xff\r\n"
    assert stat.S_IMODE(copied.stat().st_mode) == 0o555
    assert copied.stat().st_mtime_ns == 2_000_000_000
    assert (target / "empty").is_dir()


def test_writing_to_the_copy_leaves_the_original_alone(source: Path, target: Path) -> None:
    os.link(source / "src" / "a.py", source / "hard.py")
    (source / "soft.py").symlink_to(source / "src" / "a.py")
    Copying(source, target).run()
    for name in ("hard.py", "soft.py", "src/a.py"):
        with (target / name).open("a") as file:
            file.write("changed\n")
    assert (source / "src" / "a.py").read_text() == "a = 1\n"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("src/a.py", "src/a.py"),
        ("{source}/src/a.py", "{target}/src/a.py"),
        ("{source}", "{target}"),
        ("{source}/not/there/yet", "{target}/not/there/yet"),
        ("../proj/src/a.py", "{target}/src/a.py"),
        ("../outside.txt", "{parent}/outside.txt"),
        ("{parent}/outside.txt", "{parent}/outside.txt"),
        ("/usr/bin/env", "/usr/bin/env"),
        ("dangling", "dangling"),
    ],
)
def test_a_link_leads_where_it_led_but_never_back_to_the_original(
    source: Path, target: Path, given: str, expected: str
) -> None:
    places = {"source": source, "target": target, "parent": source.parent}
    (source / "link").symlink_to(given.format(**places))
    Copying(source, target).run()
    wanted = expected.format(**places)
    led = str((target / "link").readlink())
    assert led == wanted or os.path.normpath(target / led) == wanted


def test_a_link_through_an_alias_of_the_workspace_leads_into_the_copy(source: Path, target: Path) -> None:
    alias = source.parent / "alias"
    alias.symlink_to(source)
    (source / "link").symlink_to(alias / "src" / "a.py")
    Copying(source, target).run()
    assert (target / "link").readlink() == target / "src" / "a.py"


def test_a_directory_link_is_not_walked_through(source: Path, target: Path) -> None:
    (source / "loop").symlink_to(".")
    Copying(source, target).run()
    assert (target / "loop").is_symlink()


def test_pipes_and_sockets_are_left_out(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(source / "pipe")
    monkeypatch.chdir(source)  # A socket's path must be short.
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        Copying(source, target).run()
    assert sorted(path.name for path in target.iterdir()) == ["src"]


def test_a_copy_inside_the_tree_does_not_contain_itself(source: Path) -> None:
    holder = source / "tmp" / "holder"
    holder.mkdir(parents=True)
    status = holder.stat()
    Copying(source, holder / "proj", frozenset({(status.st_dev, status.st_ino)})).run()
    assert (holder / "proj" / "src" / "a.py").exists()
    assert list((holder / "proj" / "tmp").iterdir()) == []


def test_a_git_pointer_out_of_the_tree_is_left_out_and_one_inside_follows(source: Path, target: Path) -> None:
    (source / ".git").write_text(f"gitdir: {source.parent}/other/.git/worktrees/proj\n")
    for name, given in [("relative", "../.git/modules/x"), ("absolute", f"{source}/.git/modules/x")]:
        (source / name).mkdir()
        (source / name / ".git").write_text(f"gitdir: {given}\n")
    Copying(source, target).run()
    assert not (target / ".git").exists()
    assert (target / "relative" / ".git").read_text() == "gitdir: ../.git/modules/x\n"
    assert (target / "absolute" / ".git").read_text() == f"gitdir: {target}/.git/modules/x\n"


def test_a_copy_that_is_no_longer_wanted_stops(source: Path, target: Path) -> None:
    with pytest.raises(Abandoned):
        Copying(source, target, wanted=lambda: False).run()


def test_a_missing_tree_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Copying(tmp_path / "none", tmp_path / "copy").run()


def test_removing_reaches_read_only_directories_and_never_follows_links(source: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "locked" / "deep").mkdir(parents=True)
    (tree / "locked" / "deep" / "file").write_text("x")
    (tree / "out").symlink_to(source)
    (tree / "locked" / "deep").chmod(0o500)
    (tree / "locked").chmod(0o500)
    remove_tree(tree)
    assert not tree.exists()
    assert (source / "src" / "a.py").exists()

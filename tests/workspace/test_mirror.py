from __future__ import annotations

from pathlib import Path

from devstral_ls.workspace.layers import Layer, Layers
from devstral_ls.workspace.mirror import create
from tests.workspace.editor import plant


def test_a_mirror_holds_the_files_and_the_ignore_files_around_them_and_nothing_else(tmp_path: Path) -> None:
    root = plant(tmp_path / "w", {".gitignore": "a\n", "lib/.ignore": "b\n", "lib/x.py": "", "other/.gitignore": "c\n"})
    plant(root, {".git/info/exclude": "d\n", ".git/config": "secret"})
    mirror = create(root)
    try:
        mirror.fill(root, {"lib/new.py": Layer(root / "lib" / "new.py", "text", "utf-8")}, Layers({}))
        files = {
            str(path.relative_to(mirror.base)): path.read_text() for path in mirror.base.rglob("*") if path.is_file()
        }
    finally:
        mirror.remove()
    assert files == {
        ".gitignore": "a\n",
        ".git/info/exclude": "d\n",
        "lib/.ignore": "b\n",
        "lib/new.py": "text",
    }
    assert not mirror.top.exists()


def test_only_its_owner_may_look_into_a_mirror(tmp_path: Path) -> None:
    mirror = create(tmp_path.resolve())
    try:
        assert mirror.top.stat().st_mode & 0o077 == 0
    finally:
        mirror.remove()


def test_a_file_below_a_file_is_left_out(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    mirror = create(root)
    try:
        mirror.fill(root, {"a": None, "a/b": None, "c": None}, Layers({}))
        assert sorted(path.name for path in mirror.base.iterdir()) == ["a", "c"]
    finally:
        mirror.remove()

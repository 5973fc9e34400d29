from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from devstral_ls.errors import PathRefused, WorkspaceGone
from devstral_ls.workspace.paths import path_to_uri
from devstral_ls.workspace.roots import Roots


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "app"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "a.py").write_text("a\n")
    return folder


def test_a_path_is_taken_in_every_usual_spelling(root: Path) -> None:
    roots = Roots([root])
    file = root / "src" / "a.py"
    spellings = [
        "src/a.py",
        "./src/a.py",
        "src//a.py",
        "src/../src/a.py",
        "lib/../src/a.py",
        str(file),
        path_to_uri(file),
    ]
    assert {roots.resolve(given) for given in spellings} == {file}
    assert roots.resolve(".") == root
    assert roots.resolve("new/dir/b.py") == root / "new" / "dir" / "b.py"


@pytest.mark.parametrize(
    "given", ["..", "../x", "src/../../x", "/etc/passwd", "file:///etc/passwd", "/", "//etc/passwd"]
)
def test_a_path_outside_is_refused_with_the_root_to_use(root: Path, given: str) -> None:
    with pytest.raises(PathRefused, match=f"Paths must be inside the workspace: {root}"):
        Roots([root]).resolve(given)


def test_a_folder_whose_name_only_begins_alike_is_outside(root: Path) -> None:
    root.with_name("app2").mkdir()
    with pytest.raises(PathRefused):
        Roots([root]).resolve("../app2/x")


def test_a_symlink_that_leads_outside_is_refused_even_as_a_parent_of_a_new_file(root: Path) -> None:
    elsewhere = root.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret").write_text("s")
    (root / "link").symlink_to(elsewhere)
    (root / "file").symlink_to(elsewhere / "secret")
    for given in ("link", "link/secret", "link/new/file.py", "file", "link/../x"):
        with pytest.raises(PathRefused, match="leads to" if given != "link/../x" else "outside"):
            Roots([root]).resolve(given)


def test_a_symlink_that_stays_inside_is_the_file_it_leads_to(root: Path) -> None:
    (root / "link").symlink_to("src")
    assert Roots([root]).resolve("link/a.py") == root / "src" / "a.py"


@pytest.mark.parametrize(
    "given",
    [".git", ".git/config", ".GIT/config", "src/.git/x", ".git./x", "git~1/config", "src/../.git/HEAD", "x/.git "],
)
def test_nothing_in_git_can_be_named(root: Path, given: str) -> None:
    for spelling in (given, f"{root}/{given}"):
        with pytest.raises(PathRefused, match=r"inside .git"):
            Roots([root]).resolve(spelling)


def test_git_is_closed_behind_symlinks_of_either_direction(root: Path) -> None:
    (root / ".git").mkdir()
    (root / "door").symlink_to(".git")
    with pytest.raises(PathRefused, match=r"inside .git"):
        Roots([root]).resolve("door/config")
    (root / "lib").mkdir()
    (root / "lib" / ".git").symlink_to(root / "src")
    for given in ("lib/.git/a.py", f"{root}/lib/.git/a.py"):
        with pytest.raises(PathRefused, match=r"inside .git"):
            Roots([root]).resolve(given)


@pytest.mark.parametrize("given", ["", " ", "a\0b", "file://server/x", "file:"])
def test_what_is_no_path_is_refused_with_advice(root: Path, given: str) -> None:
    with pytest.raises(PathRefused, match="Paths must be inside the workspace"):
        Roots([root]).resolve(given)


def test_a_root_reached_through_a_symlink_works_both_ways(root: Path) -> None:
    link = root.with_name("link")
    link.symlink_to(root)
    for roots in (Roots([root]), Roots([link])):
        assert roots.resolve("src/a.py") == root / "src" / "a.py"
        assert roots.resolve(str(link / "src" / "a.py")) == root / "src" / "a.py"
        assert roots.resolve(str(root / "src" / "a.py")) == root / "src" / "a.py"
        with pytest.raises(PathRefused, match=r"inside .git"):
            roots.resolve(str(link / ".git" / "x"))
    assert Roots([root, link]).paths == (root,)


def test_a_folder_that_is_itself_in_a_git_directory_can_be_worked_in(tmp_path: Path) -> None:
    hooks = tmp_path.resolve() / ".git" / "hooks"
    hooks.mkdir(parents=True)
    assert Roots([hooks]).resolve(str(hooks / "pre-commit")) == hooks / "pre-commit"


def test_with_several_folders_paths_begin_with_the_folders_name(root: Path) -> None:
    other, twin = root.parent / "lib", root.parent / "x" / "app"
    other.mkdir()
    twin.mkdir(parents=True)
    roots = Roots([root, other, twin])
    for path, name in [
        (root / "src" / "a.py", "app/src/a.py"),
        (other / "b.py", "lib/b.py"),
        (twin / "c.py", "app-2/c.py"),
        (root, "app"),
        (other, "lib"),
    ]:
        assert roots.show(path) == name
        assert roots.resolve(name) == path
    assert roots.resolve("src/a.py") == root / "src" / "a.py"


def test_of_nested_folders_the_inner_one_holds_a_path(root: Path) -> None:
    roots = Roots([root, root / "src"])
    assert roots.root_of(root / "src" / "a.py") == root / "src"
    assert roots.show(root / "src" / "a.py") == "src/a.py"
    assert roots.show(root / "b.py") == "app/b.py"


def test_a_single_folder_is_shown_as_a_dot(root: Path) -> None:
    assert Roots([root]).show(root) == "."
    assert Roots([root]).show(root / "src" / "a.py") == "src/a.py"


def test_a_deleted_folder_is_told_to_the_user(root: Path) -> None:
    roots = Roots([root])
    shutil.rmtree(root)
    with pytest.raises(WorkspaceGone, match="is gone"):
        roots.resolve("src/a.py")


def test_without_a_folder_every_path_is_refused() -> None:
    with pytest.raises(PathRefused, match="No folder is open"):
        Roots([]).resolve("a.py")


def test_a_symlink_circle_is_an_ordinary_path_that_reading_refuses(root: Path) -> None:
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("one")
    assert Roots([root]).resolve("one").parent == root

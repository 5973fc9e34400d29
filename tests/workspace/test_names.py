from __future__ import annotations

import pytest

from devstral_ls.workspace.names import enters_git, folds_to_git, is_absolute, refusal


@pytest.mark.parametrize(
    "name",
    [".git", ".GIT", ".Git", ".git.", ".git ", ".git. .", "git~1", "GIT~1", ".g\u200cit", "\ufeff.git", ".git:x"],
)
def test_every_spelling_that_some_file_system_takes_for_git_is_known(name: str) -> None:
    assert folds_to_git(name)


@pytest.mark.parametrize(
    "name", [".gitignore", ".github", ".gitattributes", "git", "git~2", ".gitx", "a.git", "..git", ".gi", ""]
)
def test_names_that_only_look_like_git_are_free(name: str) -> None:
    assert not folds_to_git(name)


def test_a_component_anywhere_in_a_path_counts() -> None:
    assert enters_git("a/.Git/config")
    assert enters_git("a\\.git\\config")
    assert not enters_git("a/.github/x")


@pytest.mark.parametrize("windows", [True, False])
@pytest.mark.parametrize("given", ["", "  ", "a\0b", "a\ud800b"])
def test_what_is_a_path_nowhere_is_refused_everywhere(given: str, windows: bool) -> None:
    assert refusal(given, windows=windows)


@pytest.mark.parametrize(
    "given",
    [
        "C:a.py",
        "\\a.py",
        "/a.py",
        "a.txt:stream",
        "C:\\a.txt:stream",
        "nul",
        "src\\NUL.txt",
        "con ",
        "COM1",
        "lpt9.log",
        "\\\\.\\C:",
        "\\\\?\\C:\\a",
        "CONIN$",
    ],
)
def test_windows_paths_with_a_hidden_meaning_are_refused(given: str) -> None:
    assert refusal(given, windows=True)


@pytest.mark.parametrize(
    "given", ["a.py", "C:\\src\\a.py", "src/a.py", "console.py", "nullable.ts", "\\\\server\\share\\a"]
)
def test_plain_windows_paths_are_taken(given: str) -> None:
    assert refusal(given, windows=True) is None


@pytest.mark.parametrize("given", ["a:b", "C:a.py", "nul", "con", "a\\b"])
def test_elsewhere_those_are_plain_names(given: str) -> None:
    assert refusal(given, windows=False) is None


@pytest.mark.parametrize(
    ("given", "windows", "absolute"),
    [
        ("/a", False, True),
        ("C:\\a", False, False),
        ("C:\\a", True, True),
        ("\\\\s\\h\\a", True, True),
        ("a", True, False),
    ],
)
def test_what_is_absolute_depends_on_the_platform(given: str, windows: bool, absolute: bool) -> None:
    assert is_absolute(given, windows=windows) is absolute

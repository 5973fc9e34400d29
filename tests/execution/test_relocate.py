from __future__ import annotations

import os
from pathlib import Path

import pytest

from devstral_ls.execution.relocate import (
    relocate_environment,
    relocate_search_path,
    replace_path,
    replace_paths,
)


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("/home/me/proj", "/tmp/c/proj"),
        ("cd /home/me/proj && ls", "cd /tmp/c/proj && ls"),
        ("'/home/me/proj/a b.py':3", "'/tmp/c/proj/a b.py':3"),
        ("cc -I/home/me/proj/include", "cc -I/tmp/c/proj/include"),
        ("file:///home/me/proj/x", "file:///tmp/c/proj/x"),
        ("in /home/me/proj.", "in /tmp/c/proj."),
        ("/home/me/proj2 /home/me/proj-old /home/me/proj.bak", "/home/me/proj2 /home/me/proj-old /home/me/proj.bak"),
        ("/mnt/home/me/proj", "/mnt/home/me/proj"),
    ],
)
def test_a_path_is_moved_where_it_is_a_whole_path(text: str, moved: str) -> None:
    assert replace_path(text, "/home/me/proj", "/tmp/c/proj") == moved


def test_the_longest_path_is_moved_first() -> None:
    pairs = [("/a", "/x"), ("/a/b", "/y")]
    assert replace_paths("/a/b/c /a/d", pairs) == "/y/c /x/d"


def test_a_search_path_leads_into_the_copy() -> None:
    given = os.pathsep.join(["/usr/bin", "/w/.venv/bin"])
    assert relocate_search_path(given, [("/w", "/c")]) == os.pathsep.join(["/usr/bin", "/c/.venv/bin"])


def test_a_copied_python_environment_names_the_copy(tmp_path: Path) -> None:
    environment = tmp_path / ".venv"
    packages = environment / "lib" / "python3.12" / "site-packages"
    packages.mkdir(parents=True)
    (environment / "bin").mkdir()
    (environment / "bin" / "pytest").write_bytes(b"#!/w/.venv/bin/python\nimport pytest\n")
    (environment / "bin" / "tool").write_bytes(b"\x7fELF\xff /w/")
    (environment / "bin" / "python").symlink_to("/usr/bin/python3")
    (packages / "app.pth").write_bytes(b"/w/src\n")
    (packages / "pkg.py").write_bytes(b"ROOT = '/w'\n")
    relocate_environment(environment, [("/w", "/c")])
    assert (environment / "bin" / "pytest").read_bytes() == b"#!/c/.venv/bin/python\nimport pytest\n"
    assert (packages / "app.pth").read_bytes() == b"/c/src\n"
    assert (environment / "bin" / "tool").read_bytes() == b"\x7fELF\xff /w/"
    assert (packages / "pkg.py").read_bytes() == b"ROOT = '/w'\n"
    assert (environment / "bin" / "python").is_symlink()

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from devstral_ls.errors import SearchFailed
from devstral_ls.workspace.globs import matcher, name_glob
from devstral_ls.workspace.search import find_rg

FILES = [
    "a.py",
    "b.ts",
    "c.tsx",
    "src/a.py",
    "src/deep/er/a.py",
    "src/a.pyc",
    ".env",
    "src/.hidden.py",
    "[id].ts",
    "x,y.py",
    "lib/src/a.py",
    "{b}.py",
    "a b.py",
    "é.py",
    "src/a-b.py",
    "deep/a.py",
    "!x.py",
    "a]b.py",
    "src/b\\c.py",
]
GLOBS = [
    "*.py",
    "*.{ts,tsx}",
    "**/*.py",
    "src/**",
    "src/*.py",
    "/a.py",
    "/*.py",
    "src/**/a.py",
    "**/src/*",
    "**",
    "*",
    "?.py",
    "[ab].py",
    "[!ab].py",
    "[a-b].*",
    "[^a].py",
    "\\[id\\].ts",
    "!*.py",
    "!src/**",
    "{a,b}.*",
    "{src,deep}/*.py",
    ".*",
    "src",
    "*.{py,{ts,tsx}}",
    "a**.py",
    "src/**/*",
    "x,y.py",
    "*é*",
    "**/a.py",
    "\\{b\\}.py",
    "src/**/er/*",
    "[[]id].ts",
    "a[]]b.py",
    "[a-]*.py",
    "src/a[!/]py",
    "*a*",
    "\\!x.py",
]


@pytest.mark.skipif(os.name == "nt", reason="names that Windows does not take")
@pytest.mark.parametrize("glob", GLOBS)
def test_a_glob_takes_what_ripgrep_takes(tmp_path: Path, glob: str) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    command = [str(find_rg()), "--no-config", "--no-ignore", "--hidden", "--files", "--null", "--glob", glob, "./"]
    output = subprocess.run(command, cwd=tmp_path, capture_output=True, stdin=subprocess.DEVNULL, check=False).stdout
    expected = {name.removeprefix("./") for name in output.decode().split("\0") if name}
    files = [
        name for name in FILES if name.isascii() or not ("?" in glob or "[" in glob)
    ]  # there a byte, here a character
    assert set(filter(matcher(glob), files)) == expected
    simpler = name_glob(glob)
    if simpler:
        takes = matcher(simpler)
        assert all(takes(name.rpartition("/")[2]) for name in expected)


def test_a_directory_as_a_glob_means_what_is_in_it() -> None:
    assert set(filter(matcher("src/"), FILES)) == {name for name in FILES if "src/" in name}
    assert set(filter(matcher("./src/*.py"), FILES)) == set(filter(matcher("src/*.py"), FILES))


@pytest.mark.parametrize(
    ("glob", "simpler"),
    [
        ("*.py", "*.py"),
        ("src/**/*.{ts,tsx}", "*.{ts,tsx}"),
        ("src/**", None),
        ("!*.py", None),
        ("[ab].py", None),
        ("src/", None),
    ],
)
def test_a_glob_on_the_name_is_found_where_it_says_enough(glob: str, simpler: str | None) -> None:
    assert name_glob(glob) == simpler


@pytest.mark.parametrize("glob", ["[a", "{a", "*.{py", "src/[", "[b-a]"])
def test_a_broken_glob_is_explained(glob: str) -> None:
    with pytest.raises(SearchFailed, match="is not valid"):
        matcher(glob)

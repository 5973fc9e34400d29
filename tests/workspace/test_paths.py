from __future__ import annotations

from pathlib import Path

import pytest

from devstral_ls.workspace.paths import canonical, path_to_uri, printable, resolved, same_file_key, uri_to_path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///home/u/a.py", "/home/u/a.py"),
        ("file:///home/u/a%20b%23c.py", "/home/u/a b#c.py"),
        ("file:///home/u/%C3%A9.py", "/home/u/é.py"),
        ("file:///home/u/é.py", "/home/u/é.py"),
        ("FILE:///a", "/a"),
        ("file:/a", "/a"),
        ("file://localhost/a", "/a"),
        ("file:////a", "/a"),
        ("file:///a?query#fragment", "/a"),
        ("file:///a%3Fb", "/a?b"),
        ("file:///c%3A/x", "/c:/x"),
        ("file:///a%FFb", "/a\udcffb"),
        ("file://server/share/a", None),
        ("file:///a%00b", None),
        ("file://", None),
        ("untitled:Untitled-1", None),
        ("https://example.org/a", None),
        ("/a/b", None),
        ("", None),
    ],
)
def test_a_uri_names_a_posix_path(uri: str, path: str | None) -> None:
    assert uri_to_path(uri, windows=False) == (Path(path) if path else None)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///c%3A/src/a.py", "C:\\src\\a.py"),
        ("file:///C:/src/a.py", "C:\\src\\a.py"),
        ("file:///c:/src/a%20b.py", "C:\\src\\a b.py"),
        ("file:///c|/src", "C:\\src"),
        ("file:///c:", "C:\\"),
        ("file:///c:/", "C:\\"),
        ("file://server/share/a.py", "\\\\server\\share\\a.py"),
        ("file:////server/share/a.py", "\\\\server\\share\\a.py"),
        ("file://wsl%24/Ubuntu/home", "\\\\wsl$\\Ubuntu\\home"),
        ("file://localhost/C:/a", "C:\\a"),
        ("file:///no/drive", None),
        ("file:///cd:/a", None),
    ],
)
def test_a_uri_names_a_windows_path(uri: str, path: str | None) -> None:
    found = uri_to_path(uri, windows=True)
    assert (str(found) if found else None) == path


@pytest.mark.parametrize(
    ("path", "windows", "uri"),
    [
        ("/home/u/a b#c%.py", False, "file:///home/u/a%20b%23c%25.py"),
        ("/é/[id].ts", False, "file:///%C3%A9/%5Bid%5D.ts"),
        ("/a\udcffb", False, "file:///a%FFb"),
        ("C:\\src\\a b.py", True, "file:///C:/src/a%20b.py"),
        ("C:/src", True, "file:///C:/src"),
        ("\\\\server\\share\\a", True, "file://server/share/a"),
        ("\\\\?\\C:\\src", True, "file:///C:/src"),
        ("\\\\?\\UNC\\server\\share", True, "file://server/share"),
    ],
)
def test_a_path_has_one_uri_and_comes_back_from_it(path: str, windows: bool, uri: str) -> None:
    assert path_to_uri(path, windows=windows) == uri
    back = uri_to_path(uri, windows=windows)
    assert back is not None
    assert path_to_uri(back, windows=windows) == uri


@pytest.mark.parametrize(
    ("one", "other", "platform", "same"),
    [
        ("C:\\Src\\A.py", "c:/src/a.py", "win32", True),
        ("/Src/A.py", "/src/a.py", "darwin", True),
        ("/e\u0301.py", "/\u00e9.py", "darwin", True),
        ("/STRASSE", "/straße", "darwin", True),
        ("/Src/A.py", "/src/a.py", "linux", False),
        ("/e\u0301.py", "/\u00e9.py", "linux", False),
        ("/a", "/b", "darwin", False),
    ],
)
def test_two_spellings_are_one_file_where_the_platform_says_so(one: str, other: str, platform: str, same: bool) -> None:
    assert (same_file_key(one, platform=platform) == same_file_key(other, platform=platform)) is same


def test_a_canonical_path_has_no_symlinks_even_above_a_missing_file(tmp_path: Path) -> None:
    real = (tmp_path / "real").resolve()
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    assert canonical(tmp_path / "link" / "new" / ".." / "missing.py") == real / "missing.py"


def test_many_paths_resolve_to_what_each_resolves_to_alone(tmp_path: Path) -> None:
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "file").symlink_to("deep/target")
    (tmp_path / "circle").symlink_to("circle")
    known: dict[str, str] = {}
    for name in ("link/a", "link/deep/../b", "real/file", "link/file", "none/c", "./link/a", "link", "circle/x", ""):
        path = f"{tmp_path}/{name}"
        assert resolved(path, known) == str(canonical(path))


def test_a_name_that_is_no_utf8_can_still_be_printed() -> None:
    assert printable("a\udcffb.py") == "a\ufffdb.py"

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from devstral_ls.errors import NotFound, NotText
from devstral_ls.workspace.files import MAX_SIZE, FileText, encode, read_bytes, read_file, read_form

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a\r\nb\rc\x0cd\n", FileText("a\r\nb\rc\x0cd\n", "utf-8", False)),
        (b"", FileText("", "utf-8", False)),
        (b"\xef\xbb\xbfa\n", FileText("a\n", "utf-8", True)),
        (b"\xef\xbb\xbf", FileText("", "utf-8", True)),
        (b"\xff\xfe" + "é\U0001f600\n".encode("utf-16-le"), FileText("é\U0001f600\n", "utf-16-le", True)),
        (b"\xfe\xff" + "é\n".encode("utf-16-be"), FileText("é\n", "utf-16-be", True)),
        ("a\u2028b\u0085c".encode(), FileText("a\u2028b\u0085c", "utf-8", False)),
    ],
)
def test_text_is_exact_and_writes_back_to_the_same_bytes(tmp_path: Path, data: bytes, expected: FileText) -> None:
    path = tmp_path.resolve() / "f"
    path.write_bytes(data)
    assert read_file(path) == expected
    assert encode(expected.text, expected.encoding, expected.bom) == data
    assert read_form(path) == (expected.encoding, expected.bom)


def test_a_mark_the_text_already_has_is_not_doubled() -> None:
    assert encode("\ufeffa", "utf-8", True) == b"\xef\xbb\xbfa"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x7fELF\0\1\2", "binary"),
        (b"\x80\0", "binary"),
        (b"caf\xe9\n", "not UTF-8"),
        (b"\xff\xfea", "not UTF-16-LE"),
        (b"\xff\xfe\0\0a\0\0\0", "UTF-32"),
        (b"a" * (MAX_SIZE + 1), "Search it instead"),
    ],
)
def test_what_is_no_text_is_refused_with_the_reason(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path.resolve() / "f"
    path.write_bytes(data)
    with pytest.raises(NotText, match=message):
        read_file(path, name="shown.bin")


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    path = tmp_path.resolve() / "f"
    path.write_bytes(b"a" * MAX_SIZE)
    assert len(read_file(path).text) == MAX_SIZE


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name in ("missing", "missing/deeper", "file/below", "x" * 300):
        for beneath in (None, tmp_path.resolve()):
            with pytest.raises(NotFound, match="does not exist"):
                read_file(tmp_path.resolve() / name, beneath=beneath)


def test_a_directory_is_to_be_listed(tmp_path: Path) -> None:
    with pytest.raises(NotText, match="List it instead"):
        read_file(tmp_path.resolve())


@posix
def test_pipes_sockets_and_devices_are_refused_without_waiting(tmp_path: Path) -> None:
    fifo, name = tmp_path.resolve() / "fifo", tmp_path.resolve() / "socket"
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(name))
        for path in (fifo, name, Path("/dev/zero")):
            with pytest.raises(NotText, match="no regular file"):
                read_file(path)


@posix
def test_no_symlink_is_followed_below_the_directory_that_was_checked(tmp_path: Path) -> None:
    root = tmp_path.resolve() / "root"
    (root / "real").mkdir(parents=True)
    (root / "real" / "f").write_text("text")
    (root / "link").symlink_to("real")
    (root / "file").symlink_to("real/f")
    assert read_file(root / "real" / "f", beneath=root).text == "text"
    with pytest.raises(NotFound):
        read_file(root / "link" / "f", beneath=root)
    with pytest.raises(NotText, match="symbolic link"):
        read_file(root / "file")


@posix
@pytest.mark.skipif(os.name != "nt" and os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path.resolve() / "f"
    path.write_text("text")
    path.chmod(0)
    with pytest.raises(NotText, match="permission denied"):
        read_file(path)


def test_the_bytes_of_a_file_are_given_as_they_are_up_to_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    path.write_bytes(b"\0\r\n\xff" * 100)
    assert read_bytes(path, 400) == b"\0\r\n\xff" * 100
    with pytest.raises(NotText, match="more than can be read"):
        read_bytes(path, 399)
    with pytest.raises(NotFound):
        read_bytes(tmp_path / "none.png", 400)

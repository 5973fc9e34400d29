from __future__ import annotations

import pytest

from devstral_ls.workspace.grep_output import LineDecoder, PathDecoder, RawLine

OUTPUT = (
    b"./a.py\x003:foo: bar-baz\r\n"
    b"./a.py\x004-context\n"
    b"./new\nline\x001:\n"
    b'./big: WARNING: stopped searching binary file after match (found "\\0" byte around offset 500085)\n'
    b"./-x:1:y\x0012:foo\n"
    b'binary file matches (found "\\0" byte around offset 4)\n'
)
LINES = [
    RawLine(b"./a.py", 3, True, b"foo: bar-baz\r"),
    RawLine(b"./a.py", 4, False, b"context"),
    RawLine(b"./new\nline", 1, True, b""),
    RawLine(b"./-x:1:y", 12, True, b"foo"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
def test_lines_are_the_same_however_the_output_is_cut(size: int) -> None:
    decoder = LineDecoder()
    lines = [line for at in range(0, len(OUTPUT), size) for line in decoder.feed(OUTPUT[at : at + size])]
    assert lines == LINES


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_paths_are_the_same_however_the_output_is_cut(size: int) -> None:
    output, decoder = b"./a\0./new\nline\0./\xff\0", PathDecoder()
    paths = [path for at in range(0, len(output), size) for path in decoder.feed(output[at : at + size])]
    assert paths == [b"./a", b"./new\nline", b"./\xff"]

from __future__ import annotations

import pytest

from devstral_ls.workspace.ignore_rules import changed_rules


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        (b"*.log\n", b"*.log\nbuild/\n", b"build/\n"),
        (b"a\nb\nc\n", b"a\nc\n", b"b\n"),
        (b"a\nb\n", b"b\na\n", b"a\nb\n"),
        (b"a\n", b"a\na\n", b"a\n"),
        (b"", b"!keep\n!#odd\n!!odd\n\\!name\n", b"keep\n\\#odd\n\\!odd\n\\!name\n"),
        (b"a\r\n", b"a\n", b""),
        (b"same\n", b"same\n", b""),
    ],
)
def test_the_lines_that_differ_are_those_that_can_change_a_fate(old: bytes, new: bytes, changed: bytes) -> None:
    assert sorted(changed_rules(old, new).splitlines()) == sorted(changed.splitlines())

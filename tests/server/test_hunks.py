"""Pending hunks as plain data for clients that draw them."""

from __future__ import annotations

from pathlib import Path

from devstral_ls.server.file_proposal import FileProposal, Origin
from devstral_ls.server.hunks import placed
from devstral_ls.server.placing import Current


def test_a_moved_file_says_from_where_and_has_one_hunk() -> None:
    origin = Origin(Path("/p/old.py"), "file:///p/old.py", "old.py")
    file = FileProposal(Path("/p/new.py"), "file:///p/new.py", "new.py", "a\r\nb\r\n", "a\r\nc\r\n", origin)
    texts = {Path("/p/old.py"): "a\r\nb\r\n"}
    seen = placed(file, lambda path: Current(texts.get(path), None))
    assert (seen["kind"], seen["uri"], seen["conflict"]) == ("rename", "file:///p/new.py", False)
    assert seen["from"] == {"uri": "file:///p/old.py", "path": "old.py"}
    (hunk,) = seen["hunks"]
    assert (hunk["line"], hunk["oldLines"], hunk["newLines"]) == (0, ["a", "b"], ["a", "c"])

"""What the pages for editors show is what the editors were tested with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "editors").glob("*.md"))
SHOWN = re.compile(r"^```\w+ (?P<file>editors/\S+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_configuration_on_a_page_is_the_file_it_names(page: Path) -> None:
    for shown in SHOWN.finditer(page.read_text(encoding="utf-8")):
        assert shown["text"] == (ROOT / shown["file"]).read_text(encoding="utf-8"), shown["file"]


def test_the_readme_shows_the_configuration_that_is_tested() -> None:
    assert (ROOT / "editors/neovim/devstral.lua").read_text(encoding="utf-8") in (ROOT / "README.md").read_text(
        encoding="utf-8"
    )


def test_the_emacs_page_shows_lines_of_the_file() -> None:
    page = (ROOT / "docs/editors/emacs.md").read_text(encoding="utf-8")
    found = re.search(r"```elisp\n(.*?)```", page, re.DOTALL)
    assert found is not None
    assert found[1] in (ROOT / "editors/emacs/eglot.el").read_text(encoding="utf-8")

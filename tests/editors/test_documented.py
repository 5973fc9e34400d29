"""What the pages for editors show is what the editors were tested with."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.server import arguments, commands

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


def test_the_emacs_page_shows_lines_of_the_files() -> None:
    page = (ROOT / "docs/editors/emacs.md").read_text(encoding="utf-8")
    eglot, lsp_mode = re.findall(r"```elisp\n(.*?)```", page, re.DOTALL)
    assert eglot in (ROOT / "editors/emacs/eglot.el").read_text(encoding="utf-8")
    assert lsp_mode in (ROOT / "editors/emacs/lsp-mode.el").read_text(encoding="utf-8")


CONFIGURATIONS = sorted(
    file for file in (ROOT / "editors").rglob("*") if file.is_file() and "vscode" not in file.parts and file.suffix
)
"""What users of the other editors copy; VS Code's extension has tests of its own."""

PLUGIN = {"README.md", "example.lua", "devstral_ls.lua"}
STARTING = [
    file
    for file in CONFIGURATIONS
    if "neovim" not in file.parts or (file.name not in PLUGIN and "lua" not in file.parts) or file.parent.name == "lsp"
]
"""Those that are not parts of Neovim's plugin, which starts the server by one of them."""

HAS_JSON = {".json", ".sublime-settings", ".sublime-commands"}


@pytest.mark.parametrize("file", CONFIGURATIONS, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_configuration_names_only_commands_that_the_server_has(file: Path) -> None:
    named = set(re.findall(r"\bdevstral\.(?!lua\b)[a-z]\w*", file.read_text(encoding="utf-8")))
    if file.name == "ale.vim":  # puts the first half in front of what its user types
        offered = re.search(r"return join\(\[(.*?)\],", file.read_text(encoding="utf-8"), re.DOTALL)
        assert offered is not None
        named |= {f"devstral.{name}" for name in re.findall(r"'(\w+)'", offered[1])}
    assert named <= set(commands.COMMANDS), named


SETTINGS = set(re.findall(r"^\| `([\w.]+)` \|", (ROOT / "docs/settings.md").read_text(encoding="utf-8"), re.MULTILINE))
SECTIONS = {name.partition(".")[0] for name in SETTINGS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_only_commands_and_settings_that_there_are(page: Path) -> None:
    quoted = re.findall(r"`([\w. -]+)`", page.read_text(encoding="utf-8"))
    for name in (word for text in quoted for word in text.split()):
        if name.startswith("devstral.") and name.count(".") == 1:
            assert name in commands.COMMANDS
        elif name.partition(".")[0] in SECTIONS and re.fullmatch(r"\w+\.\w+", name):
            assert name in SETTINGS


@pytest.mark.parametrize("file", STARTING, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_configuration_can_be_read_and_starts_the_server(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    if file.suffix in HAS_JSON:
        json.loads(text)
    elif file.suffix == ".toml":
        tomllib.loads(text)
    if file.name not in STARTS_NOTHING:
        assert re.search(r"devstral-ls\W+(?:[\w\\]+\W+){0,5}serve", text), "how the server is started"


STARTS_NOTHING = {"config.toml", "mappings.lua", "statusline.lua", "Devstral.sublime-commands"}


def test_a_list_of_arguments_in_a_palette_is_one_that_the_server_takes() -> None:
    palette: list[dict[str, Any]] = json.loads(
        (ROOT / "editors/sublime/Devstral.sublime-commands").read_text(encoding="utf-8")
    )
    place = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
    filled = {"$file_uri": "file:///a.py", "$range": place}
    for entry in palette:
        given = [filled.get(item, item) for item in entry["args"].get("command_args", [])]
        arguments.parse(entry["args"]["command_name"], given)


def test_every_editor_with_a_configuration_has_a_page_that_the_table_names() -> None:
    table = (ROOT / "docs/editors/README.md").read_text(encoding="utf-8")
    for folder in sorted(item.name for item in (ROOT / "editors").iterdir() if item.is_dir()):
        assert (ROOT / "docs" / "editors" / f"{folder}.md").exists(), folder
        assert f"]({folder}.md)" in table, folder


def test_the_vim_page_shows_lines_of_the_file() -> None:
    page = (ROOT / "docs/editors/vim.md").read_text(encoding="utf-8")
    found = re.search(r"```vim\n(.*?)```", page, re.DOTALL)
    assert found is not None
    assert found[1] in (ROOT / "editors/vim/ale.vim").read_text(encoding="utf-8")

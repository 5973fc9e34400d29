"""Which command checks a project, by its files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from devstral_ls.execution.detected import detect
from devstral_ls.workspace.documents import Document
from devstral_ls.workspace.overlay import Overlay
from devstral_ls.workspace.view import View


class NothingOpen:
    def at(self, path: Path) -> Document | None:
        return None

    def all(self) -> Iterable[Document]:
        return ()


def package(**scripts: str) -> str:
    return json.dumps({"name": "x", "scripts": scripts})


PLACEHOLDER = 'echo "Error: no test specified" && exit 1'


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({}, None),
        ({"README.md": "pytest -q"}, None),
        ({"pytest.ini": ""}, "pytest -q"),
        ({"pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-x'\n"}, "pytest -q"),
        ({"pyproject.toml": "[tool.pytest]\n"}, "pytest -q"),
        ({"pyproject.toml": "[tool.ruff]\n"}, None),
        ({"setup.cfg": "[tool:pytest]\n"}, "pytest -q"),
        ({"tox.ini": "[pytest]\n"}, "pytest -q"),
        ({"tox.ini": "[tox]\n"}, None),
        ({"tests/test_a.py": ""}, "pytest -q"),
        ({"tests/unit/test_a.py": ""}, "pytest -q"),
        ({"test/a_test.py": ""}, "pytest -q"),
        ({"test_a.py": ""}, "pytest -q"),
        ({"tests/README": ""}, None),
        ({"src/test_data/test_a.py": ""}, None),
        ({"tests": "a file"}, None),
        ({"pytest.ini": "", ".venv/bin/python": "", ".venv/bin/pytest": ""}, ".venv/bin/python -m pytest -q"),
        ({"pytest.ini": "", ".venv/bin/python": ""}, "pytest -q"),
        ({"package.json": package(test="jest")}, "npm test"),
        ({"package.json": package(test=PLACEHOLDER)}, None),
        ({"package.json": package(build="tsc")}, None),
        ({"package.json": package(test="  ")}, None),
        ({"package.json": "{"}, None),
        ({"package.json": '["test"]'}, None),
        ({"package.json": '{"scripts": ["test"]}'}, None),
        ({"package.json": '{"scripts": {"test": 1}}'}, None),
        ({"Cargo.toml": "[package]\n"}, "cargo test"),
        ({"go.mod": "module example.com/x\n"}, "go test ./..."),
        ({"Makefile": "all:\n\ttrue\n\ntest: all\n\tpytest\n"}, "make test"),
        ({"Makefile": "check::\n\ttrue\n"}, "make check"),
        ({"Makefile": "check:\n\ttrue\ntest:\n\ttrue\n"}, "make test"),
        ({"Makefile": "test := 1\ncheck ::= 2\n"}, None),
        ({"Makefile": "tests:\n\ttrue\n\ttest:\n"}, None),
        ({"GNUmakefile": "all:\n", "Makefile": "test:\n"}, None),
        ({"pytest.ini": "", "package.json": package(test="jest"), "Makefile": "test:\n"}, "pytest -q"),
        ({"package.json": package(test=PLACEHOLDER), "Makefile": "test:\n"}, "make test"),
    ],
)
def test_the_files_say_how_a_project_is_checked(tmp_path: Path, files: dict[str, str], command: str | None) -> None:
    root = tmp_path.resolve()
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    assert detect(View([root], NothingOpen(), Overlay()), root) == command
    # The same staged: what the model has written counts as what is there.
    empty = root / "empty"
    empty.mkdir()
    view = View([empty], NothingOpen(), Overlay())
    for name, content in files.items():
        view.stage(empty / name, content)
    assert detect(view, empty) == command


def test_what_is_deleted_does_not_count(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    (root / "Makefile").write_text("test:\n\ttrue\n")
    view = View([root], NothingOpen(), Overlay())
    view.remove(root / "Makefile")
    assert detect(view, root) is None

from __future__ import annotations

import json
import re
from pathlib import Path

import mistral_common
import pytest
from mistral_common.tokens.tokenizers.tekken import Tekkenizer

from devstral_ls.agent.prompt import (
    GUIDANCE_LIMIT,
    Problem,
    PromptContext,
    Selection,
    guidance,
    system_prompt,
    user_prompt,
)
from devstral_ls.tools import TOOLS
from tests.tools.workspaces import workspace


@pytest.fixture(scope="module")
def tokenizer() -> Tekkenizer:
    return Tekkenizer.from_file(Path(mistral_common.__file__).parent / "data" / "tekken_240911.json")


def test_system_prompt_and_tools_leave_the_context_to_the_work(tokenizer: Tekkenizer) -> None:
    tools = [
        {
            "type": "function",
            "function": {
                "name": tool.spec.name,
                "description": tool.spec.description,
                "parameters": tool.spec.parameters,
            },
        }
        for tool in TOOLS
    ]
    tokens = tokenizer.encode(system_prompt() + json.dumps(tools), bos=False, eos=False)
    assert len(tokens) < 1700


def test_the_system_prompt_names_only_tools_there_are_and_no_date_or_path() -> None:
    text = system_prompt()
    names = {tool.spec.name for tool in TOOLS}
    assert set(re.findall(r"\b[a-z]+_[a-z]+\b", text)) <= names | {"old_string"}
    assert not re.search(r"20\d\d|/home|/Users", text)
    assert text == system_prompt()


def test_an_instruction_alone_is_the_message() -> None:
    assert user_prompt(PromptContext("  Fix it. \n")) == "Fix it."


def test_what_the_editor_knows_stands_before_the_instruction() -> None:
    context = PromptContext(
        "Rename x.",
        roots=("proj",),
        file="src/a.py",
        language="python",
        selection=Selection("x = 1\ny = x\n", 9, 10),
        diagnostics=(Problem("src/a.py", 10, "warning", "unused\nvariable y", "ruff F841"),),
        open_files=("src/a.py", "README.md"),
        notes=("The user accepted your last changes.",),
        guidance="Use tabs.\n",
    )
    assert user_prompt(context) == (
        "<agents_md>\nUse tabs.\n</agents_md>\n"
        "\n"
        "<editor>\n"
        "The user accepted your last changes.\n"
        "Workspace: proj\n"
        "Current file: src/a.py (python)\n"
        "Open files: src/a.py, README.md\n"
        "The user selected lines 9-10 of it:\n"
        "     9\tx = 1\n"
        "    10\ty = x\n"
        "Diagnostics:\n"
        "src/a.py:10: warning: unused variable y (ruff F841)\n"
        "</editor>\n"
        "\n"
        "Rename x."
    )


def test_long_parts_are_bounded_and_say_so() -> None:
    context = PromptContext(
        "Fix.",
        file="a.py",
        selection=Selection("y\n" * 20_000, 1, 20_000),
        diagnostics=[Problem("a.py", line, "error", "wrong") for line in range(80)],
        open_files=[f"f{number}" for number in range(80)],
    )
    text = user_prompt(context)
    assert "[cut: read_file has the rest]" in text
    assert "... and 30 more" in text
    assert "f29 and 50 more" in text
    assert len(text) < 90_000


def test_the_projects_own_instructions_are_read_as_the_editor_has_them(tmp_path: Path) -> None:
    assert guidance(workspace(tmp_path, {})) == ""
    view = workspace(tmp_path, {"AGENTS.md": "on disk"}, {"AGENTS.md": "unsaved"})
    assert guidance(view) == "unsaved"
    view = workspace(tmp_path, {"AGENTS.md": "x" * 20_000})
    assert len(guidance(view)) < GUIDANCE_LIMIT + 100
    assert guidance(view).endswith("[cut: read_file AGENTS.md has the rest]")
    assert "can't be read" in guidance(workspace(tmp_path, {"AGENTS.md": b"\x00\xff"}))

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.errors import InvalidArguments
from devstral_ls.tools import TOOLS
from devstral_ls.tools.tool import ToolContext, ToolOutput, parameter, parse, schema, tool
from tests.tools.workspaces import workspace


@dataclass(frozen=True)
class Sample:
    file_path: str = parameter("A path.", "src/main.py")
    offset: int | None = parameter("A line.", 10, None, low=1)
    replace_all: bool = parameter("Everywhere.", True, False)


def refusal(**given: Any) -> str:
    with pytest.raises(InvalidArguments) as error:
        parse("sample", Sample, given)
    return str(error.value)


NAMES = {
    "read_file": (["file_path"], ["offset", "limit"]),
    "write_file": (["file_path", "content"], []),
    "edit_file": (["file_path", "old_string", "new_string"], ["replace_all"]),
    "list_directory": (["path"], ["recursive", "pattern"]),
    "glob_files": (["pattern"], ["path"]),
    "grep_search": (["pattern"], ["path", "file_pattern", "case_insensitive", "context_lines"]),
    "run_command": (["command"], ["working_directory", "timeout"]),
    "exec_python": (["code"], ["timeout"]),
}


def test_the_tools_and_their_parameters_have_the_names_devstral_is_used_with() -> None:
    assert [tool.spec.name for tool in TOOLS] == list(NAMES)
    for offered in TOOLS:
        required, optional = NAMES[offered.spec.name]
        assert offered.spec.parameters["required"] == required
        assert list(offered.spec.parameters["properties"]) == required + optional


def test_the_schema_comes_from_the_argument_type() -> None:
    assert schema(Sample) == {
        "type": "object",
        "properties": {
            "file_path": {"type": "string", "description": "A path."},
            "offset": {"type": "integer", "description": "A line."},
            "replace_all": {"type": "boolean", "description": "Everywhere."},
        },
        "required": ["file_path"],
    }
    assert json.loads(json.dumps(schema(Sample))) == schema(Sample)


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        ({"file_path": "a"}, Sample("a")),
        ({"file_path": "a", "offset": "10"}, Sample("a", 10)),
        ({"file_path": "a", "offset": 10.0}, Sample("a", 10)),
        ({"file_path": "a", "offset": None, "replace_all": None}, Sample("a")),
        ({"file_path": "a", "replace_all": "True"}, Sample("a", None, True)),
        ({"file_path": "a", "replace_all": "false"}, Sample("a")),
    ],
)
def test_what_can_be_understood_without_loss_is(given: dict[str, Any], parsed: Sample) -> None:
    assert parse("sample", Sample, given) == parsed


def test_a_missing_parameter_is_named_with_an_example() -> None:
    assert refusal() == (
        'sample needs the parameter `file_path`: A path. Example: sample({"file_path": "src/main.py"})'
    )
    assert "needs the parameter `file_path`" in refusal(file_path=None)


def test_another_tools_name_for_a_parameter_is_refused_with_ours() -> None:
    text = refusal(path="src/app.py")
    assert text.startswith("sample has no parameter `path`; it is called `file_path`.")
    assert "`file_path`" in refusal(file="x")
    assert "`file_path`" in refusal(flie_path="x")
    assert "Its parameters are `file_path`, `offset`, `replace_all`." in refusal(file_path="a", zzz=1)


@pytest.mark.parametrize("value", ["ten", "1.5", 1.5, True, [1], 0, -3, "9" * 30])
def test_a_wrong_number_is_named_with_what_was_expected(value: object) -> None:
    text = refusal(file_path="a", offset=value)
    assert text.startswith("sample: `offset` must be a whole number of at least 1, not ")
    assert text.endswith('Example: sample({"file_path": "src/main.py", "offset": 10})')


def test_wrong_texts_and_truth_values_are_named() -> None:
    assert "`file_path` must be a string, not 5" in refusal(file_path=5)
    assert "`replace_all` must be true or false, not 1" in refusal(file_path="a", replace_all=1)
    assert len(refusal(file_path={"long": "x" * 5000})) < 400


def test_titles_are_one_line_and_never_fail() -> None:
    titles = {offered.spec.name: offered for offered in TOOLS}
    assert titles["edit_file"].title({"file_path": "a.py", "old_string": "x", "new_string": "y"}) == "edit a.py"
    assert titles["run_command"].title({"command": "a\n  b"}) == "run a b"
    assert titles["read_file"].title({"nonsense": 1}) == "read_file"


async def test_a_tool_receives_its_argument_type(tmp_path: Path) -> None:
    async def run(arguments: Sample, context: ToolContext) -> ToolOutput:
        return ToolOutput(f"{arguments.file_path} {arguments.offset}", "done")

    from devstral_ls.tools.reads import Reads

    sample = tool("sample", "A sample.", Sample, run, lambda arguments: arguments.file_path)
    context = ToolContext(workspace(tmp_path, {}), Reads())
    assert await sample.run({"file_path": "a", "offset": "3"}, context) == ToolOutput("a 3", "done")
    with pytest.raises(InvalidArguments):
        await sample.run({}, context)

"""From the last byte of a reply to the next request on the wire, with one tool between, in a large workspace."""

from __future__ import annotations

from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.model import ClockedModel, reply
from benchmarks.workspaces import large
from tests.doubles.editor import HELIX, editing

FILE = "package250/module50.py"


async def measure(folder: Path, runs: int) -> list[Figure]:
    """Milliseconds per tool."""
    root = large(folder)
    calls: dict[str, list[tuple[str, dict[str, object]]]] = {
        "read_file": [("read_file", {"file_path": FILE, "limit": 20 + number}) for number in range(runs)],
        "list_directory": [("list_directory", {"path": f"package{number:03}"}) for number in range(runs)],
        "edit_file": [("edit_file", _rename(number)) for number in range(runs)],
    }
    figures = []
    for tool, made in calls.items():
        replies = [reply(name="read_file", arguments={"file_path": FILE})]
        replies += [reply(name=name, arguments=arguments) for name, arguments in made]
        replies.append(reply(text="Done."))
        async with ClockedModel(replies) as model:
            home = folder / f"home-{tool}"
            async with editing(HELIX, root, home, llm={"baseUrl": model.base_url}) as editor:
                result = await editor.command("devstral.ask", {"prompt": "go", "wait": True, "apply": "propose"})
                assert result["turns"] == len(replies), result
        gaps = [arrived - left for left, arrived in zip(model.left[1:], model.arrived[2:], strict=False)]
        figures.append(
            Figure(f"{tool}: reply -> next request, 50,000 files", "ms", [gap * 1000 for gap in gaps], "< 3")
        )
    return figures


def _rename(number: int) -> dict[str, object]:
    """The function gets its next name, everywhere in the file."""
    old = f"def f{number - 1}(x):" if number else "def function_25050(x):"
    return {"file_path": FILE, "old_string": old, "new_string": f"def f{number}(x):", "replace_all": True}

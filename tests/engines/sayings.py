"""What the random model tends to say: replies of all the kinds that models have, good and bad.

It knows them by pairs of neighbouring tokens only, so what it says is a shuffle of these, with noise in between.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product

FILES = {
    "README.md": "# Shapes\n\nAreas of shapes, in square metres.\n",
    "src/app.py": "from shapes import area\n\n\ndef main():\n    print(area(2, 3))\n",
    "src/shapes.py": "def area(width, height):\n    return width * height\n",
    "src/données/été.txt": "un deux trois\r\nquatre cinq\r\n",
    "src/long.py": "".join(f"def number_{number}():\n    return {number}\n\n\n" for number in range(400)),
    "tests/test_shapes.py": "from shapes import area\n\n\ndef test_area():\n    assert area(2, 3) == 6\n",
}
"""The workspace: what the replies speak of exists, or nearly does."""

NAMES = (
    "src/app.py", "src/shapes.py", "README.md", "src/données/été.txt", "src/long.py", "src/missing.py",
    "../outside.txt",
)  # fmt: skip

READS: list[tuple[str, dict[str, object]]] = [("read_file", {"file_path": name}) for name in NAMES]
CALLS: tuple[tuple[str, dict[str, object]], ...] = (
    *READS,
    ("read_file", {"file_path": "src/app.py", "offset": 2, "limit": 3}),
    ("write_file", {"file_path": "src/new.py", "content": "print('new')\n"}),
    ("write_file", {"file_path": "README.md", "content": "# Shapes\n\nNew.\n"}),
    ("edit_file", {"file_path": "src/app.py", "old_string": "area(2, 3)", "new_string": "area(4, 5)"}),
    ("edit_file", {"file_path": "src/shapes.py", "old_string": "width * height", "new_string": "width"}),
    ("edit_file", {"file_path": "src/app.py", "old_string": "a", "new_string": "b", "replace_all": True}),
    ("list_directory", {"path": "."}),
    ("list_directory", {"path": "tests", "recursive": True}),
    ("glob_files", {"pattern": "**/*.py"}),
    ("glob_files", {"pattern": "*.md", "path": "tests"}),
    ("grep_search", {"pattern": "area"}),
    ("grep_search", {"pattern": "def \\w+(", "path": "src/app.py"}),
    ("run_command", {"command": "echo hello"}),
    ("run_command", {"command": "python -m pytest -q", "timeout": 5}),
    ("no_such_tool", {"path": "tests"}),
)

PROSE = (
    "I will look at src/app.py first.",
    "The function `area` is in src/shapes.py; é, 日本 and 🙂 are characters too.",
    "Let me read it.",
    "Done: area(2, 3) is 6 now.",
)

BEGINNINGS = ("[/INST]", "[/TOOL_RESULTS]")
"""The control tokens after which the model speaks."""


def sayings() -> Iterator[tuple[str, float]]:
    """Texts from the end of a prompt on, and how much each counts."""
    for beginning in BEGINNINGS:
        for text in PROSE:
            yield f"{beginning}{text}</s>", 1.5
            for name, arguments in CALLS:
                yield f"{beginning}{text}[TOOL_CALLS]{name}[ARGS]{_json(arguments)}</s>", 0.1
        for name, arguments in CALLS:
            written = _json(arguments)
            # Every tool as often as every other.
            share = 5 / sum(other == name for other, _ in CALLS)
            yield f"{beginning}[TOOL_CALLS]{name}[ARGS]{written}</s>", share
            yield f"{beginning}[TOOL_CALLS]{name}[ARGS]{written}[TOOL_CALLS]list_directory[ARGS]{{}}</s>", 0.1
            yield f"{beginning}{name}{written}</s>", 0.1
            # Without spaces, so that what follows a quote here is not what follows one elsewhere.
            asked = json.dumps({"tool": name, "arguments": arguments}, ensure_ascii=False, separators=(",", ":"))
            yield f"{beginning}{asked}</s>", 1.0
            yield f"{beginning}```json\n{asked}\n```</s>", 0.3
            yield f"{beginning}{_json([{'name': name, 'arguments': arguments}])}</s>", 0.1
        for text in PROSE:
            yield f"{beginning}{_json({'answer': text})}</s>", 0.3
    for one, other in product(PROSE, repeat=2):
        yield f"{one} {other}</s>", 0.02


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)

"""What each command asks of the agent, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of request.

    title: how people see it. instruction: what the model is told; empty where the user's own prompt says it all.
    edits: whether it may change files, and so waits its turn in its workspace folder.
    continues: whether it goes on with the current session when none is named; the others start a new one.
    """

    title: str
    instruction: str = ""
    edits: bool = True
    continues: bool = False


TASKS: Mapping[str, Task] = {
    "ask": Task("Ask Devstral", continues=True),
    "edit": Task(
        "Edit with Devstral",
        "Make the change described below with your tools. If the selected code is given, change only what the "
        "request needs there.",
        continues=True,
    ),
    "fix": Task(
        "Fix with Devstral",
        "Fix the problems listed below with the smallest correct change. Find the cause first: it may be in another "
        "file. If there is nothing to fix, say why instead.",
    ),
    "explain": Task(
        "Explain with Devstral",
        "Explain the selected code (or the file, if nothing is selected) to a programmer who is new to it: what it "
        "does, why, and what is easy to get wrong. Answer in prose; do not edit files.",
        edits=False,
    ),
    "document": Task(
        "Document with Devstral",
        "Write documentation comments for the selected code (or the file's public parts) in the style the project "
        "uses. Change nothing but comments.",
    ),
    "test": Task(
        "Write tests with Devstral",
        "Write tests for the selected code (or the file's public parts) in the project's own test framework and "
        "layout. Look at existing tests first, and run the new ones.",
    ),
    "review": Task(
        "Review with Devstral",
        "Review the selected code (or the file) for bugs, unclear code and missing tests. List what you find with "
        "file and line, the most serious first. Answer in prose; do not edit files.",
        edits=False,
    ),
    "runInstruction": Task(
        "Run instruction",
        "Carry out the instruction below, which stood in a comment at the place given, or all of them if there are "
        "several. The comments are removed already.",
    ),
    "runAction": Task("Run your action"),
    "runReadOnlyAction": Task("Run your action", "Answer in prose; do not edit files.", edits=False),
}

"""When a command may run: the mode, the sandbox, what is remembered, and the user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.config import ApprovalMode, ExecutionConfig
from devstral_ls.errors import CommandRefused
from devstral_ls.execution.rungs import OPEN, OVERLAY
from devstral_ls.server.dialogs import Dialogs
from devstral_ls.server.permission import Permission
from devstral_ls.server.progress import Progress
from devstral_ls.server.protocol import Protocol
from devstral_ls.server.report import Report
from devstral_ls.server.server import DevstralServer
from devstral_ls.server.stream import Stream
from devstral_ls.storage.approvals import Approvals
from devstral_ls.storage.transcript import Transcript


@dataclass
class Person:
    """Answers every question with one title."""

    title: str | None
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def ask(self, method: str, params: Any, *, timeout: float | None = None) -> Any:
        self.asked.append(params)
        return {"title": self.title} if self.title else None


Make = Callable[..., Permission]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A permission for the workspace folder `project`, which holds `sub`, with a state folder for all of them."""
    (tmp_path / "project" / "sub").mkdir(parents=True)
    protocol: Protocol = DevstralServer().protocol

    def permission(
        person: Person,
        mode: ApprovalMode = "always",
        told: list[str] | None = None,
        confirmed: Callable[[Path, str], bool] = lambda folder, command: False,
    ) -> Permission:
        report = Report(
            Progress(protocol, None, created=False),
            Stream(protocol, "s", updates=False, token=None),
            Transcript(tmp_path, "s"),
            lambda line: None,
            lambda kind, message: told.append(message) if told is not None else None,
            lambda *_: None,
            lambda: None,
            lambda: None,
        )
        approvals = Approvals(tmp_path / "state")
        roots, config = [tmp_path / "project"], ExecutionConfig(approval=mode)
        return Permission(config, approvals, roots, Dialogs(person), report, confirmed)

    return permission


@pytest.mark.parametrize(
    ("mode", "sandboxed", "asks"),
    [("always", True, True), ("always", False, True), ("unsandboxed", True, False), ("unsandboxed", False, True),
     ("never", True, False)],
)  # fmt: skip
async def test_the_mode_and_the_sandbox_say_whether_it_asks(
    make: Make, tmp_path: Path, mode: ApprovalMode, sandboxed: bool, asks: bool
) -> None:
    for title in ("Run once", "Deny"):
        person = Person(title)
        runs = await make(person, mode)("make", tmp_path / "project", OVERLAY if sandboxed else OPEN)
        assert len(person.asked) == asks
        assert runs is (title == "Run once" or not asks)


async def test_where_nobody_is_asked_nothing_runs_without_a_sandbox_but_what_was_allowed(
    make: Make, tmp_path: Path
) -> None:
    project, person = tmp_path / "project", Person("Always allow")
    with pytest.raises(CommandRefused, match=r"without a sandbox.*refuse"):
        await make(person, "never")("make", project, OPEN)
    assert person.asked == []
    assert await make(person)("make", project, OPEN)
    assert await make(Person("Deny"), "never")("make", project, OPEN)


async def test_what_was_allowed_in_a_sandbox_is_asked_again_without_one(make: Make, tmp_path: Path) -> None:
    project = tmp_path / "project"
    assert await make(Person("Always allow"))("make", project, OVERLAY)
    refuses = Person("Deny")
    assert await make(refuses)("make", project, OVERLAY)
    assert refuses.asked == []
    assert not await make(refuses)("make", project, OPEN)
    assert await make(Person("Always allow"))("make", project, OPEN)
    assert await make(refuses)("make", project, OPEN)
    assert len(refuses.asked) == 1


async def test_it_holds_in_every_directory_of_the_workspace_folder(make: Make, tmp_path: Path) -> None:
    assert await make(Person("Always allow"))("make", tmp_path / "project", OPEN)
    assert await make(Person("Deny"))("make", tmp_path / "project" / "sub", OPEN)


async def test_an_answer_that_was_not_offered_is_a_no(make: Make, tmp_path: Path) -> None:
    for title in ("Always allow these 2 commands", "yes", "Run", None):
        assert not await make(Person(title))("make", tmp_path / "project", OPEN)
    assert not list((tmp_path / "state").rglob("*.json"))


async def test_what_can_not_be_remembered_runs_once_and_is_told(make: Make, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    told: list[str] = []
    assert await make(Person("Always allow"), told=told)("make", tmp_path / "project", OPEN)
    assert "can't be remembered" in told[0]


async def test_a_part_can_not_pose_as_several(make: Make, tmp_path: Path) -> None:
    person = Person("Deny")
    await make(person)("ls && echo 'a\n  ls'", tmp_path / "project", OPEN)
    assert person.asked[0]["message"].splitlines()[-2:] == ["  ls", "  echo 'a ⏎   ls'"]


async def test_what_checks_a_folder_runs_there_unasked_in_a_sandbox_alone(make: Make, tmp_path: Path) -> None:
    project, person = tmp_path / "project", Person("Deny")
    permission = make(person, confirmed=lambda folder, command: (folder, command) == (project, "make test"))
    assert await permission("make test", project, OVERLAY)
    assert person.asked == []
    for command, folder, rung in (
        ("make test", project, OPEN),
        ("make test", project / "sub", OVERLAY),
        ("make test && ls", project, OVERLAY),
        ("make test2", project, OVERLAY),
    ):
        assert not await permission(command, folder, rung)
    assert len(person.asked) == 4


async def test_python_is_asked_about_with_its_code_and_remembered_by_its_exact_text(make: Make, tmp_path: Path) -> None:
    project, person = tmp_path / "project", Person("Always allow")
    python = replace(make(person), language="python")
    code = "import os\nprint(1) && os.getcwd()"
    assert await python(code, project, OVERLAY)
    question = person.asked[0]["message"]
    assert question.startswith(f"Devstral wants to execute Python in {project}, in a sandbox")
    assert question.endswith(f":\n{code}")
    nobody = Person("Deny")
    assert await replace(make(nobody), language="python")(code, project, OVERLAY)
    assert nobody.asked == []
    for other in (f"{code} ", f"{code}\n", "import os"):
        assert not await replace(make(nobody), language="python")(other, project, OVERLAY)


async def test_a_command_that_is_allowed_allows_no_python_of_the_same_text_nor_the_other_way(
    make: Make, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    assert await make(Person("Always allow"))("make", project, OVERLAY)
    assert await replace(make(Person("Always allow")), language="python")("print", project, OVERLAY)
    assert not await replace(make(Person("Deny")), language="python")("make", project, OVERLAY)
    assert not await make(Person("Deny"))("print", project, OVERLAY)
    assert [(each.command, each.language) for each in Approvals(tmp_path / "state").of(project)] == [
        ("make", "shell"),
        ("print", "python"),
    ]


async def test_the_question_names_the_hosts_that_a_sandbox_reaches(make: Make, tmp_path: Path) -> None:
    person = Person("Deny")
    permission = make(person)
    permission = replace(permission, config=replace(permission.config, network=("pkg.test", "*.example.com")))
    await permission("make", tmp_path / "project", OVERLAY)
    await permission("make", tmp_path / "project", OPEN)
    assert "that reaches pkg.test, *.example.com:\nmake" in person.asked[0]["message"]
    assert "reaches" not in person.asked[1]["message"]

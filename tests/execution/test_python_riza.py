"""Riza's backend: Riza's own client, against an endpoint that answers as Riza does."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from devstral_ls.allowed_hosts import allowed_hosts
from devstral_ls.errors import CommandRefused
from devstral_ls.execution.python_riza import RizaPython
from devstral_ls.execution.rungs import RIZA, Rung
from devstral_ls.tools.python import PythonResult
from tests.doubles.riza import KEY, Answer, Riza, executed, riza
from tests.tools.workspaces import workspace


async def yes(command: str, directory: Path, rung: Rung) -> bool:
    return True


async def run(
    tmp_path: Path,
    at: Riza,
    code: str = "print(1)",
    key: str = KEY,
    timeout: float = 30,
    allowed: list[str] | None = None,
) -> PythonResult:
    environ = {"RIZA_BASE_URL": at.url, "RIZA_API_KEY": key}
    backend = RizaPython(yes, allowed_hosts(allowed or []), environ)
    return await backend.run(code, timeout, workspace(tmp_path, {}))


async def test_the_answer_is_rizas_and_the_request_has_code_and_limits(tmp_path: Path) -> None:
    with riza(executed("out\n", "err\n", 3, 1500, "01ABC")) as at:
        done = await run(tmp_path, at, "print('x')", timeout=20)
    assert (done.id, done.duration, done.exit_code, done.stdout, done.stderr) == ("01ABC", 1.5, 3, "out\n", "err\n")
    assert at.requests == [{"code": "print('x')", "language": "python", "limits": {"execution_timeout": 20}}]
    assert done.notes == ("It ran at Riza, without the workspace; files it wrote are lost",)


async def test_the_hosts_that_are_allowed_are_passed_on(tmp_path: Path) -> None:
    with riza(executed()) as at:
        await run(tmp_path, at, allowed=["pkg.test", "pkg.test:8080", "*.example.com"])
    assert at.requests[0]["http"] == {"allow": [{"host": "pkg.test"}, {"host": "*.example.com"}]}


async def test_what_comes_back_is_bounded_and_plain(tmp_path: Path) -> None:
    with riza(executed("first\n" + "x\n" * 100_000 + "last\n", "\x1b[31mred\x1b[0m \u202eevil")) as at:
        done = await run(tmp_path, at)
    assert done.stdout.startswith("first\n")
    assert done.stdout.endswith("last\n")
    assert len(done.stdout) < 17_000
    assert done.stderr == "red evil"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(401, {"message": f"bad key {KEY}"}), "Riza refused the key.* Tell the user to check RIZA_API_KEY"),
        (Answer(429, {"message": "slow down"}), "too many requests"),
        (Answer(500, {"message": f"broken\n{KEY}"}), r"Riza answered 500, .* broken \*\*\*"),
        (Answer(400, ["odd"]), "Riza answered 400"),
        (Answer(200, {"unexpected": True}), "no usable answer"),
    ],
)
async def test_a_refusal_is_one_line_without_the_key(
    tmp_path: Path, answer: Answer, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with riza(answer) as at, pytest.raises(CommandRefused, match=says) as refusal:
        await run(tmp_path, at)
    assert "\n" not in str(refusal.value)
    assert KEY not in str(refusal.value)
    assert KEY not in caplog.text
    assert len(at.requests) == 1


async def test_a_wrong_key_is_refused_by_the_endpoint(tmp_path: Path) -> None:
    with riza() as at, pytest.raises(CommandRefused, match="refused the key"):
        await run(tmp_path, at, key="another")


async def test_somebody_who_is_not_there_is_told(tmp_path: Path) -> None:
    with riza() as at:
        pass
    with pytest.raises(CommandRefused, match="Riza can't be reached"):
        await run(tmp_path, at)


async def test_without_a_key_it_says_what_to_set(tmp_path: Path) -> None:
    with riza() as at, pytest.raises(CommandRefused, match="Tell the user to set RIZA_API_KEY"):
        await run(tmp_path, at, key=" ")
    assert at.requests == []


def test_without_the_package_it_says_what_to_install(tmp_path: Path) -> None:
    """In a Python of its own that does not find the package."""
    program = textwrap.dedent(f"""
        import asyncio, sys
        from pathlib import Path
        sys.modules["rizaio"] = None
        from devstral_ls.errors import CommandRefused
        from devstral_ls.allowed_hosts import allowed_hosts
        from devstral_ls.execution.python_riza import RizaPython
        from tests.execution.test_python_riza import yes
        from tests.tools.workspaces import workspace
        backend = RizaPython(yes, allowed_hosts([]), {{"RIZA_API_KEY": "x"}})
        try:
            asyncio.run(backend.run("1", 1, workspace(Path({str(tmp_path)!r}), {{}})))
        except CommandRefused as refusal:
            print(refusal)
    """)
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert found.stdout.strip().endswith("pip install 'devstral-ls[riza]'")
    assert found.stdout.count("\n") == 1


async def test_nothing_is_sent_unless_the_user_says_yes(tmp_path: Path) -> None:
    asked: list[tuple[str, Rung]] = []

    async def no(command: str, directory: Path, rung: Rung) -> bool:
        asked.append((command, rung))
        return False

    with riza() as at:
        backend = RizaPython(no, allowed_hosts([]), {"RIZA_BASE_URL": at.url, "RIZA_API_KEY": KEY})
        with pytest.raises(CommandRefused, match="did not allow this code"):
            await backend.run("print(1)", 5, workspace(tmp_path, {}))
    assert asked == [("print(1)", RIZA)]
    assert at.requests == []


async def test_a_cancel_leaves_nothing_waiting(tmp_path: Path) -> None:
    with riza(Answer(wait=True)) as at:
        task = asyncio.create_task(run(tmp_path, at))
        await asyncio.to_thread(at.asked.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def test_children_never_see_the_key() -> None:
    from devstral_ls.execution.environment import clean_environment

    assert "RIZA_API_KEY" not in clean_environment({**os.environ, "RIZA_API_KEY": KEY}, windows=False)

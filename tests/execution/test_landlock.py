"""The weak sandbox, as an ordinary user: root is not held back by it."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.execution.sandboxes import Sandbox, people, sandbox

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux's"),
    pytest.mark.skipif("user" not in people(), reason="needs an ordinary user"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[Sandbox]:
    async with sandbox("user", "3") as made:
        reached = await made.ask({})
        if reached["rung"] != "3":
            pytest.skip(f"no Landlock here: {reached['why']}")
        yield made


@pytest.fixture
def box(shared: Sandbox) -> Sandbox:
    shutil.rmtree(shared.root)
    shared.root.mkdir()
    shared.give(shared.root)
    return shared


async def test_it_sees_the_staged_text_and_writes_in_its_copy_only(box: Sandbox) -> None:
    box.put("a.txt", "disk\n")
    (box.place / "work" / "beside.txt").write_text("beside\n")
    result = await box.run(
        f"cat a.txt; echo x > a.txt && cat a.txt; cat {box.home}/.secret {box.place}/work/beside.txt; "
        f"for path in {box.home}/made /tmp/devstral-ls-made; do (echo x > $path) 2>/dev/null || echo refused; done",
        {"a.txt": "staged\n"},
    )
    lines = [line for line in result.output.splitlines() if "Permission denied" not in line]
    assert lines == ["staged", "x", "refused", "refused"]
    assert (box.root / "a.txt").read_text() == "disk\n"
    assert not (box.home / "made").exists()


async def test_it_reads_no_other_process(box: Sandbox) -> None:
    result = await box.run("cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | sort -u")
    assert "CI=1" in result.output
    assert "sesame" not in result.output


async def test_it_has_no_network(box: Sandbox) -> None:
    box.put(
        "connect.py",
        "import socket, sys\nsocket.create_connection(('127.0.0.1', int(sys.argv[1])))\nprint('reached')\n",
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        result = await box.run(f"/usr/bin/python3 connect.py {listening.getsockname()[1]} 2>&1 | tail -1")
    assert result.output == "PermissionError: [Errno 13] Permission denied\n"

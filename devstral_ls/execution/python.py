"""Which backend executes Python code, as the settings have it."""

from __future__ import annotations

from typing import Literal

from devstral_ls.execution.approve import Approve
from devstral_ls.execution.staged_run import StagedRun
from devstral_ls.tools.python import Python

Backend = Literal["local", "riza", "wasm", "off"]


def python(backend: Backend, approve: Approve, on_view: StagedRun) -> Python | None:
    """The backend; None where code is not executed. on_view: how commands of the same run are run."""
    match backend:
        case "local":
            from devstral_ls.execution.python_local import LocalPython

            return LocalPython(approve, on_view)
        case "riza":
            from devstral_ls.execution.python_riza import RizaPython

            return RizaPython(approve, on_view.allowed, on_view.environ)
        case "wasm":
            from devstral_ls.execution.python_wasm import WasmPython
            from devstral_ls.execution.session_files import AllSessionFiles

            sessions = on_view.ladder.sessions if on_view.ladder is not None else AllSessionFiles()
            return WasmPython(approve, on_view.allowed, on_view.environ, sessions, on_view.session, on_view.copies)
    return None

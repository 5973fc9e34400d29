"""Execute Python code in WebAssembly; started as `python -I wasm_child.py PLAN REPORT`, with paths of JSON files.

What the code prints goes to this process's own streams as it comes. Folders of the plan are seen at the paths it says.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

AROUND = """\
import os, sys, traceback
os.chdir({directory!r})
sys.argv = ["exec_python.py"]
def _run(code):
    try:
        exec(compile(code, "exec_python.py", "exec"), {{"__name__": "__main__", "__builtins__": __builtins__}})
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return (end.code or 0) & 255
        print(end.code, file=sys.stderr)
        return 1
    except BaseException as error:
        import linecache
        linecache.cache["exec_python.py"] = (len(code), None, code.splitlines(True), "exec_python.py")
        trace = error.__traceback__ and error.__traceback__.tb_next
        sys.stderr.write("".join(traceback.format_exception(type(error), error, trace)))
        return 1
    return 0
devstral_ls_exit = _run({code!r})
"""
"""What the code is put in: the interpreter takes `sys.exit` for a crash, and tells no exit code."""

RESULT = "devstral_ls_exit"


def main(plan_file: str, report_file: str) -> int:
    """0 when the code was run, however it ended; 1 when it could not be."""
    plan = json.loads(Path(plan_file).read_text(encoding="utf-8"))
    import eryx

    limits = eryx.ResourceLimits(execution_timeout_ms=int(plan["seconds"] * 1000), max_memory_bytes=plan["memory"])
    # Without a list of hosts everything would be allowed.
    network = eryx.NetConfig(allowed_hosts=plan["hosts"]) if plan["hosts"] else None
    sandbox = eryx.Sandbox(
        resource_limits=limits,
        network=network,
        volumes=[(path, seen, False) for path, seen in plan["volumes"]],
        on_stdout=lambda data: _pass_on(1, data),
        on_stderr=lambda data: _pass_on(2, data),
        result_variable=RESULT,
    )
    timed_out, exit_code = False, 1
    try:
        exit_code = sandbox.execute(AROUND.format(code=plan["code"], directory=plan["directory"])).result
    except eryx.TimeoutError:
        timed_out = True
    except eryx.EryxError as error:
        # `os._exit` and an interpreter that ran out of memory or stack end up here.
        _pass_on(2, f"{str(error).splitlines()[0]}\n".encode())
    report = {"exit_code": exit_code if isinstance(exit_code, int) else 1, "timed_out": timed_out}
    Path(report_file).write_text(json.dumps(report), encoding="utf-8")
    return 0


def _pass_on(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""`python -m devstral_ls.scripted SCRIPT.json --manner M --port P`: serve a script until interrupted."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from devstral_ls.scripted.manners import MANNERS
from devstral_ls.scripted.script import Script, ScriptInvalid
from devstral_ls.scripted.server import ScriptedServer


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM. The base URL is the only line on standard output; notes go to standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m devstral_ls.scripted",
        description="A scripted model server: a script, not a model. It replays the replies written in a JSON file.",
    )
    parser.add_argument("script", type=Path, help="the script, a JSON file")
    parser.add_argument("--manner", choices=MANNERS, default="vllm", help="which server to imitate (%(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--api-key", help="demand this key (default: none; mistral demands any)")
    given = parser.parse_args(arguments)
    try:
        script = Script.read(given.script)
    except ScriptInvalid as error:
        sys.stderr.write(f"{error}\n")
        return 2
    server = ScriptedServer(script, given.manner, given.host, given.port, api_key=given.api_key)
    stopped = threading.Event()
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), lambda *_: stopped.set())
    try:
        server.start()
    except OSError as error:
        sys.stderr.write(f"Can't listen on {given.host}:{given.port}: {error.strerror}. Choose another --port.\n")
        return 1
    try:
        sys.stderr.write(
            f"This is a script, not a model: {len(script.turns)} turns of {given.script.name} are replayed in the "
            f"manner of {given.manner} as model {script.model}. Ctrl-C ends it.\n"
        )
        sys.stdout.write(f"{server.base_url}\n")
        sys.stdout.flush()
        # A wait without end can't be interrupted on Windows.
        while not stopped.wait(0.5):
            pass
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

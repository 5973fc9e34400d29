"""`devstral-ls serve`: the language server, with its log where the user wants it. Stdout is the protocol's alone."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devstral_ls.cli.streams import USAGE, fail
from devstral_ls.errors import ForUser


def run(
    tcp: tuple[str, int] | None,
    log_level: str,
    log_file: Path | None,
    record: Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> int:
    """Serves one client until it leaves; the exit code is the one LSP asks for. settings: the user's, for this time."""
    if log_file is not None:
        try:
            log_file.open("ab").close()
        except OSError as error:
            return fail(2, f"the log file {log_file} can't be written: {error.strerror}.")
    # Thousands of classes are about to be made and none of them is garbage; the server turns it on again once it is up.
    gc.disable()
    from devstral_ls.server.serve import serve_stdio, serve_tcp

    try:
        if tcp is None:
            return serve_stdio(log_level, log_file, record, settings)
        return serve_tcp(*tcp, _announce, log_level, log_file, record, settings)
    except ForUser as error:
        return fail(USAGE, str(error))
    except OSError as error:
        if tcp is None:
            raise
        return fail(1, f"{tcp[0]}:{tcp[1]} can't be listened on: {error.strerror or error}.")


def _announce(host: str, port: int) -> None:
    sys.stderr.write(f"devstral-ls listens on {f'[{host}]' if ':' in host else host}:{port}\n")
    sys.stderr.flush()

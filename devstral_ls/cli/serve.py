"""`devstral-ls serve`: the language server, with its log where the user wants it. Stdout is the protocol's alone."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from devstral_ls.cli.streams import fail


def run(tcp: tuple[str, int] | None, log_level: str, log_file: Path | None) -> int:
    """Serves one client until it leaves; the exit code is the one LSP asks for."""
    try:
        handler = logging.FileHandler(log_file, encoding="utf-8") if log_file else logging.StreamHandler(sys.stderr)
    except OSError as error:
        return fail(2, f"the log file {log_file} can't be written: {error.strerror}.")
    logging.basicConfig(
        handlers=[handler], level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # What it logs below this are whole messages: prompts and keys, in other words.
    logging.getLogger("pygls").setLevel(logging.WARNING)
    from devstral_ls.server.serve import serve_stdio, serve_tcp

    return serve_stdio() if tcp is None else serve_tcp(*tcp)

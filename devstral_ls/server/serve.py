"""Start a server on a transport: what `devstral-ls serve` runs."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from devstral_ls.config_layers import Layer, base_layers
from devstral_ls.llm.record import Folder
from devstral_ls.server import transport
from devstral_ls.server.server import DevstralServer

log = logging.getLogger(__name__)


def serve_stdio(
    log_level: str = "warning",
    log_file: Path | None = None,
    record: Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> int:
    """Serve one client over stdin and stdout; the exit code.

    record: the folder in which every exchange with the model is recorded. Raises Unwritable for one that can't be.
    settings: the user's own for this time, over their file and the environment.
    """
    set_up_log(log_level, log_file)
    return transport.serve_stdio(_server(record, settings))


def serve_tcp(
    host: str,
    port: int,
    announce: Callable[[str, int], None],
    log_level: str = "warning",
    log_file: Path | None = None,
    record: Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> int:
    """Serve the first client that connects, as `serve_stdio` does. announce: told the address that is listened on."""
    set_up_log(log_level, log_file)
    return transport.serve_tcp(_server(record, settings), host, port, announce)


def set_up_log(level: str, file: Path | None) -> None:
    """Log to stderr, or to a file. pygls logs whole messages at INFO, prompts and keys in them, so it is kept quiet."""
    logging.basicConfig(
        level=level.upper(), filename=file, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    for name in ("pygls", "openai", "httpx2", "httpcore2", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # watchdog calls it an error that a file changes while it stops watching it.
    logging.getLogger("watchdog").setLevel(logging.CRITICAL)


def _server(record: Path | None, settings: Mapping[str, Any] | None) -> DevstralServer:
    layers, problems = base_layers(os.environ)
    server = DevstralServer([*layers, Layer("command line", settings or {})], Folder(record) if record else None)
    server.settings.complain(problems)
    return server

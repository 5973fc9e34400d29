"""What a model server sent, kept in files that `devstral-ls replay` decodes again: a bug report that is a test."""

from __future__ import annotations

import json
import logging
import os
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from devstral_ls.errors import ForUser
from devstral_ls.llm.replay import run_case
from devstral_ls.llm.reply import read_body, read_chunk
from devstral_ls.llm.secrets import Secrets
from devstral_ls.llm.sse import SseDecoder

_log = logging.getLogger(__name__)

LONGEST_ANSWER = 8_000_000
"""Bytes of one answer that are kept; what follows is only counted."""
LONGEST_REQUEST = 8_000_000
"""Bytes; of a longer request only the options and the tools are kept."""
MOST_BYTES = 256_000_000
"""Bytes in all of a process's files; beyond it, its oldest go."""


class Unwritable(ForUser):
    """The folder can't be written to."""


class Folder:
    """Where one process's recordings go, each in a file of its own that only the user can read."""

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        """Makes the folder if need be. Raises Unwritable."""
        self._path = path.absolute()
        self._most_bytes = most_bytes
        self._numbers = count(1)
        self._begun = time.strftime("%Y%m%d-%H%M%S")
        self._written: deque[tuple[Path, int]] = deque()
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = self._path / f".{self._begun}-{os.getpid()}"
            probe.touch(mode=0o600)
            probe.unlink()
        except OSError as error:
            raise Unwritable(f"{path} can't be written to: {error.strerror}.") from error

    def recorder(self, base_url: str, api_key: str | None, server: str, secrets: Iterable[str] = ()) -> FileRecorder:
        """A recorder for one server.

        server: its kind and version, as far as they are known. secrets: what else than the key is to be left out.
        """
        return FileRecorder(self, Secrets(base_url, api_key, secrets), server)

    def new_id(self) -> str:
        return f"{self._begun}-{os.getpid()}-{next(self._numbers):04d}"

    def write(self, case: Mapping[str, Any]) -> None:
        """Raises OSError."""
        data = json.dumps({"version": 1, "cases": [case]}, indent=1).encode()
        path = self._path / f"{case['id']}.json"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        self._written.append((path, len(data)))
        while len(self._written) > 1 and sum(size for _, size in self._written) > self._most_bytes:
            self._written.popleft()[0].unlink(missing_ok=True)


class FileRecorder:
    """Records the exchanges with one server."""

    def __init__(self, folder: Folder, secrets: Secrets, server: str) -> None:
        self._folder = folder
        self._secrets = secrets
        self._server = server

    def begin(self, request: bytes) -> FileTape:
        return FileTape(self._folder, self._secrets, self._server, request)


class FileTape:
    """One exchange; the file is written when it ends. A request that got no answer leaves none."""

    def __init__(self, folder: Folder, secrets: Secrets, server: str, request: bytes) -> None:
        self._folder = folder
        self._secrets = secrets
        self._server = server
        self._request = request
        self._status: int | None = None
        self._whole = False
        self._kept = bytearray()
        self._size = 0

    def answered(self, status: int, content_type: str) -> None:
        self._status = status
        self._whole = status != 200 or content_type.startswith("application/json")

    def received(self, data: bytes) -> None:
        self._size += len(data)
        room = LONGEST_ANSWER - len(self._kept)
        if room > 0:
            self._kept += data[:room]

    def end(self) -> None:
        status, self._status = self._status, None
        if status is None:
            return
        try:
            self._folder.write(self._case(status))
        except OSError as error:
            _log.warning("a recording can't be written: %s", error.strerror)

    def _case(self, status: int) -> dict[str, Any]:
        request = json.loads(self._request)
        tools = [tool["function"]["name"] for tool in request.get("tools", ())]
        if len(self._request) > LONGEST_REQUEST:
            del request["messages"]
        case: dict[str, Any] = {
            "id": self._folder.new_id(),
            "server": self._server,
            "tools": tools,
            "request": self._secrets.hidden(request),
        }
        if self._size > len(self._kept):
            case["note"] = f"Only the first {len(self._kept)} of {self._size} bytes are kept."
        text = self._kept.decode("utf-8", "replace")
        if self._whole:
            case["http"] = {"status": status, "body": self._secrets.hidden(_body(status, text))}
        else:
            case["stream"] = [self._secrets.hidden(frame) for frame in frames(text)]
        case["expected"] = run_case(case)
        if "stream" in case and self._in_pieces(case["expected"], text):
            # In pieces, spread over the chunks, it could not be found there.
            case["note"] = "The reply spelled out the server's key, so it is not kept."
            case["stream"] = []
            case["expected"] = run_case(case)
        return case

    def _in_pieces(self, reply: Any, text: str) -> bool:
        hidden = (self._secrets.hidden(chunk) for chunk in chunks(text))
        return self._secrets.found_in(reply) or self._secrets.spelled_out(hidden)


def _body(status: int, text: str) -> Any:
    """A reply as JSON where it is some; an error in the server's own words, which may be none."""
    body = read_body(text) if status == 200 else None
    return text if body is None else body


def chunks(text: str) -> Iterator[Any]:
    """The JSON of every event."""
    decoder = SseDecoder()
    for payload in decoder.feed(text.encode()) + decoder.finish():
        yield read_chunk(payload)


def frames(text: str) -> Iterator[str | dict[str, Any]]:
    """The event stream as a case has it: `data: {...}` events as their JSON, everything else as it came."""
    start = 0
    while start < len(text):
        end = text.find("\n\n", start)
        end = len(text) if end < 0 else end + 2
        event = text[start:end]
        start = end
        chunk = read_body(event[6:]) if event.startswith("data: {") and event.count("\n") == 2 else None
        yield chunk if isinstance(chunk, dict) and event.endswith("}\n\n") else event

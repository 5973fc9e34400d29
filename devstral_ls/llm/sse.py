"""Server-sent events: bytes in any pieces in, the `data` of each event out."""

from __future__ import annotations

import json


class SseDecoder:
    """Reads an event stream. No input raises.

    Lines end at CR, LF or CRLF and at nothing else: JSON may hold a raw U+2028 or U+0085, which `str.splitlines` would
    take for the end of a line.
    """

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._data: list[str] = []
        self._event = ""
        self._after_cr = False
        self._at_start = True

    def feed(self, chunk: bytes) -> list[str]:
        """The data of every event that `chunk` completes."""
        if not chunk:
            return []
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            if not chunk:
                self._after_cr = False
                return []
        self._after_cr = chunk.endswith(b"\r")
        lines = chunk.splitlines()
        unfinished = None if chunk.endswith((b"\n", b"\r")) else lines.pop()
        events: list[str] = []
        for line in lines:
            if self._line:
                self._line.append(line)
                line = b"".join(self._line)
                self._line.clear()
            self._read_line(line, events)
        if unfinished is not None:
            self._line.append(unfinished)
        return events

    def finish(self) -> list[str]:
        """The data of an event that the end of the stream cut off before its empty line, if any."""
        events: list[str] = []
        if self._line:
            self._read_line(b"".join(self._line), events)
            self._line.clear()
        self._read_line(b"", events)
        return events

    def _read_line(self, line: bytes, events: list[str]) -> None:
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            if self._data:
                events.append(self._dispatch())
            self._event = ""
        elif line.startswith(b"data:"):
            start = 6 if line.startswith(b"data: ") else 5
            self._data.append(line[start:].decode("utf-8", "replace"))
        elif line.startswith(b"event:"):
            self._event = line[6:].strip().decode("utf-8", "replace")
        elif line.startswith(b'{"'):
            # Some servers write an error without the field's name.
            events.append(line.decode("utf-8", "replace"))

    def _dispatch(self) -> str:
        data = "\n".join(self._data)
        self._data.clear()
        if self._event == "error" and not data.lstrip().startswith("{"):
            # Some servers send the bare message; as JSON it reads like every other error frame.
            return json.dumps({"error": data})
        return data

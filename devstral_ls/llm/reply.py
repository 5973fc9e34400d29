"""The bytes of a response in, the parts of a reply out."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any

from devstral_ls.llm.backend import Part, Reply
from devstral_ls.llm.faults import broken_message, is_known
from devstral_ls.llm.sse import SseDecoder
from devstral_ls.llm.wire import Normaliser, new_call_id

_DONE = "[DONE]"


class ReplyDecoder:
    """Reads a stream of server-sent events as one reply. No input raises."""

    def __init__(
        self, tools: Collection[str], tool_choice: Any = "auto", *, new_id: Callable[[], str] = new_call_id
    ) -> None:
        self._events = SseDecoder()
        self._normaliser = Normaliser(tools, tool_choice, new_id=new_id)
        self._done = False

    @property
    def done(self) -> bool:
        """The server has said that nothing follows."""
        return self._done

    @property
    def begun(self) -> bool:
        """The model has begun to write, even when nothing of it is certain yet."""
        return self._normaliser.begun

    def feed(self, data: bytes) -> list[Part]:
        """The parts that `data` makes certain."""
        return self._read(self._events.feed(data))

    def finish(self) -> tuple[list[Part], Reply]:
        """The last parts and the reply, at the end of the response."""
        parts = self._read(self._events.finish())
        last, reply = self._normaliser.finish()
        return parts + last, reply

    def _read(self, payloads: list[str]) -> list[Part]:
        parts: list[Part] = []
        for payload in payloads:
            if self._done:
                break
            chunk = read_chunk(payload)
            if chunk is None:
                self._done = payload.strip() == _DONE
                if not self._done and payload.strip():
                    parts += self._unreadable(payload)
            else:
                parts += self._normaliser.feed(chunk)
        return parts

    def _unreadable(self, payload: str) -> list[Part]:
        lines = payload.split("\n")
        if len(lines) > 1:
            # Some servers leave out the empty line between events.
            return self._read(lines)
        return self._normaliser.feed_unreadable()


def read_chunk(payload: str) -> Any:
    """The JSON of an event's data, or None. An error counts even when its JSON is broken, or when it is bare text."""
    try:
        chunk = json.loads(payload)
    except (ValueError, RecursionError):
        begins = payload.lstrip()
        error = begins.startswith('{"error"') or (not begins.startswith(("{", "[")) and is_known(payload))
        return {"error": broken_message(payload)} if error else None
    return {"error": chunk} if isinstance(chunk, str) and chunk.strip() else chunk


def read_body(body: str | bytes) -> Any:
    """The JSON of a whole body, or None."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None

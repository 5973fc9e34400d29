"""What reading a long stream costs in memory, in a process of its own: `python -m benchmarks.memory KIND MEGABYTES`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from devstral_ls.llm.reply import ReplyDecoder

TOOLS = ["read_file", "write_file", "run_command"]
READ = 65_536
KINDS: Mapping[str, Any] = {
    "text": {"content": "words and more of them. "},
    "call": {"tool_calls": [{"index": 0, "function": {"arguments": "words and more of them. "}}]},
    "nothing": {"content": ""},
}
"""What every chunk but the first brings."""


def main() -> None:
    """Print the growth of the process's largest size in MB, and the length of what was said."""
    kind, megabytes = sys.argv[1], int(sys.argv[2])
    read(kind, 1)
    before = _largest()
    said = read(kind, megabytes)
    print((_largest() - before) / 1e6, said)


def read(kind: str, megabytes: int) -> int:
    """Decode so much of a stream; the number of characters that the reply has."""
    decoder = ReplyDecoder(TOOLS)
    for piece in _pieces(kind, megabytes * 1_000_000):
        decoder.feed(piece)
    _, reply = decoder.finish()
    return len(reply.text) + sum(len(call.raw) for call in reply.calls)


def _pieces(kind: str, size: int) -> Iterator[bytes]:
    if kind == "call":
        function = {"name": "write_file", "arguments": '{"content": "'}
        yield _frame({"tool_calls": [{"index": 0, "id": "abcdefghi", "type": "function", "function": function}]})
    frame = _frame(KINDS[kind])
    block = frame * (READ // len(frame) + 1)
    for _ in range(size // len(block)):
        yield block
    yield _frame({"tool_calls": [{"index": 0, "function": {"arguments": '"}'}}]} if kind == "call" else {}, "stop")


def _frame(delta: Any, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    chunk = {"id": "chatcmpl-x", "object": "chat.completion.chunk", "created": 1_765_000_000, "model": "devstral"}
    return b"data: %b\n\n" % json.dumps({**chunk, "choices": [choice]}).encode()


def _largest() -> int:
    """Bytes. What `getrusage` says begins with the size of the process that started this one, on Linux."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s*(\d+) kB", status.read_text())[1]) * 1024  # type: ignore[index]
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()

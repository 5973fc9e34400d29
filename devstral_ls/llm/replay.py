"""Recorded exchanges, decoded again: what a server sent, in the shape of a reply that can be compared."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from devstral_ls.llm.backend import Reply
from devstral_ls.llm.faults import Fault, classify
from devstral_ls.llm.limit import within_limit
from devstral_ls.llm.reply import ReplyDecoder, read_body
from devstral_ls.llm.wire import Normaliser

Cut = Callable[[bytes], Iterable[bytes]]

_DONE = re.compile(r"data: ?\[DONE\][\r\n]*")


def in_one_piece(data: bytes) -> Iterable[bytes]:
    """All bytes in one read."""
    return (data,)


def run_case(
    case: Mapping[str, Any], *, cut: Cut = in_one_piece, one_character_per_delta: bool = False, done: bool = True
) -> dict[str, Any]:
    """What we make of a recorded case, in the shape of its `expected`.

    A case has `stream` (chunks, or raw text of the event stream), `content` (a message's whole text) or `http` (a
    response that was not streamed). cut: how a stream's bytes are split into reads. one_character_per_delta: how
    `content` is split into chunks. done: whether the stream says `[DONE]`. `request`, the body that was answered, may
    be missing or partial.
    """
    request = case.get("request") or {}
    tools, tool_choice = case.get("tools") or (), request.get("tool_choice", "auto")
    new_id = _numbered()
    if "http" in case:
        return _run_http(case["http"], Normaliser(tools, tool_choice, new_id=new_id), request.get("max_tokens"))
    decoder = ReplyDecoder(tools, tool_choice, new_id=new_id)
    for piece in cut(stream_bytes(case, one_character_per_delta=one_character_per_delta, done=done)):
        decoder.feed(piece)
    _, reply = decoder.finish()
    reply = within_limit(reply, request.get("max_tokens"))
    return describe(reply, classify(None, reply.error) if reply.error else None)


def differences(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> list[str]:
    """One line for each part in which a case's reply is not the expected one; flags have no order."""
    wanted = dict(expected)
    if isinstance(wanted.get("flags"), list):
        wanted["flags"] = sorted(wanted["flags"])
    return [
        f"{part}: expected {_shown(wanted, part)}, got {_shown(actual, part)}"
        for part in sorted(wanted.keys() | actual.keys())
        if wanted.get(part) != actual.get(part) or (part in wanted) != (part in actual)
    ]


def stream_bytes(case: Mapping[str, Any], *, one_character_per_delta: bool = False, done: bool = True) -> bytes:
    """The event stream of a `stream` or `content` case."""
    if "stream" in case:
        frames = case["stream"]
    else:
        content = case["content"]
        pieces = list(content) if one_character_per_delta else [content]
        frames = [{"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]} for piece in pieces]
        frames.append({"choices": [{"index": 0, "delta": {}, "finish_reason": case.get("finish", "stop")}]})
        frames.append("data: [DONE]\n\n")
    text = "".join(frame if isinstance(frame, str) else f"data: {json.dumps(frame)}\n\n" for frame in frames)
    # A case may spell half a surrogate pair; as bytes it is no UTF-8, which the decoder has to bear.
    return (text if done else _DONE.sub("", text)).encode(errors="surrogatepass")


def describe(reply: Reply, fault: Fault | None = None) -> dict[str, Any]:
    """A reply as plain data; what is absent or empty is left out, but text, calls and finish."""
    actual: dict[str, Any] = {
        "text": reply.text,
        "tool_calls": [_describe_call(call) for call in reply.calls],
        "finish": reply.finish,
    }
    if reply.reasoning:
        actual["reasoning"] = reply.reasoning
    if reply.usage:
        actual["usage"] = {
            "prompt_tokens": reply.usage.prompt_tokens,
            "completion_tokens": reply.usage.completion_tokens,
        }
    if reply.flags:
        actual["flags"] = sorted(reply.flags)
    if reply.recovered:
        actual["recovered"] = reply.recovered
    if fault:
        actual["error"] = {"kind": fault.kind, "message": fault.message}
    return actual


def _shown(reply: Mapping[str, Any], part: str) -> str:
    return json.dumps(reply[part], ensure_ascii=False) if part in reply else "nothing"


def _run_http(http: Mapping[str, Any], normaliser: Normaliser, max_tokens: Any) -> dict[str, Any]:
    body = http.get("body", "")
    if http["status"] == 200:
        _, reply = normaliser.whole(read_body(body) if isinstance(body, str) else body)
        return describe(within_limit(reply, max_tokens), normaliser.fault)
    fault = classify(http["status"], body if isinstance(body, str) else json.dumps(body))
    return {"error": {"kind": fault.kind, "retryable": fault.retryable, "message": fault.message}}


def _describe_call(call: Any) -> dict[str, Any]:
    described: dict[str, Any] = {"name": call.name, "arguments": call.arguments}
    if call.error:
        described["error"] = call.error
    if call.repaired:
        described["repaired"] = True
    return described


def _numbered() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"call{next(numbers):05d}"

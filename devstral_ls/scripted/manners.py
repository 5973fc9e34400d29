"""How each server puts the same reply on the wire: chunks, ids, usage, whole bodies.

Every function here is pure: a turn in, frames out. The differences are the point - a client that reads all four
manners the same has been proven against them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from devstral_ls.scripted.script import Call, Turn

Manner = Literal["vllm", "ollama", "llama.cpp", "mistral"]
MANNERS: tuple[Manner, ...] = get_args(Manner)

CREATED = 1_765_000_000
DONE = "data: [DONE]\n\n"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """A turn about to be sent. number: counts the server's replies, so that ids differ between them."""

    turn: Turn
    model: str
    number: int
    prompt_tokens: int
    include_usage: bool = False

    @property
    def usage(self) -> Json:
        prompt, completion = self.turn.usage or (self.prompt_tokens, self._completion_tokens())
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}

    def _completion_tokens(self) -> int:
        written = [self.turn.text, self.turn.reasoning, *(call.name + call.text for call in self.turn.calls)]
        return 1 + sum(len(pieces(text)) for text in written)


@dataclass(frozen=True, slots=True)
class Frames:
    """A streamed reply: `body`, then `end` with the finish reason. A cut reply stops before `end`."""

    body: list[str]
    end: list[str]


def frames(manner: Manner, reply: Reply) -> Frames:
    """The reply as server-sent events."""
    turn = reply.turn
    if turn.raw is not None:
        return Frames([item if isinstance(item, str) else _data(item) for item in turn.raw], [])
    streams = {"vllm": _vllm, "ollama": _ollama, "llama.cpp": _llama_cpp, "mistral": _mistral}
    sent = list(streams[manner](reply))
    # Everything from the chunk that carries the finish reason on is the end.
    last = next(position for position, (_, ends) in enumerate(sent) if ends)
    texts = [text for text, _ in sent]
    return Frames(texts[:last], texts[last:])


def whole(manner: Manner, reply: Reply) -> Json:
    """The reply as one JSON body, for a request that doesn't stream."""
    turn = reply.turn
    message: Json = {"role": "assistant", "content": turn.text}
    if turn.reasoning:
        message["reasoning" if manner in ("vllm", "ollama") else "reasoning_content"] = turn.reasoning
    if turn.calls:
        message["tool_calls"] = [_whole_call(manner, reply, index, call) for index, call in enumerate(turn.calls)]
    if manner == "mistral" and turn.reasoning:
        del message["reasoning_content"]
        thinking = {"type": "thinking", "thinking": [{"type": "text", "text": turn.reasoning}]}
        message["content"] = [thinking, {"type": "text", "text": turn.text}]
    return {
        "id": _reply_id(manner, reply),
        "object": "chat.completion",
        "created": CREATED,
        "model": reply.model,
        "choices": [{"index": 0, "message": message, "finish_reason": turn.finish_reason}],
        "usage": reply.usage,
    }


def pieces(text: str) -> list[str]:
    """Word-sized pieces that join to `text`."""
    return re.findall(r"\s*\S+|\s+\Z", text)


def _argument_pieces(text: str) -> list[str]:
    return re.findall(r"\s*\w+|\s*[^\w\s]+|\s+\Z", text) or [""]


# A stream is pairs of (event, whether it carries the finish reason).
_Stream = Iterator[tuple[str, bool]]


def _vllm(reply: Reply) -> _Stream:
    turn = reply.turn

    def chunk(delta: Json, finish: str | None = None) -> tuple[str, bool]:
        choice: Json = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        if finish:
            choice["stop_reason"] = None
        choice["token_ids"] = None
        return _data({**_head("vllm", reply), "choices": [choice], "kv_transfer_params": None}), finish is not None

    yield chunk({"role": "assistant", "content": ""})
    deltas: list[Json] = [{"reasoning": piece} for piece in pieces(turn.reasoning)]
    deltas += [{"content": piece} for piece in pieces(turn.text)]
    for index, call in enumerate(turn.calls):
        first, *rest = _argument_pieces(call.text)
        function = {"name": call.name, "arguments": first}
        deltas.append({"tool_calls": [{"id": _call_id(reply, index), "type": "function", "index": index,
                                       "function": function}]})  # fmt: skip
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in rest]
    # The last delta rides on the chunk with the finish reason, as vLLM sends it.
    last = deltas.pop() if turn.calls else {"content": ""}
    for delta in deltas:
        yield chunk(delta)
    yield chunk(last, turn.finish_reason)
    if reply.include_usage:
        yield _data({**_head("vllm", reply), "choices": [], "usage": reply.usage}), False
    yield DONE, False


def _ollama(reply: Reply) -> _Stream:
    turn = reply.turn
    role: Json = {"role": "assistant"}  # only on the first chunk

    def chunk(delta: Json, finish: str | None = None) -> tuple[str, bool]:
        choice = {"index": 0, "delta": {**role, **delta}, "finish_reason": finish}
        role.clear()
        head = {**_head("ollama", reply), "system_fingerprint": "fp_ollama"}
        return _data({**head, "choices": [choice]}), finish is not None

    for piece in pieces(turn.reasoning):
        yield chunk({"content": "", "reasoning": piece})
    for piece in pieces(turn.text):
        yield chunk({"content": piece})
    for index, call in enumerate(turn.calls):
        yield chunk({"content": "", "tool_calls": [_whole_call("ollama", reply, index, call)]})
    yield chunk({}, turn.finish_reason)
    if reply.include_usage:
        head = {**_head("ollama", reply), "system_fingerprint": "fp_ollama"}
        yield _data({**head, "choices": [], "usage": reply.usage}), False
    yield DONE, False


def _llama_cpp(reply: Reply) -> _Stream:
    turn = reply.turn

    def chunk(delta: Json, finish: str | None = None) -> tuple[str, bool]:
        choice = {"finish_reason": finish, "index": 0, "delta": delta}
        return _data({"choices": [choice], **_head("llama.cpp", reply)}), finish is not None

    yield ":\n\n", False  # a keep-alive comment, as sent while the prompt is read
    yield chunk({"role": "assistant", "content": None})
    for piece in pieces(turn.reasoning):
        yield chunk({"reasoning_content": piece})
    for piece in pieces(turn.text):
        yield chunk({"content": piece})
    for index, call in enumerate(turn.calls):
        first, *rest = _argument_pieces(call.text)
        identity = _call_id(reply, index).rjust(32, "A")
        function = {"name": call.name, "arguments": first}
        yield chunk({"tool_calls": [{"index": index, "id": identity, "type": "function", "function": function}]})
        for piece in rest:
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, turn.finish_reason)
    if reply.include_usage:
        timings = {"prompt_n": reply.prompt_tokens, "predicted_n": reply.usage["completion_tokens"]}
        yield _data({"choices": [], **_head("llama.cpp", reply), "usage": reply.usage, "timings": timings}), False
    yield DONE, False


def _mistral(reply: Reply) -> _Stream:
    turn = reply.turn
    padding = "abcdefghijklmnopqrstuvwxyz"
    sent = 0

    def chunk(delta: Json, finish: str | None = None) -> tuple[str, bool]:
        nonlocal sent
        sent += 1
        body = {**_head("mistral", reply), "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        if finish:
            body["usage"] = reply.usage  # on the finish chunk, never in one of its own
        body["p"] = padding[: 1 + sent * 7 % len(padding)]
        return _data(body), finish is not None

    yield chunk({"role": "assistant", "content": ""})
    for piece in pieces(turn.reasoning):
        yield chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]})
    for piece in pieces(turn.text):
        yield chunk({"content": piece})
    last: Json = {"content": ""}
    if turn.calls:
        last["tool_calls"] = [_whole_call("mistral", reply, index, call) for index, call in enumerate(turn.calls)]
    yield chunk(last, turn.finish_reason)
    yield DONE, False


def _whole_call(manner: Manner, reply: Reply, index: int, call: Call) -> Json:
    identity = _call_id(reply, index)
    function = {"name": call.name, "arguments": call.text}
    if manner == "ollama":
        function["arguments"] = _go_json(call)
        return {"id": f"call_{identity[-8:]}", "index": index, "type": "function", "function": function}
    if manner == "mistral":
        return {"id": identity, "function": function, "index": index}
    return {"id": identity, "type": "function", "function": function}


def _go_json(call: Call) -> str:
    """Arguments as Go's encoder writes them: compact, with `<`, `>` and `&` escaped."""
    if isinstance(call.arguments, str):
        return call.arguments
    compact = json.dumps(call.arguments, ensure_ascii=False, separators=(",", ":"))
    return compact.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _call_id(reply: Reply, index: int) -> str:
    return f"{reply.number % 1_000_000:06d}{index % 1000:03d}"


def _reply_id(manner: Manner, reply: Reply) -> str:
    return f"{reply.number:032x}" if manner == "mistral" else f"chatcmpl-{reply.number}"


def _head(manner: Manner, reply: Reply) -> Json:
    return {
        "id": _reply_id(manner, reply),
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": reply.model,
    }


def _data(value: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n"

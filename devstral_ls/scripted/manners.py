"""How each server puts the same reply on the wire: chunks, ids, usage, whole bodies.

Every function here is pure: a turn in, frames out. The differences are the point - a client that reads all six manners
the same has been proven against them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from devstral_ls.scripted import lm_studio, old_vllm, transformers
from devstral_ls.scripted.reply import (
    CREATED,
    DONE,
    MANNERS,
    Json,
    Manner,
    Reply,
    Stream,
    argument_pieces,
    call_id,
    data,
    head,
    pieces,
    reply_id,
)
from devstral_ls.scripted.script import Call

__all__ = ["MANNERS", "Frames", "Manner", "Reply", "frames", "whole"]


@dataclass(frozen=True, slots=True)
class Frames:
    """A streamed reply: `body`, then `end` with the finish reason. A cut reply stops before `end`."""

    body: list[str]
    end: list[str]


def frames(manner: Manner, reply: Reply) -> Frames:
    """The reply as server-sent events."""
    turn = reply.turn
    if turn.raw is not None:
        return Frames([item if isinstance(item, str) else data(item) for item in turn.raw], [])
    sent = list(_STREAMS[manner](_as_sent(manner, reply, streamed=True)))
    # Everything from the chunk that carries the finish reason on is the end.
    last = next(position for position, (_, ends) in enumerate(sent) if ends)
    texts = [text for text, _ in sent]
    return Frames(texts[:last], texts[last:])


def whole(manner: Manner, reply: Reply) -> Json:
    """The reply as one JSON body, for a request that doesn't stream."""
    reply = _as_sent(manner, reply, streamed=False)
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
        "id": reply_id(manner, reply),
        "object": "chat.completion",
        "created": CREATED,
        "model": reply.model,
        "choices": [{"index": 0, "message": message, "finish_reason": turn.finish_reason}],
        "usage": reply.usage,
    }


def _as_sent(manner: Manner, reply: Reply, *, streamed: bool) -> Reply:
    """The reply with what this server makes of its calls."""
    turn = reply.turn
    if manner == "vllm" and reply.old:
        turn = old_vllm.as_streamed(turn) if streamed else old_vllm.in_one_piece(turn)
    elif manner == "lmstudio":
        turn = lm_studio.as_sent(turn, calls_tools=reply.calls_tools)
    elif manner == "transformers":
        turn = transformers.as_sent(turn)
    return replace(reply, turn=turn)


def _vllm(reply: Reply) -> Stream:
    turn = reply.turn

    def chunk(delta: Json, finish: str | None = None) -> tuple[str, bool]:
        choice: Json = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        if finish:
            choice["stop_reason"] = None
        choice["token_ids"] = None
        return data({**head("vllm", reply), "choices": [choice], "kv_transfer_params": None}), finish is not None

    yield chunk({"role": "assistant", "content": ""})
    deltas: list[Json] = [{"reasoning": piece} for piece in pieces(turn.reasoning)]
    deltas += [{"content": piece} for piece in pieces(turn.text)]
    for index, call in enumerate(turn.calls):
        first, *rest = argument_pieces(call.text)
        function = {"name": call.name, "arguments": first}
        deltas.append({"tool_calls": [{"id": call_id(reply, index), "type": "function", "index": index,
                                       "function": function}]})  # fmt: skip
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in rest]
    # The last delta rides on the chunk with the finish reason, as vLLM sends it.
    last = deltas.pop() if turn.calls else {"content": ""}
    for delta in deltas:
        yield chunk(delta)
    yield chunk(last, turn.finish_reason)
    if reply.include_usage:
        yield data({**head("vllm", reply), "choices": [], "usage": reply.usage}), False
    yield DONE, False


def _ollama(reply: Reply) -> Stream:
    turn = reply.turn
    role: Json = {"role": "assistant"}  # only on the first chunk

    def chunk(delta: Json, finish: str | None = None) -> tuple[str, bool]:
        choice = {"index": 0, "delta": {**role, **delta}, "finish_reason": finish}
        role.clear()
        top = {**head("ollama", reply), "system_fingerprint": "fp_ollama"}
        return data({**top, "choices": [choice]}), finish is not None

    for piece in pieces(turn.reasoning):
        yield chunk({"content": "", "reasoning": piece})
    for piece in pieces(turn.text):
        yield chunk({"content": piece})
    for index, call in enumerate(turn.calls):
        yield chunk({"content": "", "tool_calls": [_whole_call("ollama", reply, index, call)]})
    yield chunk({}, turn.finish_reason)
    if reply.include_usage:
        top = {**head("ollama", reply), "system_fingerprint": "fp_ollama"}
        yield data({**top, "choices": [], "usage": reply.usage}), False
    yield DONE, False


def _llama_cpp(reply: Reply) -> Stream:
    turn = reply.turn

    def chunk(delta: Json, finish: str | None = None) -> tuple[str, bool]:
        choice = {"finish_reason": finish, "index": 0, "delta": delta}
        return data({"choices": [choice], **head("llama.cpp", reply)}), finish is not None

    yield ":\n\n", False  # a keep-alive comment, as sent while the prompt is read
    yield chunk({"role": "assistant", "content": None})
    for piece in pieces(turn.reasoning):
        yield chunk({"reasoning_content": piece})
    for piece in pieces(turn.text):
        yield chunk({"content": piece})
    for index, call in enumerate(turn.calls):
        first, *rest = argument_pieces(call.text)
        identity = call_id(reply, index).rjust(32, "A")
        function = {"name": call.name, "arguments": first}
        yield chunk({"tool_calls": [{"index": index, "id": identity, "type": "function", "function": function}]})
        for piece in rest:
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, turn.finish_reason)
    if reply.include_usage:
        timings = {"prompt_n": reply.prompt_tokens, "predicted_n": reply.usage["completion_tokens"]}
        yield data({"choices": [], **head("llama.cpp", reply), "usage": reply.usage, "timings": timings}), False
    yield DONE, False


def _mistral(reply: Reply) -> Stream:
    turn = reply.turn
    padding = "abcdefghijklmnopqrstuvwxyz"
    sent = 0

    def chunk(delta: Json, finish: str | None = None) -> tuple[str, bool]:
        nonlocal sent
        sent += 1
        body = {**head("mistral", reply), "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        if finish:
            body["usage"] = reply.usage  # on the finish chunk, never in one of its own
        body["p"] = padding[: 1 + sent * 7 % len(padding)]
        return data(body), finish is not None

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
    identity = call_id(reply, index)
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


_STREAMS: Mapping[Manner, Callable[[Reply], Stream]] = {
    "vllm": _vllm,
    "ollama": _ollama,
    "llama.cpp": _llama_cpp,
    "mistral": _mistral,
    "lmstudio": lm_studio.stream,
    "transformers": transformers.stream,
}

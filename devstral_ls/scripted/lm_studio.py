"""How LM Studio sends a reply, with the oddities that its users report: phantom calls, errors that are bare strings."""

from __future__ import annotations

import json

from devstral_ls.scripted.reply import DONE, Json, Reply, Stream, argument_pieces, call_id, data, head, pieces
from devstral_ls.scripted.script import Call, Turn


def as_sent(turn: Turn, *, calls_tools: bool) -> Turn:
    """The turn as LM Studio puts it: the calls of a model without native tool calling stay in the text."""
    if calls_tools or not turn.calls:
        return turn
    text = "".join(f"[TOOL_REQUEST]{_printed(call)}[END_TOOL_REQUEST]" for call in turn.calls)
    return Turn(f"{turn.text}\n{text}" if turn.text else text, turn.reasoning, finish="stop", usage=turn.usage)


def stream(reply: Reply) -> Stream:
    """The reply as events. An empty entry without a name precedes the calls."""
    turn = reply.turn

    def chunk(delta: Json, finish: str | None = None) -> tuple[str, bool]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        body = {**head("lmstudio", reply), "system_fingerprint": reply.model, "choices": [choice]}
        return data(body), finish is not None

    for piece in pieces(turn.reasoning):
        yield chunk({"role": "assistant", "reasoning_content": piece})
    for piece in pieces(turn.text):
        yield chunk({"role": "assistant", "content": piece})
    if turn.calls:
        yield chunk({"tool_calls": [{"index": 0, "id": "", "type": "function", "function": {"arguments": ""}}]})
    for index, call in enumerate(turn.calls, 1):
        function = {"name": call.name, "arguments": ""}
        entry = {"index": index, "id": call_id(reply, index), "type": "function", "function": function}
        yield chunk({"role": "assistant", "tool_calls": [entry]})
        for piece in argument_pieces(call.text):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, turn.finish_reason)
    if reply.include_usage:
        yield data({**head("lmstudio", reply), "choices": [], "usage": reply.usage}), False
    yield DONE, False


def error_event(message: str) -> str:
    """An error in a stream, which has begun with status 200 by then; the error is a bare string."""
    return f"event: error\ndata: {json.dumps({'error': message})}\n\n"


def refuses(body: Json) -> str | None:
    """Why LM Studio refuses what all others take; None when it takes it."""
    wanted = body.get("response_format")
    if wanted is not None and wanted.get("type") not in ("json_schema", "text"):
        return "'response_format.type' must be 'json_schema' or 'text'"
    return None


def model(name: str, context_length: int, *, loaded: bool, tools: bool) -> Json:
    """A model as the older of its own pages lists it (`/api/v0/models`)."""
    chat = "embed" not in name
    entry: Json = {
        "id": name,
        "object": "model",
        "type": "vlm" if chat else "embeddings",
        "publisher": "mistralai",
        "arch": "mistral3" if chat else "nomic-bert",
        "compatibility_type": "gguf",
        "quantization": "Q4_K_M",
        "state": "loaded" if loaded else "not-loaded",
        "max_context_length": 393_216,
        "capabilities": ["tool_use"] if chat and tools else [],
    }
    return {**entry, "loaded_context_length": context_length} if loaded else entry


def newer_model(name: str, context_length: int, *, loaded: bool, tools: bool) -> Json:
    """A model as the newer of its own pages lists it (`/api/v1/models`)."""
    chat = "embed" not in name
    config = {"context_length": context_length, "eval_batch_size": 512, "flash_attention": True}
    entry: Json = {
        "type": "llm" if chat else "embedding",
        "publisher": "mistralai",
        "key": name,
        "display_name": name,
        "architecture": "mistral3",
        "loaded_instances": [{"id": name, "config": config}] if loaded else [],
        "max_context_length": 393_216,
        "format": "gguf",
    }
    return {**entry, "capabilities": {"vision": True, "trained_for_tool_use": tools}} if chat else entry


def _printed(call: Call) -> str:
    arguments = call.text if isinstance(call.arguments, str) else dict(call.arguments)
    return json.dumps({"name": call.name, "arguments": arguments}, ensure_ascii=False)

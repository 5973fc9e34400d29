"""How `transformers serve` sends a reply: it has no parser for Mistral's calls, so that all of them are text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from devstral_ls.scripted.reply import CREATED, Json, Reply, Stream, data, head, pieces, printed
from devstral_ls.scripted.script import Turn


def as_sent(turn: Turn) -> Turn:
    """The turn as text alone: the tokenizer skips the special tokens that tell calls and reasoning from it."""
    text = f"{turn.reasoning}{turn.text}{printed(list(turn.calls))}"
    finish = "stop" if turn.finish in (None, "tool_calls") else turn.finish
    return replace(turn, text=text, reasoning="", calls=(), finish=finish)


def stream(reply: Reply) -> Stream:
    """The reply as events: usage on the last one, and no `[DONE]`."""

    def chunk(delta: Json, finish: str | None = None) -> tuple[str, bool]:
        choice: Json = {"delta": delta, "index": 0}
        body: Json = {**head("transformers", reply), "choices": [choice], "system_fingerprint": ""}
        body["model"] = f"{reply.model}@main"
        if finish:
            choice["finish_reason"] = finish
            body["usage"] = reply.usage
        return data(body), finish is not None

    yield chunk({"role": "assistant"})
    for piece in pieces(reply.turn.text):
        yield chunk({"content": piece})
    yield chunk({}, reply.turn.finish_reason)


def error_event(message: str) -> str:
    """An error in a stream, pasted into the frame as it is: with a quote in it, it is no JSON."""
    return f'data: {{"error": "{message}"}}\n\n'


def crashes(body: Mapping[str, Any]) -> bool:
    """Whether the server fails over this request: a null list of calls in the conversation is too much for it."""
    messages = body.get("messages")
    return isinstance(messages, list) and any(
        isinstance(message, Mapping) and "tool_calls" in message and message["tool_calls"] is None
        for message in messages
    )


def model(name: str) -> Json:
    """A model of the Hugging Face cache as it is listed: its owner is the first part of its name."""
    return {"id": name, "object": "model", "created": CREATED, "owned_by": name.partition("/")[0]}


OPENAPI: Json = {
    "openapi": "3.1.0",
    "info": {"title": "FastAPI", "version": "0.1.0"},
    "paths": {
        "/v1/chat/completions": {"post": {"summary": "Chat Completions"}},
        "/v1/responses": {"post": {"summary": "Responses"}},
        "/v1/models": {"get": {"summary": "List Models"}},
        "/health": {"get": {"summary": "Health"}},
    },
}
"""What it says of its own interface, all of it made by FastAPI; the only page that gives it away."""

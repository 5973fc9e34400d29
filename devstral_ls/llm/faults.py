"""What a server's error means: its kind, whether asking again can help, and what to tell the user.

The text decides before the status does: servers answer 500 to requests that can never succeed, and 400 to a prompt
that is too long.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from devstral_ls.errors import (
    ContextExceeded,
    ImagesRefused,
    KeyRejected,
    ModelError,
    ModelNotFound,
    ReplyBroken,
    RequestRejected,
    ServerBusy,
    ToolsUnsupported,
)

FaultKind = Literal[
    "context_overflow", "rate_limited", "model_not_found", "tools_unsupported", "auth", "bad_request", "server"
]

RETRYABLE = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True, slots=True)
class Fault:
    """message: the server's own words, possibly several lines. retryable: the same request may succeed later."""

    kind: FaultKind
    retryable: bool
    message: str


def classify(status: int | None, body: str) -> Fault:
    """The fault behind an error answer; `status` is None for an error inside a stream. Never raises."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return _classify(status, broken_message(body), "")
    return _classify(status, _text_of(value) or ("" if not value else body.strip()), _labels(value))


def classify_frame(frame: Mapping[str, Any]) -> Fault | None:
    """The fault that a chunk of a stream reports; None when it reports none."""
    reports = frame.get("error") or frame.get("object") == "error"
    # A bare {"type": "ping"} reports nothing.
    if reports or ("choices" not in frame and any(_text_of(frame.get(key)) for key in _MESSAGE_KEYS)):
        return _classify(None, _text_of(frame), _labels(frame))
    return None


def is_known(text: str) -> bool:
    """Whether `text` is one of the errors that servers are known to report."""
    return any(pattern.search(text) for _, pattern in _BY_TEXT)


def _classify(status: int | None, message: str, labels: str) -> Fault:
    # JSON can spell half a surrogate pair, which could be neither written nor sent on.
    message = message.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    message = message or (f"HTTP {status}" if status else "unknown error")
    for kind, pattern in _BY_TEXT:
        if pattern.search(message) or pattern.search(labels):
            return Fault(kind, kind == "rate_limited", message)
    if status is None:
        return Fault("server", True, message)
    return Fault(_by_status(status), status in RETRYABLE, message)


def to_error(fault: Fault, *, model: str = "", base_url: str = "") -> ModelError:
    """The error for the user: one line, with what to do next."""
    said = " ".join(fault.message.split())
    said = said if len(said) <= _LONGEST else said[:_LONGEST].rstrip() + "…"
    where = f" at {base_url}" if base_url else ""
    the_model = f"the model {model!r}" if model else "the model"
    quoted = f"The server{where} says: {said}"
    if fault.kind == "context_overflow":
        return ContextExceeded(
            f"The conversation is longer than the model's context window. Start a new session, or give the server a "
            f"larger context. {quoted}"
        )
    if fault.kind == "rate_limited":
        return ServerBusy(f"The server's rate limit is reached; try again in a moment. {quoted}")
    if fault.kind == "model_not_found":
        return ModelNotFound(
            f"The server{where} does not have {the_model}; set llm.model to one it has. It says: {said}"
        )
    if fault.kind == "tools_unsupported":
        return ToolsUnsupported(
            f"The server can't call tools with {the_model}; choose a model with tools, or start the server with tool "
            f"calling enabled. {quoted}"
        )
    if fault.kind == "auth":
        return KeyRejected(f"The server{where} rejects the API key; set llm.apiKey. It says: {said}")
    if _NO_IMAGES.search(said):
        return ImagesRefused(f"The server{where} takes no images with {the_model}. It says: {said}")
    if fault.kind == "bad_request":
        return RequestRejected(f"The server{where} refuses the request: {said}")
    if fault.retryable and _BUSY.search(said):
        return ServerBusy(f"The server{where} is busy; try again in a moment. It says: {said}")
    return ReplyBroken(
        f"The server{where} failed; try again, and look at its log if that doesn't help. It says: {said}"
    )


_LONGEST = 400
_DEEPEST = 8
_MESSAGE_KEYS = ("error", "message", "detail", "msg")

_BUSY = re.compile(r"\bbusy\b|overloaded|loading model|capacity|try again later", re.IGNORECASE)

_NO_IMAGES = re.compile(
    r"image input is not (?:supported|enabled)|does(?: not|n't) support (?:the )?(?:image|vision|multimodal)"
    r"|not a multimodal model|at most 0 image|missing data required for image|image(?:_url)?s? (?:is|are) not supported"
    r"|only supports? text|vision is not supported|mmproj",
    re.IGNORECASE,
)

_BY_TEXT: tuple[tuple[FaultKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile("|".join(phrases), re.IGNORECASE))  # type: ignore[misc]
    for kind, phrases in (
        (
            "context_overflow",
            (
                r"maximum context length",
                r"max_model_len",
                r"exceed_context_size",
                r"exceeds the (?:available )?context",
                r"(?:longer|greater|larger) than the (?:model's )?context",
                r"reached context length",
                r"context (?:length |window )?(?:is )?(?:too long|exceeded|the overflows)",
                r"context_length_exceeded|model_context_exceeded|prompt_too_long",
                r"n_keep \(\d+\) >= n_ctx",
                r"keep the first \d+ tokens",
                r"(?:prompt|input) (?:is )?too (?:long|large)",
                r"couldn't fit with truncation",
                r"context overflow",
            ),
        ),
        (
            "tools_unsupported",
            (
                r"does not support tools",
                r"tools param requires --jinja",
                r"requires --enable-auto-tool-choice",
                r"function calling is not (?:enabled|supported|available)",
                r"(?:tools|tool use|function calling) (?:is|are) not supported",
                r"no endpoints found that support tool use",
            ),
        ),
        (
            "model_not_found",
            (
                r"model [`'\"][^`'\"]*[`'\"] (?:does not exist|not found|is not found)",
                r"model .{0,80}not found, try pulling",
                r"model_not_found|invalid_model",
                r"invalid model:",
                r"^model not found",
            ),
        ),
        (
            "rate_limited",
            (
                r"rate limit",
                r"rate_limited|rate_limit_exceeded",
                r"tier capacity exceeded",
                r"too many requests",
            ),
        ),
        ("auth", (r"invalid api key", r"incorrect api key", r"\bunauthorized\b", r"authentication_error")),
        (
            # llama.cpp answers 500 to all of these, though no later try can succeed.
            "bad_request",
            (
                r"failed to parse tool call arguments",
                r"jinja exception",
                _NO_IMAGES.pattern,
                r"conversation roles must alternate",
                r"roles are supported, got",
                r"tool call ids should be alphanumeric",
                r"failed to parse grammar",
                r"invalid tool call arguments",
            ),
        ),
    )
)


def _by_status(status: int) -> FaultKind:
    if status in (401, 403):
        return "auth"
    if status == 429:
        return "rate_limited"
    if status in RETRYABLE or status >= 500:
        return "server"
    return "bad_request"


def _text_of(value: Any, depth: int = 0) -> str:
    """The first text found where servers put it: `error`, `message`, `detail`, or a list of validation errors."""
    if isinstance(value, str):
        return value
    if depth > _DEEPEST:
        return ""
    if isinstance(value, list):
        return "; ".join(text for item in value if (text := _validation_error(item, depth + 1)))
    if isinstance(value, Mapping):
        for key in _MESSAGE_KEYS:
            text = _text_of(value.get(key), depth + 1)
            if text:
                return text
        for key in ("error_description", "title", "type"):
            label = value.get(key)
            if isinstance(label, str) and label:
                return label
    return ""


def _validation_error(item: Any, depth: int) -> str:
    """`body.max_tokens: Extra inputs are not permitted`."""
    text = _text_of(item, depth)
    if isinstance(item, Mapping) and isinstance(item.get("loc"), list):
        return f"{'.'.join(map(str, item['loc']))}: {text}"
    return text


def _labels(value: Any) -> str:
    """The machine-readable words of an error: its types and codes."""
    words: list[str] = []
    for _ in range(_DEEPEST):
        if not isinstance(value, Mapping):
            break
        words += [word for key in ("type", "code") if isinstance(word := value.get(key), str)]
        value = value.get("error")
    return " ".join(words)


_FRAME_BEGINS = re.compile(r'\s*\{\s*"error"\s*:\s*"?')
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL | re.IGNORECASE)


def broken_message(body: str) -> str:
    """The message in a body that is no JSON: some servers paste it in without escaping it, proxies send HTML."""
    begins = _FRAME_BEGINS.match(body)
    if begins:
        return body[begins.end() :].rstrip().removesuffix("}").rstrip().removesuffix('"')
    title = _TITLE.search(body) if body.lstrip().startswith("<") else None
    return title[1].strip() if title else body.strip()

"""Errors in the words of the servers that send them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from devstral_ls.llm.faults import Fault, classify, classify_frame, to_error


@pytest.mark.parametrize(
    ("status", "message", "kind", "retryable"),
    [
        (400, "This model's maximum context length is 4096 tokens. However, …", "context_overflow", False),
        (400, "max_tokens=9000 cannot be greater than max_model_len=8192", "context_overflow", False),
        (
            500,
            "the prompt is longer than the context length currently available to the model",
            "context_overflow",
            False,
        ),
        (400, "Trying to keep the first 9 tokens when context the overflows. …", "context_overflow", False),
        (400, "The prompt is too long", "context_overflow", False),
        (None, "prompt_too_long", "context_overflow", False),
        (404, 'model "x" not found, try pulling it first', "model_not_found", False),
        (400, "Invalid model: x", "model_not_found", False),
        (500, "tool 'frob' not found", "server", True),
        (400, "registry.ollama.ai/library/x does not support tools", "tools_unsupported", False),
        (500, "tools param requires --jinja flag", "tools_unsupported", False),
        (429, "Service tier capacity exceeded for this model.", "rate_limited", True),
        (200, "Requests rate limit exceeded", "rate_limited", True),
        (401, "Unauthorized", "auth", False),
        (403, "no", "auth", False),
        (500, "Jinja Exception: conversation roles must alternate", "bad_request", False),
        (500, "image input is not supported - hint: you may need to provide the mmproj", "bad_request", False),
        (500, "this model is missing data required for image input", "bad_request", False),
        (422, "no", "bad_request", False),
        (404, "404 page not found", "bad_request", False),
        (503, "Loading model", "server", True),
        (529, "overloaded", "server", True),
        (501, "not implemented", "server", False),
        (None, "EngineCore encountered an issue", "server", True),
    ],
)
def test_the_text_decides_before_the_status(status: int | None, message: str, kind: str, retryable: bool) -> None:
    fault = classify(status, json.dumps({"error": {"message": message}}))
    assert (fault.kind, fault.retryable, fault.message) == (kind, retryable, message)
    assert classify(status, message) == fault


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"error": {"message": "no", "type": "x"}}', "no"),
        ('{"error": "no"}', "no"),
        ('{"object": "error", "message": "no", "code": 400}', "no"),
        ('{"detail": "no"}', "no"),
        ('{"detail": [{"type": "t", "loc": ["body", "n", 0], "msg": "no"}, {"msg": "never"}]}', "body.n.0: no; never"),
        ('{"message": {"detail": [{"loc": ["body", "n"], "msg": "no"}]}}', "body.n: no"),
        ('{"error": "a "quoted" word"}', 'a "quoted" word'),
        ("<html><head><title>502 Bad Gateway</title></head></html>", "502 Bad Gateway"),
        ("plain words\n", "plain words"),
        ('{"error": {"type": "overloaded"}}', "overloaded"),
        ("", "HTTP 500"),
        ("{}", "HTTP 500"),
    ],
)
def test_the_servers_own_words_are_found_wherever_they_stand(body: str, message: str) -> None:
    assert classify(500, body).message == message


def test_the_type_of_an_error_counts_as_its_text() -> None:
    assert classify(400, '{"error": {"message": "no", "type": "exceed_context_size_error"}}').kind == "context_overflow"


@pytest.mark.parametrize(
    ("frame", "found"),
    [
        ({"error": "it broke"}, True),
        ({"object": "error", "message": "it broke"}, True),
        ({"message": "it broke"}, True),
        ({"choices": [], "usage": {}}, False),
        ({"usage": {"prompt_tokens": 1}}, False),
        ({"error": None}, False),
    ],
)
def test_a_chunk_of_a_stream_can_be_an_error(frame: dict[str, Any], found: bool) -> None:
    assert classify_frame(frame) == (Fault("server", True, "it broke") if found else None)


@pytest.mark.parametrize(
    ("fault", "error", "advice"),
    [
        (Fault("context_overflow", False, "no"), ContextExceeded, "Start a new session"),
        (Fault("rate_limited", True, "no"), ServerBusy, "try again in a moment"),
        (Fault("model_not_found", False, "no"), ModelNotFound, "'devstral'"),
        (Fault("tools_unsupported", False, "no"), ToolsUnsupported, "choose a model with tools"),
        (Fault("auth", False, "no"), KeyRejected, "llm.apiKey"),
        (Fault("bad_request", False, "no"), RequestRejected, "http://here/v1"),
        (Fault("server", True, "server busy, please try again"), ServerBusy, "is busy"),
        (Fault("server", True, "no"), ReplyBroken, "failed"),
    ],
)
def test_the_user_reads_one_line_with_what_to_do(fault: Fault, error: type[ModelError], advice: str) -> None:
    told = to_error(fault, model="devstral", base_url="http://here/v1")
    assert type(told) is error
    assert advice in str(told)
    assert fault.message in str(told)


def test_a_long_message_of_many_lines_becomes_one_short_line() -> None:
    told = str(to_error(Fault("bad_request", False, "line\n" * 1000)))
    assert "\n" not in told
    assert len(told) < 500


@given(st.none() | st.integers(100, 599), st.text(max_size=80))
def test_no_body_raises(status: int | None, body: str) -> None:
    assert classify(status, body).message
    classify(status, '{"error":' * 500 + body)


@pytest.mark.parametrize(
    "message",
    [
        "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
        "Model does not support images. Please use a model that does.",
        "this model does not support image input (ref: b8bd630e)",
        "/models/devstral is not a multimodal model",
        "At most 0 image(s) may be provided in one prompt.",
        "Failed to create new sequence: failed to process inputs: this model is missing data required for image input",
    ],
)
def test_a_server_that_takes_no_images_is_told_from_other_refusals(message: str) -> None:
    for status in (400, 500):
        assert type(to_error(classify(status, json.dumps({"error": message})))) is ImagesRefused

"""Whether every kind of server would take a request: mistral-common's own validators, and the scripted server's rules.

mistral-common is what vLLM and the Mistral API check requests with; the rules hold what llama.cpp, Ollama, LM Studio
and transformers refuse besides.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from devstral_ls.scripted.rules import refusal


def objection(body: Any) -> str | None:
    """Who refuses the request, and why; None when nobody does."""
    reason = refusal(body)
    return f"the rules: {reason}" if reason else validators_objection(body)


def validators_objection(body: Mapping[str, Any]) -> str | None:
    """Which generation of tokenizers refuses the request, and why; None when none does."""
    # Loading them takes a third of a second, which a worker that makes no request saves.
    from mistral_common.exceptions import MistralCommonException
    from mistral_common.protocol.instruct.request import ChatCompletionRequest
    from pydantic import ValidationError

    for version, validator in _validators().items():
        try:
            request = ChatCompletionRequest.from_openai(messages=body["messages"], tools=body.get("tools"))
            validator.validate_request(request)
        except (MistralCommonException, ValidationError, ValueError) as error:
            return f"mistral-common {version}: {error}"
    return None


@cache
def _validators() -> Mapping[str, Any]:
    from mistral_common.protocol.instruct.validator import (
        MistralRequestValidatorV5,
        MistralRequestValidatorV11,
        MistralRequestValidatorV13,
        ValidationMode,
    )

    # v7 tokenizers are validated by V5's rules.
    return {
        "v7": MistralRequestValidatorV5(ValidationMode.test),
        "v11": MistralRequestValidatorV11(ValidationMode.test),
        "v13": MistralRequestValidatorV13(ValidationMode.test),
    }

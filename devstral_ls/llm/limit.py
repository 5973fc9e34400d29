"""Replies that the token limit cut off though their server says otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from devstral_ls.llm.backend import Reply


def within_limit(reply: Reply, max_tokens: Any) -> Reply:
    """The reply, or what it is when its tokens are exactly as many as were allowed.

    Some servers close the JSON of a call that was cut off and report a finished one: a file would be written with its
    end missing. Only the count of tokens tells. A call read out of the text was complete when we read it.
    """
    usage = reply.usage
    used_up = isinstance(max_tokens, int) and usage is not None and usage.completion_tokens >= max_tokens > 0
    if not used_up or reply.finish != "tool_calls" or reply.recovered:
        return reply
    *whole, last = reply.calls
    return replace(reply, finish="length", calls=(*whole, replace(last, arguments=None, error="truncated")))

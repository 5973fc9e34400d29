"""An HTTP response, read as the parts of a reply."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from devstral_ls.llm.backend import Part, Reply, Request
from devstral_ls.llm.http import BROKEN
from devstral_ls.llm.reply import ReplyDecoder, read_body
from devstral_ls.llm.wire import Normaliser

if TYPE_CHECKING:
    import httpx2

# After `[DONE]` the end of the body is due at once; reading it lets the connection be used again.
_END_OF_BODY = 0.2


class LostConnection(Exception):
    """The connection broke, or fell silent, before any part of a reply. The cause: httpx2's exception, TimeoutError."""


async def read_reply(
    response: httpx2.Response, request: Request, received: Callable[[bytes], object], idle_timeout: float
) -> AsyncGenerator[Part, None]:
    """Parts as they arrive, a `Reply` last.

    received: told every byte of the body before it is read. idle_timeout: seconds without a single byte, once the model
    has begun to write; until then the server reads the prompt, and the client's own time-out holds.

    A connection that breaks or falls silent in the middle ends the reply with what was received; one that does before
    the first part raises LostConnection. Neither closes the response.
    """
    import httpx2

    tools = [tool.name for tool in request.tools]
    begun = False
    lost = ""
    decoder = ReplyDecoder(tools, request.tool_choice)
    try:
        if response.headers.get("content-type", "").startswith("application/json"):
            # Asked for a stream or not, the server answers in one piece.
            body = await response.aread()
            received(body)
            parts, reply = Normaliser(tools, request.tool_choice).whole(read_body(body))
            for part in (*parts, reply):
                yield part
            return
        async with aclosing(response.aiter_bytes()) as body_pieces:
            while True:
                async with asyncio.timeout(idle_timeout if decoder.begun else None):
                    piece = await anext(body_pieces, None)
                if piece is None:
                    break
                received(piece)
                for part in decoder.feed(piece):
                    begun = True
                    yield part
                if decoder.done:
                    await _drain(body_pieces)
                    break
    except (httpx2.HTTPError, TimeoutError) as error:
        if not begun:
            raise LostConnection from error
        silent = isinstance(error, TimeoutError)
        lost = f"nothing came for {idle_timeout:g} seconds (llm.idleTimeout)" if silent else BROKEN
    parts, reply = decoder.finish()
    for part in parts:
        yield part
    yield _marked(reply, lost) if lost else reply


def _marked(reply: Reply, why: str) -> Reply:
    """The reply of a lost connection. After a finish reason only the usage can have been lost."""
    if reply.finish != "incomplete":
        return reply
    return replace(reply, flags=reply.flags | {"connection_lost"}, error=why)


async def _drain(rest: AsyncIterator[bytes]) -> None:
    import httpx2

    # A server that leaves the body open only loses the connection's next use.
    with contextlib.suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(_END_OF_BODY):
            async for _ in rest:
                pass

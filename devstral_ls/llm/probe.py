"""What a model server says about itself: its kind, version, models and context window."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from devstral_ls.llm.asking import Asking, NoAnswer, entries
from devstral_ls.llm.faults import broken_message
from devstral_ls.llm.http import PROXY_REFUSES, STRAIGHT, Route, open_client
from devstral_ls.llm.kinds import about, kind_of
from devstral_ls.llm.probed import Probed
from devstral_ls.llm.secrets import Secrets
from devstral_ls.llm.servers import Kind, is_local

__all__ = ["Probed", "probe"]


async def probe(
    base_url: str,
    *,
    expected: Kind = "other",
    wanted: str | None = None,
    api_key: str | None = None,
    connect_timeout: float = 0.5,
    answer_timeout: float = 3.0,
    route: Route = STRAIGHT,
) -> Probed:
    """Ask the server at `base_url` about itself; what goes wrong is the result's `problem`.

    Raises ServerUnreachable only for a route that can't be taken.

    expected: what it should be, for when it doesn't say. wanted: the model the user asked for. Times are in seconds;
    all of it takes at most `connect_timeout` and twice `answer_timeout`.
    """
    if is_local(base_url) and route.proxy is None and not await _listens(base_url, connect_timeout):
        return Probed(base_url, expected, "unreachable", "nothing answers")
    options = {"connect_timeout": connect_timeout, "answer_timeout": answer_timeout}
    async with open_client(base_url, route=route, **options) as client:
        if api_key and "authorization" not in client.headers:
            client.headers["Authorization"] = f"Bearer {api_key}"
        try:
            # A server that sends a byte now and then would keep every other timeout from running out.
            async with asyncio.timeout(connect_timeout + 2 * answer_timeout):
                asking = Asking(client, base_url, proxied=route.proxy is not None)
                return await _ask(asking, expected, wanted, Secrets(base_url, api_key, route.secrets))
        except NoAnswer as error:
            return Probed(base_url, expected, "unreachable", str(error), advice=error.advice)
        except TimeoutError:
            return Probed(base_url, expected, "unreachable", "the server answers too slowly", advice=_SLOW)


async def _ask(asking: Asking, expected: Kind, wanted: str | None, secrets: Secrets) -> Probed:
    status, listed, body = await asking.models()
    if isinstance(listed, Mapping) and "data" in listed and status == 200:
        found = entries(listed, "data")
        return await about(asking, await kind_of(asking, found, expected), found, wanted)
    return _unusable(asking.base_url, expected, status, listed, secrets.hidden(body))


def _unusable(url: str, kind: Kind, status: int, answer: Any, body: str) -> Probed:
    """What answers, but not with a list of models."""
    if status in (401, 403):
        return Probed(url, kind, "key_refused", "it refuses the API key")
    if status == 407:
        return Probed(url, kind, "unreachable", PROXY_REFUSES[:1].lower() + PROXY_REFUSES[1:], advice=_PROXY)
    if status == 503:
        loading = "loading" in body.lower()
        problem = "the model is still loading" if loading else "it is busy or still starting (HTTP 503)"
        return Probed(url, kind, "unusable", problem, advice="wait a moment, then try again")
    if status == 429:
        return Probed(url, kind, "unusable", "its rate limit is reached (HTTP 429)", advice="try again in a moment")
    if 300 <= status < 400:
        return Probed(url, kind, "unusable", f"it redirects elsewhere (HTTP {status})", advice=_ELSEWHERE)
    if status >= 500:
        words = " ".join(broken_message(body).split())[:100]
        said = f", {words!r}" if words and answer is None else ""
        return Probed(url, kind, "unusable", f"it fails (HTTP {status}{said})", advice="look at the server's log")
    if answer is None and body.lstrip()[:1] == "<":
        problem = f"there is no OpenAI-compatible API: a web page answers (HTTP {status})"
        return Probed(url, kind, "unusable", problem, advice=_ELSEWHERE)
    return Probed(url, kind, "unusable", f"there is no OpenAI-compatible API ({status})", advice=_ELSEWHERE)


_SLOW = "look at the server's log, or raise llm.connectTimeout"
_PROXY = "set llm.proxy, or HTTPS_PROXY in the environment"
_ELSEWHERE = "check the host, the port and the path in llm.baseUrl; it mostly ends in /v1"


async def _listens(base_url: str, timeout: float) -> bool:
    """Whether a connection can be made; cheaper than an HTTP client, and mostly the answer is no."""
    parts = urlsplit(base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True

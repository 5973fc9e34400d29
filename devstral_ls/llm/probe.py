"""What a model server says about itself: its kind, version, models and context window."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from devstral_ls.llm.http import PROXY_REFUSES, STRAIGHT, Route, connection_problem, no_answer, open_client
from devstral_ls.llm.model_choice import choose_model, same_model
from devstral_ls.llm.servers import Kind, is_local, server_root, without_userinfo

if TYPE_CHECKING:
    import httpx2


Status = Literal["ready", "unreachable", "key_refused", "no_model", "unusable"]
"""unreachable: no connection. unusable: something answers, but not (yet) as a model server."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What was found at one base URL.

    models: the chat models the server lists. model: the one to use. context_window: of that model, in tokens, as far as
    the server says. problem: one line; None when the status is "ready". said: what the server says the model is made
    from. tools, vision: whether the model can, as far as the server says.
    """

    url: str
    kind: Kind
    status: Status = "ready"
    problem: str | None = None
    version: str | None = None
    models: tuple[str, ...] = ()
    model: str | None = None
    context_window: int | None = None
    said: str | None = None
    tools: bool | None = None
    vision: bool | None = None


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

    expected: what it should be, for when it doesn't say. wanted: the model the user asked for. Times are in seconds.
    """
    if is_local(base_url) and route.proxy is None and not await _listens(base_url, connect_timeout):
        return Probed(base_url, expected, "unreachable", "nothing answers")
    options = {"connect_timeout": connect_timeout, "answer_timeout": answer_timeout}
    async with open_client(base_url, route=route, **options) as client:
        if api_key and "authorization" not in client.headers:
            client.headers["Authorization"] = f"Bearer {api_key}"
        try:
            return await _ask(_Asking(client, base_url, proxied=route.proxy is not None), expected, wanted)
        except _NoAnswer as error:
            return Probed(base_url, expected, "unreachable", str(error))


class _NoAnswer(Exception):
    """The request got no HTTP answer; the text says why."""


class _Asking:
    """Requests to one server, answered in JSON."""

    def __init__(self, client: httpx2.AsyncClient, base_url: str, *, proxied: bool) -> None:
        self._client = client
        self._proxied = proxied
        self.base_url = base_url

    async def models(self) -> tuple[int, Any]:
        """Status and JSON (None when it is none) of the model list. Raises _NoAnswer."""
        return await self._send("GET", f"{without_userinfo(self.base_url)}/models", None)

    async def page(self, path: str, body: Any = None) -> Mapping[str, Any]:
        """The JSON object at `path` below the server's root, empty when there is none. A body makes it a POST."""
        try:
            _, answer = await self._send(
                "GET" if body is None else "POST", server_root(without_userinfo(self.base_url)) + path, body
            )
        except _NoAnswer:
            return {}
        return _object(answer)

    async def _send(self, method: str, url: str, body: Any) -> tuple[int, Any]:
        try:
            response = await self._client.request(method, url, json=body)
        except no_answer() as error:
            raise _NoAnswer(connection_problem(error, proxied=self._proxied)) from error
        try:
            return response.status_code, response.json()
        except ValueError:
            return response.status_code, None


async def _ask(asking: _Asking, expected: Kind, wanted: str | None) -> Probed:
    url = asking.base_url
    status, listed = await asking.models()
    if status in (401, 403):
        return Probed(url, expected, "key_refused", "it refuses the API key")
    if status == 407:
        return Probed(url, expected, "unreachable", PROXY_REFUSES[:1].lower() + PROXY_REFUSES[1:])
    if not isinstance(listed, Mapping) or "data" not in listed:
        problem = "the model is still loading" if status == 503 else f"there is no OpenAI-compatible API ({status})"
        return Probed(url, expected, "unusable", problem)
    entries = _entries(listed, "data")
    kind = _kind(entries, expected)
    names = tuple(str(entry["id"]) for entry in entries if entry.get("id") and _chats(entry))
    if kind == "ollama":
        return await _ollama(asking, names, wanted)
    if kind == "llama.cpp":
        return await _llama_cpp(asking, entries, names, wanted)
    if kind == "lm studio":
        return await _lm_studio(asking, names, wanted)
    model = choose_model(names, wanted)
    entry = _named(entries, "id", model)
    version = (await asking.page("/version")).get("version") if kind == "vllm" else None
    window = _tokens(entry.get("max_model_len") or entry.get("max_context_length") or entry.get("context_length"))
    can = _object(entry.get("capabilities"))
    found = _found(url, kind, version, names, model, window)
    return replace(
        found, said=_text(entry.get("root")), tools=_flag(can.get("function_calling")), vision=_flag(can.get("vision"))
    )


async def _ollama(asking: _Asking, names: tuple[str, ...], wanted: str | None) -> Probed:
    model = choose_model(names, wanted)
    version, running, shown = await asyncio.gather(
        asking.page("/api/version"), asking.page("/api/ps"), asking.page("/api/show", {"model": model or ""})
    )
    window = _tokens(_named(_entries(running, "models"), "name", model).get("context_length"))
    if window is None:
        # Not loaded yet: only a Modelfile's own num_ctx is certain, the default depends on the machine.
        given = re.search(r"^num_ctx\s+([0-9]+)", str(shown.get("parameters", "")), re.M)
        window = _tokens(int(given[1])) if given else None
    found = _found(asking.base_url, "ollama", version.get("version"), names, model, window)
    can = shown.get("capabilities")
    if not isinstance(can, list):
        return found
    about = _object(shown.get("model_info"))
    said = _text(about.get("general.basename")) or _text(about.get("general.name"))
    return replace(found, said=said, tools="tools" in can, vision="vision" in can)


async def _llama_cpp(
    asking: _Asking, entries: Sequence[Mapping[str, Any]], names: tuple[str, ...], wanted: str | None
) -> Probed:
    model = choose_model(names, wanted)
    props = await asking.page("/props")
    window = _tokens(_object(props.get("default_generation_settings")).get("n_ctx"))
    if window is None:
        window = _tokens(_object(_named(entries, "id", model).get("meta")).get("n_ctx"))
    found = _found(asking.base_url, "llama.cpp", props.get("build_info"), names, model, window)
    vision = _flag(_object(props.get("modalities")).get("vision"))
    return replace(found, said=_text(props.get("model_path")), vision=vision)


async def _lm_studio(asking: _Asking, names: tuple[str, ...], wanted: str | None) -> Probed:
    own = _entries(await asking.page("/api/v0/models"), "data")
    chat = tuple(str(entry["id"]) for entry in own if entry.get("id") and entry.get("type") in ("llm", "vlm"))
    # Among models that are equal otherwise, one that is loaded answers at once.
    loaded = {str(entry.get("id")) for entry in own if entry.get("state") == "loaded"}
    names = tuple(sorted(chat or names, key=lambda name: name not in loaded))
    model = choose_model(names, wanted)
    entry = _named(own, "id", model)
    window = _tokens(entry.get("loaded_context_length") or entry.get("max_context_length"))
    found = _found(asking.base_url, "lm studio", None, names, model, window)
    return replace(found, vision=entry.get("type") == "vlm" if entry else None)


def _found(url: str, kind: Kind, version: Any, names: tuple[str, ...], model: str | None, window: int | None) -> Probed:
    version = version if isinstance(version, str) else None
    if model is None:
        return Probed(url, kind, "no_model", "it has no model for chat", version)
    return Probed(url, kind, "ready", None, version, names, model, window)


def _kind(entries: Sequence[Mapping[str, Any]], expected: Kind) -> Kind:
    """What the server is, from who it says owns its models; `expected` where it says nothing we know."""
    owners = {str(entry.get("owned_by")) for entry in entries}
    kinds: dict[str, Kind] = {
        "vllm": "vllm",
        "llamacpp": "llama.cpp",
        "library": "ollama",
        "organization_owner": "lm studio",
        "organization-owner": "lm studio",
        "mistralai": "mistral",
    }
    known = [kinds[owner] for owner in sorted(owners) if owner in kinds]
    return known[0] if known else expected


def _chats(entry: Mapping[str, Any]) -> bool:
    """False for a model that the server says can't chat."""
    return _object(entry.get("capabilities")).get("completion_chat") is not False


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


def _entries(answer: Any, key: str) -> list[Mapping[str, Any]]:
    found = _object(answer).get(key)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _named(entries: Sequence[Mapping[str, Any]], key: str, name: str | None) -> Mapping[str, Any]:
    return next((entry for entry in entries if name and same_model(str(entry.get(key)), name)), {})


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _tokens(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None

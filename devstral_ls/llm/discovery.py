"""Which server answers, and which of its models to ask.

An explicit `llm.baseUrl` is used and never replaced. Without one, the servers of this machine are tried at their usual
ports; only when none of them can be used, and a key is known, the Mistral API.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from devstral_ls.config_llm import LlmConfig
from devstral_ls.errors import KeyRejected, ModelNotFound, ServerUnreachable
from devstral_ls.llm.http import route_to
from devstral_ls.llm.keys import KEY_VARIABLE, key_for, mistral_key
from devstral_ls.llm.model_choice import choose_model, is_devstral, same_model
from devstral_ls.llm.probe import Probed, probe
from devstral_ls.llm.servers import (
    LOCAL_SERVERS,
    MISTRAL_MODEL,
    MISTRAL_URL,
    Kind,
    key_advice,
    known_server,
    model_advice,
    normalize_base_url,
    same_host,
    sentence,
    server_name,
    start_advice,
)

__all__ = ["USUAL_PLACES", "Endpoint", "Places", "Probed", "find_server", "probe_all"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server to talk to.

    models: all it lists. context_window: in tokens, None where nobody says. said, tools, vision: as in `Probed`.
    """

    base_url: str
    model: str
    api_key: str | None = field(repr=False)
    kind: Kind
    models: tuple[str, ...] = ()
    context_window: int | None = None
    version: str | None = None
    said: str | None = None
    tools: bool | None = None
    vision: bool | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Base URLs to look at. local: in order of preference."""

    local: tuple[tuple[Kind, str], ...]
    mistral: str


USUAL_PLACES = Places(
    # By address: looking `localhost` up tries IPv6 first, which takes seconds on some systems.
    tuple((server.kind, f"http://127.0.0.1:{server.port}/v1") for server in LOCAL_SERVERS),
    MISTRAL_URL,
)


async def find_server(config: LlmConfig, environ: Mapping[str, str], places: Places = USUAL_PLACES) -> Endpoint:
    """The server to use, with its model.

    Raises ServerUnreachable when nothing can be used, KeyRejected and ModelNotFound when the one to be used refuses;
    each says what to do.
    """
    if config.base_url is not None:
        return await _explicit(config.base_url, config, environ, places)
    found = await _probe_local(config, places)
    key = mistral_key(config, environ)
    chosen = _preferred(found, config.model, settle=key is None)
    if chosen is not None:
        return _endpoint(chosen, None, config)
    if key is None:
        raise ServerUnreachable(_nothing_found(found))
    return await _mistral(key, config, places)


async def probe_all(config: LlmConfig, environ: Mapping[str, str], places: Places = USUAL_PLACES) -> tuple[Probed, ...]:
    """What is at every place that could be used: the configured server, this machine's, the Mistral API."""
    configured: tuple[Probed, ...] = ()
    if config.base_url is not None:
        try:
            configured = (await _probe_explicit(config.base_url, config, environ, places),)
        except ServerUnreachable as error:
            configured = (Probed(config.base_url, "other", "unreachable", str(error)),)
    local = await _probe_local(config, places)
    key = mistral_key(config, environ)
    if key is not None:
        try:
            mistral = await _probe_mistral(key, config, places)
        except ServerUnreachable as error:
            mistral = Probed(places.mistral, "mistral", "unreachable", str(error))
    else:
        mistral = Probed(places.mistral, "mistral", "key_refused", f"no API key is known: set {KEY_VARIABLE}")
    known = {each.url for each in configured}
    return (*configured, *(each for each in (*local, mistral) if each.url not in known))


async def _explicit(text: str, config: LlmConfig, environ: Mapping[str, str], places: Places) -> Endpoint:
    found = await _probe_explicit(text, config, environ, places)
    if found.status == "unusable" and config.model:
        # Not every server lists its models, and a model that is still loading is worth the wait of a retry.
        found = replace(found, status="ready", model=config.model)
    return _endpoint(found, key_for(found.url, config, environ, places.mistral), config)


async def _mistral(key: str, config: LlmConfig, places: Places) -> Endpoint:
    return _endpoint(await _probe_mistral(key, config, places), key, config)


def _endpoint(found: Probed, key: str | None, config: LlmConfig) -> Endpoint:
    """What was found, when it can be used; else the error that says what to do."""
    name = server_name(found.url, found.kind)
    match found.status:
        case "ready":
            window = config.context_window or found.context_window
            return Endpoint(
                found.url,
                found.model or "",
                key,
                found.kind,
                found.models,
                window,
                found.version,
                found.said,
                found.tools,
                found.vision,
            )
        case "key_refused" if key is None:
            raise KeyRejected(sentence(f"{name} wants an API key: set DEVSTRAL_LS_API_KEY, or llm.apiKey."))
        case "key_refused":
            raise KeyRejected(sentence(f"{name} refused the key: {key_advice(found.url, found.kind)}."))
        case "no_model":
            advice = model_advice(found.url, (), found.kind)
            raise ModelNotFound(sentence(f"{name} has no model for chat: {advice}."))
    advice = found.advice or start_advice(found.url, found.kind)
    raise ServerUnreachable(sentence(f"{name} can't be used, {found.problem}: {advice}."))


def _preferred(found: Sequence[Probed], wanted: str | None, *, settle: bool) -> Probed | None:
    """The local server to use: the first that has the wanted model or a Devstral, else the first that has any.

    settle: take one that lacks the wanted model rather than none (a name may be spelled differently, or ignored).
    """
    usable = [each for each in found if each.status == "ready"]
    if wanted:
        having = [each for each in usable if any(same_model(name, wanted) for name in each.models)]
        return next(iter(having or (usable if settle else ())), None)
    return next((each for each in usable if is_devstral(each.model or "")), next(iter(usable), None))


def _nothing_found(found: Sequence[Probed]) -> str:
    problems = [
        f"{server_name(each.url, each.kind)} can't be used, {each.problem}"
        + (f" ({model_advice(each.url, (), each.kind)})" if each.status == "no_model" else "")
        for each in found
        if each.status != "unreachable"
    ]
    names = ", ".join(server.title for server in LOCAL_SERVERS)
    seen = "; ".join(problems) or f"no model server answers on this machine ({names} were tried)"
    return sentence(
        f"{seen}: start one (`ollama serve`, `ollama pull devstral-small-2`), set llm.baseUrl, or set {KEY_VARIABLE} "
        "to use the Mistral API."
    )


async def _probe_local(config: LlmConfig, places: Places) -> list[Probed]:
    # No key: one that is set without a base URL is for the Mistral API.
    return list(await asyncio.gather(*(probe(url, expected=kind, wanted=config.model) for kind, url in places.local)))


async def _probe_mistral(key: str, config: LlmConfig, places: Places) -> Probed:
    found = await probe(
        places.mistral,
        expected="mistral",
        wanted=config.model or MISTRAL_MODEL,
        api_key=key,
        connect_timeout=config.connect_timeout,
        answer_timeout=config.connect_timeout,
        route=route_to(places.mistral, config),
    )
    if found.models and not config.model and MISTRAL_MODEL not in found.models:
        return replace(found, model=choose_model(found.models, None), context_window=None)
    return found


async def _probe_explicit(text: str, config: LlmConfig, environ: Mapping[str, str], places: Places) -> Probed:
    """Raises ServerUnreachable when the setting is no URL."""
    try:
        url = normalize_base_url(text)
    except ValueError as error:
        raise ServerUnreachable(
            f"llm.baseUrl can't be used, {error}: write it like http://localhost:8000/v1."
        ) from None
    key = key_for(url, config, environ, places.mistral)
    if same_host(url, places.mistral):
        return await _probe_mistral(key or "", config, Places(places.local, url))
    server = known_server(url)
    return await probe(
        url,
        expected=server.kind if server else "other",
        wanted=config.model,
        api_key=key,
        connect_timeout=config.connect_timeout,
        answer_timeout=config.connect_timeout,
        route=route_to(url, config),
    )

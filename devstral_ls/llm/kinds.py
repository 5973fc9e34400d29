"""What each kind of server says of its models, its version and its context window, and where it says it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from devstral_ls.llm.asking import Asking, count, entries, flag, named, table, text
from devstral_ls.llm.model_choice import choose_model
from devstral_ls.llm.probed import Probed
from devstral_ls.llm.servers import Kind

Listed = Sequence[Mapping[str, Any]]


async def kind_of(asking: Asking, listed: Listed, expected: Kind) -> Kind:
    """What the server is, from who it says owns its models; `expected` where it says nothing we know."""
    if listed and all(_is_of_hub(entry) for entry in listed):
        # What the model list of `transformers serve` looks like; its description of itself makes it certain.
        described = await asking.page("/openapi.json")
        if table(described.get("info")).get("title") == "FastAPI" and "/v1/responses" in table(described.get("paths")):
            return "transformers"
        return expected
    owners = {str(entry.get("owned_by")) for entry in listed}
    known = [_OWNERS[owner] for owner in sorted(owners) if owner in _OWNERS]
    return known[0] if known else expected


def _is_of_hub(entry: Mapping[str, Any]) -> bool:
    """Whether the model's owner is just the first part of its name, as on the Hugging Face hub."""
    owner, slash, _ = str(entry.get("id")).partition("/")
    return bool(slash) and owner == entry.get("owned_by")


async def about(asking: Asking, kind: Kind, listed: Listed, wanted: str | None) -> Probed:
    """Everything the server says of itself. listed: its model list. wanted: the model the user asked for."""
    names = tuple(str(entry["id"]) for entry in listed if entry.get("id") and _chats(entry))
    if kind == "ollama":
        return await _ollama(asking, names, wanted)
    if kind == "llama.cpp":
        return await _llama_cpp(asking, listed, names, wanted)
    if kind == "lm studio":
        return await _lm_studio(asking, names, wanted)
    model = choose_model(names, wanted)
    entry = named(listed, "id", model)
    version = (await asking.page("/version")).get("version") if kind == "vllm" else None
    window = count(entry.get("max_model_len") or entry.get("max_context_length") or entry.get("context_length"))
    can = table(entry.get("capabilities"))
    found = _found(asking.base_url, kind, version, names, model, window)
    return replace(
        found, said=text(entry.get("root")), tools=flag(can.get("function_calling")), vision=flag(can.get("vision"))
    )


async def _ollama(asking: Asking, names: tuple[str, ...], wanted: str | None) -> Probed:
    model = choose_model(names, wanted)
    version, running, shown = await asyncio.gather(
        asking.page("/api/version"), asking.page("/api/ps"), asking.page("/api/show", {"model": model or ""})
    )
    window = count(named(entries(running, "models"), "name", model).get("context_length"))
    if window is None:
        # Not loaded yet: only a Modelfile's own num_ctx is certain, the default depends on the machine.
        given = re.search(r"^num_ctx\s+([0-9]+)", str(shown.get("parameters", "")), re.M)
        window = count(int(given[1])) if given else None
    found = _found(asking.base_url, "ollama", version.get("version"), names, model, window)
    can = shown.get("capabilities")
    if not isinstance(can, list):
        return found
    info = table(shown.get("model_info"))
    said = text(info.get("general.basename")) or text(info.get("general.name"))
    return replace(found, said=said, tools="tools" in can, vision="vision" in can)


async def _llama_cpp(asking: Asking, listed: Listed, names: tuple[str, ...], wanted: str | None) -> Probed:
    model = choose_model(names, wanted)
    props = await asking.page("/props")
    window = count(table(props.get("default_generation_settings")).get("n_ctx"))
    if window is None:
        window = count(table(named(listed, "id", model).get("meta")).get("n_ctx"))
    found = _found(asking.base_url, "llama.cpp", props.get("build_info"), names, model, window)
    vision = flag(table(props.get("modalities")).get("vision"))
    return replace(found, said=text(props.get("model_path")), vision=vision)


async def _lm_studio(asking: Asking, names: tuple[str, ...], wanted: str | None) -> Probed:
    older, newer = await asyncio.gather(asking.page("/api/v0/models"), asking.page("/api/v1/models"))
    own = entries(older, "data") or [_as_older(entry) for entry in entries(newer, "models")]
    chat = tuple(str(entry["id"]) for entry in own if entry.get("id") and entry.get("type") in ("llm", "vlm"))
    # Among models that are equal otherwise, one that is loaded answers at once.
    loaded = {str(entry.get("id")) for entry in own if entry.get("state") == "loaded"}
    names = tuple(sorted(chat or names, key=lambda name: name not in loaded))
    model = choose_model(names, wanted)
    entry = named(own, "id", model)
    # What the model could have says nothing of what it will be loaded with.
    window = count(entry.get("loaded_context_length"))
    found = _found(asking.base_url, "lm studio", None, names, model, window)
    return replace(found, vision=entry.get("type") == "vlm" if entry else None)


def _as_older(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """A model of LM Studio's newer list in the words of its older one."""
    instances = entries(entry, "loaded_instances")
    windows = [size for one in instances if (size := count(table(one.get("config")).get("context_length")))]
    sees = table(entry.get("capabilities")).get("vision") is True
    return {
        "id": entry.get("key"),
        "type": "vlm" if sees else entry.get("type"),
        "state": "loaded" if instances else "not-loaded",
        "loaded_context_length": min(windows, default=None),
    }


def _found(url: str, kind: Kind, version: Any, names: tuple[str, ...], model: str | None, window: int | None) -> Probed:
    version = version if isinstance(version, str) else None
    if model is None:
        return Probed(url, kind, "no_model", "it has no model for chat", version)
    return Probed(url, kind, "ready", None, version, names, model, window)


def _chats(entry: Mapping[str, Any]) -> bool:
    """False for a model that the server says can't chat."""
    return table(entry.get("capabilities")).get("completion_chat") is not False


_OWNERS: Mapping[str, Kind] = {
    "vllm": "vllm",
    "llamacpp": "llama.cpp",
    "library": "ollama",
    "organization_owner": "lm studio",
    "organization-owner": "lm studio",
    "mistralai": "mistral",
}

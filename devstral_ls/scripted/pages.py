"""Everything a server answers besides chat completions: its models, version and properties, and its errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devstral_ls.scripted import lm_studio, transformers
from devstral_ls.scripted.reply import CREATED, Json, Manner


@dataclass(frozen=True, slots=True)
class About:
    """What the server says about itself.

    tools: whether its models can call some. version: None for a recent one. loaded: whether the first model is in
    memory, where a server tells; until then it doesn't say what context window it gets.
    """

    manner: Manner
    models: Sequence[str]
    context_length: int
    tools: bool = True
    version: str | None = None
    loaded: bool = True


def get_page(about: About, path: str) -> Json | None:
    """The answer to GET `path`; None when this server has no such page."""
    if path == "/v1/models":
        return {"object": "list", "data": [_model(about, name) for name in about.models]}
    pages: Mapping[Manner, Mapping[str, Json]] = {
        "vllm": {"/version": {"version": about.version or "0.33.0"}, "/health": {}},
        "ollama": {
            "/api/version": {"version": about.version or "0.32.10"},
            "/api/tags": {"models": [_ollama_model(name) for name in about.models]},
            "/api/ps": {
                "models": [{**_ollama_model(name), "context_length": about.context_length} for name in about.models[:1]]
            },
        },
        "llama.cpp": {
            "/health": {"status": "ok"},
            "/props": {
                "default_generation_settings": {"n_ctx": about.context_length},
                "total_slots": 1,
                "model_path": f"/models/{about.models[0]}",
                "build_info": about.version or "b9310-0c1e570",
            },
        },
        "mistral": {},
        "lmstudio": {
            "/api/v0/models": {"object": "list", "data": _lm_studio(about, lm_studio.model)},
            "/api/v1/models": {"models": _lm_studio(about, lm_studio.newer_model)},
        },
        "transformers": {"/health": {"status": "ok"}, "/openapi.json": transformers.OPENAPI},
    }
    return pages[about.manner].get(path)


def show_page(about: About, name: str) -> Json | None:
    """The answer to Ollama's POST /api/show; None when there is no such model."""
    if not has_model(about, name):
        return None
    return {
        "parameters": f"num_ctx {about.context_length}\ntemperature 0.15",
        "details": _ollama_model(name)["details"],
        "model_info": {"general.architecture": "mistral3", "mistral3.context_length": 393216},
        "capabilities": ["embedding"] if "embed" in name else ["completion", "vision"] + ["tools"] * about.tools,
    }


def has_model(about: About, name: str) -> bool:
    """Whether a request for `name` is served: llama.cpp ignores the name, Ollama adds `:latest`."""
    if about.manner == "llama.cpp":
        return True
    if about.manner == "ollama":
        return name.removesuffix(":latest") in {known.removesuffix(":latest") for known in about.models}
    return name in about.models


def unknown_model(about: About, name: str) -> tuple[int, Json | str]:
    """Status and body for a model the server doesn't have."""
    if about.manner == "ollama":
        return 404, error_body(about.manner, 404, f"model '{name}' not found", "not_found_error")
    if about.manner == "mistral":
        return 400, error_body(about.manner, 400, f"Invalid model: {name}", "invalid_model", "1500")
    if about.manner == "lmstudio":
        error = {"message": f"Model not found: {name}", "type": "invalid_request_error", "code": "model_not_found"}
        return 404, {"error": error}
    if about.manner == "transformers":
        return 500, "Internal Server Error"  # it tries to download the model
    return 404, error_body(about.manner, 404, f"The model `{name}` does not exist.", "NotFoundError")


def no_tools(about: About, name: str) -> tuple[int, Json] | None:
    """Status and body for a request with tools to a model that has none; None where that is no reason to refuse."""
    if about.manner in ("lmstudio", "transformers"):
        return None
    if about.manner == "llama.cpp":
        return 500, error_body(about.manner, 500, "tools param requires --jinja flag", "server_error")
    if about.manner == "vllm":
        message = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
        return 400, error_body(about.manner, 400, message)
    if about.manner == "mistral":
        return 400, error_body(about.manner, 400, f"Function calling is not enabled for this model: {name}")
    return 400, error_body(about.manner, 400, f"registry.ollama.ai/library/{name} does not support tools")


def wrong_key(manner: Manner) -> tuple[int, Json]:
    """Status and body for a missing or wrong key."""
    if manner == "mistral":
        return 401, {"detail": "Unauthorized"}
    if manner == "llama.cpp":
        return 401, error_body(manner, 401, "Invalid API Key", "authentication_error")
    return 401, {"error": "Unauthorized"}


def error_body(
    manner: Manner, status: int, message: str, kind: str = "invalid_request_error", code: str | None = None
) -> Json:
    """An error in the server's envelope."""
    if manner == "mistral":
        return {"object": "error", "message": message, "type": kind, "param": None, "code": code}
    if manner == "ollama":
        return {"error": {"message": message, "type": kind, "param": None, "code": None}}
    if manner == "lmstudio":
        return {"error": message}
    if manner == "transformers":
        return {"detail": message}
    if manner == "llama.cpp":
        return {"error": {"code": status, "message": message, "type": kind}}
    kind = "BadRequestError" if kind == "invalid_request_error" else kind
    return {"error": {"message": message, "type": kind, "param": None, "code": status}}


def _model(about: About, name: str) -> Json:
    entry: Json = {"id": name, "object": "model", "created": CREATED}
    if about.manner == "vllm":
        return {**entry, "owned_by": "vllm", "root": name, "parent": None, "max_model_len": about.context_length}
    if about.manner == "ollama":
        return {**entry, "owned_by": "library"}
    if about.manner == "llama.cpp":
        meta: dict[str, Any] = {"n_ctx": about.context_length, "n_ctx_train": 393216, "n_vocab": 131072}
        return {**entry, "owned_by": "llamacpp", "meta": meta}
    if about.manner == "lmstudio":
        return {"id": name, "object": "model", "owned_by": "organization_owner"}
    if about.manner == "transformers":
        return transformers.model(name)
    chat = "embed" not in name
    return {
        **entry,
        "owned_by": "mistralai",
        "capabilities": {"completion_chat": chat, "function_calling": chat and about.tools, "vision": chat},
        "max_context_length": about.context_length,
        "aliases": [],
    }


def _lm_studio(about: About, entry: Callable[..., Json]) -> list[Json]:
    """Its models; only the first is loaded."""
    return [
        entry(name, about.context_length, loaded=not position and about.loaded, tools=about.tools)
        for position, name in enumerate(about.models)
    ]


def _ollama_model(name: str) -> Json:
    return {
        "name": name,
        "model": name,
        "modified_at": "2026-01-27T12:00:00Z",
        "size": 15_177_384_862,
        "digest": "0" * 64,
        "details": {"format": "gguf", "family": "mistral3", "parameter_size": "24.0B", "quantization_level": "Q4_K_M"},
    }

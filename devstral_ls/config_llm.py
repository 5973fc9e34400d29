"""The settings of the model: where it is and how it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from devstral_ls.config_setting import setting

ToolsMode = Literal["auto", "native", "direct"]
"""native: the server's tool calling; direct: JSON in the text of replies; auto: native where it works."""
ProfileName = Literal[
    "auto", "devstral-small-2", "devstral-2", "devstral-small-1.1", "devstral-small-1.0", "mistral", "generic"
]


@dataclass(frozen=True, slots=True)
class LlmConfig:
    """Where the model is and how it is asked."""

    base_url: str | None = setting(
        "llm.baseUrl",
        "Base URL of an OpenAI-compatible server, such as `http://localhost:8000/v1`. Unset: the first local server "
        "that answers (Ollama, vLLM, llama.cpp, LM Studio), else the Mistral API when a key is known.",
        None,
    )
    model: str | None = setting(
        "llm.model",
        "The model's name as the server knows it. Unset: the server's Devstral model, else its first model.",
        None,
    )
    api_key: str | None = setting(
        "llm.apiKey",
        "API key. Better kept in the environment (`DEVSTRAL_LS_API_KEY`, `MISTRAL_API_KEY`) than in a settings file.",
        None,
        secret=True,
    )
    headers: Mapping[str, str] | None = setting(
        "llm.headers",
        "Headers to send with every request to `llm.baseUrl`, by name, for gateways that want more than a key. They "
        "are kept as secret as a key, and go to no other server.",
        None,
        secret=True,
    )
    proxy: str | None = setting(
        "llm.proxy",
        "Proxy for requests to `llm.baseUrl` and the Mistral API, such as `http://user:password@proxy:3128` or "
        "`socks5://proxy:1080`. Unset: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` of the environment, "
        "never for this machine.",
        None,
        secret=True,
    )
    ca_file: str | None = setting(
        "llm.caFile",
        "File with the certificates (PEM) of an authority of your own, trusted in addition to the usual ones.",
        None,
    )
    tools: ToolsMode = setting(
        "llm.tools",
        "How the model calls tools: `native` uses the server's tool calling, `direct` asks for JSON in the reply, "
        "`auto` is native unless the server or the model can't.",
        "auto",
    )
    profile: ProfileName = setting(
        "llm.profile",
        "Which model to take it for, where its name doesn't tell. `auto`: by its name and what the server says.",
        "auto",
    )
    try_out: bool = setting(
        "llm.tryOut",
        "Whether a model that is new here is tried out before the first run: a tiny tool call, and what else is needed "
        "to know how to ask it. What comes of it is kept for a week.",
        True,
    )
    vision: bool | None = setting(
        "llm.vision",
        "Whether the model can see images. Unset: what the server says, else what is known of the model.",
        None,
    )
    temperature: float | None = setting(
        "llm.temperature", "Sampling temperature. Unset: what the model is made for, 0.15 for Devstral.", None, low=0
    )
    max_tokens: int = setting("llm.maxTokens", "The longest reply to ask for, in tokens.", 8192, low=1)
    context_window: int | None = setting(
        "llm.contextWindow",
        "The model's context window in tokens. Unset: what the server reports, else what the model is made for.",
        None,
        low=1024,
    )
    connect_timeout: float = setting(
        "llm.connectTimeout", "Seconds to wait for a connection to the server.", 10.0, low=0.1
    )
    prompt_timeout: float = setting(
        "llm.promptTimeout",
        "Seconds without a single byte that the server may take to read the prompt, before its reply begins. Minutes "
        "are normal, and a reply that is not streamed is written meanwhile.",
        3600.0,
        low=1,
    )
    idle_timeout: float = setting(
        "llm.idleTimeout",
        "Seconds without a single byte after which a reply that has begun counts as broken. Some servers say nothing "
        "while the model writes a long tool call.",
        600.0,
        low=1,
    )

"""The model servers we know by name: where they listen, how they are started, how their URLs are written."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit, urlunsplit

Kind = Literal["ollama", "vllm", "llama.cpp", "lm studio", "transformers", "mistral", "other"]


@dataclass(frozen=True, slots=True)
class KnownServer:
    """title: its name in messages. start: the command that starts it."""

    kind: Kind
    title: str
    port: int
    start: str


VLLM_START = (
    "vllm serve mistralai/Devstral-Small-2-24B-Instruct-2512 --tool-call-parser mistral --enable-auto-tool-choice"
)

LOCAL_SERVERS: tuple[KnownServer, ...] = (
    KnownServer("ollama", "Ollama", 11434, "ollama serve"),
    KnownServer("vllm", "vLLM", 8000, VLLM_START),
    KnownServer(
        "llama.cpp",
        "llama.cpp",
        8080,
        "llama-server --jinja -c 65536 -m devstral-small-2.gguf",
    ),
    KnownServer("lm studio", "LM Studio", 1234, "lms server start"),
)
"""In order of preference."""

TRANSFORMERS = KnownServer(
    "transformers",
    "transformers serve",
    8000,
    "transformers serve --force-model mistralai/Devstral-Small-2-24B-Instruct-2512",
)
"""Known when it says what it is, but not looked for: it listens where vLLM does."""

MISTRAL_URL = "https://api.mistral.ai/v1"
MISTRAL_MODEL = "devstral-small-latest"


def normalize_base_url(text: str) -> str:
    """What people paste, as the base URL of an OpenAI-compatible API.

    `localhost:8000`, `http://localhost:8000/` and `http://localhost:8000/v1/chat/completions` all become
    `http://localhost:8000/v1`; a path that ends in something else than `/v1` is kept. Raises ValueError for what is
    no http(s) URL.
    """
    text = text.strip()
    if not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", text):
        text = f"{'http' if _looks_plain(urlsplit(f'//{text}')) else 'https'}://{text}"
    parts = urlsplit(text)
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{without_userinfo(text)!r} is not an http(s) URL")
    _ = parts.port  # raises ValueError when it is no number
    path = re.sub(r"/(chat/completions|completions|models|responses)/*$", "", parts.path.rstrip("/")).rstrip("/")
    return urlunsplit((parts.scheme.lower(), parts.netloc, path or "/v1", "", ""))


def server_root(base_url: str) -> str:
    """The base URL without its `/v1`: where a server's own pages are."""
    return base_url.removesuffix("/v1")


def is_local(base_url: str) -> bool:
    """Whether the URL names this machine."""
    return is_local_host(urlsplit(base_url).hostname or "")


def is_local_host(host: str) -> bool:
    """Whether `host` is this machine: localhost, or a loopback or unspecified address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _looks_plain(address: SplitResult) -> bool:
    """Whether an address without a scheme means http: this machine, a number, or a port of its own."""
    host = address.hostname or ""
    return is_local_host(host) or address.port is not None or re.fullmatch(r"[0-9.]+|.*:.*", host) is not None


def same_host(one: str, other: str) -> bool:
    """Whether two URLs have the same scheme, host and port."""
    first, second = urlsplit(one), urlsplit(other)
    return (first.scheme, first.hostname, first.port) == (second.scheme, second.hostname, second.port)


def without_userinfo(url: str) -> str:
    """The URL as messages show it: no name or password."""
    return re.sub(r"(?<=//)[^/@]*@", "", url)


def known_server(base_url: str, kind: Kind | None = None) -> KnownServer | None:
    """The server that `kind` names, or that usually listens at the URL's port."""
    port = urlsplit(base_url).port
    if kind in (None, "other"):
        return next((server for server in LOCAL_SERVERS if server.port == port), None)
    return next((server for server in (*LOCAL_SERVERS, TRANSFORMERS) if server.kind == kind), None)


def server_name(base_url: str, kind: Kind | None = None) -> str:
    """The server as messages call it: "Ollama at http://127.0.0.1:11434/v1", "the Mistral API"."""
    if same_host(base_url, MISTRAL_URL) or kind == "mistral":
        return "the Mistral API"
    server = known_server(base_url, kind)
    return f"{server.title if server else 'the server'} at {without_userinfo(base_url)}"


def start_advice(base_url: str, kind: Kind | None = None) -> str:
    """How to get a server to answer at this URL, as the end of a sentence."""
    server = known_server(base_url, kind)
    if not is_local(base_url):
        return "check llm.baseUrl and the network"
    if server is None:
        return "start the server, or set llm.baseUrl to the one that runs"
    return f"start {server.title} (`{server.start}`), or set llm.baseUrl to the server that runs"


def model_advice(base_url: str, models: Sequence[str], kind: Kind | None = None) -> str:
    """What to do when the server lacks the model, as the end of a sentence."""
    if models:
        shown = ", ".join(models[:8]) + (", ..." if len(models) > 8 else "")
        return f"set llm.model to one it has ({shown})"
    server = known_server(base_url, kind)
    if server is not None and server.kind == "ollama":
        return "get one with `ollama pull devstral-small-2`"
    return "load a Devstral model there"


def key_advice(base_url: str, kind: Kind | None = None) -> str:
    """What to check when the server refuses the key, as the end of a sentence."""
    mistral = same_host(base_url, MISTRAL_URL) or kind == "mistral"
    return "check MISTRAL_API_KEY or llm.apiKey" if mistral else "check llm.apiKey"


def sentence(text: str) -> str:
    """`text` with a capital letter, unless it begins with a name that has none (vLLM, llama.cpp)."""
    if text.startswith(tuple(server.title for server in (*LOCAL_SERVERS, TRANSFORMERS))):
        return text
    return text[:1].upper() + text[1:]

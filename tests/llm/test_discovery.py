"""Discovery against real servers on free ports."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import pytest

from devstral_ls.config_llm import LlmConfig
from devstral_ls.errors import KeyRejected, ModelNotFound, ServerUnreachable
from devstral_ls.llm.discovery import USUAL_PLACES, Endpoint, Places, find_server, probe_all
from devstral_ls.llm.keys import read_env_file
from devstral_ls.llm.model_choice import choose_model
from devstral_ls.llm.servers import Kind, normalize_base_url, server_name, start_advice
from devstral_ls.scripted import Manner, Script, ScriptedServer

QWEN = Script((), model="qwen3-coder:30b")
SMALL_2 = Script((), model="devstral-small-2:latest")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


DEAD = f"http://127.0.0.1:{free_port()}/v1"
DEAD_MISTRAL = f"http://localhost:{free_port()}/v1"


@pytest.fixture
def servers() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment whose home directory is empty."""
    return {"HOME": str(tmp_path)}


def start(servers: ExitStack, manner: Manner, script: Script = SMALL_2, **options: Any) -> ScriptedServer:
    return servers.enter_context(ScriptedServer(script, manner, **options))


def places(*local: tuple[Kind, str], mistral: str = DEAD_MISTRAL) -> Places:
    return Places(local, mistral)


@contextmanager
def web_server(pages: Mapping[str, tuple[int, Any]]) -> Iterator[str]:
    """A plain HTTP server that knows `pages` by path (status and JSON or text); yields its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = pages.get(self.path, (404, "<html>not here</html>"))
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


LM_STUDIO = {
    "/v1/models": (200, {"data": [{"id": "a", "object": "model", "owned_by": "organization_owner"}]}),
    "/api/v0/models": (
        200,
        {
            "object": "list",
            "data": [
                {"id": "text-embedding-nomic", "type": "embeddings", "state": "loaded", "max_context_length": 2048},
                {"id": "qwen3", "type": "llm", "state": "not-loaded", "max_context_length": 32768},
                {
                    "id": "mistralai/devstral-small-2-2512",
                    "type": "vlm",
                    "state": "loaded",
                    "max_context_length": 393216,
                    "loaded_context_length": 65536,
                },
            ],
        },
    ),
}


@pytest.mark.parametrize(
    ("manner", "version", "said", "can"),
    [
        ("vllm", "0.33.0", "devstral-small-2:latest", None),
        ("ollama", "0.32.10", None, True),
        ("llama.cpp", "b9310-0c1e570", "/models/devstral-small-2:latest", None),
    ],
)
async def test_a_local_server_is_found_with_its_model_version_and_window(
    servers: ExitStack,
    environ: dict[str, str],
    manner: Literal["vllm", "ollama", "llama.cpp"],
    version: str,
    said: str | None,
    can: bool | None,
) -> None:
    window = 4321
    server = start(servers, manner, context_length=window)
    found = await find_server(LlmConfig(), environ, places(("vllm", DEAD), (manner, server.base_url)))
    assert found == Endpoint(
        server.base_url,
        "devstral-small-2:latest",
        None,
        manner,
        ("devstral-small-2:latest",),
        window,
        version,
        said=said,
        tools=can,
        vision=can,
    )


async def test_ollama_tells_the_window_of_a_model_that_is_not_loaded_from_its_modelfile(
    servers: ExitStack, environ: dict[str, str]
) -> None:
    server = start(servers, "ollama", QWEN, other_models=["devstral:24b"], context_length=4096)
    found = await find_server(LlmConfig(), environ, places(("ollama", server.base_url)))
    assert (found.model, found.context_window) == ("devstral:24b", 4096)


async def test_lm_studio_tells_the_window_it_has_loaded_the_model_with(environ: dict[str, str]) -> None:
    with web_server(LM_STUDIO) as url:
        found = await find_server(LlmConfig(), environ, places(("lm studio", url)))
    assert (found.kind, found.model, found.context_window) == ("lm studio", "mistralai/devstral-small-2-2512", 65536)
    assert "text-embedding-nomic" not in found.models


async def test_a_set_window_is_kept(servers: ExitStack, environ: dict[str, str]) -> None:
    server = start(servers, "vllm")
    found = await find_server(LlmConfig(context_window=9999), environ, places(("vllm", server.base_url)))
    assert found.context_window == 9999


async def test_the_first_server_with_a_devstral_is_preferred(servers: ExitStack, environ: dict[str, str]) -> None:
    first = start(servers, "ollama", QWEN)
    second = start(servers, "vllm")
    third = start(servers, "llama.cpp")
    where = places(("ollama", first.base_url), ("vllm", second.base_url), ("llama.cpp", third.base_url))
    assert (await find_server(LlmConfig(), environ, where)).base_url == second.base_url


async def test_a_server_without_devstral_is_used_when_no_other_has_one(
    servers: ExitStack, environ: dict[str, str]
) -> None:
    server = start(servers, "ollama", Script((), model="nomic-embed-text"), other_models=["qwen3-coder:30b"])
    found = await find_server(LlmConfig(), environ, places(("ollama", server.base_url)))
    assert found.model == "qwen3-coder:30b"


async def test_the_server_that_has_the_wanted_model_is_used(servers: ExitStack, environ: dict[str, str]) -> None:
    first, second = start(servers, "ollama"), start(servers, "vllm", QWEN)
    where = places(("ollama", first.base_url), ("vllm", second.base_url))
    found = await find_server(LlmConfig(model="Qwen3-Coder:30b"), environ, where)
    assert (found.base_url, found.model) == (second.base_url, "qwen3-coder:30b")


async def test_a_wanted_model_that_only_mistral_can_have_goes_there(
    servers: ExitStack, environ: dict[str, str]
) -> None:
    local, mistral = start(servers, "ollama"), start(servers, "mistral", Script((), model="devstral-latest"))
    where = places(("ollama", local.base_url), mistral=mistral.base_url)
    found = await find_server(LlmConfig(model="devstral-latest"), {**environ, "MISTRAL_API_KEY": "k"}, where)
    assert (found.base_url, found.model, found.kind) == (mistral.base_url, "devstral-latest", "mistral")
    assert (await find_server(LlmConfig(model="devstral-latest"), environ, where)).base_url == local.base_url


async def test_a_local_server_comes_before_the_mistral_api(servers: ExitStack, environ: dict[str, str]) -> None:
    local, mistral = start(servers, "vllm"), start(servers, "mistral")
    where = places(("vllm", local.base_url), mistral=mistral.base_url)
    found = await find_server(LlmConfig(), {**environ, "MISTRAL_API_KEY": "k"}, where)
    assert (found.base_url, found.api_key) == (local.base_url, None)
    assert mistral.connections == 0


@pytest.mark.parametrize("source", ["setting", "environment", "vibe", "vibe home"])
async def test_the_mistral_api_is_used_with_whatever_key_is_known(
    servers: ExitStack, environ: dict[str, str], tmp_path: Path, source: str
) -> None:
    config = LlmConfig(api_key="the-key") if source == "setting" else LlmConfig()
    if source == "environment":
        environ["MISTRAL_API_KEY"] = "the-key"
    elif source == "vibe":
        (tmp_path / ".vibe").mkdir()
        (tmp_path / ".vibe" / ".env").write_text("MISTRAL_API_KEY='the-key'\n")
    elif source == "vibe home":
        environ["VIBE_HOME"] = str(tmp_path / "elsewhere")
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / ".env").write_text("export MISTRAL_API_KEY=the-key # mine\n")
    server = start(servers, "mistral", Script((), model="devstral-small-latest"), api_key="the-key")
    found = await find_server(config, environ, places(("vllm", DEAD), mistral=server.base_url))
    assert (found.model, found.api_key, found.kind) == ("devstral-small-latest", "the-key", "mistral")
    assert found.context_window == 131_072
    assert "the-key" not in repr(found)


async def test_a_refused_mistral_key_is_named_without_being_shown(servers: ExitStack, environ: dict[str, str]) -> None:
    server = start(servers, "mistral", api_key="right")
    with pytest.raises(KeyRejected) as raised:
        await find_server(LlmConfig(api_key="wrong-key"), environ, places(mistral=server.base_url))
    assert str(raised.value) == "The Mistral API refused the key: check MISTRAL_API_KEY or llm.apiKey."


async def test_the_mistral_key_never_goes_to_another_server(servers: ExitStack, environ: dict[str, str]) -> None:
    environ["MISTRAL_API_KEY"] = "the-key"
    server = start(servers, "vllm", api_key="other")
    with pytest.raises(KeyRejected) as raised:
        await find_server(LlmConfig(base_url=server.base_url), environ, places())
    assert "wants an API key: set DEVSTRAL_LS_API_KEY, or llm.apiKey." in str(raised.value)
    with pytest.raises(KeyRejected, match=r"refused the key: check llm\.apiKey"):
        await find_server(LlmConfig(base_url=server.base_url, api_key="wrong"), environ, places())
    found = await find_server(LlmConfig(base_url=server.base_url, api_key="other"), environ, places())
    assert found.api_key == "other"


async def test_an_explicit_base_url_is_never_replaced(servers: ExitStack, environ: dict[str, str]) -> None:
    running = start(servers, "ollama")
    with pytest.raises(ServerUnreachable) as raised:
        await find_server(LlmConfig(base_url=DEAD), environ, places(("ollama", running.base_url)))
    assert DEAD in str(raised.value)
    assert running.connections == 0


async def test_an_unreachable_server_is_named_with_what_to_do(environ: dict[str, str]) -> None:
    with pytest.raises(ServerUnreachable) as raised:
        await find_server(LlmConfig(base_url=DEAD), environ, places())
    assert str(raised.value) == (
        f"The server at {DEAD} can't be used, nothing answers: start the server, "
        "or set llm.baseUrl to the one that runs."
    )


def test_the_port_tells_which_command_starts_the_server() -> None:
    assert server_name("http://localhost:11434/v1") == "Ollama at http://localhost:11434/v1"
    assert "`ollama serve`" in start_advice("http://localhost:11434/v1")
    assert "`vllm serve " in start_advice("http://127.0.0.1:8000/v1")
    assert "`llama-server " in start_advice("http://[::1]:8080/v1")
    assert start_advice("http://gpu-box:8000/v1") == "check llm.baseUrl and the network"


async def test_an_explicit_server_is_recognised_at_any_port(servers: ExitStack, environ: dict[str, str]) -> None:
    server = start(servers, "ollama", context_length=8192)
    found = await find_server(LlmConfig(base_url=f"{server.root_url}/v1/chat/completions"), environ, places())
    assert (found.base_url, found.kind, found.context_window) == (server.base_url, "ollama", 8192)


async def test_a_server_that_lists_no_models_is_used_with_the_configured_one(environ: dict[str, str]) -> None:
    with web_server({}) as url:
        found = await find_server(LlmConfig(base_url=url, model="mine"), environ, places())
        assert (found.model, found.kind) == ("mine", "other")
        with pytest.raises(ServerUnreachable, match="no OpenAI-compatible API"):
            await find_server(LlmConfig(base_url=url), environ, places())


async def test_a_server_without_any_model_says_how_to_get_one(environ: dict[str, str]) -> None:
    with web_server({"/v1/models": (200, {"object": "list", "data": None})}) as url:
        with pytest.raises(ServerUnreachable, match="ollama pull devstral-small-2"):
            await find_server(LlmConfig(), environ, places(("ollama", url)))
        with pytest.raises(ModelNotFound, match="load a Devstral model"):
            await find_server(LlmConfig(base_url=url), environ, places())


async def test_nothing_found_says_what_to_start(environ: dict[str, str]) -> None:
    with pytest.raises(ServerUnreachable) as raised:
        await find_server(LlmConfig(), environ, places(("ollama", DEAD), ("vllm", DEAD)))
    assert str(raised.value) == (
        "No model server answers on this machine (Ollama, vLLM, llama.cpp, LM Studio were tried): start one "
        "(`ollama serve`, `ollama pull devstral-small-2`), set llm.baseUrl, or set MISTRAL_API_KEY to use the "
        "Mistral API."
    )


async def test_a_base_url_that_is_none_is_said_to_be_so(environ: dict[str, str]) -> None:
    with pytest.raises(ServerUnreachable, match="write it like"):
        await find_server(LlmConfig(base_url="ftp://x"), environ, places())


async def test_everything_probed_is_listed_with_its_problem(servers: ExitStack, environ: dict[str, str]) -> None:
    with web_server({"/v1/models": (503, {"error": {"message": "Loading model"}})}) as loading:
        configured, ollama = start(servers, "vllm"), start(servers, "ollama")
        where = places(("ollama", ollama.base_url), ("vllm", DEAD), ("llama.cpp", loading))
        found = await probe_all(LlmConfig(base_url=configured.base_url), environ, where)
    assert [(each.url, each.kind, each.status, each.problem) for each in found] == [
        (configured.base_url, "vllm", "ready", None),
        (ollama.base_url, "ollama", "ready", None),
        (DEAD, "vllm", "unreachable", "nothing answers"),
        (loading, "llama.cpp", "unusable", "the model is still loading"),
        (DEAD_MISTRAL, "mistral", "key_refused", "no API key is known: set MISTRAL_API_KEY"),
    ]


async def test_the_configured_server_is_listed_once(servers: ExitStack, environ: dict[str, str]) -> None:
    server = start(servers, "vllm")
    found = await probe_all(LlmConfig(base_url=server.base_url), environ, places(("vllm", server.base_url)))
    assert [each.url for each in found] == [server.base_url, DEAD_MISTRAL]


def test_the_usual_places_are_this_machines_in_the_order_of_preference() -> None:
    assert [kind for kind, _ in USUAL_PLACES.local] == ["ollama", "vllm", "llama.cpp", "lm studio"]
    assert USUAL_PLACES.local[0][1] == "http://127.0.0.1:11434/v1"


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        ("localhost:8000", "http://localhost:8000/v1"),
        ("http://localhost:8000", "http://localhost:8000/v1"),
        (" http://localhost:8000/v1/ ", "http://localhost:8000/v1"),
        ("http://localhost:8000/v1/chat/completions", "http://localhost:8000/v1"),
        ("HTTP://host:8000/v1/models?x=1#y", "http://host:8000/v1"),
        ("api.mistral.ai", "https://api.mistral.ai/v1"),
        ("gpu-box:8000", "http://gpu-box:8000/v1"),
        ("192.168.1.7", "http://192.168.1.7/v1"),
        ("[::1]:8000", "http://[::1]:8000/v1"),
        ("https://example.com/api/v1", "https://example.com/api/v1"),
        ("https://example.com/openai", "https://example.com/openai"),
    ],
)
def test_a_pasted_base_url_is_normalised(pasted: str, expected: str) -> None:
    assert normalize_base_url(pasted) == expected
    assert normalize_base_url(expected) == expected


@pytest.mark.parametrize("pasted", ["", "ftp://x", "http://", "http://host:port/v1"])
def test_what_is_no_url_is_refused(pasted: str) -> None:
    with pytest.raises(ValueError):
        normalize_base_url(pasted)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["qwen", "devstral:24b", "devstral-small-2:latest"], "devstral-small-2:latest"),
        (["devstral-2512", "labs-devstral-small-2512"], "labs-devstral-small-2512"),
        (
            ["mistralai/Devstral-Small-2505", "mistralai/Devstral-Small-2507"],
            "mistralai/Devstral-Small-2507",
        ),
        (["mistralai/Devstral-Small-2-24B-Instruct-2512", "devstral-2:123b"],
         "mistralai/Devstral-Small-2-24B-Instruct-2512"),
        (["nomic-embed-text", "llama3"], "llama3"),
        (["nomic-embed-text"], None),
        ([], None),
    ],
)  # fmt: skip
def test_the_newest_small_devstral_is_chosen(names: list[str], expected: str | None) -> None:
    assert choose_model(names, None) == expected


def test_an_env_file_is_read_with_its_quotes_and_comments() -> None:
    text = "# keys\nexport A=1 # one\nB='two # 2'\nC=\"three\"\nD=\nnonsense\nE = five\n"
    assert read_env_file(text) == {"A": "1", "B": "two # 2", "C": "three", "E": "five"}

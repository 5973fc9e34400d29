"""How servers are reached: headers, proxies and authorities of one's own, against real sockets."""

from __future__ import annotations

import gc
import re
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstral_ls.config_llm import LlmConfig
from devstral_ls.errors import KeyRejected, ModelError, ServerUnreachable
from devstral_ls.llm.backend import Reply, Request
from devstral_ls.llm.discovery import Places, find_server, probe_all
from devstral_ls.llm.http import route_to
from devstral_ls.llm.messages import UserMessage
from devstral_ls.llm.openai_backend import OpenAiBackend
from devstral_ls.scripted import Answered, Script, ScriptedServer, Turn
from tests.doubles.authority import Authority, encrypted, make_authority
from tests.doubles.proxies import HERE, PlainServer, proxy, socks

ASK = Request([UserMessage("hi")])


async def answer(base_url: str, config: LlmConfig, *, model: str = "devstral-small-2", key: str | None = None) -> str:
    backend = OpenAiBackend(base_url, model, key, config, first_delay=0.0)
    try:
        reply = [part async for part in backend.stream(ASK)][-1]
    finally:
        await backend.aclose()
    assert isinstance(reply, Reply)
    return reply.text


# ------------------------------------------------------------------------------------------------------------ headers


async def test_extra_headers_go_to_the_configured_server_with_every_request() -> None:
    with ScriptedServer(Script([Turn("Hi.")])) as server:
        config = LlmConfig(base_url=server.base_url, headers={"X-Team": "blue", "X-Gate": "open"})
        assert await answer(server.base_url, config, key="k") == "Hi."
        sent = server.headers[0]
    assert (sent["x-team"], sent["x-gate"], sent["authorization"]) == ("blue", "open", "Bearer k")


async def test_an_authorization_header_of_ones_own_replaces_the_key() -> None:
    with ScriptedServer(Script([Turn("Hi.")]), api_key="mine") as server:
        config = LlmConfig(base_url=server.base_url, headers={"authorization": "Bearer mine"})
        found = await find_server(config, {"HOME": "/nowhere"})
        assert await answer(server.base_url, config, key="other") == "Hi."
    assert found.model == "devstral-small-2"
    assert server.headers[0]["authorization"] == "Bearer mine"


async def test_extra_headers_go_to_no_other_server() -> None:
    headers = {"X-Gate": "hush"}
    with ScriptedServer(Script([Turn("Hi."), Turn("Hi.")])) as server:
        assert await answer(server.base_url, LlmConfig(headers=headers)) == "Hi."
        assert await answer(server.base_url, LlmConfig(base_url="https://elsewhere/v1", headers=headers)) == "Hi."
    assert all("x-gate" not in sent for sent in server.headers)
    assert route_to("https://api.mistral.ai/v1", LlmConfig(headers=headers)).headers == {}


async def test_what_a_server_repeats_of_our_secrets_is_not_shown() -> None:
    said = Answered(400, {"error": {"message": "no such gate: hush-hush for sk-hush"}})
    with ScriptedServer(Script([Turn(error=said)])) as server:
        config = LlmConfig(base_url=server.base_url, headers={"X-Gate": "hush-hush"})
        with pytest.raises(ModelError) as raised:
            await answer(server.base_url, config, key="sk-hush")
    assert "no such gate: *** for ***" in str(raised.value)


# ------------------------------------------------------------------------------------------------------------- proxies


async def test_the_configured_proxy_is_used_to_find_the_server_and_to_ask_the_model() -> None:
    with ScriptedServer(Script([Turn("Hi.")])) as server, proxy() as between:
        config = LlmConfig(base_url=server.base_url, proxy=f"http://127.0.0.1:{between.port}")
        found = await find_server(config, {"HOME": "/nowhere"})
        assert (found.kind, await answer(server.base_url, config)) == ("vllm", "Hi.")
        url = server.base_url
    assert f"GET {url}/models HTTP/1.1" in between.seen
    assert f"POST {url}/chat/completions HTTP/1.1" in between.seen


async def test_a_proxys_name_and_password_are_sent_to_it_and_shown_nowhere() -> None:
    with ScriptedServer(Script([Turn("Hi.")])) as server, proxy("bwu6ahvzaa==") as between:
        right = LlmConfig(base_url=server.base_url, proxy=f"http://me:hush@127.0.0.1:{between.port}")
        wrong = LlmConfig(base_url=server.base_url, proxy=f"http://me:wrong@127.0.0.1:{between.port}")
        assert await answer(server.base_url, right) == "Hi."
        with pytest.raises(ModelError) as raised:
            await answer(server.base_url, wrong)
        (found, *_) = await probe_all(wrong, {"HOME": "/nowhere"}, Places((), "http://localhost:1/v1"))
    assert "proxy" in str(raised.value).lower()
    for text in (str(raised.value), repr(found), repr(wrong), repr(route_to(server_url(wrong), wrong))):
        assert "wrong" not in text
    assert "hush" not in " ".join(between.seen)


def server_url(config: LlmConfig) -> str:
    assert config.base_url is not None
    return config.base_url


@pytest.mark.parametrize(
    "url", ["socks4://proxy:1080", "http://", "socks5://", "ftp://me:hush@x", "http://me:hush@[::1"]
)
async def test_a_proxy_that_is_none_is_refused_in_one_line_without_its_password(url: str) -> None:
    with pytest.raises(ServerUnreachable) as raised:
        await find_server(LlmConfig(base_url="http://127.0.0.1:1/v1", proxy=url), {"HOME": "/nowhere"})
    assert str(raised.value).startswith("llm.proxy ")
    assert "hush" not in str(raised.value)
    assert raised.value.__cause__ is None


async def test_servers_of_this_machine_are_looked_for_without_the_proxy() -> None:
    with ScriptedServer(Script([])) as server, proxy() as between:
        config = LlmConfig(proxy=f"http://127.0.0.1:{between.port}")
        places = Places((("vllm", server.base_url),), "http://localhost:1/v1")
        assert (await find_server(config, {"HOME": "/nowhere"}, places)).base_url == server.base_url
    assert between.seen == []


async def test_a_proxy_that_is_not_there_is_named_as_such() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        config = LlmConfig(base_url="https://gpu.invalid/v1", proxy=f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(ServerUnreachable, match=r"the proxy does not answer: check llm.proxy"):
            await find_server(config, {"HOME": "/nowhere"})
        with pytest.raises(ServerUnreachable, match=r"the proxy does not answer; check llm.proxy"):
            await answer("https://gpu.invalid/v1", config)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_a_socks_proxy_is_asked_for_the_servers_name(scheme: str) -> None:
    with ScriptedServer(Script([Turn("Hi.")])) as server, socks() as between:
        url = f"http://{HERE}:{server.port}/v1"
        config = LlmConfig(base_url=url, proxy=f"{scheme}://127.0.0.1:{between.port}")
        assert (await find_server(config, {"HOME": "/nowhere"})).model == "devstral-small-2"
        assert await answer(url, config) == "Hi."
        assert set(between.seen) == {f"{HERE}:{server.port}"}


@pytest.fixture
def collected() -> Iterator[None]:
    """httpcore leaves a connection that a SOCKS proxy refused to the garbage collector, which says so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


@pytest.mark.usefixtures("collected")
async def test_a_socks_proxys_name_and_password_are_sent_to_it_and_shown_nowhere() -> None:
    with ScriptedServer(Script([Turn("Hi.")])) as server, socks(("me", "hu sh")) as between:
        url = f"http://{HERE}:{server.port}/v1"
        right = LlmConfig(base_url=url, proxy=f"socks5://me:hu%20sh@127.0.0.1:{between.port}")
        wrong = LlmConfig(base_url=url, proxy=f"socks5://me:wrong@127.0.0.1:{between.port}")
        assert await answer(url, right) == "Hi."
        with pytest.raises(ServerUnreachable, match=r"the proxy refuses to connect") as raised:
            await answer(url, wrong)
    assert "wrong" not in str(raised.value)


@pytest.mark.usefixtures("collected")
async def test_a_socks_proxy_that_may_not_connect_is_named() -> None:
    with socks(refuses=True) as between:
        config = LlmConfig(base_url="http://10.0.0.1:8000/v1", proxy=f"socks5://127.0.0.1:{between.port}")
        with pytest.raises(ServerUnreachable, match=r"the proxy refuses to connect .*: check llm.proxy"):
            await find_server(config, {"HOME": "/nowhere"})
    assert between.seen == ["10.0.0.1:8000"]


@pytest.mark.usefixtures("collected")
async def test_a_proxy_that_speaks_no_socks_is_named() -> None:
    other = PlainServer()
    config = LlmConfig(base_url="http://10.0.0.1:8000/v1", proxy=f"socks5://127.0.0.1:{other.port}")
    with pytest.raises(ServerUnreachable, match=r"the proxy speaks no SOCKS: check llm.proxy"):
        await find_server(config, {"HOME": "/nowhere"})
    other.close()


PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without proxies."""
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


async def test_the_environments_proxy_is_used_for_other_machines(environment: pytest.MonkeyPatch) -> None:
    with ScriptedServer(Script([Turn("Hi.")])) as server, proxy() as between:
        environment.setenv("HTTP_PROXY", f"http://127.0.0.1:{between.port}")
        url = f"http://{HERE}:{server.port}/v1"
        assert (await find_server(LlmConfig(base_url=url), {"HOME": "/nowhere"})).model == "devstral-small-2"
        assert await answer(url, LlmConfig(base_url=url)) == "Hi."
    assert f"POST {url}/chat/completions HTTP/1.1" in between.seen


async def test_the_environments_socks_proxy_is_used_too(environment: pytest.MonkeyPatch) -> None:
    with ScriptedServer(Script([Turn("Hi.")])) as server, socks() as between:
        environment.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{between.port}")
        url = f"http://{HERE}:{server.port}/v1"
        assert await answer(url, LlmConfig(base_url=url)) == "Hi."
        assert between.seen == [f"{HERE}:{server.port}"]


@pytest.mark.usefixtures("collected")
async def test_the_environments_proxy_that_refuses_is_looked_for_in_the_environment(
    environment: pytest.MonkeyPatch,
) -> None:
    with socks(refuses=True) as between:
        environment.setenv("ALL_PROXY", f"socks5://127.0.0.1:{between.port}")
        url = "http://10.0.0.1:8000/v1"
        said = "the proxy refuses to connect .*[:;] check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY in the environment"
        with pytest.raises(ServerUnreachable, match=said):
            await find_server(LlmConfig(base_url=url), {"HOME": "/nowhere"})
        with pytest.raises(ServerUnreachable, match=said):
            await answer(url, LlmConfig(base_url=url))


async def test_what_the_environment_excepts_is_reached_without_the_proxy(environment: pytest.MonkeyPatch) -> None:
    with proxy() as between:
        environment.setenv("HTTP_PROXY", f"http://127.0.0.1:{between.port}")
        environment.setenv("NO_PROXY", "example.org,.invalid")
        with pytest.raises(ServerUnreachable, match="no server has this name"):
            await find_server(LlmConfig(base_url=f"http://{HERE}:8000/v1"), {"HOME": "/nowhere"})
    assert between.seen == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_this_machine_is_asked_without_the_environments_proxy(environment: pytest.MonkeyPatch, host: str) -> None:
    with ScriptedServer(Script([Turn("Hi.")])) as server, proxy() as between, socks() as other:
        environment.setenv("HTTP_PROXY", f"http://127.0.0.1:{between.port}")
        environment.setenv("ALL_PROXY", f"socks5://127.0.0.1:{other.port}")
        url = f"http://{host}:{server.port}/v1"
        assert (await find_server(LlmConfig(base_url=url), {"HOME": "/nowhere"})).model == "devstral-small-2"
        assert await answer(url, LlmConfig(base_url=url)) == "Hi."
    assert between.seen + other.seen == []


async def test_an_environments_proxy_that_is_none_is_one_line_without_its_password(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("HTTP_PROXY", "ftp://me:hush@proxy:3128")
    config = LlmConfig(base_url=f"http://{HERE}:8000/v1")
    for asking in (find_server(config, {"HOME": "/nowhere"}), answer(server_url(config), config)):
        with pytest.raises(ServerUnreachable, match="of the environment is no proxy's URL") as raised:
            await asking
        assert "hush" not in str(raised.value)


# ---------------------------------------------------------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


async def test_an_authority_of_ones_own_is_trusted_where_it_is_named(authority: Authority) -> None:
    with ScriptedServer(Script([Turn("Hi.")])) as server, encrypted(server.port, authority) as url:
        config = LlmConfig(base_url=url, ca_file=str(authority.ca))
        assert (await find_server(config, {"HOME": "/nowhere"})).model == "devstral-small-2"
        assert await answer(url, config) == "Hi."


async def test_without_it_the_certificate_is_refused_and_named(authority: Authority) -> None:
    with ScriptedServer(Script([Turn("Hi.")])) as server, encrypted(server.port, authority) as url:
        with pytest.raises(ServerUnreachable, match="TLS certificate is not trusted"):
            await find_server(LlmConfig(base_url=url), {"HOME": "/nowhere"})
        with pytest.raises(ServerUnreachable, match="TLS certificate is not trusted"):
            await answer(url, LlmConfig(base_url=url))
    assert server.requests == []


async def test_tls_goes_through_a_proxy_too(authority: Authority) -> None:
    with ScriptedServer(Script([Turn("Hi.")])) as server, encrypted(server.port, authority) as url, proxy() as between:
        config = LlmConfig(base_url=url, ca_file=str(authority.ca), proxy=f"127.0.0.1:{between.port}")
        assert await answer(url, config) == "Hi."
    assert between.seen[0].startswith("CONNECT localhost:")


async def test_an_untrusted_certificate_behind_a_proxy_is_mended_with_its_authority(authority: Authority) -> None:
    with ScriptedServer(Script([])) as server, encrypted(server.port, authority) as url, proxy() as between:
        config = LlmConfig(base_url=url, proxy=f"127.0.0.1:{between.port}")
        said = "the TLS certificate is not trusted .*[:;] set llm.caFile to the certificates of its authority"
        with pytest.raises(ServerUnreachable, match=said):
            await find_server(config, {"HOME": "/nowhere"})
        with pytest.raises(ServerUnreachable, match=said):
            await answer(url, config)


async def test_a_server_behind_a_proxy_that_speaks_no_tls_may_be_either_of_the_two() -> None:
    with ScriptedServer(Script([])) as server, proxy() as between:
        url = f"https://127.0.0.1:{server.port}/v1"
        config = LlmConfig(base_url=url, proxy=f"127.0.0.1:{between.port}")
        said = "the proxy or the server does not speak TLS[:;] check the schemes of llm.proxy and llm.baseUrl"
        with pytest.raises(ServerUnreachable, match=said):
            await find_server(config, {"HOME": "/nowhere"})
        with pytest.raises(ServerUnreachable, match=said):
            await answer(url, config)


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file"), ("hello", "it holds no PEM certificates")])
async def test_an_unusable_file_is_named(tmp_path: Path, content: str | None, reason: str) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    config = LlmConfig(base_url="https://gpu.invalid:1/v1", ca_file=str(file))
    said = re.escape(f"llm.caFile ({file}) can't be used: {reason}")
    with pytest.raises(ServerUnreachable, match=said):
        await find_server(config, {"HOME": "/nowhere"})
    with pytest.raises(ServerUnreachable, match=said):
        await answer("https://gpu.invalid:1/v1", config)


async def test_a_refused_key_is_still_a_refused_key_behind_headers() -> None:
    with ScriptedServer(Script([]), api_key="right") as server:
        config = LlmConfig(base_url=server.base_url, api_key="wrong", headers={"X-Team": "blue"})
        with pytest.raises(KeyRejected):
            await find_server(config, {"HOME": "/nowhere"})

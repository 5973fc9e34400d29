"""How servers are reached: headers, proxies and authorities of one's own, against real sockets."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devstral_ls.config import LlmConfig
from devstral_ls.errors import KeyRejected, ModelError, ServerUnreachable
from devstral_ls.llm.backend import Reply, Request
from devstral_ls.llm.discovery import Places, find_server, probe_all
from devstral_ls.llm.http import route_to
from devstral_ls.llm.messages import UserMessage
from devstral_ls.llm.openai_backend import OpenAiBackend
from devstral_ls.scripted import Answered, Script, ScriptedServer, Turn

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


class Proxy:
    """An HTTP proxy that passes plain requests and tunnels on to wherever they go, and remembers their first lines."""

    def __init__(self, credentials: str | None = None) -> None:
        self.seen: list[str] = []
        self._credentials = credentials
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = client.recv(65536)
                if not piece:
                    return
                head += piece
            line = head.split(b"\r\n", 1)[0].decode()
            self.seen.append(line)
            if self._credentials and f"proxy-authorization: basic {self._credentials}" not in head.decode().lower():
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
                return
            method, target, _ = line.split(" ")
            host, port = (target if method == "CONNECT" else target.split("/")[2]).split(":")
            with socket.create_connection((host, int(port))) as server:
                if method == "CONNECT":
                    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                else:
                    path = "/" + target.split("/", 3)[3]
                    server.sendall(head.replace(target.encode(), path.encode(), 1))
                back = threading.Thread(target=pump, args=(server, client), daemon=True)
                back.start()
                pump(client, server)
                back.join(10)


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one of the two is gone, and the other will be


@contextmanager
def proxy(credentials: str | None = None) -> Iterator[Proxy]:
    running = Proxy(credentials)
    try:
        yield running
    finally:
        running.close()


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


@pytest.mark.parametrize("url", ["socks5://proxy:1080", "http://", "ftp://me:hush@x", "http://me:hush@[::1"])
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


# ---------------------------------------------------------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate authority's file, and one with a key and certificate for localhost that it signed."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("authority")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    (folder / "ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    (folder / "cnf").write_text(
        "[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n"
        "subjectKeyIdentifier=hash\n"
    )
    ca = ("-x509", "-config", "cnf", "-extensions", "ca", "-subj", "/CN=Ours", "-days", "2")
    run("req", *key, *ca, "-keyout", "ca.key", "-out", "ca.pem")
    run("req", *key, "-config", "cnf", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    sign = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "ext", "-days", "2")
    run("x509", "-req", "-in", "server.csr", *sign, "-out", "server.pem")
    both = folder / "both.pem"
    both.write_text((folder / "server.key").read_text() + (folder / "server.pem").read_text())
    return folder / "ca.pem", both


@contextmanager
def encrypted(server: ScriptedServer, certificate: Path) -> Iterator[str]:
    """A base URL where the server is reached by TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(plain,), daemon=True).start()

    def serve(plain: socket.socket) -> None:
        try:
            client = context.wrap_socket(plain, server_side=True)
        except OSError:
            plain.close()  # the client does not trust us
            return
        with client, socket.create_connection(("127.0.0.1", server.port)) as inner:
            back = threading.Thread(target=pump, args=(inner, client), daemon=True)
            back.start()
            pump(client, inner)
            back.join(10)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"https://localhost:{listener.getsockname()[1]}/v1"
    finally:
        listener.close()


async def test_an_authority_of_ones_own_is_trusted_where_it_is_named(authority: tuple[Path, Path]) -> None:
    ca, certificate = authority
    with ScriptedServer(Script([Turn("Hi.")])) as server, encrypted(server, certificate) as url:
        config = LlmConfig(base_url=url, ca_file=str(ca))
        assert (await find_server(config, {"HOME": "/nowhere"})).model == "devstral-small-2"
        assert await answer(url, config) == "Hi."


async def test_without_it_the_certificate_is_refused_and_named(authority: tuple[Path, Path]) -> None:
    _, certificate = authority
    with ScriptedServer(Script([Turn("Hi.")])) as server, encrypted(server, certificate) as url:
        with pytest.raises(ServerUnreachable, match="TLS certificate is not trusted"):
            await find_server(LlmConfig(base_url=url), {"HOME": "/nowhere"})
        with pytest.raises(ServerUnreachable, match="TLS certificate is not trusted"):
            await answer(url, LlmConfig(base_url=url))
    assert server.requests == []


async def test_tls_goes_through_a_proxy_too(authority: tuple[Path, Path]) -> None:
    ca, certificate = authority
    with ScriptedServer(Script([Turn("Hi.")])) as server, encrypted(server, certificate) as url, proxy() as between:
        config = LlmConfig(base_url=url, ca_file=str(ca), proxy=f"127.0.0.1:{between.port}")
        assert await answer(url, config) == "Hi."
    assert between.seen[0].startswith("CONNECT localhost:")


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

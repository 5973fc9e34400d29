"""Commands and code that reach what the user listed, and nothing else, from inside a real sandbox."""

from __future__ import annotations

import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import pytest_asyncio

from devstral_ls.execution.ladder import find_bwrap
from tests.execution.sandboxes import Sandbox, people, sandbox

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not find_bwrap(), reason="bubblewrap is not installed"),
]

WAYS = [(who, rung) for who in people() for rung in ("1", "2")]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=WAYS, ids=lambda way: f"{way[0]}-rung-{way[1]}")
async def shared(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    who, rung = request.param
    async with sandbox(who, rung) as made:
        reached = await made.ask({})
        if reached["rung"] != rung:
            pytest.skip(f"this rung is out of reach here: {reached['why']}")
        yield made


@pytest.fixture
def box(shared: Sandbox) -> Iterator[Sandbox]:
    yield shared
    shutil.rmtree(shared.root)
    shared.root.mkdir()
    shared.give(shared.root)


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", f"http://{self.path[4:]}/")
        else:
            self.send_response(200)
        self.end_headers()
        self.wfile.write(f"page {self.path}\n".encode())

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where a web server of this machine listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


GET = "import urllib.request\nprint(urllib.request.urlopen('http://{}').read().decode())"


def tunnel(host: str, port: int) -> str:
    """Code that goes through a tunnel, and prints what comes back."""
    return (
        "import http.client, os, urllib.parse\nat = urllib.parse.urlsplit(os.environ['HTTPS_PROXY'])\n"
        "talk = http.client.HTTPConnection(at.hostname, at.port)\n"
        f"talk.set_tunnel('{host}', {port})\ntalk.request('GET', '/tunnel')\nprint(talk.getresponse().read().decode())"
    )


async def test_code_and_commands_reach_a_listed_host(box: Sandbox, port: int) -> None:
    allowed = [f"127.0.0.1:{port}"]
    # `no_proxy` is for the sandbox's own loopback; this is another one.
    code = "import os; os.environ.pop('no_proxy'); os.environ.pop('NO_PROXY')\n" + GET.format(f"127.0.0.1:{port}/x")
    assert (await box.python(code, allowed=allowed)).stdout == "page /x\n\n"
    assert (await box.python(tunnel("127.0.0.1", port), allowed=allowed)).stdout == "page /tunnel\n\n"
    line = f"unset no_proxy NO_PROXY; python3 -I - <<'E'\n{GET.format(f'127.0.0.1:{port}/y')}\nE"
    assert (await box.run(line, allowed=allowed)).output == "page /y\n\n"


async def test_what_is_not_listed_is_refused_and_told_with_the_setting(box: Sandbox, port: int) -> None:
    done = await box.python(tunnel("pkg.test", 443), allowed=[f"127.0.0.1:{port}"])
    assert done.exit_code == 1
    assert "403 pkg.test:443 is not allowed: the user's setting execution.network.allow does not list it" in done.stderr
    assert any("execution.network.allow" in note and "pkg.test:443" in note for note in done.notes)


async def test_a_redirection_leads_nowhere_that_is_not_listed(box: Sandbox, port: int) -> None:
    code = "import os; os.environ.pop('no_proxy'); os.environ.pop('NO_PROXY')\n"
    code += GET.format(f"127.0.0.1:{port}/to/elsewhere.example")
    done = await box.python(code, allowed=[f"127.0.0.1:{port}"])
    assert "403" in done.stderr
    assert any("elsewhere.example:80" in note for note in done.notes)


async def test_without_a_list_there_is_no_proxy_at_all(box: Sandbox, port: int) -> None:
    result = await box.run("env | grep -i proxy; cat /proc/net/tcp")
    assert "roxy" not in result.output
    assert len(result.output.splitlines()) == 1


async def test_beside_the_proxy_there_is_no_network_and_no_way_back_to_the_server(box: Sandbox, port: int) -> None:
    code = (
        "import os, socket\n"
        f"for address in (('127.0.0.1', {port}), ('192.0.2.1', 80)):\n"
        "    try: socket.create_connection(address, 5); print('reached', address)\n"
        "    except OSError as error: print(error.errno)\n"
        "print([os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') if n not in '012'\n"
        "       and os.path.exists(f'/proc/self/fd/{n}') and 'socket' in os.readlink(f'/proc/self/fd/{n}')])"
    )
    assert (await box.python(code, allowed=[f"127.0.0.1:{port}"])).stdout == "111\n101\n[]\n"


async def test_a_command_that_leaves_connections_open_ends_all_the_same(box: Sandbox, port: int) -> None:
    code = (
        "import os, socket, urllib.parse\nat = urllib.parse.urlsplit(os.environ['HTTP_PROXY'])\n"
        "held = [socket.create_connection((at.hostname, at.port)) for _ in range(100)]\n"
        f"held[0].sendall(b'CONNECT 127.0.0.1:{port} HTTP/1.1\\r\\n\\r\\n')\nprint(held[0].recv(12).decode())\n"
    )
    assert (await box.python(code, allowed=[f"127.0.0.1:{port}"])).stdout == "HTTP/1.1 200\n"
    assert (await box.run("echo still", allowed=[f"127.0.0.1:{port}"])).output == "still\n"

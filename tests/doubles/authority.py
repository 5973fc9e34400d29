"""A certificate authority of one's own, and servers that are reached by TLS under its certificates."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.doubles.proxies import pump


@dataclass(frozen=True)
class Authority:
    """ca: its own certificate. server: key and certificate of the servers that it vouches for."""

    ca: Path
    server: Path


def make_authority(folder: Path, *names: str) -> Authority:
    """An authority that vouches for this machine, by its usual names and by these."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    alternatives = ",".join(["DNS:localhost", "IP:127.0.0.1", *(f"DNS:{name}" for name in names)])
    (folder / "ext").write_text(f"subjectAltName={alternatives}\n")
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
    return Authority(folder / "ca.pem", both)


@contextmanager
def encrypted(port: int, authority: Authority) -> Iterator[str]:
    """A base URL where the server at this port of this machine is reached by TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.server)
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
        with client, socket.create_connection(("127.0.0.1", port)) as inner:
            back = threading.Thread(target=pump, args=(inner, client), daemon=True)
            back.start()
            pump(client, inner)
            back.join(10)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"https://localhost:{listener.getsockname()[1]}/v1"
    finally:
        listener.close()

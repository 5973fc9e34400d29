from __future__ import annotations

import ipaddress

import pytest

from devstral_ls.allowed_hosts import allowed_hosts, as_address, is_public


@pytest.mark.parametrize(
    ("entries", "host", "port", "permitted"),
    [
        (["pkg.test"], "pkg.test", 443, True),
        (["pkg.test"], "Pkg.Test.", 80, True),
        (["pkg.test"], "pkg.test", 22, False),
        (["pkg.test:22"], "pkg.test", 22, True),
        (["pkg.test:22"], "pkg.test", 443, False),
        (["pkg.test:*"], "pkg.test", 5432, True),
        (["pkg.test"], "pkg.test.evil.example", 443, False),
        (["pkg.test"], "files.pkg.test", 443, False),
        (["pkg.test"], "pkgxtest", 443, False),
        (["*.pkg.test"], "files.pkg.test", 443, True),
        (["*.pkg.test"], "a.b.pkg.test", 443, True),
        (["*.pkg.test"], "pkg.test", 443, False),
        (["*.pkg.test"], "evilpkg.test", 443, False),
        (["*"], "anything.example", 443, True),
        # An address is not a name, however it is written.
        (["*"], "8.8.8.8", 443, False),
        (["*"], "[2606:4700::1]", 443, False),
        (["8.8.8.8"], "8.8.8.8", 443, True),
        (["8.8.8.8"], "::ffff:8.8.8.8", 443, True),
        (["[2606:4700::1]:8443"], "2606:4700:0::1", 8443, True),
        ([], "pkg.test", 443, False),
    ],
)
def test_a_host_is_permitted_when_it_is_listed(entries: list[str], host: str, port: int, permitted: bool) -> None:
    assert allowed_hosts(entries).permits(host, port) is permitted


@pytest.mark.parametrize(
    ("entries", "host", "address", "port", "reached"),
    [
        (["pkg.test"], "pkg.test", "151.101.0.223", 443, True),
        # A listed name that points at this machine or its network.
        (["pkg.test"], "pkg.test", "127.0.0.1", 443, False),
        (["pkg.test"], "pkg.test", "10.0.0.7", 443, False),
        (["pkg.test", "10.0.0.7"], "pkg.test", "10.0.0.7", 443, True),
        (["pkg.test", "10.0.0.7:80"], "pkg.test", "10.0.0.7", 443, False),
        (["*"], "localhost", "127.0.0.1", 80, False),
        (["localhost:8000"], "localhost", "127.0.0.1", 8000, True),
        (["localhost:8000"], "localhost", "::1", 8000, True),
        (["localhost:8000"], "localhost", "127.0.0.1", 8001, False),
        (["localhost:8000", "other.example:8000"], "other.example", "127.0.0.1", 8000, False),
        (["localhost:8000"], "localhost", "10.0.0.7", 8000, False),
    ],
)
def test_a_private_address_is_reached_only_when_it_is_listed_itself(
    entries: list[str], host: str, address: str, port: int, reached: bool
) -> None:
    assert allowed_hosts(entries).reaches(host, ipaddress.ip_address(address), port) is reached


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
     "2002:7f00:1::"],
)  # fmt: skip
def test_what_only_this_machine_and_its_network_know_is_not_public(text: str) -> None:
    address = as_address(text)
    assert address is not None
    assert not is_public(address)


@pytest.mark.parametrize("text", ["", "http://pkg.test", "pkg.test/simple", "a b", "user@host", "x:0", "x:70000", "-a"])
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must have"):
        allowed_hosts([text])

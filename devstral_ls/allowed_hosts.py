"""Which hosts commands may reach: what the user listed, and what an address must not be unless it is listed itself.

A name is matched by globs, an address only by itself. What a name stands for is looked at as well: a name that is
listed, and that somebody lets point at this machine or its network, leads nowhere.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

SETTING = "execution.network.allow"
PORTS = frozenset((80, 443))
"""What a host without a port stands for."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAME = re.compile(r"[a-z0-9_*]([a-z0-9_*-]*[a-z0-9_*])?(\.[a-z0-9_*]([a-z0-9_*-]*[a-z0-9_*])?)*")
_ENTRY = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\[\]:/@\s]+)(?::(?P<port>\d{1,5}|\*))?")
_EMBEDDED = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
"""Networks of NAT64, which lead to the IPv4 address in their last four bytes."""


@dataclass(frozen=True, slots=True)
class Entry:
    """host: a glob in lower case, or an address. ports: None for all."""

    host: str
    address: Address | None
    ports: frozenset[int] | None

    def has_port(self, port: int) -> bool:
        return self.ports is None or port in self.ports

    def names(self, host: str) -> bool:
        pattern = ".*".join(map(re.escape, self.host.split("*")))
        return self.address is None and re.fullmatch(pattern, host) is not None


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """What the setting lists."""

    entries: tuple[Entry, ...]

    def permits(self, host: str, port: int) -> bool:
        """Whether this name or address, as it was asked for, is listed."""
        address = as_address(host)
        if address is not None:
            return self._lists(address, port)
        host = host.lower().removesuffix(".")
        return any(entry.has_port(port) and entry.names(host) for entry in self.entries)

    def reaches(self, host: str, address: Address, port: int) -> bool:
        """Whether a connection to what `host` stands for may be made. It has to be permitted, too."""
        return is_public(address) or self._lists(address, port) or self._is_own_loopback(host, address, port)

    def _lists(self, address: Address, port: int) -> bool:
        return any(entry.address == address and entry.has_port(port) for entry in self.entries)

    def _is_own_loopback(self, host: str, address: Address, port: int) -> bool:
        """`localhost` in so many words is no glob that happens to fit."""
        named = any(entry.host == "localhost" and entry.has_port(port) for entry in self.entries)
        return named and address.is_loopback and host.lower().removesuffix(".") == "localhost"


def allowed_hosts(entries: Sequence[str]) -> AllowedHosts:
    """The hosts that these `host[:port]` globs list. Raises ValueError with what is wrong with one."""
    return AllowedHosts(tuple(map(parse, entries)))


def parse(text: str) -> Entry:
    """One entry of the setting. Raises ValueError with what is wrong."""
    found = _ENTRY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"must have host or host:port, such as 'example.com' or '*.example.com:8443', not {text!r}")
    host = found["host"].lower().removesuffix(".")
    port = found["port"]
    if port not in (None, "*") and not 0 < int(port) < 65536:
        raise ValueError(f"must have a port from 1 to 65535, not {text!r}")
    ports = PORTS if port is None else None if port == "*" else frozenset((int(port),))
    address = as_address(host)
    if address is None and not _NAME.fullmatch(host):
        raise ValueError(f"must have a host's name, in which * stands for any text, or its address, not {text!r}")
    return Entry(host, address, ports)


def as_address(host: str) -> Address | None:
    """The address that `host` is written as, an IPv4 one in IPv6's clothes as what it is; None for a name."""
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    return unwrapped(address)


def unwrapped(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if any(address in network for network in _EMBEDDED):
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    """Whether anybody on the Internet could have this address: not this machine, its network, a group of machines."""
    return address.is_global and not address.is_multicast and not address.is_reserved

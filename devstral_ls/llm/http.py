"""How we speak HTTP to a model server, whether to look around or to ask the model."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from devstral_ls.config_llm import LlmConfig
from devstral_ls.errors import ServerUnreachable
from devstral_ls.llm.servers import is_local, normalize_base_url, same_host

if TYPE_CHECKING:
    import httpx2

BROKEN = "the connection broke"
PROXY_REFUSES = "The proxy refuses the name and password, or wants some"


@dataclass(frozen=True, slots=True)
class Route:
    """What it takes to reach a server, besides its URL and key.

    headers: sent with every request. proxy: instead of the environment's. ca_file: certificates of one more authority.
    """

    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    proxy: str | None = field(default=None, repr=False)
    ca_file: str | None = None

    @property
    def secrets(self) -> list[str]:
        """The texts in it that nobody is to see."""
        parts = urlsplit(self.proxy or "")
        return [*self.headers.values(), *(unquote(text) for text in (parts.password,) if text)]


STRAIGHT = Route()


def route_to(base_url: str, config: LlmConfig) -> Route:
    """The route that the settings give for this server; what they keep secret goes to the configured one alone."""
    try:
        configured = config.base_url is not None and same_host(normalize_base_url(config.base_url), base_url)
    except ValueError:
        configured = False
    return Route(
        headers=(config.headers or {}) if configured else {},
        proxy=config.proxy if configured or not is_local(base_url) else None,
        ca_file=config.ca_file,
    )


def open_client(
    base_url: str, *, connect_timeout: float, answer_timeout: float, route: Route = STRAIGHT, **options: Any
) -> httpx2.AsyncClient:
    """A client for one server. Raises ServerUnreachable for a route that can't be taken.

    connect_timeout: seconds until a connection must stand. answer_timeout: seconds without a single byte. The whole
    exchange may take as long as it likes. Proxies of the environment are used, but never for this machine. Redirects
    are not followed: a conversation goes where the user sent it. A name and password in `base_url` are sent as a
    header; requests are made to the URL without them, because URLs are logged.
    """
    import httpx2

    options.setdefault("auth", _basic_auth(base_url))
    verify: ssl.SSLContext | bool = trust(route.ca_file) if route.ca_file else True
    if route.proxy is not None:
        options["transport"] = httpx2.AsyncHTTPTransport(verify=verify, proxy=_proxy(route.proxy))
    elif is_local(base_url):
        # An explicit transport takes no proxy from the environment. Plain HTTP needs no certificates, and loading
        # them takes longer than a whole exchange with a local server.
        options["transport"] = httpx2.AsyncHTTPTransport(verify=verify if base_url.startswith("https:") else False)
    try:
        return httpx2.AsyncClient(
            verify=verify if "transport" not in options else False,
            timeout=httpx2.Timeout(answer_timeout, connect=connect_timeout, pool=None),
            follow_redirects=False,
            headers={**route.headers, "Accept-Encoding": "identity"},  # compression would hold small chunks back
            **options,
        )
    except (ValueError, httpx2.InvalidURL):
        # The environment's proxies are read here. The error would quote the URL, and its password.
        raise ServerUnreachable(
            "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY of the environment is no proxy's URL: mend it, or set llm.proxy."
        ) from None


def trust(ca_file: str) -> ssl.SSLContext:
    """The usual authorities and those in the file. Raises ServerUnreachable when it can't be read."""
    import httpx2

    path = Path(ca_file).expanduser()
    try:
        context = httpx2.create_ssl_context()
        context.load_verify_locations(cafile=path)
    except (OSError, ssl.SSLError) as error:
        reason = "it holds no PEM certificates" if isinstance(error, ssl.SSLError) else error.strerror
        raise ServerUnreachable(f"llm.caFile ({path}) can't be used: {reason}.") from error
    return context


def _proxy(url: str) -> httpx2.Proxy:
    import httpx2

    try:
        proxy = httpx2.Proxy(url if "://" in url else f"http://{url}")
    except (ValueError, httpx2.InvalidURL):
        # The error would quote the URL, and its password.
        raise ServerUnreachable(
            "llm.proxy is no proxy's URL: write it like http://proxy:3128 or socks5://proxy:1080."
        ) from None
    if not proxy.url.host:
        raise ServerUnreachable("llm.proxy names no host: write it like http://proxy:3128 or socks5://proxy:1080.")
    return proxy


def _basic_auth(base_url: str) -> httpx2.BasicAuth | None:
    import httpx2

    parts = urlsplit(base_url)
    if not parts.username:
        return None
    return httpx2.BasicAuth(unquote(parts.username), unquote(parts.password or ""))


def no_answer() -> tuple[type[Exception], ...]:
    """What a request raises that got no HTTP answer. A proxy that speaks no SOCKS has errors of its own."""
    import httpx2
    import socksio

    return httpx2.HTTPError, socksio.SOCKSError


def connection_problem(error: BaseException, *, proxied: bool = False) -> str:
    """Why there was no answer, as a clause such as "nothing answers". proxied: it was asked through `llm.proxy`."""
    import httpx2

    text = str(error)
    if "certificate" in text.lower():
        reason = re.sub(r"^\[SSL: \w+\] (certificate verify failed: )?|\s*\(_ssl\.c:\d+\)$", "", text)
        return f"the TLS certificate is not trusted ({reason})"
    if _speaks_plain(text):
        return "the proxy or the server does not speak TLS" if proxied else "it does not speak TLS"
    if type(error).__module__.startswith("socksio"):
        return "the proxy speaks no SOCKS"
    if isinstance(error, httpx2.ProxyError):
        return f"the proxy refuses to connect ({text})"
    if isinstance(error, httpx2.ConnectTimeout | httpx2.ConnectError):
        unknown_name = "getaddrinfo" in text or "Name or service not known" in text or "nodename nor servname" in text
        if proxied:
            return "llm.proxy names a proxy that does not exist" if unknown_name else "the proxy does not answer"
        return "no server has this name" if unknown_name else "nothing answers"
    if isinstance(error, httpx2.TimeoutException):
        return "the server accepts connections but does not answer"
    return BROKEN


def connection_advice(error: BaseException, *, proxied: bool = False) -> str | None:
    """What to do about a `connection_problem`, as the end of a sentence; None where that depends on the server."""
    import httpx2

    text = str(error)
    if "certificate" in text.lower():
        return "set llm.caFile to the certificates of its authority"
    if _speaks_plain(text):
        return "check the schemes of llm.proxy and llm.baseUrl" if proxied else "write llm.baseUrl with http://"
    if proxied:
        return "check llm.proxy"
    if isinstance(error, httpx2.ProxyError) or type(error).__module__.startswith("socksio"):
        return "check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY in the environment, or set llm.proxy"
    if isinstance(error, httpx2.ReadTimeout | httpx2.WriteTimeout):
        return "look at the server's log, or start it again"
    return None


def _speaks_plain(text: str) -> bool:
    """Whether TLS failed because the other side knows none of it."""
    return re.search(r"wrong.version.number|record.layer.failure|http.request", text, re.IGNORECASE) is not None

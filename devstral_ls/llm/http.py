"""How we speak HTTP to a model server, whether to look around or to ask the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from devstral_ls.llm.servers import is_local

if TYPE_CHECKING:
    import httpx2

BROKEN = "the connection broke"


def open_client(base_url: str, *, connect_timeout: float, idle_timeout: float, **options: Any) -> httpx2.AsyncClient:
    """A client for one server.

    connect_timeout: seconds until a connection must stand. idle_timeout: seconds without a single byte. The whole
    exchange may take as long as it likes. Proxies of the environment are used, but never for this machine. Redirects
    are not followed: a conversation goes where the user sent it. A name and password in `base_url` are sent as a
    header; requests are made to the URL without them, because URLs are logged.
    """
    import httpx2

    options.setdefault("auth", _basic_auth(base_url))
    if is_local(base_url):
        # An explicit transport takes no proxy from the environment. Plain HTTP needs no certificates, and loading
        # them takes longer than a whole exchange with a local server.
        options["transport"] = httpx2.AsyncHTTPTransport(verify=base_url.startswith("https:"))
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(idle_timeout, connect=connect_timeout, pool=None),
        follow_redirects=False,
        headers={"Accept-Encoding": "identity"},  # compression would hold small chunks back
        **options,
    )


def _basic_auth(base_url: str) -> httpx2.BasicAuth | None:
    import httpx2

    parts = urlsplit(base_url)
    if not parts.username:
        return None
    return httpx2.BasicAuth(unquote(parts.username), unquote(parts.password or ""))


def connection_problem(error: BaseException) -> str:
    """Why there was no answer, as a clause such as "nothing answers"."""
    import httpx2

    text = str(error)
    if "certificate" in text.lower():
        return f"the TLS certificate is not trusted ({text})"
    if isinstance(error, httpx2.ProxyError):
        return f"the proxy refuses to connect ({text})"
    if isinstance(error, httpx2.ConnectTimeout | httpx2.ConnectError):
        unknown_name = "getaddrinfo" in text or "Name or service not known" in text or "nodename nor servname" in text
        return "no server has this name" if unknown_name else "nothing answers"
    if isinstance(error, httpx2.TimeoutException):
        return "the server accepts connections but does not answer"
    return BROKEN

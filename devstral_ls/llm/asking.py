"""Requests for a server's own pages, and the reading of JSON that may hold anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from devstral_ls.llm.http import BROKEN, connection_advice, connection_problem, no_answer
from devstral_ls.llm.model_choice import same_model
from devstral_ls.llm.servers import server_root, without_userinfo

if TYPE_CHECKING:
    import httpx2


_SCHEME = "check the scheme (http:// or https://) and the port in llm.baseUrl"


class NoAnswer(Exception):
    """The request got no HTTP answer; the text says why. advice: what to do about it, where that is known."""

    def __init__(self, problem: str, advice: str | None) -> None:
        super().__init__(problem)
        self.advice = advice


class Asking:
    """Requests to one server, answered in JSON."""

    def __init__(self, client: httpx2.AsyncClient, base_url: str, *, proxied: bool) -> None:
        """proxied: the client goes through `llm.proxy`."""
        self._client = client
        self._proxied = proxied
        self.base_url = base_url

    async def models(self) -> tuple[int, Any, str]:
        """Status, JSON (None when it is none) and text of the model list. Raises NoAnswer."""
        return await self._send("GET", f"{without_userinfo(self.base_url)}/models", None)

    async def page(self, path: str, body: Any = None) -> Mapping[str, Any]:
        """The JSON object at `path` below the server's root, empty when there is none. A body makes it a POST."""
        url = server_root(without_userinfo(self.base_url)) + path
        try:
            _, answer, _ = await self._send("GET" if body is None else "POST", url, body)
        except NoAnswer:
            return {}
        return table(answer)

    async def _send(self, method: str, url: str, body: Any) -> tuple[int, Any, str]:
        try:
            response = await self._client.request(method, url, json=body)
        except no_answer() as error:
            problem = connection_problem(error, proxied=self._proxied)
            advice = connection_advice(error, proxied=self._proxied) or (_SCHEME if problem == BROKEN else None)
            raise NoAnswer(problem, advice) from error
        try:
            return response.status_code, response.json(), response.text
        except (ValueError, RecursionError):
            return response.status_code, None, response.text


def entries(answer: Any, key: str) -> list[Mapping[str, Any]]:
    """The objects in the list `key` of an answer."""
    found = table(answer).get(key)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def named(found: Sequence[Mapping[str, Any]], key: str, name: str | None) -> Mapping[str, Any]:
    """The object whose `key` is this model's name; an empty one when there is none."""
    return next((entry for entry in found if name and same_model(str(entry.get(key)), name)), {})


def table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def count(value: Any) -> int | None:
    """A number of tokens, None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None

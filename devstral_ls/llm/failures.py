"""A request that got no reply: what the user reads about it, and whether asking again can help."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from devstral_ls.config_llm import LlmConfig
from devstral_ls.errors import KeyRejected, ModelError, ModelNotFound, ReplyBroken, RequestRejected, ServerUnreachable
from devstral_ls.llm.faults import Fault, to_error
from devstral_ls.llm.http import BROKEN, PROXY_REFUSES, connection_advice, connection_problem
from devstral_ls.llm.secrets import Secrets
from devstral_ls.llm.servers import (
    Kind,
    key_advice,
    model_advice,
    sentence,
    server_name,
    start_advice,
    without_userinfo,
)

_log = logging.getLogger(__name__)


class Failed(Exception):
    """An attempt failed before any part of a reply.

    error: what the user reads when there is no other try. retryable: whether waiting may help. at_once: the next
    attempt is already different and counts as the same.
    """

    def __init__(
        self,
        error: ModelError,
        *,
        retryable: bool = False,
        at_once: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.retryable = retryable
        self.at_once = at_once
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Failures:
    """The failures of requests to one model of one server.

    kind: None: the port tells. proxied: they go through `llm.proxy`.
    """

    base_url: str
    model: str
    kind: Kind | None
    config: LlmConfig
    secrets: Secrets = field(repr=False)
    proxied: bool = False

    def unanswered(self, error: BaseException) -> Failed:
        """There was no answer, or none of its body."""
        import httpx2

        name = self._name
        _log.info("no answer from %s: %s", name, type(error).__name__)
        if isinstance(error, httpx2.ReadTimeout | asyncio.TimeoutError):
            reading = isinstance(error, httpx2.ReadTimeout)
            seconds = self.config.prompt_timeout if reading else self.config.idle_timeout
            setting = "llm.promptTimeout" if reading else "llm.idleTimeout"
            return Failed(
                ReplyBroken(
                    sentence(f"{name} sent nothing for {seconds:g} seconds: look at its log, or raise {setting}.")
                )
            )
        # A kept connection may have been closed just before it was used again: that is worth another try.
        problem = connection_problem(error, proxied=self.proxied)
        broke = isinstance(error, httpx2.TransportError) and problem == BROKEN
        advice = connection_advice(error, proxied=self.proxied) or start_advice(self.base_url, self.kind)
        return Failed(ServerUnreachable(sentence(f"{name}: {problem}; {advice}.")), retryable=broke)

    def refused(self, fault: Fault, status: int, headers: Mapping[str, str], models: Sequence[str] = ()) -> Failed:
        """The answer was an HTTP error. models: what the server has instead of the model it doesn't have."""
        name = self._name
        if 300 <= status < 400:
            target = self.secrets.hidden(headers.get("location", "elsewhere"))
            return Failed(RequestRejected(sentence(f"{name} redirects to {target}: set llm.baseUrl to that server.")))
        if status == 407:
            return Failed(ServerUnreachable(f"{PROXY_REFUSES}: set llm.proxy, or HTTPS_PROXY in the environment."))
        if fault.kind == "auth":
            advice = key_advice(self.base_url, self.kind)
            return Failed(KeyRejected(sentence(f"{name} refused the key: {advice}.")))
        if fault.kind == "model_not_found":
            advice = model_advice(self.base_url, models, self.kind)
            return Failed(ModelNotFound(sentence(f"{name} has no model {self.model!r}: {advice}.")))
        return self.reported(fault, headers)

    def reported(self, fault: Fault, headers: Mapping[str, str] | None = None) -> Failed:
        """The server said what went wrong, in the place of a reply."""
        error = to_error(fault, model=self.model, base_url=without_userinfo(self.base_url))
        # The server's own words are in it, and they may quote what we sent.
        return Failed(type(error)(self.secrets.hidden(str(error))), retryable=fault.retryable, headers=headers)

    @property
    def _name(self) -> str:
        return server_name(self.base_url, self.kind)

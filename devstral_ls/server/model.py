"""The model behind this connection: found on first use, kept until the settings change."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from devstral_ls.agent.budget import TRUNCATING, Budget
from devstral_ls.agent.pictures import blindness
from devstral_ls.agent.session import Session
from devstral_ls.config_llm import LlmConfig
from devstral_ls.errors import ForUser, RequestRefused
from devstral_ls.llm.abilities import Learned, abilities_of
from devstral_ls.llm.backend import Backend
from devstral_ls.llm.discovery import Endpoint, find_server
from devstral_ls.llm.fitted import FittedBackend, fit
from devstral_ls.llm.http import route_to
from devstral_ls.llm.learned import Notebook
from devstral_ls.llm.model_choice import same_model
from devstral_ls.llm.probe import probe
from devstral_ls.llm.record import Folder
from devstral_ls.llm.recorder import Recorder
from devstral_ls.llm.servers import without_userinfo
from devstral_ls.storage.transcript import state_folder


class Model:
    """Where the model is, as far as it is known."""

    def __init__(self, settings: Callable[[], LlmConfig], recordings: Folder | None = None) -> None:
        """recordings: where every exchange with the model is recorded."""
        self._choice: tuple[str, LlmConfig] | None = None
        """A model, and the settings that it was chosen under."""
        self._given = settings
        self._recordings = recordings
        self._notebook = Notebook(state_folder(os.environ))
        self._lock = asyncio.Lock()
        self._backend: FittedBackend | None = None
        self._users: Counter[FittedBackend] = Counter()
        """How many runs go on with a backend, which may be one of earlier settings."""
        self._made_for: LlmConfig | None = None
        self._found_for: LlmConfig | None = None
        """What the endpoint was looked for with."""
        self.endpoint: Endpoint | None = None
        self.budget: Budget | None = None
        """Of the endpoint: how long conversations may become."""
        self._vision: bool | None = None
        self.problem: str | None = None
        """Why the last run could not reach the model, None when it could."""

    @asynccontextmanager
    async def in_use(self) -> AsyncIterator[Backend]:
        """The backend for the settings as they are now; it stays open for this run, whatever others find out meanwhile.

        Raises ModelError when no server can be found.
        """
        backend = await self._current()
        self._users[backend] += 1
        try:
            yield backend
        finally:
            self._users[backend] -= 1
            if not self._users[backend]:
                del self._users[backend]
                if backend is not self._backend:
                    await backend.aclose()

    async def _current(self) -> FittedBackend:
        async with self._lock:
            settings = self._settings()
            if self._backend is None or self._made_for != settings:
                await self.close()
                endpoint, learned = await self._look(settings)
                abilities = abilities_of(endpoint, settings, learned)
                self._backend = fit(
                    endpoint,
                    settings,
                    abilities,
                    self._recorder(endpoint, settings),
                    partial(self._notebook.keep, endpoint),
                )
                self._made_for = self._found_for = settings
                self.endpoint = endpoint
                self.budget, self._vision = _budget(endpoint, settings, self._backend), abilities.vision
            return self._backend

    def _settings(self) -> LlmConfig:
        """As they are now, with the model that was chosen."""
        given = self._given()
        return replace(given, model=chosen) if (chosen := self._chosen(given)) else given

    def _chosen(self, given: LlmConfig) -> str | None:
        """The model that was chosen, until settings name another server or model."""
        if self._choice is None:
            return None
        name, then = self._choice
        return name if (given.base_url, given.model) == (then.base_url, then.model) else None

    async def available(self) -> list[str]:
        """The chat models the server lists. Raises ModelError when no server can be found."""
        await self._current()
        return list(self.endpoint.models) if self.endpoint is not None else []

    async def choose(self, name: str) -> None:
        """Use this model instead of that of the settings, until these name another server or model.

        Raises RequestRefused, and keeps the model, when the server's list does not have it.
        """
        known = await self.available()
        match = next((each for each in known if same_model(each, name)), None)
        if known and match is None:
            raise RequestRefused(f"The server has no model {name!r}; it has {', '.join(known)}: choose one of these.")
        self._choice = match or name, self._given()

    @property
    def name(self) -> str | None:
        """The model asked next, as far as it is known."""
        now, then = self._settings(), self._found_for
        # An endpoint of settings that named another server or model says nothing of the next run.
        if self.endpoint is None or then is None or (now.base_url, now.model) != (then.base_url, then.model):
            return now.model
        return self.endpoint.model

    async def _look(self, settings: LlmConfig) -> tuple[Endpoint, Learned | None]:
        """The server, and what is known of it; a model that is new here is tried out, once."""
        endpoint = await find_server(settings, os.environ)
        learned = self._notebook.recall(endpoint)
        if learned is not None or not settings.try_out or settings.tools != "auto":
            return endpoint, learned
        from devstral_ls.llm.trials import try_quietly  # of no use to anyone whose model is known

        learned = await try_quietly(endpoint, settings, abilities_of(endpoint, settings))
        if learned is None:
            return endpoint, None  # the run will meet the same problem, and has the words for it
        self._notebook.keep(endpoint, learned)
        if endpoint.context_window is None:
            # Some servers tell the context window of a model only once it is loaded, as it is now.
            with contextlib.suppress(ForUser):
                endpoint = await find_server(settings, os.environ)
        return endpoint, learned

    def blind(self, session: Session) -> str | None:
        """Why the session's model can't be shown images, as the end of a sentence; None where it may see them."""
        name = self.endpoint.model if self.endpoint is not None else ""
        return blindness(name) if self._vision is False or session.blind_model == name else None

    def _recorder(self, endpoint: Endpoint, settings: LlmConfig) -> Recorder | None:
        if self._recordings is None:
            return None
        server = f"{endpoint.kind}-{endpoint.version}" if endpoint.version else endpoint.kind
        secrets = route_to(endpoint.base_url, settings).secrets
        return self._recordings.recorder(endpoint.base_url, endpoint.api_key, server, secrets)

    async def forget(self) -> None:
        """Look for the server again at the next run: this one did not answer."""
        async with self._lock:
            await self.close()

    async def close(self) -> None:
        """Go on with another backend; the last run that uses this one closes it."""
        backend, self._backend, self._made_for = self._backend, None, None
        if backend is not None and not self._users[backend]:
            await backend.aclose()

    def status(self) -> dict[str, Any]:
        """What is known, without asking anybody."""
        endpoint, budget, backend = self.endpoint, self.budget, self._backend
        return {
            "server": without_userinfo(endpoint.base_url) if endpoint else None,
            "kind": endpoint.kind if endpoint else None,
            "serverVersion": endpoint.version if endpoint else None,
            "model": self.name,
            "profile": budget.profile.name if budget else None,
            "contextWindow": budget.window if budget else None,
            "toolsMode": backend.mode if backend else None,
            "toolsReason": backend.why if backend else None,
            "vision": self._vision,
            "problem": self.problem,
        }


def _budget(endpoint: Endpoint, settings: LlmConfig, backend: FittedBackend) -> Budget:
    """The budget for an endpoint's model."""

    async def ask_window() -> int | None:
        route = route_to(endpoint.base_url, settings)
        found = await probe(
            endpoint.base_url, expected=endpoint.kind, wanted=endpoint.model, api_key=endpoint.api_key, route=route
        )
        return found.context_window

    return Budget(
        backend.abilities.profile,
        settings.max_tokens,
        endpoint.context_window,
        kind=endpoint.kind,
        ask_window=ask_window if endpoint.kind in TRUNCATING else None,
        asks_in_words=lambda: backend.asks_in_words,
    )

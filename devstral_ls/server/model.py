"""The model behind this connection: found on first use, kept until the settings change."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

from devstral_ls.config import LlmConfig
from devstral_ls.llm.backend import Backend
from devstral_ls.llm.discovery import Endpoint, find_server
from devstral_ls.llm.openai_backend import OpenAiBackend
from devstral_ls.llm.record import Folder
from devstral_ls.llm.recorder import Recorder


class Model:
    """Where the model is, as far as it is known."""

    def __init__(self, settings: Callable[[], LlmConfig], recordings: Folder | None = None) -> None:
        """recordings: where every exchange with the model is recorded."""
        self._settings = settings
        self._recordings = recordings
        self._lock = asyncio.Lock()
        self._backend: OpenAiBackend | None = None
        self._made_for: LlmConfig | None = None
        self.endpoint: Endpoint | None = None
        self.problem: str | None = None
        """Why the last run could not reach the model, None when it could."""

    async def backend(self) -> Backend:
        """The backend for the settings as they are now. Raises ModelError when no server can be found."""
        async with self._lock:
            settings = self._settings()
            if self._backend is None or self._made_for != settings:
                await self.close()
                endpoint = await find_server(settings, os.environ)
                self._backend = OpenAiBackend(
                    endpoint.base_url,
                    endpoint.model,
                    endpoint.api_key,
                    settings,
                    kind=endpoint.kind,
                    recorder=self._recorder(endpoint),
                )
                self._made_for, self.endpoint = settings, endpoint
            return self._backend

    def _recorder(self, endpoint: Endpoint) -> Recorder | None:
        if self._recordings is None:
            return None
        server = f"{endpoint.kind}-{endpoint.version}" if endpoint.version else endpoint.kind
        return self._recordings.recorder(endpoint.base_url, endpoint.api_key, server)

    async def forget(self) -> None:
        """Look for the server again at the next run: this one did not answer."""
        async with self._lock:
            await self.close()

    async def close(self) -> None:
        backend, self._backend, self._made_for = self._backend, None, None
        if backend is not None:
            await backend.aclose()

    def status(self) -> dict[str, Any]:
        """What is known, without asking anybody."""
        endpoint = self.endpoint
        if endpoint is None:
            return {"server": None, "model": self._settings().model, "problem": self.problem}
        return {"server": endpoint.base_url, "kind": endpoint.kind, "model": endpoint.model, "problem": self.problem}

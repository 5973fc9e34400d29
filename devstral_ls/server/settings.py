"""The editor's settings: initializationOptions, then `workspace/configuration`, then changes; later ones win."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from devstral_ls.config_layers import Layer, load
from devstral_ls.errors import InvalidSetting
from devstral_ls.server.client import Client, resolve
from devstral_ls.server.editor import Editor
from devstral_ls.server.outgoing import ClientError
from devstral_ls.server.protocol import Protocol
from devstral_ls.server.user import User

log = logging.getLogger(__name__)

SECTION = "devstral"
PATIENCE = 5.0
"""Seconds the first run waits for a client that does not answer workspace/configuration."""


class Settings:
    """The layers of settings and what they give together, kept in `editor.config`."""

    def __init__(self, connection: Protocol, editor: Editor, base: Sequence[Layer], user: User) -> None:
        self._connection = connection
        self._editor = editor
        self._base = list(base)
        self._options: Mapping[str, Any] = {}
        self._pulled: Mapping[str, Any] = {}
        self._pushes = 0
        self._known = asyncio.Event()
        self._refetching: asyncio.Task[None] | None = None
        self._user = user
        self._told: set[str] = set()
        self._problems: list[InvalidSetting] = []

    def complain(self, problems: Sequence[InvalidSetting]) -> None:
        """Tell the user of these problems too, once somebody is there to be told."""
        self._problems += problems

    def take_client(self, params: dict[str, Any]) -> Client:
        """Resolve the client and take the settings that came with `initialize`."""
        client = self._editor.client = resolve(params)
        options = params.get("initializationOptions")
        self._options = {k: v for k, v in options.items() if k != "client"} if isinstance(options, dict) else {}
        self._reload()
        return client

    async def fetch(self) -> None:
        """Ask the client for its settings where it can be asked, and to be told of changes."""
        await self._pull()
        self._reload(tell=True)
        self._known.set()
        if self._editor.client.configuration_registration:
            await self._register()

    async def wait_until_known(self) -> None:
        """Until the client's settings are in, so that a run never starts with half of them."""
        await self._known.wait()

    async def wait_for_changes(self) -> None:
        """Until settings that changed are in; not for a client that has not said it is ready."""
        if self._refetching is not None:
            await asyncio.wait({self._refetching})

    def changed(self, params: Any) -> None:
        """`workspace/didChangeConfiguration`: settings in it are taken, else they are asked for again."""
        settings = params.get("settings") if isinstance(params, dict) else None
        section = settings.get(SECTION) if isinstance(settings, dict) else None
        if isinstance(section, dict):
            self._pushes += 1
            self._pulled = section
            self._reload(tell=True)
        elif self._editor.client.configuration:
            # Whoever asks for something now means it with the settings as they are now.
            self._known.clear()
            self._refetching = asyncio.ensure_future(self._refetch())

    async def _refetch(self) -> None:
        try:
            await self._pull()
            self._reload(tell=True)
        finally:
            self._known.set()

    async def _pull(self) -> None:
        """Ask for the section; an answer that is older than what was pushed meanwhile is not taken."""
        if not self._editor.client.configuration:
            return
        pushes = self._pushes
        try:
            answer = await self._connection.ask(
                "workspace/configuration", {"items": [{"section": SECTION}]}, timeout=PATIENCE
            )
        except ClientError as error:
            log.info("no settings from the client: %s", error)
            return
        if pushes == self._pushes and isinstance(answer, list) and answer and isinstance(answer[0], dict):
            self._pulled = answer[0]

    async def _register(self) -> None:
        registration = {
            "id": "devstral-configuration",
            "method": "workspace/didChangeConfiguration",
            "registerOptions": {"section": SECTION},
        }
        try:
            await self._connection.ask("client/registerCapability", {"registrations": [registration]}, timeout=PATIENCE)
        except ClientError as error:
            log.info("changes of settings will not be told: %s", error)

    def _reload(self, *, tell: bool = False) -> None:
        sent = {"initializationOptions": self._options, "editor settings": self._pulled}
        layers = [*self._base, *(Layer(name, values, users_own=False) for name, values in sent.items())]
        self._editor.config, problems = load(layers)
        for problem in [*self._problems, *problems] if tell else ():
            if str(problem) not in self._told:
                self._told.add(str(problem))
                self._user.tell("warning", str(problem))

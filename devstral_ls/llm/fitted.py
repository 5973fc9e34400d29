"""The model, asked in the way that its server can serve: what was found out about the two is put to use here."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from devstral_ls.config import LlmConfig
from devstral_ls.errors import ToolsUnsupported
from devstral_ls.llm.abilities import Abilities
from devstral_ls.llm.backend import Part, Remark, Request
from devstral_ls.llm.direct import DirectBackend
from devstral_ls.llm.discovery import Endpoint
from devstral_ls.llm.openai_backend import OpenAiBackend
from devstral_ls.llm.recorder import Recorder

NO_TOOLS = (
    "The server can't call tools with {model}; from now on the model is asked for JSON instead. `devstral-ls doctor` "
    "says how to get tool calls."
)


class FittedBackend:
    """One model of one server.

    Where the server refuses tools, they are described in words from then on, and the user is told so once; `llm.tools`
    may forbid it. What there is to mend is remarked before the first reply.
    """

    def __init__(self, inner: OpenAiBackend, abilities: Abilities) -> None:
        self._inner = inner
        self._direct = DirectBackend(inner)
        self.abilities = abilities
        self._in_words = abilities.tools == "direct"
        self._remarks = remarks(abilities)

    @property
    def model(self) -> str:
        """The model's name as the server knows it."""
        return self._inner.model

    @property
    def asks_in_words(self) -> bool:
        """Whether calls are asked for as JSON by now."""
        return self._in_words

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()

    async def stream(self, request: Request) -> AsyncGenerator[Part, None]:
        """Parts of the reply as they arrive, a `Reply` last. Raises ModelError."""
        remarks, self._remarks = self._remarks, []
        for remark in remarks:
            yield Remark(remark)
        if not self._in_words:
            try:
                async with aclosing(self._inner.stream(request)) as parts:
                    async for part in parts:
                        yield part
                return
            except ToolsUnsupported:
                if self.abilities.chosen:
                    raise
                self._in_words = True
                yield Remark(NO_TOOLS.format(model=self.model))
        async with aclosing(self._direct.stream(request)) as parts:
            async for part in parts:
                yield part


def fit(endpoint: Endpoint, config: LlmConfig, abilities: Abilities, recorder: Recorder | None = None) -> FittedBackend:
    """A backend for this server and model."""
    inner = OpenAiBackend(
        endpoint.base_url,
        endpoint.model,
        endpoint.api_key,
        config,
        kind=endpoint.kind,
        streams_calls=abilities.streams_calls,
        temperature=abilities.profile.temperature,
        recorder=recorder,
    )
    return FittedBackend(inner, abilities)


def remarks(abilities: Abilities) -> list[str]:
    """At most one line, about the most important thing there is to mend."""
    if not abilities.findings:
        return []
    more = len(abilities.findings) - 1
    also = f" `devstral-ls doctor` knows {more} more." if more else ""
    return [f"{abilities.findings[0]}{also}"]

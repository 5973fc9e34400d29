"""The model, asked in the way that its server can serve: what was found out about the two is put to use here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from devstral_ls.config_llm import LlmConfig
from devstral_ls.errors import ToolsUnsupported
from devstral_ls.llm.abilities import Abilities, Learned, Mode, mode_of
from devstral_ls.llm.backend import Part, Remark, Reply, Request, Retrying
from devstral_ls.llm.direct import DirectBackend
from devstral_ls.llm.discovery import Endpoint
from devstral_ls.llm.openai_backend import OpenAiBackend
from devstral_ls.llm.recorder import Recorder

NO_TOOLS = (
    "The server can't call tools with {model}; from now on the model is asked for JSON instead. `devstral-ls doctor` "
    "says how to get tool calls."
)

LOSSES = 2
"""Calls lost in streams after which replies are no longer streamed; one alone may be an accident."""


def _forget(learned: Learned) -> None:
    """For those who keep nothing."""


class FittedBackend:
    """One model of one server.

    Where the server refuses tools, they are described in words from then on, and the user is told so once; `llm.tools`
    may forbid it. What there is to mend is remarked before the first reply.
    """

    def __init__(
        self, inner: OpenAiBackend, abilities: Abilities, on_learned: Callable[[Learned], object] = _forget
    ) -> None:
        """on_learned: told what a run shows of the server that was not known before."""
        self._inner = inner
        self._direct = DirectBackend(inner)
        self._on_learned = on_learned
        self.abilities = abilities
        self._in_words = abilities.tools == "direct"
        self._whole = not abilities.streams_calls
        self._why = abilities.why
        self._losses = 0
        self._remarks = remarks(abilities)

    @property
    def model(self) -> str:
        """The model's name as the server knows it."""
        return self._inner.model

    @property
    def asks_in_words(self) -> bool:
        """Whether calls are asked for as JSON by now."""
        return self._in_words

    @property
    def mode(self) -> Mode:
        """How the model is asked for tool calls by now."""
        return mode_of("direct" if self._in_words else "native", not self._whole)

    @property
    def why(self) -> str:
        """Why it is asked in this way, as a clause."""
        return self._why

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
                lost = False
                async with aclosing(self._inner.stream(request)) as parts:
                    async for part in parts:
                        lost = lost or (isinstance(part, Retrying) and part.lost)
                        if lost and isinstance(part, Reply) and part.calls:
                            self._lost_one()
                        yield part
                return
            except ToolsUnsupported:
                if self.abilities.chosen:
                    raise
                self._in_words, self._why = True, "the server refused tools"
                self._on_learned(Learned(tools="direct"))
                yield Remark(NO_TOOLS.format(model=self.model))
        async with aclosing(self._direct.stream(request)) as parts:
            async for part in parts:
                yield part

    def _lost_one(self) -> None:
        """A call was lost in a stream and came in one piece; after the second, all replies are asked for so."""
        self._losses += 1
        if self._losses < LOSSES:
            return
        self._inner.streams_calls = False
        self._whole, self._why = True, "the server lost a tool call while it streamed it"
        self._on_learned(Learned(tools="native", streams_calls=False))


def fit(
    endpoint: Endpoint,
    config: LlmConfig,
    abilities: Abilities,
    recorder: Recorder | None = None,
    on_learned: Callable[[Learned], object] = _forget,
) -> FittedBackend:
    """A backend for this server and model. on_learned: as in `FittedBackend`."""
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
    return FittedBackend(inner, abilities, on_learned)


def remarks(abilities: Abilities) -> list[str]:
    """At most one line, about the most important thing there is to mend."""
    if not abilities.findings:
        return []
    more = len(abilities.findings) - 1
    also = f" `devstral-ls doctor` knows {more} more." if more else ""
    return [f"{abilities.findings[0]}{also}"]

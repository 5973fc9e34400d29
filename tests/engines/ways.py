"""The ways in which the real server is used: what it is started with, and what devstral-ls is told."""

from __future__ import annotations

from dataclasses import dataclass

from devstral_ls.config_llm import LlmConfig, ToolsMode

WILD = ("--top-k", "0", "--top-p", "1", "--min-p", "0")
"""Every token of the vocabulary may come."""


@dataclass(frozen=True)
class Way:
    """flags: of llama-server. context: of its one slot. stated: the window the settings claim, None: the server's.

    until: what has to have happened before the turns are enough.
    longest: the longest replies, of which each run has one. temperatures: between which each run has one.
    """

    name: str
    turns: int
    flags: tuple[str, ...] = ()
    context: int = 32_768
    stated: int | None = None
    until: str | None = None
    tools: ToolsMode = "auto"
    longest: tuple[int, ...] = (100,)
    temperatures: tuple[float, float] = (0.5, 1.2)

    def config(self, base_url: str, longest: int, temperature: float) -> LlmConfig:
        return LlmConfig(
            base_url=base_url,
            tools=self.tools,
            max_tokens=longest,
            temperature=temperature,
            context_window=self.stated,
        )


IN_PROCESS = (
    Way("native calls", 40, longest=(100, 24)),
    Way("native, any token", 25, WILD, longest=(60, 20), temperatures=(1.0, 1.3)),
    Way("calls as text", 30, ("--skip-chat-parsing", "--special")),
    Way("as text, no markers", 25, ("--skip-chat-parsing",)),
    Way("asked for JSON", 20, tools="direct", longest=(120, 24)),
    Way("no template", 10, ("--no-jinja",)),
    Way("small window", 15, context=1792, until="made shorter", longest=(120,)),
    Way("window overstated", 15, context=1792, until="made shorter", stated=32_768, longest=(120,)),
)
OVER_STDIO = Way("over stdio", 20, longest=(60,), temperatures=(0.7, 0.7))

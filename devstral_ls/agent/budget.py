"""How much of the model's context window a conversation may take.

The window is the user's setting, else what the server says, else what the model was made for. A server can turn out to
have a smaller one: it refuses a request, or it silently reads only the end of it. What was learned counts from then on.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from devstral_ls.llm import tokens
from devstral_ls.llm.profiles import Profile

if TYPE_CHECKING:
    from devstral_ls.agent.session import Session
    from devstral_ls.llm.backend import Usage
    from devstral_ls.llm.envelope import Size
    from devstral_ls.llm.messages import ToolSpec
    from devstral_ls.llm.servers import Kind

TRUNCATED = 0.85
"""A server that counts less than this part of what we count has not read everything."""

TRUNCATING: frozenset[Kind] = frozenset({"ollama", "lm studio"})
"""Servers that drop the beginning of a conversation that is too long, and say nothing."""

LOWEST, HIGHEST = 0.85, 2.0
"""What a server's count may be of ours: other tokenizers differ by a quarter, a mistaken count by more."""


class Budget:
    """The window of one model at one server, shared by its sessions.

    window: in tokens. certain: the user or the server said so. max_tokens: the longest reply to ask for. ask_window:
    asks the server for its window again, since Ollama knows it once the model is loaded; None where that is useless.
    asks_in_words: whether tools are described in the conversation by now.
    """

    def __init__(
        self,
        profile: Profile,
        max_tokens: int,
        window: int | None = None,
        *,
        kind: Kind = "other",
        ask_window: Callable[[], Awaitable[int | None]] | None = None,
        asks_in_words: Callable[[], bool] = lambda: False,
    ) -> None:
        self.profile = profile
        self.window = window or profile.window
        self.certain = window is not None
        self.template = profile.tokenizer or "v13"
        self._max_tokens = max_tokens
        self._kind = kind
        self._ask_window = ask_window
        self._asks_in_words = asks_in_words
        self._asked = False
        self._truncates = kind in TRUNCATING
        self._loading: asyncio.Task[None] | None = None

    @property
    def limit(self) -> int:
        """The longest prompt, in tokens: what is left beside a reply and an error of the count."""
        return self.window - min(self._max_tokens, self.window // 4) - self.window // 64

    async def used(self, session: Session, tools: Sequence[ToolSpec]) -> int:
        """About how many tokens the conversation has. Exact once it matters and the model is one of Mistral's."""
        used = self._used(session, tools)
        if used > self.limit // 2 and not tokens.is_exact():
            await self._load()
            used = self._used(session, tools)
        return used

    async def longest_reply(self, session: Session, tools: Sequence[ToolSpec]) -> int | None:
        """The longest reply there is room for; None when the longest that is configured fits."""
        room = self.window - self.window // 64 - await self.used(session, tools)
        return None if room >= self._max_tokens else max(room, self.window // 16, 1)

    async def learn(self, session: Session, tools: Sequence[ToolSpec], usage: Usage | None) -> str | None:
        """Correct the count by the server's own, of the conversation as it was asked.

        The result is for the user: the server did not read all of it. Said once in a session.
        """
        if usage is None or usage.prompt_tokens <= 0:
            return None
        if not self.certain and self._ask_window is not None and not self._asked:
            self._asked = True
            if answer := await self._ask_window():
                self.window, self.certain = answer, True
        if not self._truncates and not tokens.is_exact():
            # Nothing is lost meanwhile: the next count corrects ours as well.
            self._loading = self._loading or asyncio.create_task(asyncio.to_thread(tokens.load))
            return None
        await self._load()
        size = self._size(session, tools)
        if self._truncates and usage.prompt_tokens < TRUNCATED * size.text:
            return await self._was_truncated(session, usage.prompt_tokens, size.total)
        session.ratio = min(max(usage.prompt_tokens / size.total, LOWEST), HIGHEST)
        return None

    def exceeded(self, used: int, error: str) -> float:
        """Take in that the server found a prompt too long which has `used` tokens by our count.

        The result is how many times our count the server's must be.
        """
        if (stated := window_in(error)) is not None:
            self.window, self.certain = stated, True
        elif used < self.window:
            self.window = max(used * 3 // 4, 1024)
        if not used:
            return 1.0
        counted = prompt_in(error)
        if counted is not None:
            return min(max(counted / used, LOWEST), HIGHEST)
        return max(1.0, self.limit * 1.1 / used)

    async def _was_truncated(self, session: Session, read: int, sent: int) -> str | None:
        answer = await self._ask_window() if self._ask_window is not None else None
        # A window that holds all of it: the server counts only what it had not read before. Without a window, another
        # tokenizer may need so much less.
        innocent = answer > sent if answer is not None else not self.profile.is_mistral
        if innocent:
            self._truncates = False
            return None
        # Windows are mostly powers of two, and a part of one stays empty when whole messages are dropped.
        self.window = answer or min(self.window, max(2048, 1 << (read - 1).bit_length()))
        self.certain = True
        if session.told_of_truncation:
            return None
        session.told_of_truncation = True
        wanted = min(max(32_768, 1 << (2 * sent - 1).bit_length()), self.profile.window)
        fix = (
            f"restart it with `OLLAMA_CONTEXT_LENGTH={wanted} ollama serve`"
            if self._kind == "ollama"
            else f"load the model there with a context length of {wanted}"
        )
        return (
            f"The server read only {read} of about {sent} tokens, so the beginning of the conversation was lost: its "
            f"context window is {self.window} tokens. To give it a larger one, {fix}."
        )

    def _used(self, session: Session, tools: Sequence[ToolSpec]) -> int:
        return round(self._size(session, tools).total * session.ratio)

    def _size(self, session: Session, tools: Sequence[ToolSpec]) -> Size:
        return session.tally.size(session.messages, tools, self.template, told=self._asks_in_words())

    async def _load(self) -> None:
        if not tokens.is_exact():
            await asyncio.to_thread(tokens.load)


def window_in(error: str) -> int | None:
    """The context window, in tokens, that a server's error names."""
    found = _WINDOW.search(error)
    return next(int(number) for number in found.groups() if number) if found else None


def prompt_in(error: str) -> int | None:
    """The prompt's size, in tokens, that a server's error names; None where it stopped counting at its limit."""
    found = _PROMPT.search(error)
    return next(int(number) for number in found.groups() if number) if found else None


_PROMPT = re.compile(
    r"request \((\d+) tokens\)|\((\d+) in the messages|(?:request has|prompt contains) (\d+) input tokens",
    re.IGNORECASE,
)

_WINDOW = re.compile(
    r"maximum context length is (\d+)|context size \((\d+)|n_ctx\"?(?: \(|\s*[:=]\s*)(\d+)|>= n_ctx \((\d+)\)"
    r"|context length of (?:only )?(\d+)|max_model_len\W{1,3}(\d+)",
    re.IGNORECASE,
)

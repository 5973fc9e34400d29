"""What a model really does on its server: four tiny requests for `doctor`, and before a first run as few as will do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from devstral_ls.config_llm import LlmConfig
from devstral_ls.errors import (
    ImagesRefused,
    KeyRejected,
    ModelError,
    ModelNotFound,
    ServerBusy,
    ServerUnreachable,
    ToolsUnsupported,
)
from devstral_ls.llm.abilities import NOTHING, TITLES, Abilities, Finding, Learned, tools_setup
from devstral_ls.llm.backend import Reply, Request, Retrying
from devstral_ls.llm.discovery import Endpoint
from devstral_ls.llm.drawing import draw
from devstral_ls.llm.messages import SystemMessage, ToolSpec, UserMessage
from devstral_ls.llm.openai_backend import OpenAiBackend

Outcome = Literal["yes", "as text", "lost", "refused", "no", "failed"]
"""as text: a call came as text and was understood. lost: the server swallowed the reply. no: something else came."""

MAX_TOKENS = 256
PATIENCE = 180.0
"""Seconds that `doctor` gives all requests together; the first may have to wait until the model is loaded."""
QUIET_PATIENCE = 30.0
"""Seconds that they may put a first run off."""

REPORT = ToolSpec(
    "report_number",
    "Report a number.",
    {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]},
)
SYSTEM = SystemMessage("You are a test of a model server. Do exactly what is asked, and nothing else.")
CALL = "Call the tool report_number with the number 7."
JSON = 'Answer with this JSON object and nothing else: {"ready": true}'
LOOK = "Which number is in the picture? Answer with the number alone."
PICTURED = "47"


@dataclass(frozen=True, slots=True)
class Tried:
    """One request. came: what came, in a few words."""

    name: str
    outcome: Outcome
    came: str


_ARRIVES: frozenset[Outcome] = frozenset(("yes", "as text"))
UNTRIED = Tried("", "failed", "not tried")
"""For a request that others have made needless."""


@dataclass(frozen=True, slots=True)
class Trials:
    """What each request came to; None where it was not made."""

    streamed_call: Tried
    whole_call: Tried
    json_mode: Tried
    vision: Tried | None

    @property
    def all(self) -> tuple[Tried, ...]:
        return tuple(
            tried for tried in (self.streamed_call, self.whole_call, self.json_mode, self.vision) if tried is not None
        )

    @property
    def failed(self) -> str | None:
        """Why not even plain requests are answered; None when some are."""
        return self.streamed_call.came if all(tried.outcome == "failed" for tried in self.all) else None


async def try_out(endpoint: Endpoint, config: LlmConfig, abilities: Abilities, patience: float = PATIENCE) -> Trials:
    """Make the requests, one after the other. They cost a few hundred tokens, and loading the model.

    patience: seconds that all of them may take; what is not answered by then has failed. Where the first gets no answer
    that another could do better, the others are not made.
    """
    trying = _Trying(endpoint, config, abilities, asyncio.get_running_loop().time() + patience)
    streamed = await trying.call(streams=True)
    whole = await trying.call(streams=False)
    json_mode = await trying.json_mode()
    return Trials(streamed, whole, json_mode, await trying.vision() if abilities.vision is not False else None)


async def try_quietly(
    endpoint: Endpoint, config: LlmConfig, abilities: Abilities, patience: float = QUIET_PATIENCE
) -> Learned | None:
    """What a run should know, learned with as few requests as it takes: mostly one. None where trying again may help.

    A call that comes as it should leaves one question, whether the model sees, and that only where nobody knows.
    """
    trying = _Trying(endpoint, config, abilities, asyncio.get_running_loop().time() + patience)
    streamed = await trying.call(streams=True)
    if trying.hopeless:
        # Whoever is too slow once would put off the first run of every day.
        return NOTHING if trying.too_slow else None
    whole = UNTRIED if streamed.outcome in _ARRIVES else await trying.call(streams=False)
    json_mode = UNTRIED if _ARRIVES & {streamed.outcome, whole.outcome} else await trying.json_mode()
    vision = await trying.vision() if abilities.vision is None else None
    learned = learned_from(Trials(streamed, whole, json_mode, vision))
    return replace(learned, streams_calls=True) if streamed.outcome in _ARRIVES else learned


class _Trying:
    """Tiny requests to one model, made until a deadline (of the event loop's clock).

    hopeless: why no request can succeed; None as long as one may. too_slow: the deadline has passed.
    """

    def __init__(self, endpoint: Endpoint, config: LlmConfig, abilities: Abilities, deadline: float) -> None:
        self._endpoint = endpoint
        self._config = replace(config, max_tokens=min(MAX_TOKENS, config.max_tokens))
        self._temperature = abilities.profile.temperature
        self._deadline = deadline
        self.hopeless: str | None = None
        self.too_slow = False

    async def call(self, *, streams: bool) -> Tried:
        name = "tool call, streamed" if streams else "tool call, in one piece"
        return await self._ask(name, Request([SYSTEM, UserMessage(CALL)], (REPORT,)), _called, streams=streams)

    async def json_mode(self) -> Tried:
        return await self._ask("JSON mode", Request([SYSTEM, UserMessage(JSON)], json=True), _is_json)

    async def vision(self) -> Tried:
        picture = UserMessage(LOOK, (draw([PICTURED]).uri,))
        return await self._ask("vision", Request([SYSTEM, picture]), _saw)

    async def _ask(
        self, name: str, request: Request, judge: Callable[[Reply], Outcome], *, streams: bool = True
    ) -> Tried:
        if self.hopeless is not None:
            return Tried(name, "failed", "not tried")
        backend = OpenAiBackend(
            self._endpoint.base_url,
            self._endpoint.model,
            self._endpoint.api_key,
            self._config,
            kind=self._endpoint.kind,
            streams_calls=streams,
            temperature=self._temperature,
        )
        try:
            async with asyncio.timeout_at(self._deadline):
                reply, lost = await _reply(backend, request)
        except TimeoutError:
            self.too_slow = True
            self.hopeless = "It takes too long to answer: look at the server's log, or ask for less at a time."
            return Tried(name, "failed", "no answer in time")
        except (ToolsUnsupported, ImagesRefused) as error:
            return Tried(name, "refused", str(error).rpartition(" says: ")[2])
        except (KeyRejected, ModelNotFound, ServerBusy, ServerUnreachable) as error:
            self.hopeless = str(error)
            return Tried(name, "failed", str(error))
        except ModelError as error:
            return Tried(name, "failed", str(error))
        finally:
            await backend.aclose()
        if request.json and not backend.takes_json_mode:
            return Tried(name, "refused", "the server takes no response_format")
        return Tried(name, "lost" if lost else judge(reply), describe(reply))


def learned_from(trials: Trials) -> Learned:
    """What runs should know of this."""
    streamed, whole = trials.streamed_call.outcome, trials.whole_call.outcome
    tools: Literal["native", "direct"] | None = None
    if _ARRIVES & {streamed, whole}:
        tools = "native"
    elif "failed" not in (streamed, whole) and trials.json_mode.outcome != "failed":
        tools = "direct"
    known = {"yes": True, "no": False, "refused": False, "failed": None}
    # An image that was refused is certain; a number that was misread is not.
    seen = {"yes": True, "refused": False}
    sees = seen.get(trials.vision.outcome) if trials.vision is not None else None
    return Learned(
        tools,
        streamed in _ARRIVES if tools == "native" and whole in _ARRIVES else None,
        sees,
        known.get(trials.json_mode.outcome),
    )


def findings_from(trials: Trials, endpoint: Endpoint, abilities: Abilities) -> list[Finding]:
    """What to mend, as far as the trials show it."""
    name, setup = TITLES.get(endpoint.kind, "The server"), tools_setup(endpoint, abilities.profile)
    streamed, whole = trials.streamed_call.outcome, trials.whole_call.outcome
    findings = []
    if streamed == "refused":
        problem = (
            f"{name} refuses tools for {endpoint.model}; the model is asked for JSON instead, which works less well."
        )
        findings.append(Finding("tools", problem, setup))
    elif "as text" in (streamed, whole):
        problem = f"{name} hands out {endpoint.model}'s tool calls as text. They are understood, but less surely."
        findings.append(Finding("tools", problem, setup))
    elif streamed in ("lost", "no") and whole == "yes" and abilities.streams_calls:
        problem = f"{name} loses tool calls when it streams them; replies are asked for in one piece."
        fix = "Upgrade vLLM to 0.13 or newer" if endpoint.kind == "vllm" else "Upgrade the server"
        findings.append(Finding("streaming", problem, fix))
    elif {streamed, whole} <= {"no", "lost"}:
        problem = f"{endpoint.model} did not call a tool when told to; it is asked for JSON instead."
        findings.append(Finding("tools", problem, setup))
    if trials.vision is not None and trials.vision.outcome in ("failed", "refused") and abilities.vision:
        fix = "Start llama-server with `--mmproj FILE`" if endpoint.kind == "llama.cpp" else "Ask without images there"
        findings.append(Finding("vision", f"{name} takes no images, though {endpoint.model} could see them.", fix))
    return findings


def describe(reply: Reply) -> str:
    """A reply in one line."""
    if reply.calls:
        call = reply.calls[0]
        arguments = json.dumps(call.arguments, ensure_ascii=False) if call.arguments is not None else call.error
        more = f" and {len(reply.calls) - 1} more" if len(reply.calls) > 1 else ""
        how = f", read from text ({reply.recovered})" if reply.recovered else ""
        return f"{call.name} {arguments}{more}{how}"
    text = " ".join(reply.text.split())
    return (text if len(text) <= 100 else text[:99] + "…") or f"nothing ({reply.finish})"


async def _reply(backend: OpenAiBackend, request: Request) -> tuple[Reply, bool]:
    """The reply, and whether the server lost its first attempt while streaming."""
    lost = False
    async with aclosing(backend.stream(request)) as parts:
        async for part in parts:
            lost = lost or (isinstance(part, Retrying) and part.delay == 0.0)
            if isinstance(part, Reply):
                return part, lost
    raise ModelError("The server sent no reply.")


def _called(reply: Reply) -> Outcome:
    right = any(call.name == REPORT.name and call.arguments is not None for call in reply.calls)
    if right:
        return "as text" if reply.recovered else "yes"
    return "lost" if "empty_response" in reply.flags else "no"


def _is_json(reply: Reply) -> Outcome:
    try:
        value = json.loads(reply.text)
    except ValueError:
        return "no"
    return "yes" if isinstance(value, dict) else "no"


def _saw(reply: Reply) -> Outcome:
    return "yes" if PICTURED in reply.text else "no"

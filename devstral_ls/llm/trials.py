"""What a model really does on its server: four tiny requests, for `doctor`. A run never tries anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from devstral_ls.config import LlmConfig
from devstral_ls.errors import ImagesRefused, ModelError, ToolsUnsupported
from devstral_ls.llm.abilities import TITLES, Abilities, Finding, Learned, tools_setup
from devstral_ls.llm.backend import Reply, Request, Retrying
from devstral_ls.llm.discovery import Endpoint
from devstral_ls.llm.drawing import draw
from devstral_ls.llm.messages import SystemMessage, ToolSpec, UserMessage
from devstral_ls.llm.openai_backend import OpenAiBackend

Outcome = Literal["yes", "as text", "lost", "refused", "no", "failed"]
"""as text: a call came as text and was understood. lost: the server swallowed the reply. no: something else came."""

MAX_TOKENS = 256

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
        return self.json_mode.came if all(tried.outcome == "failed" for tried in self.all) else None


async def try_out(endpoint: Endpoint, config: LlmConfig, abilities: Abilities) -> Trials:
    """Make the requests, one after the other. They cost a few hundred tokens, and loading the model."""
    small = replace(config, max_tokens=min(MAX_TOKENS, config.max_tokens))

    async def ask(name: str, request: Request, judge: Callable[[Reply], Outcome], *, streams: bool = True) -> Tried:
        backend = OpenAiBackend(
            endpoint.base_url,
            endpoint.model,
            endpoint.api_key,
            small,
            kind=endpoint.kind,
            streams_calls=streams,
            temperature=abilities.profile.temperature,
        )
        try:
            reply, lost = await _reply(backend, request)
        except (ToolsUnsupported, ImagesRefused) as error:
            return Tried(name, "refused", str(error))
        except ModelError as error:
            return Tried(name, "failed", str(error))
        finally:
            await backend.aclose()
        if request.json and not backend.takes_json_mode:
            return Tried(name, "refused", "the server takes no response_format")
        return Tried(name, "lost" if lost else judge(reply), describe(reply))

    calling = Request([SYSTEM, UserMessage(CALL)], (REPORT,))
    streamed = await ask("tool call, streamed", calling, _called)
    whole = await ask("tool call, in one piece", calling, _called, streams=False)
    json_mode = await ask("JSON mode", Request([SYSTEM, UserMessage(JSON)], json=True), _is_json)
    vision = None
    if abilities.vision is not False:
        picture = UserMessage(LOOK, (draw([PICTURED]).uri,))
        vision = await ask("vision", Request([SYSTEM, picture]), _saw)
    return Trials(streamed, whole, json_mode, vision)


def learned_from(trials: Trials) -> Learned:
    """What runs should know of this."""
    streamed, whole = trials.streamed_call.outcome, trials.whole_call.outcome
    arrives = ("yes", "as text")
    tools: Literal["native", "direct"] | None = None
    if streamed in arrives or whole in arrives:
        tools = "native"
    elif "failed" not in (streamed, whole) and trials.json_mode.outcome != "failed":
        tools = "direct"
    known = {"yes": True, "no": False, "refused": False, "failed": None}
    # An image that was refused is certain; a number that was misread is not.
    seen = {"yes": True, "refused": False}
    sees = seen.get(trials.vision.outcome) if trials.vision is not None else None
    return Learned(
        tools,
        streamed in arrives if tools == "native" and whole in arrives else None,
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

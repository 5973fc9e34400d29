"""What a server can do with its model, and what to change where it should do better.

Nothing here asks the server: this judges what is known, from what the server says about itself and from what was tried
before. `trials` tries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from devstral_ls.config_llm import LlmConfig
from devstral_ls.llm.discovery import Endpoint
from devstral_ls.llm.profiles import Profile, profile_of
from devstral_ls.llm.servers import VLLM_START

Mode = Literal["native-streamed", "native-whole", "direct"]
"""native: with the server's tool calling, the reply streamed or in one piece; direct: with JSON in the reply."""

SMALL_WINDOW = 16_384
"""A context window, in tokens, below which a run soon loses its own beginning."""
GOOD_WINDOW = 65_536
"""Tokens that are enough for most runs."""

VLLM_STREAMS_CALLS = (0, 13)
"""The first vLLM that streams the calls of tokenizers v11 and v13."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What trials have shown; None where nothing was shown."""

    tools: Literal["native", "direct"] | None = None
    streams_calls: bool | None = None
    vision: bool | None = None
    json_mode: bool | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend. problem: a whole sentence. fix: what to do, as a sentence without its full stop."""

    topic: Literal["context", "streaming", "tools", "vision", "model"]
    problem: str
    fix: str

    def __str__(self) -> str:
        return f"{self.problem} {self.fix}."


@dataclass(frozen=True, slots=True)
class Abilities:
    """How to ask this model.

    tools: "direct" where calls have to be asked for in words. chosen: the setting says so. streams_calls: whether calls
    survive streaming. vision: None where nobody knows. why: where the way of asking is known from, as a clause.
    """

    profile: Profile
    tools: Literal["native", "direct"] = "native"
    chosen: bool = False
    streams_calls: bool = True
    vision: bool | None = None
    findings: tuple[Finding, ...] = ()
    why: str = ""

    @property
    def mode(self) -> Mode:
        """How the model is asked for tool calls."""
        return mode_of(self.tools, self.streams_calls)


NOTHING = Learned()


def abilities_of(endpoint: Endpoint, config: LlmConfig, learned: Learned | None = None) -> Abilities:
    """What is known of the model behind `endpoint` without asking it anything."""
    learned = learned or NOTHING
    profile = profile_of(endpoint.model, chosen=config.profile, said=endpoint.said)
    tools = learned.tools or ("direct" if endpoint.tools is False or not profile.calls_tools else "native")
    streams_calls = learned.streams_calls is not False and not _loses_calls(endpoint, profile)
    seen = (config.vision, learned.vision, endpoint.vision, profile.vision)
    vision = next((known for known in seen if known is not None), None)
    findings = [
        _small_window(endpoint),
        _lost_calls(endpoint, streams_calls) if config.tools != "direct" else None,
        _no_tools(endpoint) if tools == "direct" and config.tools == "auto" else None,
    ]
    return Abilities(
        profile,
        tools if config.tools == "auto" else config.tools,
        config.tools != "auto",
        streams_calls,
        vision,
        tuple(finding for finding in findings if finding is not None),
        _why(endpoint, config, profile, learned, streams_calls=streams_calls),
    )


def mode_of(tools: Literal["native", "direct"], streams_calls: bool) -> Mode:
    """The name of a way of asking for tool calls."""
    if tools == "direct":
        return "direct"
    return "native-streamed" if streams_calls else "native-whole"


def _why(endpoint: Endpoint, config: LlmConfig, profile: Profile, learned: Learned, *, streams_calls: bool) -> str:
    """Where the way of asking is known from; what decides is asked first, as in `abilities_of`."""
    name = " ".join(filter(None, (TITLES.get(endpoint.kind, "the server"), endpoint.version)))
    name = name[:1].lower() + name[1:] if name.startswith("The ") else name
    if config.tools != "auto" and (config.tools == "direct" or streams_calls):
        return "llm.tools says so"
    direct = (learned.tools or ("direct" if endpoint.tools is False else None)) == "direct"
    if direct and endpoint.tools is False:
        return f"{name} says it has no tools"
    if direct:
        return "no tool call came when it was tried out"
    if learned.tools is None and not profile.calls_tools:
        return "no server can call tools with it"
    if not streams_calls:
        tried = ", as was tried out" if learned.streams_calls is False else ""
        return f"{name} loses tool calls when it streams them{tried}"
    if learned.tools == "native":
        return "tool calls came when it was tried out"
    return f"{name} says it has tools" if endpoint.tools else "it was not tried out yet"


def version_of(text: str | None) -> tuple[int, ...]:
    """The numbers a version begins with: `v0.12.0rc1` is (0, 12, 0); none when there are none."""
    found = re.match(r"v?([0-9]+(?:\.[0-9]+)*)", text or "")
    return tuple(map(int, found[1].split("."))) if found else ()


def larger_window(endpoint: Endpoint) -> str:
    """How to get a context window that is large enough from this server."""
    match endpoint.kind:
        case "ollama":
            return f"Restart it with more: `OLLAMA_CONTEXT_LENGTH={GOOD_WINDOW} ollama serve`"
        case "llama.cpp":
            return f"Start llama-server with `-c {GOOD_WINDOW}` (times the number of `--parallel` slots)"
        case "vllm":
            return f"Start vLLM with `--max-model-len {GOOD_WINDOW}`"
        case "lm studio":
            return f"Load it with more: `lms load {endpoint.model} --context-length {GOOD_WINDOW}`"
    return f"Give the server a context of {GOOD_WINDOW:,} tokens, or set llm.contextWindow if it has one"


def tools_setup(endpoint: Endpoint, profile: Profile) -> str:
    """How to get tool calls from this server."""
    match endpoint.kind:
        case "vllm":
            parser = profile.calls_parser or "..."
            return f"Start vLLM with `--enable-auto-tool-choice --tool-call-parser {parser}`"
        case "llama.cpp":
            return "Start llama-server with `--jinja`"
        case "ollama":
            return "`ollama pull devstral-small-2` gets a model with tools"
        case "lm studio":
            return "`lms get devstral-small-2` gets a model with tools"
        case "transformers":
            return f"Serve it with vLLM instead: `{VLLM_START}`"
    return "A model or server with tool calling does better; devstral-small-2 has it"


def _loses_calls(endpoint: Endpoint, profile: Profile) -> bool:
    version = version_of(endpoint.version)
    old = endpoint.kind == "vllm" and () < version < VLLM_STREAMS_CALLS
    return old and profile.tokenizer in ("v11", "v13")


def _small_window(endpoint: Endpoint) -> Finding | None:
    window = endpoint.context_window
    if window is None or window >= SMALL_WINDOW:
        return None
    name = TITLES.get(endpoint.kind, "The server")
    return Finding(
        "context",
        f"{name} gives {endpoint.model} {window:,} tokens of context, too few for most runs.",
        larger_window(endpoint),
    )


def _lost_calls(endpoint: Endpoint, streams_calls: bool) -> Finding | None:
    if streams_calls:
        return None
    name = " ".join(filter(None, (TITLES.get(endpoint.kind, "The server"), endpoint.version)))
    fix = "Upgrade it to 0.13 or newer" if endpoint.kind == "vllm" else "Upgrade the server"
    return Finding(
        "streaming",
        f"{name} loses the tool calls of {endpoint.model} when it streams them; replies are asked for in one piece.",
        fix,
    )


def _no_tools(endpoint: Endpoint) -> Finding:
    name = TITLES.get(endpoint.kind, "The server")
    profile = profile_of(endpoint.model, said=endpoint.said)
    return Finding(
        "tools",
        f"{name} can't call tools with {endpoint.model}; the model is asked for JSON instead, which works less well.",
        tools_setup(endpoint, profile),
    )


TITLES = {
    "ollama": "Ollama",
    "vllm": "vLLM",
    "llama.cpp": "llama.cpp",
    "lm studio": "LM Studio",
    "transformers": "transformers serve",
    "mistral": "The Mistral API",
}
"""Servers as sentences begin with them."""

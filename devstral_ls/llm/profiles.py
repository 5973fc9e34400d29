"""What is known of a model before anybody asks it: how its conversations are laid out, what it sees, its sampling."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from devstral_ls.config_llm import ProfileName

Tokenizer = Literal["v7", "v11", "v13"]
"""How Mistral's tokenizers lay a conversation out; the generation decides how a tool call is written."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of model.

    title: for messages. window: the longest context it was made for, in tokens. tokenizer: None for a model that isn't
    Mistral's. vision: None where the name doesn't tell. calls_tools: False for a model that was never taught to.
    calls_parser: vLLM's `--tool-call-parser` for it, None where nothing is known.
    """

    name: ProfileName
    title: str
    window: int
    tokenizer: Tokenizer | None
    vision: bool | None
    temperature: float = 0.15
    calls_tools: bool = True
    calls_parser: str | None = "mistral"

    @property
    def is_devstral(self) -> bool:
        return self.name.startswith("devstral")

    @property
    def is_mistral(self) -> bool:
        return self.tokenizer is not None


DEVSTRAL_SMALL_2 = Profile("devstral-small-2", "Devstral Small 2", 262_144, "v13", True)
DEVSTRAL_2 = Profile("devstral-2", "Devstral 2", 262_144, "v13", False)
DEVSTRAL_SMALL_1_1 = Profile("devstral-small-1.1", "Devstral Small 1.1", 131_072, "v13", False)
DEVSTRAL_SMALL_1_0 = Profile("devstral-small-1.0", "Devstral Small 1.0", 131_072, "v7", False)
MISTRAL = Profile("mistral", "a Mistral model", 131_072, "v13", None)
GENERIC = Profile("generic", "another model", 32_768, None, None, calls_parser=None)

PROFILES: Mapping[ProfileName, Profile] = {
    profile.name: profile
    for profile in (DEVSTRAL_SMALL_2, DEVSTRAL_2, DEVSTRAL_SMALL_1_1, DEVSTRAL_SMALL_1_0, MISTRAL, GENERIC)
}


def profile_of(model: str, *, chosen: ProfileName = "auto", said: str | None = None) -> Profile:
    """The profile of the model that a server calls `model`.

    chosen: the setting, which wins. said: what the server says the model is made from (a path, a repository, a family);
    it decides where the name means nothing, as with `--served-model-name coder`.
    """
    if chosen != "auto":
        return PROFILES[chosen]
    for text in (model, said):
        found = _known(text) if text else None
        if found is not None:
            return found
    return GENERIC


def _known(text: str) -> Profile | None:
    """Names come as `devstral-small-2:24b`, `mistralai/Devstral-Small-2-24B-Instruct-2512`, GGUF file names, ..."""
    name = re.sub(r"[\s_]+", "-", text.lower())
    return next((profile for pattern, profile in _BY_NAME if pattern.search(name)), None)


def _mistral(tokenizer: Tokenizer, vision: bool | None, window: int = 131_072, *, calls_tools: bool = True) -> Profile:
    return Profile("mistral", MISTRAL.title, window, tokenizer, vision, calls_tools=calls_tools)


def _generic(window: int, temperature: float, parser: str | None, *, calls_tools: bool = True) -> Profile:
    vision = None
    return Profile("generic", GENERIC.title, window, None, vision, temperature, calls_tools, parser)


# Dates (yymm) are the surest sign; "latest" and a bare number only mean something after the name.
_BY_NAME = tuple(
    (re.compile(pattern), profile)
    for pattern, profile in (
        (r"devstral.*small.*2512|devstral-?small-?(2(?![0-9])|latest)", DEVSTRAL_SMALL_2),
        (r"devstral.*2512|devstral-?((medium|large)-)?(2(?![0-9])|latest$)", DEVSTRAL_2),
        (r"devstral.*(2507|1\.1)|devstral-?medium", DEVSTRAL_SMALL_1_1),
        (r"devstral", DEVSTRAL_SMALL_1_0),
        (r"ministral-?3|ministral.*2512|mistral-?large.*2512|mistral-?large-?3", _mistral("v13", True, 262_144)),
        (r"magistral.*(1\.2|2509)|mistral-?medium-?3", _mistral("v13", True)),
        (r"mistral-?small.*(2506|3\.2)", _mistral("v11", True)),
        (r"magistral", _mistral("v11", False, 40_960)),
        (r"mistral-?small.*(2503|3\.1)|pixtral", _mistral("v7", True)),
        (r"mistral-?small.*(2501|24b)", _mistral("v7", False, 32_768)),
        (r"codestral-?mamba|mamba-?codestral", _mistral("v7", False, 262_144, calls_tools=False)),
        (r"mistral.*nemo", _mistral("v7", False)),
        (r"codestral", _mistral("v7", False, 262_144)),
        (r"m[ia][a-z]*stral|mixtral|voxtral", MISTRAL),
        (r"qwen-?3", _generic(262_144, 0.7, "qwen3_coder")),
        (r"qwen-?2\.?5?", _generic(32_768, 0.7, "hermes")),
        # No server has a template with tools for it.
        (r"deepseek-?coder-?v2", _generic(163_840, 0.3, None, calls_tools=False)),
        (r"llama-?3\.[1-3]", _generic(131_072, 0.15, "llama3_json")),
        (r"gpt-oss", _generic(131_072, 1.0, "openai")),
    )
)

"""Which model it is, from every spelling that servers use."""

from __future__ import annotations

import pytest

from devstral_ls.config_llm import ProfileName
from devstral_ls.llm.profiles import GENERIC, PROFILES, profile_of


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("devstral-small-2", "devstral-small-2"),
        ("devstral-small-2:latest", "devstral-small-2"),
        ("devstral-small-2:24b", "devstral-small-2"),
        ("devstral-small-2:24b-instruct-2512-q4_K_M", "devstral-small-2"),
        ("mistralai/Devstral-Small-2-24B-Instruct-2512", "devstral-small-2"),
        ("hf.co/unsloth/Devstral-Small-2-24B-Instruct-2512-GGUF:Q4_K_M", "devstral-small-2"),
        ("Devstral_Small_2_24B_Instruct_2512-Q8_0.gguf", "devstral-small-2"),
        ("mistralai/devstral-small-2-2512", "devstral-small-2"),
        ("devstral-small-latest", "devstral-small-2"),
        ("labs-devstral-small-2512", "devstral-small-2"),
        ("devstral-2", "devstral-2"),
        ("devstral-2:123b-cloud", "devstral-2"),
        ("mistralai/Devstral-2-123B-Instruct-2512", "devstral-2"),
        ("devstral-2512", "devstral-2"),
        ("devstral-latest", "devstral-2"),
        ("devstral-medium-latest", "devstral-2"),
        ("devstral-small-2507", "devstral-small-1.1"),
        ("mistralai/Devstral-Small-2507", "devstral-small-1.1"),
        ("Devstral-Small-2507-Q4_K_M.gguf", "devstral-small-1.1"),
        ("devstral-small-1.1", "devstral-small-1.1"),
        ("devstral-medium-2507", "devstral-small-1.1"),
        ("devstral", "devstral-small-1.0"),
        ("devstral:24b", "devstral-small-1.0"),
        ("mistralai/Devstral-Small-2505", "devstral-small-1.0"),
        ("devstral-small-2505-mlx", "devstral-small-1.0"),
        ("mistral-small3.2:24b", "mistral"),
        ("mistral:v0.3", "mistral"),
        ("open-mistral-nemo", "mistral"),
        ("codestral-latest", "mistral"),
        ("magistral-small-2509", "mistral"),
        ("qwen2.5-coder:7b", "generic"),
        ("Qwen/Qwen3-Coder-30B-A3B-Instruct", "generic"),
        ("deepseek-coder-v2:16b", "generic"),
        ("llama3.1:8b", "generic"),
        ("gpt-4o", "generic"),
        ("", "generic"),
    ],
)
def test_a_name_tells_the_model(model: str, name: ProfileName) -> None:
    assert profile_of(model).name == name


def test_the_generations_differ_in_what_matters() -> None:
    small_2, big_2 = profile_of("devstral-small-2"), profile_of("devstral-2")
    small_11, small_10 = profile_of("devstral-small-2507"), profile_of("devstral-small-2505")
    assert (small_2.tokenizer, small_2.vision, small_2.window) == ("v13", True, 262_144)
    assert (big_2.tokenizer, big_2.vision, big_2.window) == ("v13", False, 262_144)
    assert (small_11.tokenizer, small_11.vision, small_11.window) == ("v13", False, 131_072)
    assert (small_10.tokenizer, small_10.vision, small_10.window) == ("v7", False, 131_072)
    assert {each.temperature for each in (small_2, big_2, small_11, small_10)} == {0.15}
    assert profile_of("mistral-small-2506").tokenizer == "v11"


def test_a_name_that_says_nothing_leaves_it_to_the_server() -> None:
    assert profile_of("coder", said="mistralai/Devstral-Small-2-24B-Instruct-2512").name == "devstral-small-2"
    assert profile_of("coder", said="/models/Devstral-Small-2507-Q4_K_M.gguf").name == "devstral-small-1.1"
    assert profile_of("devstral-small-2", said="/models/ggml-model-q4.gguf").name == "devstral-small-2"
    assert profile_of("coder", said="/models/mine.gguf") is GENERIC


@pytest.mark.parametrize("name", list(PROFILES))
def test_the_setting_wins(name: ProfileName) -> None:
    assert profile_of("devstral-small-2505", chosen=name).name == name

"""What is concluded from what a server says, and the exact words of the fixes."""

# ruff: noqa: E501 - one case to a line

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.config_llm import LlmConfig
from devstral_ls.llm.abilities import Learned, abilities_of, version_of
from devstral_ls.llm.discovery import Endpoint
from devstral_ls.llm.fitted import remarks
from devstral_ls.llm.learned import FORGET_AFTER, Notebook
from devstral_ls.llm.servers import Kind

SMALL_2 = "devstral-small-2"


def endpoint(kind: Kind, model: str = SMALL_2, **options: Any) -> Endpoint:
    return Endpoint("http://127.0.0.1:1/v1", model, None, kind, **options)


def findings(at: Endpoint, config: LlmConfig | None = None, learned: Learned | None = None) -> list[str]:
    return list(map(str, abilities_of(at, config or LlmConfig(), learned or Learned()).findings))


@pytest.mark.parametrize(
    ("kind", "window", "said"),
    [
        ("ollama", 4096, "Ollama gives devstral-small-2 4,096 tokens of context, too few for most runs. Restart it with more: `OLLAMA_CONTEXT_LENGTH=65536 ollama serve`."),
        ("llama.cpp", 8192, "llama.cpp gives devstral-small-2 8,192 tokens of context, too few for most runs. Start llama-server with `-c 65536` (times the number of `--parallel` slots)."),
        ("vllm", 8192, "vLLM gives devstral-small-2 8,192 tokens of context, too few for most runs. Start vLLM with `--max-model-len 65536`."),
        ("lm studio", 4096, "LM Studio gives devstral-small-2 4,096 tokens of context, too few for most runs. Load it with more: `lms load devstral-small-2 --context-length 65536`."),
        ("ollama", 65536, None),
        ("ollama", None, None),
    ],
)  # fmt: skip
def test_a_small_window_comes_with_its_fix(kind: Kind, window: int | None, said: str | None) -> None:
    assert findings(endpoint(kind, context_window=window)) == ([said] if said else [])


@pytest.mark.parametrize(
    ("version", "model", "streams"),
    [
        ("0.12.0", SMALL_2, False),
        ("0.11.1rc2.dev3+g1234", SMALL_2, False),
        ("0.12.0", "mistral-small-2506", False),
        ("0.12.0", "coder", True),
        ("0.12.0", "mistralai/Devstral-Small-2505", True),
        ("0.13.0", SMALL_2, True),
        ("1.0", SMALL_2, True),
        (None, SMALL_2, True),
        ("nightly", SMALL_2, True),
    ],
)
def test_an_old_vllm_is_asked_in_one_piece(version: str | None, model: str, streams: bool) -> None:
    able = abilities_of(endpoint("vllm", model, version=version), LlmConfig())
    assert able.streams_calls is streams
    assert [finding.topic for finding in able.findings] == ([] if streams else ["streaming"])


def test_the_fix_for_an_old_vllm_is_to_upgrade_it() -> None:
    assert findings(endpoint("vllm", version="0.12.0")) == [
        "vLLM 0.12.0 loses the tool calls of devstral-small-2 when it streams them; replies are asked for in one piece. "
        "Upgrade it to 0.13 or newer."
    ]


def test_what_the_server_says_about_tools_decides_and_the_setting_wins() -> None:
    without = endpoint("ollama", "gemma:7b", tools=False)
    assert abilities_of(without, LlmConfig()).tools == "direct"
    assert "`ollama pull devstral-small-2`" in findings(without)[0]
    assert abilities_of(without, LlmConfig(tools="native")).tools == "native"
    assert findings(without, LlmConfig(tools="native")) == []
    assert abilities_of(endpoint("ollama"), LlmConfig(tools="direct")).tools == "direct"
    assert findings(endpoint("ollama"), LlmConfig(tools="direct")) == []
    assert abilities_of(endpoint("ollama", "deepseek-coder-v2:16b"), LlmConfig()).tools == "direct"


def test_what_was_tried_counts_more_than_what_is_said() -> None:
    at = endpoint("ollama", "gemma:7b", tools=False, vision=False)
    able = abilities_of(at, LlmConfig(), Learned("native", False, True))
    assert (able.tools, able.streams_calls, able.vision) == ("native", False, True)


def test_a_run_hears_of_one_thing_and_where_to_hear_the_rest() -> None:
    able = abilities_of(endpoint("vllm", version="0.12.0", context_window=4096), LlmConfig())
    (line,) = remarks(able)
    assert line.startswith("vLLM gives devstral-small-2 4,096 tokens")
    assert line.endswith("`devstral-ls doctor` knows 1 more.")
    assert remarks(abilities_of(endpoint("vllm"), LlmConfig())) == []


@pytest.mark.parametrize(("text", "version"), [("v0.12.0rc1", (0, 12, 0)), ("b9310-0c", ()), (None, ()), ("1", (1,))])
def test_a_version_is_the_numbers_it_begins_with(text: str | None, version: tuple[int, ...]) -> None:
    assert version_of(text) == version


def test_what_was_learned_is_kept_by_server_model_and_version(tmp_path: Path) -> None:
    notes, learned = Notebook(tmp_path / "state"), Learned("direct", None, False, True)
    at = Endpoint("http://me:hush@127.0.0.1:1/v1", SMALL_2, "sk-hush", "vllm", version="0.12.0")
    notes.keep(at, learned, now=1000.0)
    file = tmp_path / "state" / "servers.json"
    assert Notebook(tmp_path / "state").recall(at, now=2000.0) == learned
    assert notes.recall(endpoint("vllm", version="0.13.0"), now=2000.0) is None
    assert notes.recall(at, now=1001.0 + FORGET_AFTER) is None
    assert "hush" not in file.read_text()
    assert os.name == "nt" or file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "[]", "{", '{"http://127.0.0.1:1/v1 m -": 3}', '{"http://127.0.0.1:1/v1 m -": {"at": 1e99, "tools": "no", "vision": 3}}'])  # fmt: skip
def test_a_broken_notebook_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "servers.json").write_text(text)
    at = endpoint("other", "m")
    assert Notebook(tmp_path).recall(at) in (None, Learned())
    Notebook(tmp_path).keep(at, Learned("native"))
    assert Notebook(tmp_path).recall(at) == Learned("native")

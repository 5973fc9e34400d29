"""What stays the same in another server's frames and with other names, and what a cut may never let run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from devstral_ls.llm.replay import run_case

from .cases import CASES, CONTENTS, Case, expected, with_each

_CALLS = [case for case in CONTENTS if case["expected"]["tool_calls"]]
_OFFERED_CALLS = [
    case for case in _CALLS if all(call["name"] in case["tools"] for call in case["expected"]["tool_calls"])
]
_OPEN_CALLS = [
    case for case in _CALLS if "reasoning" not in case["expected"] and not case["content"].lstrip().startswith("```")
]
_WHOLE_CALLS = [case for case in _CALLS if case.get("finish", "stop") == "stop"]
_SOUND_CALLS = [
    case for case in _WHOLE_CALLS if all(call["arguments"] is not None for call in case["expected"]["tool_calls"])
]


def without_usage(actual: Case) -> Case:
    return {key: value for key, value in actual.items() if key != "usage"}


def answered(case: Case, **changes: Any) -> Case:
    return run_case({key: case[key] for key in ("tools", "content", "finish", "request") if key in case} | changes)


def chunk(delta: Case, finish: str | None = None, **more: Any) -> Case:
    return {"id": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def pieces(text: str) -> list[str]:
    return [text[at : at + 4] for at in range(0, len(text), 4)]


_USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}


def as_vllm(text: str, finish: str) -> list[Any]:
    nulls: Case = {"prompt_token_ids": None, "kv_transfer_params": None}
    said = [chunk({"content": piece}, **nulls) for piece in pieces(text)]
    end = [chunk({"content": ""}, finish), {"choices": [], "usage": _USAGE}, "data: [DONE]\n\n"]
    return [chunk({"role": "assistant", "content": ""}), *said, *end]


def as_ollama(text: str, finish: str) -> list[Any]:
    said = [chunk({"role": "assistant", "content": piece}, model="devstral") for piece in pieces(text)]
    return [*said, chunk({"role": "assistant", "content": ""}, finish, model="devstral"), "data: [DONE]\n\n"]


def as_llama_cpp(text: str, finish: str) -> list[Any]:
    said = [chunk({"content": piece}) for piece in pieces(text)]
    end = chunk({}, finish, timings={"n": 1})
    frames = [":\n\n", chunk({"role": "assistant", "content": None}), *said, ":\n\n", end]
    return [f if isinstance(f, str) else f"data: {json.dumps(f, ensure_ascii=False)}\n\n" for f in frames]


def as_mistral(text: str, finish: str) -> list[Any]:
    parts = [
        chunk({"content": piece if n % 2 else [{"type": "text", "text": piece}]}, p="abc"[: n % 4])
        for n, piece in enumerate(pieces(text))
    ]
    return [chunk({"role": "assistant", "content": ""}), *parts, chunk({"content": ""}, finish, usage=_USAGE)]


def as_transformers(text: str, finish: str) -> list[Any]:
    said = [chunk({"content": piece}) for piece in pieces(text)]
    return [chunk({"role": "assistant"}), *said, chunk({}, finish, usage=_USAGE)]


def as_lm_studio(text: str, finish: str) -> list[Any]:
    frames = [chunk({"role": "assistant", "content": piece, "tool_calls": []}) for piece in pieces(text)]
    frames.append(chunk({"content": None, "tool_calls": None}, finish))
    return [f"event: message\r\nid: 7\r\ndata:{json.dumps(frame)}\r\n\r\n" for frame in frames]


def with_the_finish_on_the_last_piece(text: str, finish: str) -> list[Any]:
    *said, last = pieces(text)
    return [*(chunk({"content": piece}) for piece in said), chunk({"content": last}, finish)]


_FRAMINGS: list[Callable[[str, str], list[Any]]] = [
    *(as_vllm, as_ollama, as_llama_cpp, as_mistral, as_transformers, as_lm_studio),
    with_the_finish_on_the_last_piece,
]


@pytest.mark.parametrize("frame", _FRAMINGS, ids=lambda frame: frame.__name__)
@with_each(CONTENTS)
def test_a_message_is_the_same_in_every_servers_frames(case: Case, frame: Callable[[str, str], list[Any]]) -> None:
    stream = frame(case["content"], case.get("finish", "stop"))
    actual = run_case({"tools": case["tools"], "request": case.get("request"), "stream": stream})
    assert without_usage(actual) == expected(case)


@with_each(_WHOLE_CALLS)
def test_an_end_of_text_token_behind_a_call_changes_nothing(case: Case) -> None:
    assert answered(case, content=case["content"].removesuffix("</s>") + "</s>") == expected(case)


@pytest.mark.parametrize(
    "names", [("q", "qq", "q_q"), ("Web-Search", "web_fetch2", "mcp__x__y"), ("read", "reads", "re")]
)
@with_each(_OFFERED_CALLS)
def test_tools_may_have_any_names(case: Case, names: tuple[str, ...]) -> None:
    renamed = dict(zip(case["tools"], (*names, "zeta", "eta", "theta"), strict=False))

    def rename(text: str) -> str:
        for number, name in enumerate(sorted(renamed, key=len, reverse=True)):
            text = text.replace(name, f"\0{number}\0")
        for number, name in enumerate(sorted(renamed, key=len, reverse=True)):
            text = text.replace(f"\0{number}\0", renamed[name])
        return text

    wanted = json.loads(rename(json.dumps(expected(case), ensure_ascii=False)))
    actual = answered(case, content=rename(case["content"]), tools=list(renamed.values()))
    # Where JSON needs no escapes, renaming its text and renaming its values is the same.
    assert json.dumps(actual, sort_keys=True) == json.dumps(wanted, sort_keys=True)


@with_each(_CALLS)
def test_nothing_is_a_call_when_no_tool_is_on_offer_or_none_is_wanted(case: Case) -> None:
    for actual in (answered(case, tools=[]), answered(case, request={"tool_choice": "none"})):
        assert actual["tool_calls"] == []
        if "reasoning" not in expected(case):
            assert actual["text"] == case["content"].rstrip().removesuffix("</s>") or actual["text"] == case["content"]


@with_each([case for case in _CALLS if "```" not in case["content"]])
def test_an_example_in_a_fence_is_text(case: Case) -> None:
    text = f"For example:\n\n```\n{case['content']}\n```\n\nThat is all."
    assert answered(case, content=text, finish="stop") == {"text": text, "tool_calls": [], "finish": "stop"}


@with_each(_OPEN_CALLS)
@pytest.mark.parametrize("prose", ["Ich sehe mir das an.\n\n", "Je regarde.\n", "見てみます。\n\n", "- one\n- two\n\n"])
def test_prose_in_a_paragraph_before_a_call_is_kept(case: Case, prose: str) -> None:
    wanted = expected(case)
    actual = answered(case, content=prose + case["content"])
    assert actual["tool_calls"] == wanted["tool_calls"]
    assert actual["text"].startswith(prose.rstrip())
    assert actual["text"].split() == prose.split() + wanted["text"].split()
    assert actual["recovered"] == {"json": "json_after_text"}.get(wanted["recovered"], wanted["recovered"])


@with_each(_SOUND_CALLS)
def test_wherever_a_message_is_cut_no_call_runs_that_is_not_in_it(case: Case) -> None:
    whole = expected(case)["tool_calls"]
    for end in range(len(case["content"])):
        for finish in ("length", None):
            text = case["content"][:end]
            stream = [chunk({"content": text}), *([chunk({}, finish)] if finish else [])]
            actual = run_case({"tools": case["tools"], "request": case.get("request"), "stream": stream})
            runs = [call for call in actual["tool_calls"] if call["arguments"] is not None]
            ran = [(call["name"], call["arguments"]) for call in runs]
            assert ran == [(call["name"], call["arguments"]) for call in whole[: len(ran)]], text
            broken = [call for call in actual["tool_calls"] if call["arguments"] is None]
            assert broken == actual["tool_calls"][len(runs) :], text
            assert len(broken) <= 1, text
            assert all(call["error"] == "truncated" for call in broken), text
            assert actual["finish"] == (finish or "incomplete")


_STREAMS = [case for case in CASES if "stream" in case and all(isinstance(f, dict) for f in case["stream"][:-1])]


def again(case: Case, stream: list[Any]) -> Case:
    return run_case({"tools": case["tools"], "request": case.get("request"), "stream": stream})


@with_each(_STREAMS)
def test_line_ends_comments_and_unknown_fields_change_nothing(case: Case) -> None:
    noisy: list[Any] = ["\ufeff: hello\r\n\r\n"]
    for number, frame in enumerate(case["stream"]):
        if isinstance(frame, str):
            noisy.append(frame.replace("\n", "\r\n"))
            continue
        frame = {"obfuscation": "x" * number, "service_tier": None, **frame}
        noisy += [f": {number}\r\n\r\n", f"id: {number}\r\ndata:{json.dumps(frame)}\r\n\r\n"]
    assert again(case, noisy) == expected(case)


def in_letters(frame: Any) -> list[Any]:
    """The chunk as several: one letter of text or arguments in each."""
    choices = frame.get("choices") if isinstance(frame, dict) else None
    if not (isinstance(choices, list) and len(choices) == 1 and isinstance(choices[0], dict)):
        return [frame]
    choice = choices[0]
    delta = choice.get("delta")
    if not isinstance(delta, dict) or choice.get("index") not in (0, None):
        return [frame]
    deltas: list[Case] = []
    rest = dict(delta)
    if isinstance(rest.get("content"), str):
        deltas += [{"content": letter} for letter in rest.pop("content")]
    entries = rest.pop("tool_calls", None)
    for entry in entries or []:
        function = entry.get("function") if isinstance(entry, dict) else None
        arguments = function.get("arguments") if isinstance(function, dict) else None
        if not isinstance(function, dict) or not isinstance(arguments, str) or not arguments:
            deltas.append({"tool_calls": [entry]})
            continue
        deltas.append({"tool_calls": [entry | {"function": function | {"arguments": arguments[0]}}]})
        where = {"index": entry["index"]} if "index" in entry else {}
        deltas += [{"tool_calls": [where | {"function": {"arguments": letter}}]} for letter in arguments[1:]]
    pieces = [{**frame, "choices": [{**choice, "delta": piece, "finish_reason": None}]} for piece in deltas]
    return [*pieces, {**frame, "choices": [{**choice, "delta": rest}]}]


@with_each(_STREAMS)
def test_deltas_of_one_letter_change_nothing(case: Case) -> None:
    assert again(case, [piece for frame in case["stream"] for piece in in_letters(frame)]) == expected(case)

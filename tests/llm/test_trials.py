"""What is concluded from four tiny requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from devstral_ls.config_llm import LlmConfig
from devstral_ls.llm.abilities import Finding, Learned, abilities_of
from devstral_ls.llm.discovery import find_server
from devstral_ls.llm.trials import Trials, findings_from, learned_from, try_out, try_quietly
from devstral_ls.scripted import Answered, Call, Manner, Script, ScriptedServer, Turn

NATIVE = Turn(calls=[Call("report_number", {"number": 7})], when="report_number")
READY = Turn('{"ready": true}', when="JSON")
SEEN = Turn("47", when="picture")


async def tried(
    turns: Sequence[Turn],
    manner: Manner = "vllm",
    *,
    model: str = "devstral-small-2",
    tools: bool = True,
    patience: float = 20.0,
    **options: Any,
) -> tuple[Trials, Learned, list[Finding], ScriptedServer]:
    with ScriptedServer(Script(turns, model=model, tools=tools), manner, **options) as server:
        config = LlmConfig(base_url=server.base_url)
        endpoint = await find_server(config, {"HOME": "/nowhere"})
        able = abilities_of(endpoint, config)
        trials = await try_out(endpoint, config, able, patience)
    return trials, learned_from(trials), findings_from(trials, endpoint, able), server


async def test_a_server_that_can_do_everything_leaves_nothing_to_mend() -> None:
    trials, learned, findings, server = await tried([NATIVE, NATIVE, READY, SEEN])
    assert [(each.name, each.outcome) for each in trials.all] == [
        ("tool call, streamed", "yes"),
        ("tool call, in one piece", "yes"),
        ("JSON mode", "yes"),
        ("vision", "yes"),
    ]
    assert trials.streamed_call.came == 'report_number {"number": 7}'
    assert (learned, findings, trials.failed) == (Learned("native", True, True, True), [], None)
    assert [request["stream"] for request in server.requests] == [True, False, True, True]
    assert all(request["max_tokens"] <= 256 for request in server.requests)


async def test_calls_printed_as_text_come_with_the_flags_that_mend_it() -> None:
    printed = Turn('[TOOL_CALLS]report_number[ARGS]{"number": 7}', when="report_number")
    _, learned, findings, _ = await tried([printed, printed, READY, SEEN])
    assert learned.tools == "native"
    assert findings[0].fix == "Start vLLM with `--enable-auto-tool-choice --tool-call-parser mistral`"
    _, _, findings, _ = await tried([printed, printed, READY, SEEN], "llama.cpp")
    assert findings[0].fix == "Start llama-server with `--jinja`"


async def test_calls_that_streaming_loses_are_told_from_calls_that_are_never_made() -> None:
    chunk = {"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}]}
    usage = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 20}}
    swallowed = Turn(raw=[chunk, usage, "data: [DONE]\n\n"], when="report_number")
    trials, learned, findings, _ = await tried([swallowed, NATIVE, NATIVE, READY, SEEN])
    assert (trials.streamed_call.outcome, trials.whole_call.outcome) == ("lost", "yes")
    assert (learned.tools, learned.streams_calls) == ("native", False)
    assert [(finding.topic, finding.fix) for finding in findings] == [("streaming", "Upgrade vLLM to 0.13 or newer")]


async def test_refused_tools_mean_direct_prompting() -> None:
    trials, learned, findings, _ = await tried([READY], "ollama", model="deepseek-coder-v2:16b", tools=False)
    assert (trials.streamed_call.outcome, learned.tools) == ("refused", "direct")
    assert findings[0].fix == "`ollama pull devstral-small-2` gets a model with tools"


async def test_a_model_that_never_calls_is_asked_for_json() -> None:
    talks = Turn("I can't call tools.", when="report_number")
    _, learned, findings, _ = await tried([talks, talks, READY, SEEN])
    assert learned == Learned("direct", None, True, True)
    assert findings[0].topic == "tools"


async def test_a_model_that_misreads_or_is_refused_a_picture() -> None:
    _, learned, findings, _ = await tried([NATIVE, NATIVE, READY, Turn("12", when="picture")])
    assert (learned.vision, findings) == (None, [])
    refused = Turn(
        error=Answered(500, {"error": {"message": "image input is not supported", "code": 500}}), when="picture"
    )
    _, learned, findings, _ = await tried([NATIVE, NATIVE, READY, refused], "llama.cpp")
    assert learned.vision is False
    assert findings[0].fix == "Start llama-server with `--mmproj FILE`"
    trials, _, _, _ = await tried([NATIVE, NATIVE, READY], model="devstral-2")
    assert trials.vision is None


async def test_a_server_that_answers_nothing_at_all_is_told_from_one_that_lacks_something() -> None:
    trials, learned, _, _ = await tried([])
    assert "no turn left" in str(trials.failed)
    assert learned == Learned()


async def quietly(
    turns: Sequence[Turn], *, patience: float = 20.0, model: str = "devstral-small-2", **options: Any
) -> tuple[Learned | None, ScriptedServer]:
    tools = options.pop("tools", True)
    with ScriptedServer(Script(turns, model=model, tools=tools), **options) as server:
        config = LlmConfig(base_url=server.base_url)
        endpoint = await find_server(config, {"HOME": "/nowhere"})
        learned = await try_quietly(endpoint, config, abilities_of(endpoint, config), patience)
    return learned, server


async def test_before_a_run_one_request_is_enough_where_the_call_comes() -> None:
    learned, server = await quietly([NATIVE])
    assert learned == Learned("native", True, None, None)
    assert [request["stream"] for request in server.requests] == [True]


async def test_before_a_run_more_is_asked_only_where_the_answer_matters() -> None:
    talks = Turn("I can't.", when="report_number")
    learned, server = await quietly([talks, NATIVE])
    assert learned == Learned("native", False, None, None)
    assert len(server.requests) == 2
    learned, server = await quietly([talks, talks, READY])
    assert learned == Learned("direct", None, None, True)
    assert len(server.requests) == 3
    learned, server = await quietly([NATIVE, SEEN], model="coder")
    assert (learned, len(server.requests)) == (Learned("native", True, True, None), 2)


async def test_an_old_vllm_is_found_out_by_the_trial_too() -> None:
    learned, _ = await quietly([NATIVE, NATIVE, NATIVE], model="coder", version="0.12.0")
    assert learned is not None
    assert (learned.tools, learned.streams_calls) == ("native", False)


async def test_a_model_that_takes_too_long_is_not_waited_for_and_not_tried_again() -> None:
    learned, server = await quietly([Turn(hang=True)], patience=0.2)
    assert learned == Learned()
    assert server.await_disconnects()
    trials, _, _, _ = await tried([Turn(hang=True)], patience=0.2)
    assert [each.came for each in trials.all] == ["no answer in time", "not tried", "not tried", "not tried"]
    assert trials.failed == "no answer in time"


async def test_where_nobody_answers_nothing_is_learned() -> None:
    refuses = Turn(error=Answered(401, {"error": "Unauthorized"}))
    assert (await quietly([refuses]))[0] is None
    missing = Turn(error=Answered(404, {"error": {"message": "The model `x` does not exist."}}))
    learned, server = await quietly([missing])
    assert (learned, len(server.requests)) == (None, 1)

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from devstral_ls.agent.events import (
    CallAnnounced,
    PromptSent,
    ReasoningReceived,
    ReplyReceived,
    RunEnded,
    TextReceived,
    ToolFinished,
    ToolStarted,
    TurnStarted,
)
from devstral_ls.errors import ForUser, ReplyBroken, ServerUnreachable
from devstral_ls.llm.backend import CallPart, Part, ReasoningPart, Reply, Retrying, TextPart, Usage
from devstral_ls.llm.messages import AssistantMessage, SystemMessage, ToolCall, ToolMessage, UserMessage
from devstral_ls.tools.commands import CommandResult, Told
from devstral_ls.tools.python import Python
from devstral_ls.tools.tool import Tool, ToolContext, ToolOutput, tool
from devstral_ls.workspace.view import View
from tests.agent.doubles import Fail, Hang, broken_call, call, calling
from tests.agent.stage import Stage

READ = {"file_path": "a.py"}
EDIT = {"file_path": "a.py", "old_string": "one", "new_string": "1"}


@dataclass(frozen=True)
class Nothing:
    pass


def raising(error: Exception) -> Tool:
    """A tool that fails with `error`."""

    async def run(arguments: Nothing, context: ToolContext) -> ToolOutput:
        raise error

    return tool("fail", "Fails.", Nothing, run, lambda arguments: "fail")


# ------------------------------------------------------------------------------------------------------- the loop


async def test_a_question_is_answered_without_tools(stage: Stage) -> None:
    ended = await stage.run(Reply("Forty-two.", usage=Usage(10, 3)), prompt="What?")
    assert ended == RunEnded("end_turn", "Forty-two.", 1)
    assert isinstance(stage.session.messages[0], SystemMessage)
    assert stage.session.messages[1:] == [UserMessage("What?"), AssistantMessage("Forty-two.")]
    assert stage.events == [
        TurnStarted(1),
        PromptSent(None),
        TextReceived("Forty-t"),
        TextReceived("wo."),
        ReplyReceived(Usage(10, 3), 0),
    ]


async def test_tools_run_until_the_model_calls_none(stage: Stage) -> None:
    ended = await stage.run(calling(call("read_file", **READ)), calling(call("edit_file", **EDIT)), Reply("Done."))
    assert ended == RunEnded("end_turn", "Done.", 3)
    assert stage.staged("a.py") == "1\ntwo\n"
    assert stage.results()[0] == "     1\tone\n     2\ttwo"
    stage.check_conversation()


async def test_calls_of_one_reply_run_in_order(stage: Stage) -> None:
    await stage.run(
        calling(call("read_file", **READ), call("edit_file", **EDIT), call("read_file", **READ), text="Now."),
        Reply("Done."),
    )
    assert stage.results()[2] == "     1\t1\n     2\ttwo"
    started = [event.title for event in stage.events if isinstance(event, ToolStarted)]
    assert started == ["read a.py", "edit a.py", "read a.py"]
    finished = [event for event in stage.events if isinstance(event, ToolFinished)]
    assert [event.ok for event in finished] == [True, True, True]
    assert [event.staged for event in finished] == [None, stage.view.resolve("a.py"), None]
    stage.check_conversation()


async def test_the_conversation_is_only_appended_to_and_the_tools_never_change(stage: Stage) -> None:
    await stage.run(calling(call("read_file", **READ)), calling(call("no_such_tool")), Reply(""), Reply("Done."))
    asked = stage.backend.asked
    assert len(asked) == 4
    for before, after in pairwise(asked):
        assert after[: len(before)] == before
        assert all(old is new for old, new in zip(before, after, strict=False))
    assert all(request.tools is stage.backend.requests[0].tools for request in stage.backend.requests)


async def test_a_second_run_goes_on_with_the_conversation(stage: Stage) -> None:
    await stage.run(calling(call("read_file", **READ)), Reply("Read."))
    before = list(stage.session.messages)
    assert not stage.session.is_new
    await stage.run(calling(call("edit_file", **EDIT)), Reply("Done."), prompt="Now edit.")
    assert stage.session.messages[: len(before)] == before
    assert stage.staged("a.py") == "1\ntwo\n"


async def test_everything_the_model_streams_is_reported(stage: Stage) -> None:
    reply = Reply("Hi", recovered="marker", calls=(call("read_file", **READ),), finish="tool_calls")
    parts: list[Part] = [
        ReasoningPart("hm"),
        Retrying("Rate limit.", 2.0),
        TextPart("Hi"),
        CallPart("read_file"),
        reply,
    ]
    await stage.run(parts, Reply("Done."))
    assert ReasoningReceived("hm") in stage.events
    assert CallAnnounced("read_file") in stage.events
    assert "Rate limit. Trying again in 2 s." in stage.notices()
    assert any("(marker)" in notice for notice in stage.notices())


async def test_the_turn_limit_ends_the_run_and_is_announced(stage: Stage) -> None:
    turns = [calling(call("read_file", file_path="a.py", offset=n), text=f"Turn {n}.") for n in (1, 2)]
    assert await stage.run(*turns, max_turns=2) == RunEnded("max_turn_requests", "Turn 2.", 2)
    assert "agent.maxTurns" in stage.notices()[-1]
    stage.check_conversation()


# ----------------------------------------------------------------------------------------------------- failing calls


async def test_a_refused_call_is_the_models_to_correct(stage: Stage) -> None:
    await stage.run(calling(call("edit_file", **EDIT)), Reply("Sorry."))
    assert stage.results() == ["a.py was not read yet. Call read_file on it first, then make the change."]
    (finished,) = [event for event in stage.events if isinstance(event, ToolFinished)]
    assert not finished.ok
    assert finished.summary == finished.output == stage.results()[0]


async def test_an_unknown_tool_is_answered_with_those_there_are(stage: Stage) -> None:
    await stage.run(calling(call("bash", command="ls"), call("read_file", **READ)), Reply("Ok."))
    assert stage.results()[0].startswith("There is no tool bash. The tools are: read_file, write_file, ")
    assert stage.results()[1].startswith("     1\tone")


async def test_arguments_that_are_no_json_object_are_explained(stage: Stage) -> None:
    await stage.run(
        calling(broken_call("read_file", "invalid_json", "{'a'"), broken_call("read_file", "not_object", "[1]")),
        Reply("Ok."),
    )
    assert "not valid JSON" in stage.results()[0]
    assert "{'a'" in stage.results()[0]
    assert "not a JSON object" in stage.results()[1]
    stage.check_conversation()


async def test_cut_off_calls_are_asked_for_in_smaller_pieces_twice(stage: Stage) -> None:
    turns = [Reply("", (broken_call("write_file", "truncated", "x" * n),), "length") for n in (1, 2, 3)]
    ended = await stage.run(*turns)
    assert ended == RunEnded("max_tokens", "", 3)
    assert all("Write smaller pieces" in result for result in stage.results())
    assert "llm.maxTokens" in stage.notices()[-1]
    stage.check_conversation()


async def test_calls_before_the_cut_off_one_are_run(stage: Stage) -> None:
    await stage.run(
        Reply("", (call("read_file", **READ), broken_call("write_file", "truncated")), "length"), Reply("Ok.")
    )
    assert stage.results()[0].startswith("     1\tone")


async def test_a_bug_in_a_tool_is_logged_and_ends_the_run_when_it_repeats(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    bug = raising(ZeroDivisionError("boom"))
    with caplog.at_level(logging.ERROR):
        ended = await stage.run(calling(call("fail")), calling(call("fail"), call("fail")), tools=[bug])
    assert ended.stop_reason == "end_turn"
    assert ended.turns == 2
    assert stage.results()[0].startswith("Internal error")
    assert stage.results()[2].startswith("Not run")
    assert "ZeroDivisionError: boom" in caplog.text
    assert "bug" in stage.notices()[-1]
    stage.check_conversation()


async def test_what_only_the_user_can_mend_ends_the_run(stage: Stage) -> None:
    gone = raising(ForUser("The folder is gone."))
    with pytest.raises(ForUser, match="The folder is gone"):
        await stage.run(calling(call("fail"), call("fail")), tools=[gone])
    assert stage.results() == ["Not run: The folder is gone."] * 2
    stage.check_conversation()


# ----------------------------------------------------------------------------------------------------- repetition


async def test_a_call_repeated_without_effect_is_told_and_then_ends_the_run(stage: Stage) -> None:
    ended = await stage.run(*(calling(call("read_file", **READ)) for _ in range(9)))
    given_up = "Stopped: read a.py was tried 5 times with the same result."
    assert ended == RunEnded("end_turn", "", 5, given_up)
    told = ["This exact call has now given this result" in result for result in stage.results()]
    assert told == [False, False, True, True, True]
    assert stage.notices()[-1] == given_up
    stage.check_conversation()


async def test_repeated_refused_edits_end_the_run(stage: Stage) -> None:
    turns = [calling(call("edit_file", **EDIT), call("glob_files", pattern=f"{n}*")) for n in range(9)]
    ended = await stage.run(*turns)
    assert ended.turns == 5
    assert stage.results()[-1].startswith("Not run")


async def test_looking_again_after_a_change_is_no_repetition(stage: Stage) -> None:
    turns = []
    for n in range(6):
        turns += [calling(call("read_file", **READ), call("list_directory", path="."))]
        turns += [calling(call("write_file", file_path="a.py", content=f"{'x' * n}\n"))]
    ended = await stage.run(*turns, Reply("Done."))
    assert ended == RunEnded("end_turn", "Done.", 13)


async def test_only_durations_that_differ_are_still_a_repetition(stage: Stage) -> None:
    @dataclass
    class Slower:
        duration: float = 0.0
        python: Python | None = None
        asked: list[str] = field(default_factory=list)

        async def run(
            self, command: str, directory: Path, timeout: float, view: View, told: Told | None = None
        ) -> CommandResult:
            self.duration += 1
            return CommandResult(1, f"failed in {self.duration}s", self.duration, False, 0)

    stage.commands = Slower()
    assert (await stage.run(*(calling(call("run_command", command="make")) for _ in range(9)))).turns == 5


# ------------------------------------------------------------------------------------------------- unusable replies


async def test_a_reply_cut_off_in_prose_ends_with_max_tokens(stage: Stage) -> None:
    ended = await stage.run(Reply("A long story that", finish="length"))
    assert ended == RunEnded("max_tokens", "A long story that", 1)
    assert stage.session.messages[-1] == AssistantMessage("A long story that")


async def test_a_reply_that_broke_off_is_asked_for_once_more(stage: Stage) -> None:
    broken = Reply("Half a", (call("edit_file", **EDIT),), "incomplete")
    assert await stage.run(broken, Reply("Whole.")) == RunEnded("end_turn", "Whole.", 2)
    assert stage.results() == []
    assert stage.session.messages[1:] == [UserMessage("Do it."), AssistantMessage("Whole.")]
    assert stage.notices() == ["The model's reply broke off. Asking again."]


async def test_a_reply_that_breaks_off_twice_is_an_error_and_its_text_is_kept(stage: Stage) -> None:
    with pytest.raises(ReplyBroken, match="out of memory"):
        await stage.run(Reply("First", finish="incomplete"), Reply("Second", finish="error", error="out of memory"))
    assert stage.session.messages[-1] == AssistantMessage("Second")
    stage.check_conversation()


async def test_a_swallowed_error_is_asked_about(stage: Stage) -> None:
    flags = frozenset({"ollama_swallowed_error"})
    await stage.run(Reply("", finish="incomplete", flags=flags), Reply("Ok."))
    assert "could not be read" in stage.said()[-1]


async def test_text_before_a_broken_connection_is_kept(stage: Stage) -> None:
    with pytest.raises(ServerUnreachable):
        await stage.run(Fail(ServerUnreachable("Nothing answers."), "I will"))
    assert stage.session.messages[-1] == AssistantMessage("I will")
    assert stage.backend.closed == 1


async def test_a_stream_without_a_reply_is_an_error(stage: Stage) -> None:
    with pytest.raises(ReplyBroken):
        await stage.run([TextPart("Hm")])
    assert stage.session.messages[-1] == AssistantMessage("Hm")


async def test_an_empty_reply_is_asked_about_once(stage: Stage) -> None:
    assert await stage.run(Reply(""), Reply("Here.")) == RunEnded("end_turn", "Here.", 2)
    assert stage.said()[-1].startswith("Your last reply arrived empty.")
    assert await stage.run(Reply(""), Reply(" \n")) == RunEnded("end_turn", "", 2)
    assert "nothing, twice" in stage.notices()[-1]
    stage.check_conversation()


async def test_a_call_printed_as_text_is_asked_about_once(stage: Stage) -> None:
    printed = Reply('Sure: {"name": "read_file"}', flags=frozenset({"suspected_call"}))
    ended = await stage.run(printed, printed)
    assert ended == RunEnded("end_turn", printed.text, 2)
    assert stage.said()[-1].startswith("Your last reply contains a tool call printed as text")


# ---------------------------------------------------------------------------------------------------- cancellation


async def test_cancelling_while_the_model_writes_keeps_its_text_and_closes_the_stream(stage: Stage) -> None:
    stage.backend.turns = [Hang("I will now")]
    task = asyncio.create_task(stage.start())
    await stage.backend.hanging.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stage.session.messages[-1] == AssistantMessage("I will now")
    assert stage.backend.closed == 1


async def test_cancelling_before_the_first_word_leaves_the_prompt(stage: Stage) -> None:
    stage.backend.turns = [Hang()]
    task = asyncio.create_task(stage.start())
    await stage.backend.hanging.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stage.session.messages[-1] == UserMessage("Do it.")


async def test_cancelling_a_tool_answers_every_call(stage: Stage) -> None:
    running = asyncio.Event()

    async def run(arguments: Nothing, context: ToolContext) -> ToolOutput:
        running.set()
        await asyncio.Event().wait()
        raise AssertionError

    slow = tool("slow", "Never ends.", Nothing, run, lambda arguments: "slow")
    calls = (call("slow"), call("slow"), ToolCall("other0001", "read_file", READ))
    stage.backend.turns = [calling(*calls, text="Going.")]
    task = asyncio.create_task(stage.start(tools=[slow]))
    await running.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stage.session.messages[-3:] == [
        ToolMessage(given.id, given.name, "Cancelled by the user.") for given in calls
    ]
    started = [event for event in stage.events if isinstance(event, ToolStarted)]
    finished = [event for event in stage.events if isinstance(event, ToolFinished)]
    assert len(started) == len(finished) == 1
    stage.check_conversation()

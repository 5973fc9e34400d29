"""Conversations that outgrow the model's context window."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from devstral_ls.agent.budget import Budget
from devstral_ls.agent.compaction import LEFT_OUT
from devstral_ls.agent.events import RunEnded
from devstral_ls.agent.guards import EMPTY
from devstral_ls.agent.memo import SUMMARISE, Aside, Memo, users_words
from devstral_ls.errors import ContextExceeded, ServerUnreachable
from devstral_ls.llm import tokens
from devstral_ls.llm.backend import Reply, Usage
from devstral_ls.llm.canonical import to_wire
from devstral_ls.llm.messages import AssistantMessage, Message, SystemMessage, ToolCall, ToolMessage, UserMessage
from devstral_ls.llm.profiles import DEVSTRAL_SMALL_2
from tests.agent.doubles import Fail, Hang, ScriptedBackend, call, calling
from tests.agent.stage import Stage
from tests.llm.pictures import png
from tests.tools.workspaces import workspace

LINES = 240


@pytest.fixture(autouse=True)
def exact() -> None:
    tokens.load()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Twelve files of some 2,000 tokens each, and a window of 16,384 tokens."""
    files: dict[str, str | bytes] = {f"f{number}.py": f"value_{number} = compute()\n" * LINES for number in range(12)}
    stage = Stage(workspace(tmp_path, files))
    stage.budget = Budget(DEVSTRAL_SMALL_2, 1024, 16_384)
    return stage


def read(number: int) -> ToolCall:
    return call("read_file", file_path=f"f{number}.py")


def reading(count: int) -> list[Reply]:
    return [calling(read(number)) for number in range(count)]


def is_summary(messages: tuple[Message, ...]) -> bool:
    last = messages[-1]
    return isinstance(last, UserMessage) and last.text == SUMMARISE


# -------------------------------------------------------------------------------------- tool outputs are left out


async def test_old_outputs_are_left_out_before_the_window_is_full(stage: Stage) -> None:
    ended = await stage.run(*reading(10), Reply("All read."), prompt="Read them all.")
    assert ended == RunEnded("end_turn", "All read.", 11)
    results = stage.results()
    assert results[0] == (
        '[Left out to make room: the output of read_file {"file_path": "f0.py"}, 240 lines. '
        "Call it again if you need it.]"
    )
    assert results[9].startswith("     1\tvalue_9 = compute()")
    assert "old tool outputs were left out" in stage.notices()[0]
    assert not any(is_summary(asked) for asked in stage.backend.asked)
    stage.check_conversation()


async def test_the_model_is_not_told_to_make_an_edit_again(stage: Stage) -> None:
    write = call("write_file", file_path="new.py", content="value = compute()\n")
    edits = [call("edit_file", file_path="f0.py", old_string="value_0 = compute()\n" * 60, new_string="x = 1\n" * 60)]
    await stage.run(calling(read(0)), calling(write, *edits), *reading(8), Reply("Done."))
    left_out = [result for result in stage.results() if result.startswith(LEFT_OUT)]
    assert any("read_file" in result and "Call it again" in result for result in left_out)
    assert not any("edit_file" in result and "Call it again" in result for result in left_out)


async def test_every_request_stays_within_the_window(stage: Stage) -> None:
    await stage.run(*reading(12), *reading(6), Reply("All read."))
    assert stage.budget is not None
    for request in stage.backend.requests:
        messages = stage.backend.asked[stage.backend.requests.index(request)]
        session = Stage(stage.view).session
        session.replace(list(messages))
        assert await stage.budget.used(session, request.tools) <= stage.budget.limit


async def test_between_two_compactions_the_conversation_only_grows(stage: Stage) -> None:
    await stage.run(*reading(12), *reading(6), Reply("All read."))
    rewritten = 0
    for before, after in zip(stage.backend.asked, stage.backend.asked[1:], strict=False):
        rewritten += after[: len(before)] != before
    assert rewritten == len(stage.notices()) == 4


async def test_the_latest_turns_stay_whole(stage: Stage) -> None:
    await stage.run(*reading(7), Reply("Read."))
    whole = [result for result in stage.results() if not result.startswith(LEFT_OUT)]
    assert len(whole) >= 2
    assert stage.results()[-2:] == whole[-2:]


async def test_a_file_whose_text_was_left_out_is_read_again_before_it_is_edited(stage: Stage) -> None:
    edit = call("edit_file", file_path="f0.py", old_string="value_0", new_string="x", replace_all=True)
    kept = call("edit_file", file_path="f6.py", old_string="value_6", new_string="x", replace_all=True)
    await stage.run(*reading(7), calling(edit, kept), Reply("Done."))
    assert stage.notices()
    assert stage.results()[-2] == "f0.py was not read yet. Call read_file on it first, then make the change."
    assert stage.staged("f6.py").startswith("x = compute()")


# --------------------------------------------------------------------------------------------- summary


def talk(turns: int) -> list[Message]:
    """A conversation in prose, of about 300 tokens a turn, in which no output can be left out."""
    messages: list[Message] = []
    for number in range(turns):
        messages += [
            UserMessage(f"<editor>\nOpen files: a{number}.py\n</editor>\n\nQuestion {number}?"),
            AssistantMessage(f"Answer {number}. " + "It is as it is, and it was so before. " * 30),
        ]
    return messages


async def test_the_beginning_is_summarised_by_the_model_when_there_is_nothing_to_leave_out(stage: Stage) -> None:
    stage.session.messages += talk(60)
    ended = await stage.run(Reply("NOTES: all is well."), Reply("Forty-two."), prompt="And the last one?")
    assert ended.text == "Forty-two."
    summary, question = stage.backend.requests
    assert is_summary(stage.backend.asked[0])
    assert (summary.tools, summary.max_tokens) == ((), 2048)
    assert question.tools
    system, memo, prompt = stage.backend.asked[1]
    assert isinstance(system, SystemMessage)
    assert prompt == UserMessage("And the last one?")
    assert isinstance(memo, Memo)
    assert "NOTES: all is well." in memo.text
    assert "<user>\nQuestion 0?\n</user>\n<user>\nQuestion 1?\n</user>" in memo.text
    assert "a17.py" not in memo.text  # what the editor knew then
    assert memo.words[-1].endswith("Question 59?")
    assert [notice.partition(":")[0] for notice in stage.notices()] == [
        "The conversation is too long for the model's context window; the model is summarising it.",
        stage.notices()[1].partition(":")[0],
    ]
    assert "its beginning was summarised" in stage.notices()[1]
    stage.check_conversation()


async def test_the_users_words_survive_a_second_summary(stage: Stage) -> None:
    stage.session.messages += talk(60)
    await stage.run(Reply("NOTES: first."), Reply("One."), prompt="First.")
    stage.session.messages += talk(60)
    await stage.run(Reply("NOTES: second."), Reply("Two."), prompt="Second.")
    memos = [message for message in stage.session.messages if isinstance(message, Memo)]
    assert len(memos) == 1
    assert memos[0].words[0] == "Question 0?"
    assert "First." in memos[0].words
    assert "NOTES: second." in memos[0].text
    assert "NOTES: first." not in memos[0].text
    assert any("NOTES: first." in str(message) for message in stage.backend.asked[0])


async def test_in_the_middle_of_a_run_the_task_and_the_staged_edits_survive(stage: Stage) -> None:
    stage.session.messages += talk(40)
    stage.budget = Budget(DEVSTRAL_SMALL_2, 1024, 24_576)
    edit = call("edit_file", file_path="f0.py", old_string="value_0", new_string="renamed", replace_all=True)
    say = "I think about it. " * 400
    ended = await stage.run(
        calling(read(0)),
        calling(edit),
        calling(call("list_directory", path="."), text=say),
        calling(call("list_directory", path="./"), text=say),
        Reply("NOTES: renaming."),
        calling(call("glob_files", pattern="*.py")),
        Reply("Done."),
        prompt="Rename it.",
    )
    assert ended.text == "Done."
    memo = next(message for message in stage.session.messages if isinstance(message, Memo))
    assert memo.words[-1] == "Rename it."
    assert "NOTES: renaming." in memo.text
    assert "f0.py" in memo.text
    assert stage.staged("f0.py").startswith("renamed = ")
    stage.check_conversation()
    to_wire(stage.session.messages)


@pytest.mark.parametrize("reply", [Reply(""), Reply("half", finish="incomplete"), Fail(ContextExceeded("too long"))])
async def test_without_a_summary_the_calls_that_were_made_stand_for_it(stage: Stage, reply: Reply) -> None:
    stage.session.messages += [
        UserMessage("Look."),
        AssistantMessage("Let me see.", (made := call("read_file", file_path="f3.py"),)),
        ToolMessage(made.id, "read_file", "short"),
        AssistantMessage("It is fine."),
        *talk(60),
    ]
    ended = await stage.run(reply, Reply("Yes."), prompt="Sure?")
    assert ended.text == "Yes."
    memo = next(message for message in stage.session.messages if isinstance(message, Memo))
    assert '- read_file {"file_path": "f3.py"}' in memo.text
    assert "You last said: Answer 59." in memo.text


async def test_what_is_to_be_summarised_fits_into_the_window_too(stage: Stage) -> None:
    stage.session.messages += talk(200)
    await stage.run(Reply("NOTES."), Reply("Yes."), prompt="Sure?")
    other = Stage(stage.view).session
    other.replace(list(stage.backend.asked[0]))
    assert stage.budget is not None
    assert await stage.budget.used(other, ()) <= 16_384 - 2048


async def test_a_server_that_does_not_answer_leaves_the_conversation_as_it_was(stage: Stage) -> None:
    stage.session.messages += (old := talk(60))
    with pytest.raises(ServerUnreachable):
        await stage.run(Fail(ServerUnreachable("gone")), prompt="Sure?")
    assert stage.session.messages[1:] == [*old, UserMessage("Sure?")]


async def test_a_summary_can_be_cancelled(stage: Stage) -> None:
    stage.session.messages += (old := talk(60))
    stage.backend = ScriptedBackend([Hang("NOTES")])
    run = asyncio.create_task(stage.start("Sure?"))
    await stage.backend.hanging.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert stage.session.messages[1:] == [*old, UserMessage("Sure?")]
    assert stage.backend.closed == 1


# ---------------------------------------------------------------------------------------------- what can't be fitted


async def test_latest_outputs_that_are_too_long_by_themselves_are_cut(stage: Stage) -> None:
    stage.budget = Budget(DEVSTRAL_SMALL_2, 1024, 8192)
    await stage.run(calling(*(read(number) for number in range(6))), Reply("I see."))
    assert all("[Cut to make room:" in result for result in stage.results())
    assert "the latest tool outputs were cut" in stage.notices()[-1]
    stage.check_conversation()


async def test_a_task_that_does_not_fit_is_said_in_one_line(stage: Stage) -> None:
    with pytest.raises(ContextExceeded) as caught:
        await stage.run(Reply("never"), prompt="word " * 20_000)
    assert str(caught.value).startswith("The task does not fit into the model's context window: it takes about 2")
    assert "\n" not in str(caught.value)
    assert stage.backend.asked == []


async def test_after_the_servers_refusal_the_conversation_is_compacted_and_asked_once_more(stage: Stage) -> None:
    stage.budget = Budget(DEVSTRAL_SMALL_2, 1024)
    refused = Fail(ContextExceeded("This model's maximum context length is 8192 tokens. However, you requested 12000."))
    ended = await stage.run(*reading(5), refused, Reply("Done."))
    assert ended.text == "Done."
    assert stage.budget.window == 8192
    assert stage.results()[0].startswith(LEFT_OUT)
    stage.check_conversation()


async def test_a_second_refusal_ends_the_run(stage: Stage) -> None:
    stage.budget = Budget(DEVSTRAL_SMALL_2, 1024)
    refused = Fail(ContextExceeded("The conversation is longer than the model's context window."))
    with pytest.raises(ContextExceeded, match="longer than"):
        await stage.run(*reading(5), refused, refused)
    stage.check_conversation()


async def test_an_overflow_reported_inside_a_reply_counts_as_a_refusal(stage: Stage) -> None:
    stage.budget = Budget(DEVSTRAL_SMALL_2, 1024)
    overflow = Reply("", finish="error", error="Reached context length of 8192 tokens with model x")
    ended = await stage.run(*reading(5), overflow, Reply("Done."))
    assert ended.text == "Done."
    assert stage.budget.window == 8192


# ------------------------------------------------------------------------------------------------------ whose words


def test_what_the_loop_says_is_not_the_users() -> None:
    messages: list[Message] = [UserMessage("Do it."), UserMessage(EMPTY), Aside("The image you asked for:", ("x",))]
    assert users_words(messages) == ("Do it.",)


async def test_the_images_of_the_task_stay_and_those_of_tools_go(stage: Stage) -> None:
    (stage.view.roots[0] / "p.png").write_bytes(png(1540, 1540))
    stage.budget = Budget(DEVSTRAL_SMALL_2, 1024, 16_384)
    task = UserMessage("Build this.", ("data:image/png;base64,AAAA",))
    await stage.run(calling(call("read_file", file_path="p.png")), *reading(4), Reply("Done."), prompt=task)
    users = [message for message in stage.session.messages if isinstance(message, UserMessage)]
    assert users[0].images == ("data:image/png;base64,AAAA",)
    aside = next(message for message in users if isinstance(message, Aside))
    assert (aside.images, "[An image was here" in aside.text) == ((), True)


async def test_a_reply_is_asked_for_no_longer_than_there_is_room(stage: Stage) -> None:
    stage.budget = Budget(DEVSTRAL_SMALL_2, 8192, 8192)
    await stage.run(Reply("Hello.", usage=Usage(1700, 3)))
    longest = stage.backend.requests[0].max_tokens
    assert longest is not None
    assert 2048 < longest < 8192 - 1500
    stage.budget = Budget(DEVSTRAL_SMALL_2, 8192, 262_144)
    await stage.run(Reply("Hello."))
    assert stage.backend.requests[0].max_tokens is None


async def test_a_reply_survives_a_cancellation_while_the_server_is_asked_for_its_window(stage: Stage) -> None:
    asked = asyncio.Event()

    async def never() -> int:
        asked.set()
        await asyncio.Event().wait()
        return 0

    stage.budget = Budget(DEVSTRAL_SMALL_2, 1024, kind="ollama", ask_window=never)
    stage.backend = ScriptedBackend([calling(read(0), text="I look.", usage=Usage(1000, 10))])
    run = asyncio.create_task(stage.start())
    await asked.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert stage.session.messages[-1] == AssistantMessage("I look.")
    stage.check_conversation()

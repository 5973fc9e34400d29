"""Conversations that are longer than the model's context window."""

from __future__ import annotations

import pytest

from tests.doubles.editor import NEOVIM
from tests.e2e.stage import Stages, read, say

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_context_window_is_part_of_the_status(stages: Stages) -> None:
    async with stages.on(NEOVIM, {}, [say("Hello.")], settings={"llm": {"contextWindow": 50_000}}) as at:
        await at.run(prompt="hello")
        assert (await at.status())["contextWindow"] == 50_000


async def test_a_long_conversation_goes_on_in_a_small_window(stages: Stages) -> None:
    files = {f"f{number}.py": f"value_{number} = compute()\n" * 200 for number in range(8)}
    turns = [read(f"f{number}.py") for number in range(8)]
    settings = {"llm": {"contextWindow": 12_000, "maxTokens": 1000}}
    async with stages.on(NEOVIM, files, [*turns, say("All read.")], settings=settings) as at:
        answer = await at.run(prompt="Read them all.")
        assert answer["text"] == "All read."
        assert at.results()[0].startswith("[Left out to make room: ")
        assert at.results()[-1].startswith("     1\tvalue_7")
        assert any("was made shorter to fit the context window of 12000 tokens" in line for line in at.editor.log)


async def test_what_ollama_drops_in_silence_is_told_once_with_the_fix(stages: Stages) -> None:
    settings = {"llm": {"contextWindow": 200_000}}
    async with stages.on(NEOVIM, {}, [say("One.", usage=[90_000, 5])] * 2, manner="ollama", settings=settings) as at:
        for prompt in ("word " * 140_000, "again"):
            await at.run(prompt=prompt)
        told = [line for line in at.editor.log if "of the conversation was lost" in line]
        assert len(told) == 1
        assert "its context window is 131072 tokens" in told[0]
        assert "`OLLAMA_CONTEXT_LENGTH=262144 ollama serve`" in told[0]
        assert (await at.status())["contextWindow"] == 131_072


async def test_a_long_talk_goes_on_with_the_models_own_notes_about_its_beginning(stages: Stages) -> None:
    notes = say("NOTES: we talked.", when="about to be shortened")
    turns = [notes, *[say("I think about it. " * 400)] * 4]
    settings = {"llm": {"contextWindow": 6_000, "maxTokens": 1000}}
    async with stages.on(NEOVIM, {}, turns, settings=settings) as at:
        for number in range(4):
            answer = await at.run(prompt=f"Question {number}?")
            assert answer["state"] == "finished"
        summary, question = at.model.requests[-2:]
        assert "tools" not in summary
        assert question["tools"]
        assert "NOTES: we talked." in at.prompts()[-1]
        assert "<user>\nQuestion 0?\n</user>" in at.prompts()[-1]
        assert at.prompts()[-1].endswith("Question 3?")
        transcript = (await at.editor.command("devstral.showTranscript"))["uri"]
        assert transcript
        assert any("its beginning was summarised" in line for line in at.editor.log)

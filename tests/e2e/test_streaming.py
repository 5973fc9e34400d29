"""What a client sees of a run while it goes on: from one line of progress to every word."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doubles.editor import NEOVIM, VS_CODE, behaving
from tests.e2e.stage import Stages, command, edit, read, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILES = {"app.py": "def f():\n    return 1\n"}
STREAM = {"stream": True}


async def test_progress_is_one_short_line_without_a_percentage(stages: Stages) -> None:
    long = "word " * 60
    turns = [
        say(
            f"First\nsecond\tthird {long}",
            delay=0.01,
            calls=[{"name": "read_file", "arguments": {"file_path": "app.py"}}],
        ),
        command(f"echo {long}; true"),
        say("Done.", delay=0.25),
    ]
    async with stages.on(VS_CODE, FILES, turns) as at:
        await at.start(prompt=long)
        await at.ends()
        ((token, values),) = at.editor.progress.items()
        assert isinstance(token, str)
        assert [set(value) - {"kind", "title", "message", "cancellable"} for value in values] == [set()] * len(values)
        messages = [value["message"] for value in values if "message" in value]
        assert len(messages) >= 4
        assert max(map(len, messages)) == 80
        assert [message for message in messages if len(message.splitlines()) != 1 or "\t" in message] == []
        assert any(message.endswith("word word") for message in messages)


async def test_what_a_command_prints_last_is_seen_while_it_runs(stages: Stages) -> None:
    turns = [command("echo building; sleep 0.5; echo; printf '\\033[31mtesting\\033[0m'; sleep 0.5"), say("Done.")]
    async with stages.on(behaving(VS_CODE, picks=("Run once",)), FILES, turns) as at:
        await at.run()
        ((_, values),) = at.editor.progress.items()
        messages = [value.get("message") for value in values]
        assert messages.index("building") < messages.index("testing")


async def test_each_turn_and_tool_is_a_line_in_the_log(stages: Stages) -> None:
    turns = [
        {**read("app.py"), "usage": [100, 7]},
        edit("app.py", "return 1", "return 2"),
        say("Done.", usage=[200, 3]),
    ]
    async with stages.on(NEOVIM, FILES, turns) as at:
        await at.run(apply="propose")
        first, second, third, fourth, fifth, sixth, _ = at.editor.log
        assert (first, second) == ("turn 1: 1 tool call, 100 + 7 tokens", "read app.py: lines 1-2 of 2")
        assert third.startswith("turn 2: 1 tool call")
        assert (fourth, fifth) == ("edit app.py: 1 place", "turn 3: 0 tool calls, 200 + 3 tokens")
        assert sixth == "proposes 1 file, +1 -1"


async def test_a_partial_result_token_carries_the_answer_as_it_is_written(stages: Stages) -> None:
    text = "The function returns one.\n\n```python\nreturn 1  # 😀\n```\n" + "And so on. " * 20
    async with stages.on(NEOVIM, FILES, [read("app.py"), say(text, reasoning="Hm, what is it?", delay=0.004)]) as at:
        answer = await at.run(prompt="what", partialResultToken="answer")
        pieces = [value["text"] for value in at.editor.progress["answer"]]
        assert "".join(pieces) == text
        assert answer["text"] == text
        assert len(pieces) > 2


async def test_the_clients_own_progress_token_is_used_while_it_waits(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [say("One.")]) as at:
        params = {"command": "devstral.ask", "arguments": [{"prompt": "x", "wait": True}], "workDoneToken": "mine"}
        await at.editor.server.call("workspace/executeCommand", params)
        assert list(at.editor.progress) == ["mine"]
        methods = [message.get("method") for message in at.editor.server.received]
        assert "window/workDoneProgress/create" not in methods


async def test_a_client_that_opted_in_gets_everything_in_order(stages: Stages) -> None:
    text = "I have changed it to two. " * 10
    turns = [
        {**read("app.py"), "text": "Let me look.", "reasoning": "Where is it?"},
        edit("app.py", "return 1", "return 2"),
        command("echo tested"),
        say(text, delay=0.002),
    ]
    async with stages.on(NEOVIM, FILES, turns, client=STREAM) as at:
        uri = at.open("app.py")
        answer = await at.run(textDocument={"uri": uri})
        updates = at.editor.updates
        assert {update["sessionId"] for update in updates} == {answer["sessionId"]}
        assert [update["seq"] for update in updates] == list(range(1, len(updates) + 1))
        # One piece of text or several in a row are the same thing.
        kinds = [update["kind"] for update in updates]
        order = [kind for kind, before in zip(kinds, ["", *kinds], strict=False) if kind != before or kind == "usage"]
        turn = ["state", "usage", "toolCall", "toolResult"]
        assert order == [
            "state", "reasoning", "text", *turn[1:], *turn, "state", "usage", "toolCall", "approval", "toolResult",
            "state", "text", "usage", "proposal", "state", "proposal",
        ]  # fmt: skip
        assert "".join(update["text"] for update in updates if update["kind"] == "text") == "Let me look." + text
        assert "".join(update["text"] for update in updates if update["kind"] == "reasoning") == "Where is it?"
        by_kind: dict[str, list[dict[str, Any]]] = {}
        for update in updates:
            by_kind.setdefault(update["kind"], []).append(update)
        assert [call["title"] for call in by_kind["toolCall"]] == ["read app.py", "edit app.py", "run echo tested"]
        results = by_kind["toolResult"]
        assert [call["callId"] for call in by_kind["toolCall"]] == [result["callId"] for result in results]
        assert [(result["ok"], result["summary"]) for result in results[:2]] == [
            (True, "lines 1-2 of 2"),
            (True, "1 place"),
        ]
        assert results[2]["output"].endswith("\ntested")
        assert by_kind["approval"][0]["command"] == "echo tested"
        first, last = by_kind["proposal"]
        assert first["proposalId"] == last["proposalId"] == answer["proposalId"]
        assert (first["state"], last["state"]) == ("pending", "applied")
        (hunk,) = first["files"][0].pop("hunks")
        lines = "-    return 1\n+    return 2\n"
        assert {**hunk, "id": ""} == {"id": "", "line": 1, "added": 1, "removed": 1, "diff": lines}
        about = {"uri": uri, "path": "app.py", "kind": "edit", "confirm": False, "added": 1, "removed": 1}
        assert first["files"] == [{**about, "state": "pending", "decided": []}]
        decided = [{"decision": "applied", "added": 1, "removed": 1, "diff": lines}]
        assert last["files"] == [{**about, "state": "applied", "hunks": [], "decided": decided}]
        assert "+    return 2" in first["diff"]
        assert [(state["state"], state["turn"]) for state in by_kind["state"]][-1] == ("finished", 4)


async def test_every_decision_about_a_proposal_is_told_and_its_documents_can_be_read(stages: Stages) -> None:
    turns = [read("app.py"), edit("app.py", "return 1", "return 2"), say("Done.")]
    async with stages.on(NEOVIM, FILES, turns, client=STREAM) as at:
        run = await at.run(prompt="two", apply="propose")
        page = {"uri": f"devstral:/proposals/{run['proposalId']}/after/app.py"}
        assert await at.editor.server.call("workspace/textDocumentContent", page) == {
            "text": "def f():\n    return 2\n"
        }
        await at.editor.command("devstral.discardProposal", {"proposalId": run["proposalId"]})
        await at.settled()
        told = [
            message["params"]
            for message in at.editor.server.received
            if message.get("method") == "devstral/proposal" and message["params"]["sessionId"] == run["sessionId"]
        ]
        assert [(each["proposalId"], each["state"]) for each in told] == [
            (run["proposalId"], "pending"),
            (run["proposalId"], "rejected"),
        ]
        assert await at.editor.server.call("workspace/textDocumentContent", page) == {
            "text": "def f():\n    return 1\n"
        }


async def test_nobody_else_gets_our_own_notifications(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [read("app.py"), say("One.")]) as at:
        await at.run()
        await at.settled()
        ours = [message for message in at.editor.server.received if message.get("method", "").startswith("devstral/")]
        assert ours == []


async def test_opting_in_by_capability_works_as_well(stages: Stages) -> None:
    capabilities = {**NEOVIM.capabilities, "experimental": {"devstral": {"stream": True}}}
    async with stages.own(behaving(NEOVIM, capabilities=capabilities), FILES, [say("One.")]) as at:
        await at.run()
        assert "".join(update["text"] for update in at.editor.updates if update["kind"] == "text") == "One."

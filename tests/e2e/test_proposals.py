"""What becomes of a proposal: applied whole or in parts, shown, discarded, and what the model hears of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doubles.editor import HELIX, KATE, NEOVIM, VS_CODE, Buffer, behaving, to_path
from tests.e2e.stage import Stage, Stages, calls, command, edit, read, say, write

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINES = "".join(f"line {number}\n" for number in range(1, 31))
FILES = {"a.txt": LINES, "b.txt": "other\n"}
TURNS = [
    calls(read("a.txt"), read("b.txt")),
    calls(
        edit("a.txt", "line 3\n", "line three\n"),
        edit("a.txt", "line 15\n", "line fifteen\n"),
        edit("a.txt", "line 28\n", "line twenty-eight\n"),
        edit("b.txt", "other", "another"),
        write("c.txt", "new\n"),
    ),
    say("Done."),
]
DIFFERENT = behaving(
    VS_CODE,
    name="Visual Studio Code with virtual documents",
    capabilities={
        **VS_CODE.capabilities,
        "workspace": {**VS_CODE.capabilities["workspace"], "textDocumentContent": {"dynamicRegistration": True}},
    },
)


async def propose(at: Stage) -> str:
    """A pending proposal of three files and five hunks; its id."""
    answer = await at.run(apply="propose")
    assert (answer["state"], len(answer["edits"]["proposed"])) == ("finished", 3)
    assert answer["proposalId"]
    return str(answer["proposalId"])


async def refusal(at: Stage, name: str, **fields: Any) -> str:
    """The one line a command is refused with."""
    params = {"command": f"devstral.{name}", "arguments": [fields]}
    answer = await at.editor.server.answer(at.editor.server.ask("workspace/executeCommand", params))
    assert answer["error"]["code"] in (-32602, -32803)
    assert "\n" not in answer["error"]["message"]
    return str(answer["error"]["message"])


async def test_a_whole_proposal_is_applied_with_open_closed_and_new_files(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, TURNS) as at:
        at.open("a.txt")
        proposal = await propose(at)
        answer = await at.editor.command("devstral.applyProposal", {"proposalId": proposal})
        assert answer["applied"] is True
        assert sorted(answer["files"]) == [at.uri(name) for name in ("a.txt", "b.txt", "c.txt")]
        assert at.seen("a.txt") == LINES.replace("line 3\n", "line three\n").replace("15", "fifteen").replace(
            "28", "twenty-eight"
        )
        assert (at.seen("b.txt"), at.seen("c.txt")) == ("another\n", "new\n")
        assert at.path("a.txt").read_text() == LINES
        operations = [operation for edit in at.editor.edits for operation in edit["documentChanges"]]
        created = [operation for operation in operations if operation.get("kind") == "create"]
        assert [(item["uri"], item["options"]) for item in created] == [
            (at.uri("c.txt"), {"overwrite": False, "ignoreIfExists": True})
        ]
        changed = [operation["textDocument"] for operation in operations if "kind" not in operation]
        assert {item["uri"]: item["version"] for item in changed} == {
            at.uri("a.txt"): 1,
            at.uri("b.txt"): None,
            at.uri("c.txt"): None,
        }
        assert len(changed) == 3


async def test_named_files_are_applied_and_the_others_stay_pending(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [*TURNS, say("I see.")]) as at:
        proposal = await propose(at)
        answer = await at.editor.command("devstral.applyProposal", {"proposalId": proposal, "uris": [at.uri("b.txt")]})
        assert (answer["applied"], answer["files"]) == (True, [at.uri("b.txt")])
        assert (at.seen("a.txt"), at.seen("b.txt"), at.seen("c.txt")) == (LINES, "another\n", None)
        (left,) = await at.pending()
        states = {file["path"]: file["state"] for file in left["files"]}
        assert states == {"a.txt": "pending", "b.txt": "applied", "c.txt": "pending"}
        assert "b.txt" not in left["diff"]
        await at.run(prompt="go on", apply="propose")
        assert "Your proposed edits to b.txt were accepted and applied." in at.prompts()[-1]
        assert "Your proposed edits to a.txt are still undecided; you see the file with them." in at.prompts()[-1]


async def test_named_hunks_are_applied_and_the_others_stay_pending(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, TURNS) as at:
        uri = at.open("a.txt")
        proposal = await propose(at)
        answer = await at.editor.command("devstral.applyProposal", {"proposalId": proposal, "hunks": [0, 2]})
        assert (answer["applied"], answer["files"]) == (True, [uri])
        partly = LINES.replace("line 3\n", "line three\n").replace("28", "twenty-eight")
        assert (at.seen("a.txt"), at.seen("b.txt"), at.seen("c.txt")) == (partly, "other\n", None)
        (left,) = await at.pending()
        assert {file["path"]: (file["added"], file["state"]) for file in left["files"]} == {
            "a.txt": (1, "pending"),
            "b.txt": (1, "pending"),
            "c.txt": (1, "pending"),
        }
        # What is left is numbered anew: the last hunk of a.txt is now its only one.
        await at.editor.command("devstral.applyProposal", {"proposalId": proposal, "hunks": [0]})
        assert at.seen("a.txt") == partly.replace("line 15\n", "line fifteen\n")
        await at.editor.command("devstral.applyProposal", {"proposalId": proposal})
        assert (at.seen("b.txt"), at.seen("c.txt")) == ("another\n", "new\n")
        assert await at.pending() == []


async def test_a_single_hunk_is_applied_from_the_code_actions(stages: Stages) -> None:
    for personality in (KATE, HELIX):
        async with stages.on(personality, {"a.txt": LINES}, [TURNS[0], calls(*TURNS_OF_A), say("Done.")]) as at:
            uri = at.open("a.txt")
            await at.run(apply="propose")
            actions = await at.editor.actions(uri, 14, triggerKind=2)
            titles = [action["title"] for action in actions]
            assert titles[:2] == ["Devstral: apply all (1 file, +3 -3)", "Devstral: apply this hunk"]
            assert "Devstral: apply this hunk" not in [item["title"] for item in await at.editor.actions(uri, 8)]
            await at.editor.choose(actions, "apply this hunk")
            assert at.seen("a.txt") == LINES.replace("line 15\n", "line fifteen\n")
            assert len(await at.pending()) == 1
            await at.editor.choose(await at.editor.actions(uri, 0), "apply all")
            assert at.seen("a.txt") == LINES.replace("line 3\n", "line three\n").replace("15", "fifteen").replace(
                "28", "twenty-eight"
            )
            await at.decided()


TURNS_OF_A = [
    edit("a.txt", "line 3\n", "line three\n"),
    edit("a.txt", "line 15\n", "line fifteen\n"),
    edit("a.txt", "line 28\n", "line twenty-eight\n"),
]


async def test_a_diff_is_opened_as_a_file(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, TURNS) as at:
        proposal = await propose(at)
        answer = await at.editor.command("devstral.showDiff", {"proposalId": proposal})
        assert answer["shown"] is True
        assert at.editor.shown == [answer["uri"]]
        assert not to_path(answer["uri"]).is_relative_to(at.folder)
        assert at.page(answer["uri"]) == answer["diff"]
        assert "--- a/b.txt\n+++ b/b.txt\n@@ -1 +1 @@\n-other\n+another\n" in answer["diff"]
        assert "--- /dev/null\n+++ b/c.txt\n@@ -0,0 +1 @@\n+new\n" in answer["diff"]


async def test_a_diff_is_looked_at_before_it_is_applied(stages: Stages) -> None:
    looking = behaving(NEOVIM, picks=("Show diff", "Apply"))
    async with stages.on(looking, FILES, TURNS) as at:
        answer = await at.run()
        assert [[action["title"] for action in question["actions"]] for question in at.editor.questions] == [
            ["Apply", "Show diff", "Discard"],
            ["Apply", "Discard"],
        ]
        assert len(at.editor.shown) == 1
        assert len(answer["edits"]["applied"]) == 3


async def test_diffs_and_transcripts_are_virtual_documents_where_the_editor_takes_them(stages: Stages) -> None:
    async with stages.on(DIFFERENT, FILES, [*TURNS, say("First word. " * 8, hang=True)]) as at:
        proposal = await propose(at)
        diff = await at.editor.command("devstral.showDiff", {"proposalId": proposal})
        record = await at.editor.command("devstral.showTranscript")
        assert diff["uri"] == f"devstral:/proposals/{proposal}.diff"
        assert record["uri"] == f"devstral:/sessions/{record['sessionId']}.md"
        assert at.editor.shown == [diff["uri"], record["uri"]]
        content = await at.editor.server.call("workspace/textDocumentContent", {"uri": diff["uri"]})
        assert content == {"text": diff["diff"]}
        content = await at.editor.server.call("workspace/textDocumentContent", {"uri": record["uri"]})
        assert "<summary>read a.txt</summary>" in content["text"]
        # An open transcript grows while the model speaks.
        await at.start(prompt="say more", apply="propose")
        refreshed = 0
        while "First word." not in content["text"]:
            await at.editor.settles(lambda seen=refreshed: len(at.editor.refreshed) > seen)  # type: ignore[misc]
            refreshed = len(at.editor.refreshed)
            content = await at.editor.server.call("workspace/textDocumentContent", {"uri": record["uri"]})
        await at.editor.command("devstral.cancel")
        await at.ends(2)
        missing = at.editor.server.ask("workspace/textDocumentContent", {"uri": "devstral:/nothing"})
        assert (await at.editor.server.answer(missing))["error"] == {
            "code": -32803,
            "message": "There is no document devstral:/nothing.",
        }


async def test_a_discarded_file_is_told_to_the_model_and_the_rest_stays(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [*TURNS, say("I see.")]) as at:
        proposal = await propose(at)
        answer = await at.editor.command("devstral.discardProposal", {"uris": [at.uri("b.txt")]})
        assert answer == {"proposalId": proposal, "discarded": [at.uri("b.txt")]}
        await at.run(prompt="go on", apply="propose")
        assert "Your proposed edits to b.txt were rejected." in at.prompts()[-1]
        left = {file["path"] for one in await at.pending() for file in one["files"] if file["state"] == "pending"}
        assert left == {"a.txt", "c.txt"}
        assert at.seen("b.txt") == "other\n"


async def test_a_follow_up_builds_on_what_is_pending_and_takes_its_place(stages: Stages) -> None:
    more = [read("b.txt"), edit("b.txt", "another", "yet another"), say("Done.")]
    async with stages.on(NEOVIM, FILES, [*TURNS, *more]) as at:
        first = await propose(at)
        second = await at.run(prompt="more", apply="propose")
        assert "another" in at.results()[-2]
        assert second["proposalId"] != first
        assert [proposal["proposalId"] for proposal in await at.pending()] == [second["proposalId"]]
        await at.editor.command("devstral.applyProposal")
        assert at.seen("b.txt") == "yet another\n"
        assert await refusal(at, "applyProposal", proposalId=first) == f"Proposal {first} is superseded already."


async def test_what_was_accepted_is_told_to_the_model_once(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [*TURNS, say("Fine."), say("Fine.")]) as at:
        await at.run()
        await at.run(prompt="and")
        await at.run(prompt="so")
        accepted = "Your proposed edits to a.txt were accepted and applied."
        assert [accepted in prompt for prompt in at.prompts()] == [False, True, False]


async def test_what_the_user_copied_over_by_hand_counts_as_applied(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, TURNS) as at:
        uri = at.open("b.txt")
        await propose(at)
        at.editor.type(uri, "another\n")
        (left,) = await at.pending()
        assert {file["path"]: file["state"] for file in left["files"]}["b.txt"] == "applied"
        # The same through another program, seen on disk.
        at.put("c.txt", "new\n")
        at.editor.server.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": at.uri("c.txt"), "type": 1}]})
        (left,) = await at.pending()
        assert {file["path"]: file["state"] for file in left["files"]}["c.txt"] == "applied"


async def test_a_file_that_came_into_being_meanwhile_is_not_overwritten(stages: Stages) -> None:
    async with stages.on(NEOVIM, {}, [write("c.txt", "new\n"), say("Done.")]) as at:
        await at.run(apply="propose")
        at.put("c.txt", "somebody else's\n")
        answer = await at.editor.command("devstral.applyProposal")
        assert answer["applied"] is False
        assert answer["failureReason"].startswith("c.txt is there already: Devstral's edits stay")
        assert at.seen("c.txt") == "somebody else's\n"


async def test_an_editor_that_never_answers_is_judged_by_its_text(stages: Stages) -> None:
    mute = behaving(NEOVIM, applies="never")
    async with stages.on(mute, FILES, [read("b.txt"), edit("b.txt", "other", "another"), say("Done.")]) as at:
        uri = at.open("b.txt")
        answer = await at.run(apply="auto")
        assert answer["edits"]["applied"] == [uri]
        assert at.seen("b.txt") == "another\n"


async def test_commands_on_proposals_that_are_not_there_are_refused_in_one_line(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, TURNS) as at:
        for name in ("applyProposal", "discardProposal", "showDiff"):
            assert await refusal(at, name) == "There is no pending proposal."
            assert await refusal(at, name, proposalId="x") == "There is no proposal x."
        await propose(at)
        uris = ["untitled:1"]
        assert await refusal(at, "applyProposal", uris=uris) == (
            "`uris` names no file: give the file: URIs of the proposal's files."
        )
        assert await refusal(at, "discardProposal", uris=[at.uri("x.txt")]) == (
            "None of these files has pending edits in this proposal."
        )
        answer = await at.editor.command("devstral.applyProposal", {"hunks": [99]})
        assert (answer["applied"], answer["failureReason"]) == (False, "There was nothing to apply.")


async def test_one_question_is_open_at_a_time_and_the_newest_proposal_is_asked_about(stages: Stages) -> None:
    """Some editors lose the first popup when a second one comes: a review that can wait makes room."""
    one = [{**read("b.txt"), "when": "first"}, edit("b.txt", "other", "another"), say("Done.")]
    two = [{**write("c.txt", "new\n"), "when": "second"}, say("Done.")]
    three = [{**command("true"), "when": "third"}, say("Ran.")]
    async with stages.on(NEOVIM, FILES, [*one, *two, *three]) as at:
        at.editor.silent.add("window/showMessageRequest")
        for number, prompt in enumerate(["first", "second", "third"], 1):
            await at.editor.command("devstral.newSession")
            await at.start(prompt=prompt)
            await at.editor.settles(lambda number=number: len(asked(at)) == number)  # type: ignore[misc]
        await at.editor.settles(lambda: len(withdrawn(at)) == 2)
        first, second, third = asked(at)
        assert withdrawn(at) == [first["id"], second["id"]]
        assert third["params"]["message"].endswith(":\ntrue")
        # Nothing was decided by that.
        assert len(await at.pending()) == 2
        assert at.editor.edits == []
        at.editor.server.send({"jsonrpc": "2.0", "id": third["id"], "result": {"title": "Run once"}})
        await at.ends(3)
        assert at.results()[-1].startswith("[exit code 0 ")


def asked(at: Stage) -> list[dict[str, Any]]:
    return [message for message in at.editor.server.received if message.get("method") == "window/showMessageRequest"]


def withdrawn(at: Stage) -> list[Any]:
    received = at.editor.server.received
    return [message["params"]["id"] for message in received if message.get("method") == "$/cancelRequest"]


async def test_a_question_answered_after_the_proposal_was_applied_otherwise_does_nothing(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [read("b.txt"), edit("b.txt", "other", "another"), say("Done.")]) as at:
        at.editor.silent.add("window/showMessageRequest")
        uri = at.open("b.txt")
        await at.start(textDocument={"uri": uri})
        await at.editor.settles(lambda: bool(asked(at)))
        await at.editor.choose(await at.editor.actions(uri, 0), "apply all")
        await at.decided()
        at.editor.server.send({"jsonrpc": "2.0", "id": asked(at)[0]["id"], "result": {"title": "Apply"}})
        await at.settled()
        assert at.editor.edits == []
        assert at.seen("b.txt") == "another\n"


async def test_an_open_document_is_called_what_its_editor_calls_it(stages: Stages) -> None:
    """Two spellings of one URI are two documents to a strict editor."""
    turns = [read("a+b (c).txt"), edit("a+b (c).txt", "one", "two"), say("Done.")]
    async with stages.on(HELIX, {"a+b (c).txt": "one\n"}, turns) as at:
        uri = at.uri("a+b (c).txt").replace("%2B", "+").replace("(", "%28")
        at.editor.buffers[uri] = Buffer("one\n")
        item = {"uri": uri, "languageId": "plaintext", "version": 1, "text": "one\n"}
        at.editor.server.notify("textDocument/didOpen", {"textDocument": item})
        answer = await at.run(textDocument={"uri": uri})
        assert answer["edits"]["applied"] == [uri]
        assert at.editor.buffers[uri].text == "two\n"


async def test_a_document_that_was_opened_since_is_called_what_its_editor_calls_it(stages: Stages) -> None:
    turns = [read("a+b (c).txt"), edit("a+b (c).txt", "one", "two"), say("Done.")]
    async with stages.on(HELIX, {"a+b (c).txt": "one\n\nend\n"}, turns) as at:
        await at.run(apply="propose")
        uri = at.uri("a+b (c).txt").replace("%2B", "+").replace("(", "%28")
        at.editor.buffers[uri] = Buffer("one\n\nend\nmore\n")
        item = {"uri": uri, "languageId": "plaintext", "version": 1, "text": "one\n\nend\nmore\n"}
        at.editor.server.notify("textDocument/didOpen", {"textDocument": item})
        answer = await at.editor.command("devstral.applyProposal")
        assert answer["applied"] is True
        assert at.editor.buffers[uri].text == "two\n\nend\nmore\n"


async def test_a_file_that_is_gone_is_not_brought_back(stages: Stages) -> None:
    async with stages.on(NEOVIM, FILES, [read("b.txt"), edit("b.txt", "other", "another"), say("Done.")]) as at:
        await at.run(apply="propose")
        at.path("b.txt").unlink()
        del at.disk[at.path("b.txt")]
        answer = await at.editor.command("devstral.applyProposal")
        assert answer["failureReason"].startswith("b.txt was deleted or moved: Devstral's edits")
        assert not at.path("b.txt").exists()

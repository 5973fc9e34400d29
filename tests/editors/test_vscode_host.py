"""The extension inside VS Code's extension host: through VS Code's API and what the extension gives to others."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from devstral_ls.server.commands import COMMANDS
from tests.editors.project import NEW_TOTAL, OLD_TOTAL, PRICES, call, edits, told
from tests.editors.test_vscode import NEW_TAX, OLD_TAX, ROUNDED, TOTAL_ROUNDED
from tests.editors.vscode_cases import OTHERS
from tests.editors.vscode_extension import SOURCE
from tests.editors.vscode_host import Host, Seen, hosted

ANSWER = "These are prices, and what is to be paid for them with the tax on it."
DONE: dict[str, Any] = {"text": "Done."}
THINKING: dict[str, Any] = {"text": "Thinking about it", "hang": True}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with hosted(tmp_path_factory.mktemp("vscode")) as it:
        yield it


def rounded(path: str) -> list[dict[str, Any]]:
    """The turns of a model that edits a file in two places."""
    changes = ((OLD_TAX, NEW_TAX), (OLD_TOTAL, NEW_TOTAL))
    made = [call("edit_file", file_path=path, old_string=old, new_string=new) for old, new in changes]
    return [{"calls": [call("read_file", file_path=path)]}, {"calls": made}, DONE]


def test_the_installed_extension_is_active_and_all_its_commands_are_there(host: Host) -> None:
    seen = host.play("activated").seen
    assert seen["active"] is True
    assert seen["path"].startswith(str(host.vscode.settings_file.parents[2] / "extensions" / "devstral-ls.devstral-ls"))
    manifest = json.loads((SOURCE / "package.json").read_text(encoding="utf-8"))
    assert {each["command"] for each in manifest["contributes"]["commands"]} <= set(seen["commands"])
    assert set(COMMANDS) <= set(seen["commands"]), "the server's own"


@pytest.fixture(scope="module")
def asked(host: Host) -> Seen:
    return host.play("asked", {"text": ANSWER, "delay": 0.05})


def test_an_answer_grows_while_the_run_goes_on(asked: Seen) -> None:
    assert asked.seen["answer"] == ANSWER
    assert asked.seen["state"] == "finished"
    early = [each["text"] for each in asked.seen["grown"] if each["state"] == "running"]
    assert early == sorted(early, key=len)
    assert all(ANSWER.startswith(text) for text in early)
    assert len(set(early) - {"", ANSWER}) >= 3


def test_the_status_bar_says_that_a_run_goes_on(asked: Seen) -> None:
    says = [each["says"] for each in asked.seen["grown"] if each["state"] == "running"]
    assert says[-1] != "Devstral is ready"


def test_the_model_is_told_of_the_active_document(asked: Seen) -> None:
    assert asked.seen["about"] == ["prices.py"]
    assert told(asked.requests[0]).endswith("What is this?")
    assert "asked/shop/prices.py" in told(asked.requests[0])


@pytest.fixture(scope="module")
def accepted(host: Host) -> Seen:
    def on_disk() -> None:
        assert (host.folders[0] / "accepted/shop/prices.py").read_text(encoding="utf-8") == PRICES

    turns = rounded(host.path("accepted", "shop/prices.py"))
    return host.play("accepted", *turns, {"text": "I see."}, at={"accepted": on_disk})


def test_a_proposal_leaves_the_document_alone(accepted: Seen) -> None:
    before = accepted.seen["before"]
    assert accepted.seen["proposed"] == {**before, "state": "pending"}


def test_accepted_edits_change_the_document_once_and_not_the_file(accepted: Seen) -> None:
    assert accepted.seen["accepted"]["text"] == ROUNDED
    assert accepted.seen["accepted"]["dirty"] is True
    assert accepted.seen["accepted"]["version"] == accepted.seen["before"]["version"] + 1


def test_one_undo_takes_accepted_edits_back_and_the_model_is_told(accepted: Seen) -> None:
    assert accepted.seen["undone"]["text"] == PRICES
    assert "were applied and then undone by the user" in told(accepted.requests[-1])


def test_rejected_edits_leave_the_document_alone_and_the_model_is_told(host: Host) -> None:
    turns = rounded(host.path("rejected", "shop/prices.py"))
    played = host.play("rejected", *turns, {"text": "I see."})
    assert played.seen == {"text": PRICES, "touched": False, "left": 0}
    assert "rejected/shop/prices.py were rejected." in told(played.requests[-1])


def test_of_two_hunks_one_is_accepted_and_one_rejected(host: Host) -> None:
    played = host.play("hunks", *rounded(host.path("hunks", "shop/prices.py")), {"text": "I see."})
    assert played.seen["lines"] == [6, 10]
    assert played.seen["accepted"] == {"text": TOTAL_ROUNDED, "left": [6]}
    assert sorted(played.seen["decisions"]) == ["applied", "rejected"]
    assert played.seen["text"] == TOTAL_ROUNDED
    heard = told(played.requests[-1])
    assert "hunks/shop/prices.py: 1 hunk accepted, 1 hunk rejected. Rejected:" in heard
    assert f"-{OLD_TAX}+{NEW_TAX}" in heard


def test_a_cancelled_run_ends_with_what_waits_for_it_and_leaves_the_model_alone(host: Host) -> None:
    def stopped() -> None:
        assert host.model.await_disconnects(1)

    played = host.play("cancelled", THINKING, {"text": "I am."}, at={"cancelled": stopped})
    assert played.seen == {"states": ["cancelled", "cancelled"], "answer": "I am."}
    assert len(played.requests) == 2, "the one that waited was not asked"


def test_a_command_runs_when_it_is_approved_and_does_not_when_it_is_denied(host: Host) -> None:
    first, second = ({"calls": [call("run_command", command=f"expr {number} + 1")]} for number in (6471, 8352))
    yes, no = host.play("approved", first, DONE, second, DONE).seen["seen"]
    assert "expr 6471 + 1" in yes["question"]
    assert (yes["answer"], yes["tool"]) == ("Run once", "ok")
    assert "6472" in yes["output"]
    assert "expr 8352 + 1" in no["question"]
    assert (no["answer"], no["tool"]) == ("Deny", "failed")
    assert "8353" not in no["output"]
    assert [each["state"] for each in (yes, no)] == ["finished", "finished"]


def test_a_server_that_dies_in_a_run_is_started_again_and_answers(host: Host) -> None:
    first = host.vscode.servers(host.folders[0])

    def kill() -> None:
        # A window that was open before may not have let go of its own yet.
        for server in first:
            with suppress(ProcessLookupError):
                os.kill(server, signal.SIGKILL)

    seen = host.play("crashed", THINKING, {"text": "I am back."}, at={"killed": kill}).seen
    assert first
    assert seen["state"] == "failed"
    assert seen["message"]
    assert (seen["next"], seen["answer"], seen["turns"]) == ("finished", "I am back.", 2)
    assert set(host.vscode.servers(host.folders[0])).isdisjoint(first)


def test_settings_that_change_count_for_the_next_question(host: Host) -> None:
    path = host.path("changed", "shop/prices.py")
    turns = [{"text": "One."}, {"text": "Another."}, *edits(path, OLD_TOTAL, NEW_TOTAL)]
    played = host.play("changed", *turns, model=OTHERS[0], mode="auto")
    assert [request["model"] for request in played.requests[:2]] == ["devstral-small-2", OTHERS[0]]
    assert played.seen == {"text": TOTAL_ROUNDED, "applied": [f"{host.folders[0].name}/changed/shop/prices.py"]}


@pytest.fixture(scope="module")
def offered(host: Host) -> Seen:
    path = host.path("offered", "shop/prices.py")
    return host.play("offered", {"text": "It adds up."}, *edits(path, OLD_TOTAL, NEW_TOTAL))


def test_code_actions_are_offered_for_a_selection_and_for_other_extensions_problems(offered: Seen) -> None:
    on_selection = {f"Devstral: {what} the selection" for what in ("improve", "document", "explain", "review")}
    assert on_selection <= set(offered.seen["selected"])
    assert set(offered.seen["withProblem"]) - set(offered.seen["selected"]) == {"Devstral: fix “floats are not money”"}


def test_the_answer_to_a_code_action_opens_as_a_page(offered: Seen) -> None:
    assert offered.seen["page"] == "devstral"
    assert "return sum(prices)" in told(offered.requests[0])


def test_a_code_action_applies_what_the_chat_proposes_and_the_chat_knows(offered: Seen) -> None:
    assert offered.seen["before"] == PRICES
    assert offered.seen["after"] == TOTAL_ROUNDED


def test_the_walkthrough_opens_its_commands_are_there_and_doctor_shows_its_page(host: Host) -> None:
    seen = host.play("walkthrough", *[{"text": "yes"}] * 12).seen
    assert {"devstral.ui.installServer", "devstral.ui.doctor", "devstral.ui.ask"} <= set(seen["linked"])
    assert seen["missing"] == []
    assert seen["title"] == "Welcome", "as VS Code names the page of all walkthroughs"
    assert seen["scheme"] == "devstral-doctor"
    assert host.model.base_url in seen["page"]


def test_all_folders_of_a_workspace_are_known_and_the_second_is_worked_in(host: Host) -> None:
    path = host.folders[1] / "shop" / "prices.py"
    seen = host.play("folders", *edits(str(path), OLD_TOTAL, NEW_TOTAL), file=str(path)).seen
    assert seen["folders"] == [str(folder) for folder in host.folders]
    assert seen["text"] == TOTAL_ROUNDED
    assert seen["paths"] == [f"{host.folders[1].name}/shop/prices.py"]

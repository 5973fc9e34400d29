"""The chat view of VS Code's extension, in a real VS Code: what a user does and sees, and what the model is told."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.scripted import ScriptedServer
from tests.editors.project import CART, NEW_TOTAL, OLD_TOTAL, PRICES, call, edits, told
from tests.editors.test_vscode import (
    ALL_ROUNDED,
    BOTH_ROUNDED,
    DONE,
    NEW_PAY,
    NEW_TAX,
    OLD_PAY,
    OLD_TAX,
    PRICES_READ,
    TOTAL_ROUNDED,
    on_disk,
)
from tests.editors.vscode_cases import OTHERS, Played, VSCode

ANSWER = """\
It adds **prices** up, as [the documentation](https://example.com/docs) has it, or
[this](command:workbench.action.toggleSidebarVisibility) and [that](file:///etc/passwd).

<img src="x" onerror="document.body.remove()"><script>document.body.remove()</script>
![seen](https://example.com/seen.png)

```python
print(total([1, 2]))
```
"""

EXPLAINED = """\
# Prices

`total` adds prices up; [more](https://example.com/docs).

### Tax

| net | gross |
|---|---|
| 1 | 1.19 |

> Not rounded.

1. one
2. two

```python
print(with_tax(total([1, 2])))
```
"""

TAX = edits("shop/prices.py", OLD_TAX, NEW_TAX)
BROKEN = '{"a": 1,\n "b": \n}\n'


@pytest.fixture(scope="module")
def asked(vscode: VSCode) -> Played:
    """Two questions, one after the other."""
    turns: list[dict[str, Any]] = [{"text": ANSWER, "delay": 0.05, "usage": [2000, 100]}, {"text": "Sum."}]
    price = {"input": 0.5, "output": 2, "currency": "EUR"}
    played = vscode.play("chat_asked", *turns, settings={"devstral.chat.price": price})
    played.picture("answered", "vscode-chat-answer")
    return played


def test_an_answer_is_shown_while_it_is_written(asked: Played) -> None:
    assert asked.seen["early"]["busy"] == "true"
    assert "print" not in asked.seen["early"]["text"]


def test_what_the_model_wrote_is_shown_as_markdown_and_nothing_of_it_is_html(asked: Played) -> None:
    assert {"STRONG", "FIGURE", "PRE", "CODE"} <= set(asked.seen["tags"])
    assert not {"IMG", "SCRIPT"} & set(asked.seen["tags"])
    assert '<img src="x" onerror="document.body.remove()">' in asked.seen["text"]


def test_only_links_to_the_web_are_links_and_vs_code_asks_before_it_opens_one(asked: Played) -> None:
    assert asked.seen["links"] == ["https://example.com/docs", "https://example.com/seen.png"]
    assert "https://example.com/docs" in asked.seen["asked"]


def test_the_views_policy_lets_no_other_script_run_and_nothing_of_its_own_offends_it(asked: Played) -> None:
    assert asked.seen["blocked"] == "script-src-elem"
    assert asked.seen["ran"] is False
    assert asked.seen["refused"] == []


def test_the_chat_counts_tokens_and_what_they_cost_by_the_users_price(asked: Played) -> None:
    assert asked.seen["usage"] == "2,000 tokens read, 100 written · 0.0012 EUR"


def test_code_is_copied_and_what_was_begun_to_be_written_is_there_when_the_view_is_back(asked: Played) -> None:
    assert asked.seen["pasted"] == asked.seen["draft"] == "print(total([1, 2]))\n"


def test_a_follow_up_goes_on_with_the_conversation(asked: Played) -> None:
    later = told(asked.model.requests[1])
    assert "What does total do?" in later
    assert later.endswith("And in one word?")


@pytest.fixture(scope="module")
def proposed(vscode: VSCode) -> Played:
    """Parts of a proposal were accepted and others rejected; then one was accepted and undone, and one rejected."""
    accepted = TOTAL_ROUNDED.replace(OLD_TAX, NEW_TAX)
    at = {
        "shown": on_disk("shop/prices.py", PRICES),
        "decided": on_disk("shop/prices.py", TOTAL_ROUNDED),
        "accepted": on_disk("shop/prices.py", accepted),
        "undone": on_disk("shop/prices.py", TOTAL_ROUNDED),
    }
    turns = [PRICES_READ, {"calls": ALL_ROUNDED}, DONE, *TAX, *TAX, {"text": "Welcome."}]
    played = vscode.play("chat_proposed", *turns, at=at)
    played.picture("diff", "vscode-chat")
    return played


def test_a_proposal_lists_its_files_and_hunks_each_to_accept_and_to_reject(proposed: Played) -> None:
    for place in ("prices.py, line 7", "prices.py, line 11", "cart.py, line 7", "cents.py, new"):
        assert f"Accept the change of shop/{place}" in proposed.seen["offered"]
        assert f"Reject the change of shop/{place}" in proposed.seen["offered"]
    assert {"Accept all of shop/prices.py", "Reject all of shop/prices.py"} <= set(proposed.seen["offered"])
    assert {"Accept all changes", "Reject all changes"} <= set(proposed.seen["offered"])


def test_the_diff_editor_shows_the_real_file_beside_what_is_proposed(proposed: Played) -> None:
    assert proposed.seen["diff"].startswith("shop/prices.py (proposed)")


def test_accepted_hunks_and_files_are_made_and_rejected_ones_are_not(proposed: Played) -> None:
    assert proposed.on_disk("shop/cart.py") == CART.replace(OLD_PAY, NEW_PAY).encode()
    assert not (proposed.root / "shop/cents.py").exists()
    assert proposed.on_disk("shop/prices.py") == TOTAL_ROUNDED.encode()


def test_the_focus_goes_on_to_the_next_change_when_one_is_decided(proposed: Played) -> None:
    assert proposed.seen["focused"] == "Accept the change of shop/cart.py, line 7"


def test_the_model_is_told_what_was_decided_in_the_chat(proposed: Played) -> None:
    heard = told(proposed.model.requests[3])
    assert "Your proposed edits to shop/cart.py were accepted and applied." in heard
    assert "Your proposed edits to shop/cents.py were rejected." in heard
    assert "Your proposed edits to shop/prices.py were rejected." in told(proposed.model.requests[-1])


@pytest.fixture(scope="module")
def approved(vscode: VSCode) -> Played:
    """One command was run, one denied, and a run was cancelled while a question waited for it."""

    def stopped(model: ScriptedServer, _: Path) -> None:
        assert model.await_disconnects(1)

    turns = [
        {"calls": [call("run_command", command="echo tested")]},
        DONE,
        {"calls": [call("run_command", command="echo again")]},
        DONE,
        {"text": "Thinking about it", "hang": True},
    ]
    played = vscode.play("chat_approved", *turns, at={"cancelled": stopped})
    played.picture("approval", "vscode-chat-approval")
    return played


def test_a_command_asks_where_the_run_stands_and_not_in_a_message(approved: Played) -> None:
    assert "echo tested" in approved.seen["asked"]
    assert approved.seen["toasts"] == 0
    assert approved.seen["answered"] == "Your answer: Run once"


def test_a_tool_call_is_one_line_that_unfolds_by_keyboard(approved: Played) -> None:
    assert approved.seen["folded"] is None
    assert "tested" in approved.seen["output"]


def test_a_command_that_is_denied_is_shown_as_such(approved: Played) -> None:
    assert approved.seen["denied"] == "Your answer: Deny"


def test_escape_cancels_the_run_and_the_questions_that_wait_for_it(approved: Played) -> None:
    states = [state.removeprefix("state ") for state in approved.seen["states"]]
    assert states == ["finished", "finished", "cancelled", "cancelled"]


FREE = "echo '[free](command:workbench.action.toggleSidebarVisibility)'"


@pytest.fixture(scope="module")
def hidden(vscode: VSCode) -> Played:
    """Three commands asked and one run went on while the chat was hidden."""

    def ran(command: str) -> dict[str, Any]:
        return {"calls": [call("run_command", command=command)]}

    turns = [
        ran(FREE),
        DONE,
        ran("echo again"),
        DONE,
        ran(f"echo {'long ' * 200}"),
        {"text": "Thinking about it", "hang": True},
    ]
    return vscode.play("chat_hidden", *turns)


def test_what_runs_in_a_chat_that_is_seen_is_in_no_notification_and_is_in_one_while_it_is_hidden(
    hidden: Played,
) -> None:
    assert (hidden.seen["visible"], hidden.seen["beside"]) == (0, 0)


def test_a_hidden_chat_asks_in_a_notification_that_goes_when_the_chat_is_seen_or_it_is_answered(hidden: Played) -> None:
    assert hidden.seen["once"] == 1
    assert hidden.seen["links"][:5] == ["Cancel", "Show in Chat", "Run once", "Always allow", "Deny"]
    assert hidden.seen["answered"] == "Your answer: Run once"
    outcomes = [item["content"] for item in hidden.model.requests[3]["messages"] if item["role"] == "tool"]
    assert "again" in outcomes[-1]


def test_what_the_model_wrote_is_no_link_in_a_notification(hidden: Played) -> None:
    assert "free" not in hidden.seen["links"]
    assert "[free]" in hidden.seen["said"]


def test_a_command_that_is_too_long_for_a_notification_is_decided_in_the_chat_alone(hidden: Played) -> None:
    assert hidden.seen["long"].endswith("… Show in Chat")


@pytest.fixture(scope="module")
def kept(vscode: VSCode) -> Played:
    """The view was moved, the window loaded anew, the server killed; and a new chat was begun."""

    def kill(_: ScriptedServer, root: Path) -> None:
        # The window from before it was loaded anew may not have let go of its own yet.
        for server in vscode.servers(root):
            with suppress(ProcessLookupError):
                os.kill(server, signal.SIGKILL)

    turns = [PRICES_READ, {"calls": BOTH_ROUNDED}, DONE, {"text": "Now."}, {"text": "Thinking about it", "hang": True}]
    played = vscode.play("chat_kept", *turns, at={"killed": kill})
    played.picture("gone-on", "vscode-chat-kept")
    return played


@pytest.mark.parametrize("what", ["moved", "reloaded"])
def test_the_conversation_and_what_was_begun_to_be_written_are_there_again(kept: Played, what: str) -> None:
    there = kept.seen[what]["text"]
    assert there.index("Round to cents") < there.index("read shop/prices.py") < there.index("Done.")
    assert there.index("Done.") < there.index("accepted") < there.index("round(net * (1 + TAX), 2)")
    assert kept.seen[what]["draft"] == "What else?"


def test_a_conversation_from_before_says_that_the_model_does_not_remember_it(kept: Played) -> None:
    assert "the model does not remember what is above" not in kept.seen["moved"]["text"]
    assert "the model does not remember what is above" in kept.seen["reloaded"]["text"]
    assert "Round to cents" not in told(kept.model.requests[3])


def test_what_was_pending_before_is_offered_no_more_but_to_be_asked_for_again(kept: Played) -> None:
    assert kept.seen["buttons"] == ["Ask Again", "New Chat"]
    assert kept.seen["again"] == "Round to cents"


def test_what_comes_after_stands_below_the_line_and_after_a_crash_above_it(kept: Played) -> None:
    assert kept.seen["order"] == ["turn past", "forgotten", "turn"]
    assert kept.seen["later"] == ["turn past", "turn past", "turn past", "forgotten"]
    assert kept.seen["broken"] == "Devstral's server ended before it answered."


def test_a_new_chat_forgets_what_was_kept(kept: Played) -> None:
    assert kept.seen["turns"] == 0


def test_edits_of_the_chat_are_applied_as_the_mode_of_ask_says(vscode: VSCode) -> None:
    """Whatever `edits.mode` says, in both directions."""
    rounded = TOTAL_ROUNDED

    def change(model: ScriptedServer, root: Path) -> None:
        on_disk("shop/prices.py", rounded)(model, root)
        modes = {"devstral.edits.mode": "auto", "devstral.edits.modes": {"ask": "propose"}}
        vscode.set({"devstral.llm.baseUrl": model.base_url, "devstral.llm.model": "devstral-small-2", **modes})

    modes = {"devstral.edits.mode": "review", "devstral.edits.modes": {"ask": "auto"}, "devstral.llm.model": OTHERS[0]}
    at = {"applied": change, "proposed": on_disk("shop/prices.py", rounded)}
    played = vscode.play("chat_modes", *edits("shop/prices.py", OLD_TOTAL, NEW_TOTAL), *TAX, at=at, settings=modes)
    assert (played.seen["decided"], played.seen["asked"]) == (["accepted"], 0)
    assert played.seen["offered"] == 1


@pytest.fixture(scope="module")
def about(vscode: VSCode) -> Played:
    """A question about a selection with problems and an image, and one about nothing that is open."""

    def begin(_: ScriptedServer, root: Path) -> None:
        (root / "shop" / "broken.json").write_text(BROKEN, encoding="utf-8")

    turns = [{"text": "A value is missing."}, {"text": "Little."}]
    played = vscode.play("chat_about", *turns, at={"begin": begin}, settings={"devstral.llm.vision": True})
    played.picture("about", "vscode-chat-about")
    return played


def test_chips_show_what_a_question_is_about(about: Played) -> None:
    first = [chip.removesuffix("×").strip() for chip in about.seen["first"]]
    assert first[0] == "broken.json"
    assert first[1].endswith(("problem", "problems"))
    second = [chip.removesuffix("×").strip() for chip in about.seen["second"]]
    assert second[:2] == ["broken.json", "line 1"]
    assert about.seen["images"] == 1


def test_the_selection_and_the_pasted_image_reach_the_model(about: Played) -> None:
    first = about.model.requests[0]
    assert '"a": 1,' in told(first)
    assert "data:image/png;base64," in str(first["messages"][-1]["content"])


def test_what_is_left_out_is_not_told(about: Played) -> None:
    assert about.seen["third"] == ["+ broken.json"]
    last = about.model.requests[1]["messages"][-1]["content"]
    assert "broken.json" not in str(last).split("And in general?")[0].split("open")[0]


@pytest.fixture(scope="module")
def accessible(vscode: VSCode) -> Played:
    """The chat with one of everything in it, in four themes."""
    turns = [
        {"text": EXPLAINED},
        PRICES_READ,
        {"calls": ALL_ROUNDED, "reasoning": "Cents it is."},
        DONE,
        {"calls": [call("run_command", command="echo tested")]},
    ]
    played = vscode.play("chat_accessible", *turns)
    played.picture("high-contrast", "vscode-chat-high-contrast")
    return played


@pytest.mark.parametrize("theme", ["light", "dark", "high-contrast", "high-contrast-light"])
def test_axe_finds_nothing_in_the_chat(accessible: Played, theme: str) -> None:
    assert accessible.seen["violations"][theme] == []


def test_the_chat_follows_the_theme(accessible: Played) -> None:
    assert len(set(accessible.seen["colours"].values())) >= 3


def test_everything_in_the_chat_is_reached_by_the_tabulator_key_and_seen_to_be(accessible: Played) -> None:
    stops = accessible.seen["stops"]
    assert [stop for stop in stops if stop.startswith("no outline")] == []
    order = [
        *("Copy code block 1, python", "Show the diff of shop/prices.py", "Accept all changes"),
        *("Run once: echo tested", "prompt", "Send"),
    ]
    places = [stops.index(stop) for stop in order]
    assert places == sorted(places)


@pytest.fixture(scope="module")
def spoken(vscode: VSCode) -> Played:
    """What a screen reader is given while there is one of everything."""
    turns = [
        {"text": EXPLAINED, "delay": 0.02},
        PRICES_READ,
        {"calls": BOTH_ROUNDED},
        DONE,
        {"calls": [call("run_command", command="echo tested")]},
        DONE,
    ]
    return vscode.play("chat_spoken", *turns)


def test_an_answer_is_said_once_when_it_is_complete_and_without_its_code(spoken: Played) -> None:
    explained = "Prices total adds prices up; more. Tax net gross 1 1.19 Not rounded. one two Code block 1, python."
    assert spoken.seen["said"] == [
        "status: Devstral works",
        f"status: Devstral answered. {explained}",
        "status: Devstral works",
        "status: Devstral answered. Done. Proposes changes of shop/prices.py.",
        "status: Devstral works",
        f"alert: {_question(spoken)}",
        "alert: ",
        "status: Devstral answered. Done.",
    ]


def _question(spoken: Played) -> str:
    said: list[str] = spoken.seen["said"]
    (question,) = [line.removeprefix("alert: ") for line in said if "wants to run" in line]
    assert question.endswith(":\necho tested")
    return question


def _nodes(spoken: Played, role: str) -> list[dict[str, Any]]:
    return [node for node in spoken.seen["tree"] if node["role"] == role]


def test_the_conversation_is_a_log_and_the_regions_that_speak_are_live(spoken: Played) -> None:
    assert [(node["name"], node.get("live")) for node in _nodes(spoken, "log")] == [("Conversation", None)]
    assert {node["live"] for node in _nodes(spoken, "status")} == {"polite"}
    assert {node["live"] for node in _nodes(spoken, "alert")} == {"assertive"}


def test_the_prompt_is_labelled_and_says_its_keys(spoken: Played) -> None:
    (prompt,) = _nodes(spoken, "textbox")
    assert prompt["name"] == "Ask Devstral"
    assert prompt["description"].startswith("Enter sends")


def test_every_button_is_named_with_what_it_acts_on_and_no_two_alike(spoken: Played) -> None:
    named = [node["name"] for node in _nodes(spoken, "button")]
    wanted = {
        *("Copy code block 1, python", "Insert code block 1, python, at the cursor"),
        *("Show the diff of shop/prices.py", "Accept the change of shop/prices.py, line 7"),
        *("Run once: echo tested", "Deny: echo tested", "Leave out shop/prices.py", "Send"),
    }
    assert wanted <= set(named)
    assert len(named) == len(set(named))
    assert "" not in named


def test_lines_that_unfold_say_whether_they_are(spoken: Played) -> None:
    lines = {node["name"]: node["expanded"] for node in spoken.seen["tree"] if "expanded" in node}
    (first, *others) = [name for name in lines if "read shop/" in name]
    assert (lines[first], {lines[name] for name in others}) == (True, {False})
    assert [expanded for name, expanded in lines.items() if name.startswith("accepted")] == [False], lines


def test_questions_are_headings_and_proposals_and_approvals_are_regions(spoken: Played) -> None:
    headings = [node["name"] for node in _nodes(spoken, "heading")]
    assert [name for name in headings if name.startswith("Question")] == ["Question 1", "Question 2", "Question 3"]
    regions = [node["name"] for node in _nodes(spoken, "region")]
    assert regions == ["Proposed changes of shop/prices.py", "Approval"]

"""The plugin of editors/neovim in a real Neovim: the newest there is, and 0.10, the oldest that is supported."""

from __future__ import annotations

from pathlib import Path

import pytest

from devstral_ls.scripted import ScriptedServer
from tests.editors.installing import find
from tests.editors.neovim_cases import Neovim
from tests.editors.project import NEW_TOTAL, OLD_TOTAL, PRICES, call, edits, told

CHANGED = PRICES.replace(OLD_TOTAL, NEW_TOTAL)
TOTAL = edits("shop/prices.py", OLD_TOTAL, NEW_TOTAL)
TWO = [
    TOTAL[0],
    {"calls": [*TOTAL[1]["calls"], call("edit_file", file_path="shop/prices.py", old_string="0.19", new_string="0.2")]},
    TOTAL[2],
]
HANGS = {"text": "Thinking about it", "hang": True}
NEW_FILE = "def test_total():\n    assert True\n"
TWO_FILES = [
    TWO[0],
    {"calls": [*TWO[1]["calls"], call("write_file", file_path="tests/test_prices.py", content=NEW_FILE)]},
    TWO[2],
]
OUTPUT = """\
# Edit with Devstral

> round the totals to cents

- ✓ read shop/prices.py: lines 1-11 of 11
- ✓ edit shop/prices.py: 1 place
- ✓ edit shop/prices.py: 1 place

Done.

*proposes 1 file, +2 -2*"""


@pytest.fixture(params=["neovim", "neovim-0.10"])
def neovim(request: pytest.FixtureRequest, tmp_path: Path) -> Neovim:
    return Neovim(find(request.param), tmp_path)


def lines(text: str) -> str:
    """A text as a buffer's lines hold it, without the last line end."""
    return text.removesuffix("\n")


def test_each_change_is_shown_in_the_text_and_accepted_or_rejected_there(neovim: Neovim) -> None:
    played = neovim.play("with_plugin/review", *TWO)
    seen = played.seen
    assert told(played.model.requests[0]).endswith("round the totals to cents")
    assert "Edit with Devstral" in seen["busy"]
    assert seen["first"] == [
        "3 -",
        "3 ... 1/2  \\ha accepts  \\hr rejects",
        "3 + TAX = 0.2",
        "11 -",
        "11 ... 2/2  \\ha accepts  \\hr rejects",
        "11 +     return round(sum(prices), 2)",
    ]
    assert (seen["untouched"], seen["current"]) == (True, "shop/prices.py")
    assert "Devstral: 2 changes to review" in seen["status"]
    assert seen["output"] == OUTPUT
    assert seen["lines"] == [3, 11, 3, 11, 3, 11, 3]
    assert seen["second"][0] == "3 -"
    assert seen["accepted"] == lines(CHANGED)
    assert seen["undone"] is True
    assert seen["left_alone"] is True
    assert seen["mapping"] == "another plugin's"
    assert seen["accept_key"] == ""
    assert "Devstral" not in seen["quiet"]


def test_an_answer_is_followed_as_it_comes_in_a_window_beside_the_file(neovim: Neovim) -> None:
    def stopped(model: ScriptedServer, _: Path) -> None:
        assert model.await_disconnects(1)

    answers = {"text": "Second."}, {"text": "Third."}, {"text": "Fourth."}
    played = neovim.play("with_plugin/output", HANGS, *answers, at={"cancelled": stopped})
    seen = played.seen
    first, second, third, fourth = map(told, played.model.requests)
    assert first.endswith("what is this 🦉 for?")
    assert second.endswith("and line two?")
    assert "what is this" in second, "it goes on with the conversation"
    assert third.endswith("from the output")
    assert "what is this" not in fourth, "a new conversation"
    assert "Ask Devstral" in seen["status"]
    assert (seen["current"], seen["mode"]) == ("shop/prices.py", "n")
    assert seen["text"].startswith("# Ask Devstral\n\n> what is this 🦉 for?\n\nThinking about it\n\n*cancelled")
    assert seen["text"].endswith("\n\n# Ask Devstral\n\n> and line two?\n\nSecond.\n\n*done*")
    assert seen["at_the_end"] is True
    assert (seen["filetype"], seen["writable"], seen["attached"]) == ("markdown", False, 0)
    assert seen["inputs"] == ["Ask Devstral: "]
    assert (seen["hidden"], seen["float"], seen["closed"]) == (True, "editor", True)
    assert seen["stays_closed"] is True


def test_what_any_tool_reports_goes_along_with_a_fix(neovim: Neovim) -> None:
    played = neovim.play("with_plugin/fix", *TOTAL, {"text": "It is."}, {"text": "So it is."})
    first, *_, range_given, elsewhere = map(told, played.model.requests)
    assert "shop/prices.py:11: warning: sum of floats loses cents (linter)" in first
    assert "of another line" not in first
    assert played.seen["at_once"] == lines(CHANGED)
    assert played.seen["shown"] == []
    assert "shop/prices.py:7: warning: of another line (linter)" in range_given
    assert "sum of floats" not in range_given
    assert "of another line" in elsewhere
    assert "sum of floats" in elsewhere
    assert elsewhere.endswith("be quick")


def test_pending_files_are_listed_and_reviewed_in_a_diff_tab(neovim: Neovim) -> None:
    played = neovim.play("with_plugin/diff", *TWO_FILES)
    seen = played.seen
    assert seen["typed_nothing"] == 0
    assert seen["list"] == [
        "shop/prices.py:3: +1 -1 TAX = 0.2",
        "shop/prices.py:11: +1 -1 return round(sum(prices), 2)",
        "devstral://proposed/tests/test_prices.py:1: tests/test_prices.py is to be made",
    ]
    assert seen["tab"] == [["shop/prices.py", True], ["devstral://proposed/shop/prices.py", True]]
    assert seen["hidden"] == [], "a diff says it all"
    assert seen["proposed"] == lines(CHANGED.replace("0.19", "0.2"))
    assert seen["accepted"] == lines(PRICES.replace("0.19", "0.2"))
    assert seen["diff_is_off"] is True
    new = "tests/test_prices.py"
    assert seen["new_tab"] == [[f"devstral://nothing/{new}", True], [f"devstral://proposed/{new}", True]]
    assert seen["new_text"] == lines(NEW_FILE)
    assert seen["closed"] is True
    assert seen["made"] == lines(NEW_FILE)
    assert seen["undone"] is True


def test_changes_are_decided_by_commands_and_shown_in_files_opened_later(neovim: Neovim) -> None:
    seen = neovim.play("with_plugin/picked", *TWO_FILES).seen
    assert seen["question"] == {"message": "Diff of", "titles": ["shop/prices.py", "tests/test_prices.py"]}
    assert (seen["opened_later"], seen["line"]) == (6, 3)
    assert seen["after"] == lines(CHANGED)
    assert seen["left"] == ["tests/test_prices.py"]


def test_changes_follow_what_is_typed_and_one_undo_takes_an_apply_back(neovim: Neovim) -> None:
    played = neovim.play("with_plugin/typing", *TWO)
    seen = played.seen
    assert seen["accepted"] == "# typed\n" + lines(CHANGED.replace("0.19", "0.2"))
    assert seen["one_step"] is True
    assert seen["taken_back"] == "# typed since\n# typed\n" + lines(PRICES)
    assert seen["undo_is_one_step"] is True


def test_every_command_of_the_server_has_a_subcommand(neovim: Neovim) -> None:
    played = neovim.play("with_plugin/commands", *({"text": f"Answer {number}."} for number in range(8)))
    seen = played.seen
    assert seen["not_served"] == []
    assert "ask" in seen["commands"]
    assert len(seen["commands"]) == 30
    assert seen["completed"] == [["explain"], ["apply=review", "apply=auto", "apply=propose"], ["why"]]
    asked = [told(request) for request in played.model.requests]
    assert asked[0].endswith("in a few words")
    assert "The user selected lines 10-11 of it:" in asked[0]
    assert asked[4].endswith("Say why.\n\nand be kind")
    assert seen["action_question"] == {"message": "Action", "titles": ["Why is it so?"]}
    assert asked[6].endswith("say hello")
    assert seen["sessions"] == 7
    assert "in a few words" in asked[7], "the oldest conversation was picked"
    assert seen["models"]["message"] == "Which model shall Devstral use?: "
    assert seen["health"] == "checkhealth"


def test_health_says_what_runs_and_what_to_do(neovim: Neovim) -> None:
    seen = neovim.play("with_plugin/health", {"text": "It adds prices up."}).seen
    assert "no client runs" in seen["nobody"]
    assert "vim.lsp.enable('devstral_ls')" in seen["nobody"]
    assert "devstral-ls 0." in seen["nobody"]
    assert f"Neovim {'.'.join(map(str, neovim.editor.version))}" in seen["new"]
    assert "client 1 in " in seen["new"]
    assert "is looked for when something is asked first" in seen["new"]
    assert "ERROR" not in seen["new"] + seen["used"]
    assert ("WARN" in seen["used"]) is not neovim.new
    assert "devstral-small-2 at http://127.0.0.1" in seen["used"]
    assert "edits.mode is propose" in seen["used"]


def test_a_model_that_does_not_answer_and_a_missing_server_are_told(neovim: Neovim) -> None:
    seen = neovim.play("with_plugin/broken", environ={"DEVSTRAL_LS_BASE_URL": "http://127.0.0.1:9/v1"}).seen
    assert "Devstral: The server at http://127.0.0.1:9/v1" in seen["status"]
    assert "ERROR" in seen["health"]
    assert "`devstral-ls doctor` says what is wrong" in seen["health"]
    assert "devstral-ls is not found" in seen["missing"]
    assert "pipx install" in seen["missing"]


def test_a_server_that_is_missing_or_not_enabled_is_told_in_one_line(neovim: Neovim) -> None:
    seen = neovim.play("with_plugin/missing").seen
    assert "devstral-ls is not found" in seen["health"]
    assert "no client runs" not in seen["health"], "that it is missing says it all"


def test_a_server_that_ends_in_the_middle_of_a_run_is_started_again_by_the_next_question(neovim: Neovim) -> None:
    seen = neovim.play("with_plugin/ended", HANGS, {"text": "It is fine."}).seen
    assert "Ask Devstral" in seen["busy"]
    assert "Devstral" not in seen["quiet"]
    assert seen["first"].endswith("Thinking about it\n\n*the server ended: the next :Devstral starts it again*")


def test_a_question_is_about_whatever_is_open(neovim: Neovim) -> None:
    played = neovim.play("with_plugin/unusual", {"text": "A shop."}, {"text": "Anything."}, *TOTAL)
    assert "Do what you like." in told(played.model.requests[1]), "of a file of no known type, unsaved"
    assert (played.seen["untouched"], played.seen["marked"]) == (True, 0)


def test_whoever_wants_to_be_asked_is_asked_through_any_picker(neovim: Neovim) -> None:
    command = {"calls": [call("run_command", command="cat shop/prices.py")]}
    seen = neovim.play("with_plugin/asked", command, *TOTAL).seen
    approval, review = seen["questions"]
    assert approval["titles"] == ["Run once", "Always allow", "Deny"]
    assert review["titles"] == ["Apply", "Show diff", "Discard"]
    assert "- ? may I run `cat shop/prices.py`" in seen["output"]
    assert seen["after"] == lines(CHANGED)


def test_the_help_file_is_found_and_has_every_subcommand(neovim: Neovim) -> None:
    seen = neovim.play("with_plugin/help").seen
    assert (seen["missing"], seen["wide"]) == ([], [])
    assert seen["kind"] == "help"

"""devstral-ls in a real Neovim, with the configuration of editors/neovim as it stands there.

Every case runs in the newest Neovim there is; those marked `both` also in 0.10, the oldest that is supported.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from devstral_ls.scripted import ScriptedServer
from tests.editors.installing import find
from tests.editors.neovim_cases import Neovim
from tests.editors.project import NEW_TOTAL, OLD_TOTAL, PRICES, call, edits, told

both = pytest.mark.parametrize("neovim", ["neovim", "neovim-0.10"], indirect=True)

CHANGED = PRICES.replace(OLD_TOTAL, NEW_TOTAL)
TOTAL = edits("shop/prices.py", OLD_TOTAL, NEW_TOTAL)
TWO = [
    TOTAL[0],
    {"calls": [*TOTAL[1]["calls"], call("edit_file", file_path="shop/prices.py", old_string="0.19", new_string="0.2")]},
    TOTAL[2],
]
HANGS = {"text": "Thinking about it", "hang": True}

ON_A_FILE = [
    "Devstral: improve this file",
    "Devstral: document this file",
    "Devstral: write tests for this file",
    "Devstral: explain this file",
    "Devstral: review this file",
]
ON_A_PROPOSAL = [
    "Devstral: apply all (1 file, +1 -1)",
    "Devstral: show the proposed diff",
    "Devstral: discard the proposal",
]
QUESTION = {
    "message": "Devstral proposes 1 file, +1 -1: shop/prices.py: ",
    "titles": ["Apply", "Show diff", "Discard"],
}


@pytest.fixture
def neovim(request: pytest.FixtureRequest, tmp_path: Path) -> Neovim:
    """A Neovim; of the newest version unless the test is parametrized."""
    return Neovim(find(getattr(request, "param", "neovim")), tmp_path)


@pytest.fixture
def new_neovim(neovim: Neovim) -> Neovim:
    """A Neovim that has what editors/neovim/mappings.lua needs."""
    if not neovim.new:
        pytest.skip(f"{neovim.editor} is older than 0.11")
    return neovim


def lines(text: str) -> str:
    """A text as a buffer's lines hold it, without the last line end."""
    return text.removesuffix("\n")


@both
def test_a_code_action_ends_in_an_edit_that_one_undo_takes_back(neovim: Neovim) -> None:
    def applied(_: ScriptedServer, root: Path) -> None:
        assert (root / "shop/prices.py").read_text() == PRICES, "applying does not write the file"

    played = neovim.play("action", *TOTAL, at={"applied": applied})
    seen = played.seen
    assert seen["root"] == str(played.root)
    assert seen["menu"] == ON_A_FILE
    assert seen["question"] == QUESTION
    assert seen["after"] == lines(CHANGED)
    assert seen["modified"] is True
    assert seen["undone"] is True
    assert seen["modified_when_undone"] is False
    assert seen["redone"] is True
    assert played.on_disk("shop/prices.py") == CHANGED.encode()
    assert seen["encoding"] == ("utf-8" if neovim.new else "utf-16")
    assert seen["first"]["title"] == "Edit with Devstral"
    assert seen["progress"][0] == "begin"
    assert set(seen["progress"][1:-1]) == {"report"}
    assert seen["progress"][-1] == "end"
    assert seen["last"]["message"] == "proposes 1 file, +1 -1"


@both
def test_unsaved_text_is_what_the_model_reads_and_discard_leaves_it_alone(neovim: Neovim) -> None:
    played = neovim.play("unsaved", *TOTAL, {"text": "It adds prices up."})
    assert "# only in the buffer 🦉" in played.seen["typed"]
    assert "     4\t# only in the buffer 🦉\n" in told(played.model.requests[1])
    assert played.seen["untouched"] is True
    assert played.seen["modified"] is True
    assert played.seen["menu"] == ON_A_FILE
    assert played.on_disk("shop/prices.py") == PRICES.encode()
    assert "Your proposed edits to shop/prices.py were rejected." in told(played.model.requests[-1])


@both
def test_text_typed_elsewhere_while_the_question_is_open_stays(neovim: Neovim) -> None:
    seen = neovim.play("typed_elsewhere", *TOTAL).seen
    assert seen["after"] == "# typed while the question was open\n" + lines(CHANGED)


@both
def test_text_typed_elsewhere_as_the_edit_arrives_stays(neovim: Neovim) -> None:
    assert neovim.play("late_elsewhere", *TOTAL).seen["after"] == "# typed as the edit came\n" + lines(CHANGED)


@both
@pytest.mark.parametrize("case", ["typed_there", "late_there"])
def test_text_typed_in_the_edited_line_wins_and_the_proposal_waits(neovim: Neovim, case: str) -> None:
    seen = neovim.play(case, *TOTAL).seen
    assert seen["after"] == lines(PRICES.replace(OLD_TOTAL, "    return math.fsum(prices)\n"))
    assert seen["pending"] == 1


@both
def test_an_applied_proposal_is_taken_back_after_a_write_by_one_command_and_in_one_step(neovim: Neovim) -> None:
    played = neovim.play("undo", *TOTAL, {"text": "It adds prices up."})
    seen = played.seen
    assert seen["written"] == "# typed since\n" + lines(CHANGED)
    assert seen["answer"]["undone"] is True
    assert seen["undone"] == "# typed since\n" + seen["before"]
    assert seen["one_step"] is True
    assert played.on_disk("shop/prices.py") == b"# typed since\n" + PRICES.encode()
    assert "Your proposed edits to shop/prices.py were applied and then undone" in told(played.model.requests[-1])


@both
def test_a_hunk_is_taken_from_the_code_actions_and_the_rest_left(neovim: Neovim) -> None:
    played = neovim.play("hunks", *TWO, {"text": "It adds prices up."})
    first, second, *_ = played.seen["menu"]
    assert (first, second) == ("Devstral: apply all (1 file, +2 -2)", "Devstral: apply this hunk")
    assert played.seen["after"] == lines(CHANGED)
    assert played.seen["untouched"] is True
    heard = told(played.model.requests[-1])
    assert "Of your proposed edits to shop/prices.py: 1 hunk accepted, 1 hunk rejected." in heard


def test_each_hunk_has_a_line_above_it_to_accept_and_to_reject_it(neovim: Neovim) -> None:
    if neovim.editor.version < (0, 12):
        pytest.skip(f"{neovim.editor} shows lenses in its own, older way")
    seen = neovim.play("lenses", *TWO).seen
    assert seen["first"] == [
        "11:Accept +1 -1: return round(sum(prices), 2) | Reject",
        "1:Devstral proposes 2 changes: accept all | Reject all | Show the diff",
        "3:Accept +1 -1: TAX = 0.2 | Reject",
    ]
    assert seen["second"] == ["3:Accept +1 -1: TAX = 0.2 | Reject"]
    assert seen["accepted"] == lines(CHANGED)
    assert seen["untouched"] is True
    assert seen["undone"] is True


@both
def test_a_question_closed_without_an_answer_leaves_the_proposal_to_the_code_actions(neovim: Neovim) -> None:
    seen = neovim.play("answered_late", *TOTAL).seen
    assert seen["menu"] == [*ON_A_PROPOSAL, *ON_A_FILE]
    assert seen["diff"].startswith("--- a/shop/prices.py\n+++ b/shop/prices.py\n@@ -8,4 +8,4 @@\n")
    assert seen["untouched"] is True
    assert seen["after"] == lines(CHANGED)
    assert seen["undone"] is True


def test_the_diff_opens_beside_the_file_before_the_question_is_asked_again(neovim: Neovim) -> None:
    seen = neovim.play("shown_first", *TOTAL).seen
    assert seen["questions"] == [QUESTION, {**QUESTION, "titles": ["Apply", "Discard"]}]
    assert seen["current"] == "shop/prices.py"
    shown, below = seen["windows"]
    assert shown.endswith(".diff")
    assert below == "prices.py"


@both
def test_cancelling_in_any_way_ends_the_progress_and_stops_the_model(neovim: Neovim) -> None:
    def stopped(count: int) -> Callable[[ScriptedServer, Path], None]:
        def look(model: ScriptedServer, _: Path) -> None:
            assert model.await_disconnects(count)

        return look

    places = ("cancelled by a command", "cancelled by an action", "cancelled by the progress")
    seen = neovim.play("cancel", HANGS, HANGS, HANGS, at={place: stopped(n) for n, place in enumerate(places, 1)}).seen
    assert "Edit with Devstral: Thinking" in seen["status"]
    assert seen["ends"] == ["cancelled"] * 3
    assert seen["questions"] == []
    assert seen["untouched"] is True
    assert seen["state"] == "idle"


@both
def test_an_instruction_comment_is_carried_out_and_removed(neovim: Neovim) -> None:
    played = neovim.play("instruction", *TOTAL)
    assert played.seen["menu"] == ["Devstral: do “round the total to cents”", *ON_A_FILE]
    assert told(played.model.requests[0]).endswith("round the total to cents")
    assert played.seen["after"] == lines(CHANGED)


def test_another_tools_diagnostics_reach_the_model_through_the_mapping(new_neovim: Neovim) -> None:
    played = new_neovim.play("diagnostics", *TOTAL)
    assert played.seen["menu"] == ON_A_FILE, "Neovim gives a server its own diagnostics only"
    first = told(played.model.requests[0])
    assert "shop/prices.py:11: warning: sum of floats loses cents (linter)" in first
    assert "of another line" not in first
    assert played.seen["after"] == lines(CHANGED)


def test_every_answer_in_prose_opens_beside_the_file(new_neovim: Neovim) -> None:
    played = new_neovim.play("ask", {"text": "It adds prices up."}, {"text": "In cents too."})
    first, second = map(told, played.model.requests)
    assert "    10\tdef total(prices):\n    11\t    return sum(prices)\n" in first
    assert first.endswith("what is this 🦉 for?")
    assert "It adds prices up." in second, "the second question goes on with the conversation"
    assert second.endswith("and in cents?")
    assert "> what is this 🦉 for?\n\nIt adds prices up." in played.seen["answer"]
    assert played.seen["current"] == "shop/prices.py"
    assert played.seen["mode"] == "n"
    assert played.seen["servers"] == 1, "showing an answer starts no server for it"


@both
@pytest.mark.parametrize("name", ["tests/test_prices.py", "shop/test_prices.py"])
def test_a_new_file_exists_only_once_it_was_applied_and_written(neovim: Neovim, name: str) -> None:
    content = "def test_total():\n    assert True\n"

    def asked(_: ScriptedServer, root: Path) -> None:
        assert not (root / name).exists()

    turns = {"calls": [call("write_file", file_path=name, content=content)]}, {"text": "Done."}
    played = neovim.play("new_file", *turns, at={"asked": asked})
    assert played.seen["question"]["message"] == f"Devstral proposes 1 file, +2 -0: {name}: "
    assert played.seen["text"] == lines(content)
    assert played.seen["listed"] is True
    assert played.seen["current"] == "shop/prices.py"
    assert played.on_disk(name) == content.encode()


@both
def test_crlf_and_wide_characters_are_right_on_disk_after_a_write(neovim: Neovim) -> None:
    before = "# first 🦉\r\n# second 日本\r\n# third\r\n# fourth 🦉 plain\r\n"
    turns = edits("shop/notes.py", "# fourth 🦉 plain", "# new\n# fourth 🦉 ünïcode")
    played = neovim.play("endings", *turns, files={"shop/notes.py": before.encode()})
    assert played.seen["format"] == "dos"
    after = "# first 🦉\r\n# second 日本 🦉 typed\r\n# third\r\n# new\r\n# fourth 🦉 ünïcode\r\n"
    assert played.on_disk("shop/notes.py") == after.encode()


def test_a_command_is_asked_about_before_the_edit(neovim: Neovim) -> None:
    command = {"calls": [call("run_command", command="cat shop/prices.py")]}
    played = neovim.play("command", command, *TOTAL)
    approval, review = played.seen["questions"]
    assert approval["titles"] == ["Run once", "Always allow", "Deny"]
    assert "cat shop/prices.py" in approval["message"]
    assert review == QUESTION

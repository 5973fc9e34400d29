"""devstral-ls in a real VS Code with its own extension, through what a user sees: palette, preview, code actions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.scripted import ScriptedServer
from tests.editors.project import CART, NEW_TOTAL, OLD_TOTAL, PRICES, call, edits, told
from tests.editors.vscode_cases import Played, VSCode

OLD_TAX = "    return net * (1 + TAX)\n"
NEW_TAX = "    return round(net * (1 + TAX), 2)\n"
OLD_PAY = "    return with_tax(total(cart))\n"
NEW_PAY = "    return round(with_tax(total(cart)), 2)\n"
TOTAL_ROUNDED = PRICES.replace(OLD_TOTAL, NEW_TOTAL)
ROUNDED = TOTAL_ROUNDED.replace(OLD_TAX, NEW_TAX)

TOTAL = edits("shop/prices.py", OLD_TOTAL, NEW_TOTAL)
PRICES_READ: dict[str, Any] = {
    "calls": [call("read_file", file_path="shop/prices.py"), call("read_file", file_path="shop/cart.py")]
}
BOTH_ROUNDED = [
    call("edit_file", file_path="shop/prices.py", old_string=OLD_TAX, new_string=NEW_TAX),
    call("edit_file", file_path="shop/prices.py", old_string=OLD_TOTAL, new_string=NEW_TOTAL),
]
ALL_ROUNDED = [
    *BOTH_ROUNDED,
    call("edit_file", file_path="shop/cart.py", old_string=OLD_PAY, new_string=NEW_PAY),
    call("write_file", file_path="shop/cents.py", content="CENTS = 2\n"),
]
DONE: dict[str, Any] = {"text": "Done."}
ALL: dict[str, Any] = {"text": "That is all."}


def on_disk(name: str, text: str) -> Callable[[ScriptedServer, Path], None]:
    """A look at a file while a case waits."""

    def look(_: ScriptedServer, root: Path) -> None:
        assert (root / name).read_text(encoding="utf-8") == text

    return look


def test_the_preview_opens_with_every_edit_ticked_and_one_undo_takes_the_applied_ones_back(vscode: VSCode) -> None:
    at = {"applied": on_disk("shop/prices.py", PRICES), "saved": on_disk("shop/prices.py", ROUNDED)}
    played = vscode.play("accepted", PRICES_READ, {"calls": BOTH_ROUNDED}, DONE, at=at)
    assert [(row["ticked"], row["text"]) for row in played.seen["rows"]] == [
        (True, "prices.pyshop"),
        (True, "return net * (1 + TAX)⏎ return round(net * (1 + TAX), 2)⏎"),
        (True, "return sum(prices)⏎ return round(sum(prices), 2)⏎"),
    ]
    assert played.on_disk("shop/prices.py") == PRICES.encode(), "one undo, and saved again"


def test_edits_of_several_files_arrive_and_the_model_is_told(vscode: VSCode) -> None:
    played = vscode.play(
        "files", PRICES_READ, {"calls": ALL_ROUNDED}, DONE, ALL, untick=[], save=["cart.py", "cents.py", "prices.py"]
    )
    played.picture("preview", "vscode-preview")
    assert all(row["ticked"] for row in played.seen["rows"])
    assert played.on_disk("shop/prices.py") == ROUNDED.encode()
    assert played.on_disk("shop/cart.py") == CART.replace(OLD_PAY, NEW_PAY).encode()
    assert played.on_disk("shop/cents.py") == b"CENTS = 2\n"
    heard = told(played.model.requests[-1])
    for name in ("prices", "cart", "cents"):
        assert f"Your proposed edits to shop/{name}.py were accepted and applied." in heard


@pytest.fixture(scope="module")
def unticked(vscode: VSCode) -> Played:
    """One hunk of a file and two whole files, one of them new, were unticked before Apply."""
    left_out = ["(1 + TAX)", "cart.py", "cents.py"]
    turns = [PRICES_READ, {"calls": ALL_ROUNDED}, DONE, ALL]
    return vscode.play("files", *turns, untick=left_out, save=["prices.py"])


def test_what_was_unticked_is_not_applied(unticked: Played) -> None:
    assert unticked.on_disk("shop/prices.py") == TOTAL_ROUNDED.encode()
    assert unticked.on_disk("shop/cart.py") == CART.encode()
    assert not (unticked.root / "shop/cents.py").exists()


def test_the_model_is_not_told_that_a_hunk_which_was_unticked_is_there(unticked: Played) -> None:
    assert "Your proposed edits to shop/prices.py were accepted and applied." not in told(unticked.model.requests[-1])


@pytest.mark.parametrize("name", ["shop/cart.py", "shop/cents.py"])
def test_the_model_is_not_told_that_a_file_which_was_unticked_is_changed(unticked: Played, name: str) -> None:
    assert f"Your proposed edits to {name} were accepted and applied." not in told(unticked.model.requests[-1])


def test_a_closed_preview_decides_nothing_and_a_discarded_proposal_is_told(vscode: VSCode) -> None:
    played = vscode.play("discarded", *TOTAL, ALL, at={"closed": on_disk("shop/prices.py", PRICES)})
    assert "Devstral: apply all (1 file, +1 -1)" in played.seen["actions"]
    assert not [title for title in played.seen["later"] if "proposal" in title]
    assert "Your proposed edits to shop/prices.py were rejected." in told(played.model.requests[-1])
    assert played.on_disk("shop/prices.py") == PRICES.encode()


def test_text_typed_while_the_preview_is_open_stays_and_the_proposal_waits(vscode: VSCode) -> None:
    typed = "# typed meanwhile\n"
    played = vscode.play("typed", *TOTAL, at={"refused": on_disk("shop/prices.py", typed + PRICES)})
    assert "has changed in the meantime" in played.seen["refusal"]
    assert "Devstral: apply all (1 file, +1 -1)" in played.seen["actions"]
    assert played.on_disk("shop/prices.py") == (typed + TOTAL_ROUNDED).encode()


def test_a_question_from_the_palette_is_about_the_selection_and_its_answer_opens(vscode: VSCode) -> None:
    played = vscode.play("asked", {"text": "It adds prices up."})
    first = told(played.model.requests[0])
    assert "    10\tdef total(prices):\n    11\t    return sum(prices)\n" in first
    assert first.endswith("what is this for, précisément?")
    assert played.seen["tab"].endswith(".md")
    played.picture("answered", "vscode-answer")


def test_a_run_shows_in_the_status_bar_and_the_palette_cancels_it(vscode: VSCode) -> None:
    def stopped(model: ScriptedServer, _: Path) -> None:
        assert model.await_disconnects(1)

    vscode.play("cancelled", {"text": "Thinking about it", "hang": True}, at={"cancelled": stopped})


def test_without_a_server_the_message_says_what_to_do(vscode: VSCode, tmp_path: Path) -> None:
    absent = tmp_path / "devstral-ls"
    played = vscode.play("missing", DONE, settings={"devstral.server.path": str(absent)})
    assert f"devstral.server.path is {absent}, and there is no program of that name." in played.seen["message"]

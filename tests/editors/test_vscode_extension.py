"""What the extension for VS Code does besides passing commands on: it starts, watches and restarts the server."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from devstral_ls.scripted import ScriptedServer
from tests.editors.installing import find_vscode
from tests.editors.project import NEW_TOTAL, OLD_TOTAL, PRICES, call, edits, told
from tests.editors.vscode_cases import OTHERS, Played, VSCode
from tests.editors.vscode_extension import ROOT, SOURCE, build, npm

ALL = {"text": "That is all."}


def test_the_finder_the_environment_and_the_restarts_do_as_their_own_tests_say() -> None:
    _, packages, _ = find_vscode()
    build(packages)
    npm(packages, "test")


def test_the_packages_the_bundled_server_needs_are_the_ones_it_is_tested_with() -> None:
    def blocks(file: Path) -> set[str]:
        return set(file.read_text(encoding="utf-8").strip().replace("\\\n    ", "").splitlines())

    bundled = blocks(SOURCE / "server" / "requirements.txt")
    assert {line.split("==")[0] for line in bundled} >= {"pygls", "lsprotocol", "openai", "tree-sitter", "pillow"}
    assert bundled <= blocks(ROOT / "constraints.txt")


def test_the_manifest_runs_nothing_in_untrusted_or_virtual_workspaces_and_runs_where_the_files_are() -> None:
    manifest = json.loads((SOURCE / "package.json").read_text(encoding="utf-8"))
    assert manifest["capabilities"]["untrustedWorkspaces"]["supported"] is False
    assert manifest["capabilities"]["virtualWorkspaces"]["supported"] is False
    assert manifest["extensionKind"] == ["workspace"]
    commands = {each["command"] for each in manifest["contributes"]["commands"]}
    steps = json.dumps(manifest["contributes"]["walkthroughs"])
    named = {word.split(")")[0].split("?")[0] for word in steps.split("command:")[1:]}
    assert {name for name in named if name.startswith("devstral.")} <= commands


def test_the_walkthrough_opens_at_the_first_start_and_not_again(first_start: tuple[VSCode, Played]) -> None:
    _, welcomed = first_start
    titles = ["Install the server", "Find a model", "See whether it works", "Ask something"]
    assert welcomed.seen == {"titles": titles, "again": 0}
    welcomed.picture("walkthrough", "vscode-walkthrough")


def test_what_runs_is_in_a_notification_whose_button_cancels_it(vscode: VSCode) -> None:
    def stopped(model: ScriptedServer, _: Path) -> None:
        assert model.await_disconnects(1)

    played = vscode.play("notified", {"text": "Thinking about it", "hang": True}, at={"cancelled": stopped})
    assert "Explain" in played.seen["said"]


def test_a_command_runs_when_it_is_approved_and_not_when_it_is_denied(vscode: VSCode) -> None:
    commands = [{"calls": [call("run_command", command=f"cat shop/{name}.py")]} for name in ("cart", "prices")]
    played = vscode.play("approved", *commands, ALL)
    outcomes = [item["content"] for item in played.model.requests[-1]["messages"] if item["role"] == "tool"]
    assert "def to_pay(cart)" in outcomes[0]
    assert "def total(prices)" not in outcomes[1]


def test_a_server_that_dies_is_started_again_and_answers(vscode: VSCode) -> None:
    def kill(_: ScriptedServer, root: Path) -> None:
        (server,) = vscode.servers(root)
        os.kill(server, signal.SIGKILL)

    vscode.play("crashed", {"text": "I am back."}, at={"killed": kill})


def test_a_setting_that_changes_takes_effect_at_once_and_a_model_can_be_chosen(vscode: VSCode) -> None:
    def change(model: ScriptedServer, _: Path) -> None:
        vscode.set({"devstral.llm.baseUrl": model.base_url, "devstral.llm.model": OTHERS[0]})

    played = vscode.play("changed", {"text": "The first."}, {"text": "The second."}, at={"settings": change})
    assert [request["model"] for request in played.model.requests] == ["devstral-small-2", OTHERS[0]]
    assert played.seen["choices"] == ["devstral-small-2", f"{OTHERS[0]}is used now"]
    assert json.loads(vscode.settings_file.read_text(encoding="utf-8"))["devstral.llm.model"] == "devstral-small-2"


def test_a_key_goes_to_its_server_and_into_no_file(vscode: VSCode) -> None:
    key = "k3y-nobody-may-see"

    def nowhere(_: ScriptedServer, root: Path) -> None:
        places = (vscode.settings_file, vscode.logs, vscode.storage, root)
        files = [path for place in places for path in (place, *place.rglob("*")) if path.is_file()]
        assert [path for path in files if key.encode() in path.read_bytes()] == []

    answers = [{"text": "With a key."}, {"text": "Without one."}]
    played = vscode.play("keys", *answers, at={"over": nowhere}, key=key)
    assert played.model.headers[0].get("authorization") == f"Bearer {key}"
    assert key not in played.model.headers[1].get("authorization", "")
    assert played.seen["servers"][0].startswith("http://127.0.0.1:")


def test_one_server_works_in_every_folder_of_a_workspace(vscode: VSCode) -> None:
    folders = vscode.folders(2)
    workspace = folders[0].with_name("both.code-workspace")
    workspace.write_text(json.dumps({"folders": [{"path": folder.name} for folder in folders]}), encoding="utf-8")

    path = str(folders[1] / "shop" / "prices.py")
    turns = edits(path, OLD_TOTAL, NEW_TOTAL)
    played = vscode.play("second", *turns, workspace=str(workspace), second=str(folders[1]))
    assert f"Workspace: {folders[1]}, {folders[0]}" in told(played.model.requests[0])
    texts = [(folder / "shop" / "prices.py").read_text(encoding="utf-8") for folder in folders]
    assert texts == [PRICES, PRICES.replace(OLD_TOTAL, NEW_TOTAL)]


def test_the_palette_has_every_command_and_each_does_what_it_says(vscode: VSCode) -> None:
    answers = [
        ("Devstral: Explain", "It is about prices."),
        ("Devstral: Fix Problem", "There is none."),
        ("Devstral: Document", "It is documented."),
        ("Devstral: Write Tests", "It is tested."),
        ("Devstral: Review File or Selection", "The file is fine."),
        ("Devstral: Review Changes", "The changes are fine."),
    ]
    said = [*(text for _, text in answers), "A new beginning.", "One more."]
    played = vscode.play("commands", *({"text": text} for text in said), answers=answers, old="Explain")
    wanted = (
        "Edit Selection...; Fix Problem; Explain; Document; Write Tests; Review Changes; Run Instruction Comment; "
        "Cancel; New Session; Sessions...; Select Model; Show Transcript; Show Server Log; Doctor"
    )
    titles = {each["title"] for each in _commands()}
    assert {"Ask Devstral...", *wanted.split("; ")} <= titles
    assert played.seen["listed"]
    asked = [told(request) for request in played.model.requests]
    assert "New files, to be read whole: shop/__init__.py, shop/cart.py, shop/prices.py" in asked[5]
    assert "It is about prices." in asked[7], "the session that was chosen goes on"
    assert "It is about prices." not in asked[6]


def _commands() -> list[dict[str, str]]:
    manifest = json.loads((SOURCE / "package.json").read_text(encoding="utf-8"))
    commands: list[dict[str, str]] = manifest["contributes"]["commands"]
    return commands


def test_what_a_model_server_says_is_no_link(vscode: VSCode) -> None:
    refusal = "No. [Help](command:workbench.action.closeWindow)"
    played = vscode.play("refused", {"error": {"status": 400, "body": {"error": {"message": refusal}}}})
    assert played.seen["links"] == 0
    assert refusal in played.seen["text"].replace("\u2060", "")


def test_an_instruction_comment_is_carried_out_from_the_palette(vscode: VSCode) -> None:
    played = vscode.play("instructed", *edits("shop/prices.py", OLD_TOTAL, NEW_TOTAL))
    assert played.on_disk("shop/prices.py") == PRICES.replace(OLD_TOTAL, NEW_TOTAL).encode()
    assert "round the total" in told(played.model.requests[0])


def test_doctor_shows_its_page(vscode: VSCode) -> None:
    played = vscode.play("examined", *[{"text": "yes"}] * 12)
    assert "Devstral works with" in played.seen["works"]

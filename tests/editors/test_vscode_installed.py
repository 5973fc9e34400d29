"""The .vsix on a machine that has no devstral-ls: trust, the walkthrough, and the server that is in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from devstral_ls.scripted import ScriptedServer
from tests.editors.project import told
from tests.editors.vscode_cases import VSCode, started

ANSWERS = [{"text": "It came with the extension."}] * 8
"""More than one: doctor tries the model out."""


@pytest.fixture(scope="module")
def vscode(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VSCode]:
    with started(tmp_path_factory.mktemp("vscode"), alone=True) as it:
        yield it


def test_the_first_start_runs_nothing_untrusted_downloads_nothing_unasked_and_ends_with_an_answer(
    vscode: VSCode,
) -> None:
    def nothing(_: ScriptedServer, root: Path) -> None:
        assert vscode.servers(root) == []
        assert not vscode.storage.exists() or not list(vscode.storage.iterdir())

    def runs(_: ScriptedServer, root: Path) -> None:
        (environment,) = vscode.storage.iterdir()
        assert environment.name.startswith("server-")
        (process,) = vscode.servers(root)
        command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        assert command[0].decode() == str(environment / "bin" / "python")

    def gone(_: ScriptedServer, __: Path) -> None:
        vscode.set({})

    at = {"restricted": nothing, "asked": nothing, "ready": runs, "gone": gone}
    played = vscode.play("installed", *ANSWERS, at=at, patience=480.0)
    assert played.seen["restricted"] == 0
    assert "May it be installed?" in played.seen["question"]
    assert told(played.model.requests[-1]).endswith("are you there?")
    assert "start one (`ollama serve`, `ollama pull devstral-small-2`)" in played.seen["broken"]
    assert any(offer.startswith("Download Ollama") for offer in played.seen["offers"])
    assert any(offer.startswith("ollama serve # then: ollama pull") for offer in played.seen["offers"])
    played.picture("offers", "vscode-offers")

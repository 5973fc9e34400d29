"""A client is taken for what it says it is, however oddly it says it."""

from __future__ import annotations

from typing import Any

import pytest

from devstral_ls.server.client import Client, resolve
from tests.doubles.editor import ALL, EGLOT, HELIX, KATE, NEOVIM, VS_CODE, Personality


def client_of(personality: Personality) -> Client:
    info = {"name": personality.name, "version": personality.version}
    return resolve({"clientInfo": info, "capabilities": personality.capabilities})


@pytest.mark.parametrize(
    ("personality", "preview", "encoding"),
    [
        (VS_CODE, "annotations", "utf-16"),
        (NEOVIM, "ask", "utf-8"),
        (HELIX, "ask", "utf-8"),
        (EGLOT, "ask", "utf-32"),
        (KATE, "actions", "utf-16"),
    ],
)
def test_each_editor_gets_its_own_review(personality: Personality, preview: str, encoding: str) -> None:
    client = client_of(personality)
    assert (client.preview, client.encoding) == (preview, encoding)


def test_neovim_takes_document_changes_though_it_does_not_say_so() -> None:
    assert client_of(NEOVIM).document_changes


@pytest.mark.parametrize("personality", ALL)
@pytest.mark.parametrize("damage", [None, 3, "x", [], {"odd": []}])
def test_damaged_capabilities_count_as_absent(personality: Personality, damage: Any) -> None:
    for section in ("general", "workspace", "window", "textDocument", "experimental"):
        capabilities = {**personality.capabilities, section: damage}
        assert isinstance(resolve({"clientInfo": damage, "capabilities": capabilities}), Client)
    assert resolve({"capabilities": damage, "initializationOptions": damage}) == Client(preview="actions")


def test_extras_are_opted_into_by_capability_or_by_option() -> None:
    assert resolve({"capabilities": {"experimental": {"devstral": {"stream": True}}}}).stream
    assert resolve({"initializationOptions": {"client": {"stream": True}}}).stream
    assert not resolve({}).stream


def test_a_client_that_does_not_say_who_it_is_can_be_named_in_its_options() -> None:
    named = resolve({"initializationOptions": {"client": {"name": "ALE"}}})
    assert (named.name, named.empty_text) == ("ALE", "\n")
    assert resolve({"clientInfo": {"name": "Zed"}, "initializationOptions": {"client": {"name": "ALE"}}}).name == "Zed"


def test_versions_are_read_as_numbers() -> None:
    assert resolve({"clientInfo": {"name": "Neovim", "version": "0.12.4+v0.12.4"}}).version == (0, 12, 4)
    assert resolve({"clientInfo": {"name": "x", "version": "v1.2"}}).version == (1, 2)
    assert resolve({"clientInfo": {"name": "x", "version": "nightly"}}).version == ()

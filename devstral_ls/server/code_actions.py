"""Code actions: pure functions of what the editor shows now. Never a model call, well under 10 ms.

On automatic triggers they stay quiet: diagnostics, instructions, runs and proposals only. Nothing is ever preferred,
so that "fix all" and quick-fix keys don't start a model by accident.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lsprotocol import types

from devstral_ls.server import proposal_actions
from devstral_ls.server.action import DEVSTRAL, EXPLAIN, QUICKFIX, REVIEW, REWRITE, Action, plain, short
from devstral_ls.server.client import Client
from devstral_ls.server.documents import OpenDocument
from devstral_ls.server.editor import Target
from devstral_ls.server.instructed import range_of
from devstral_ls.server.instructions import marked
from devstral_ls.server.pages import prompt_of
from devstral_ls.server.placing import Read
from devstral_ls.server.proposals import Proposal
from devstral_ls.server.shown import SOURCE
from devstral_ls.user_actions import UserAction


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything code actions are a function of.

    running: (session id, title) of the runs going on. prompts: the open prompt documents and what they are about.
    user_actions: those of the user's settings.
    """

    client: Client
    prompts: Mapping[str, Target | None]
    running: Sequence[tuple[str, str]]
    proposals: Sequence[Proposal]
    read: Read
    user_actions: Sequence[UserAction] = ()


def actions(
    opened: OpenDocument | None,
    uri: str,
    where: dict[str, Any],
    context: dict[str, Any],
    around: Surroundings,
) -> list[dict[str, Any]]:
    """The code actions at a place, as LSP data. where: an LSP range; context: an LSP CodeActionContext."""
    only = context.get("only")
    automatic = context.get("triggerKind") == types.CodeActionTriggerKind.Automatic.value
    diagnostics = [item for item in context.get("diagnostics") or [] if item.get("source") != SOURCE]
    found: list[Action] = []
    if opened is not None:
        found += _prompt(opened, around)
        found += _instructions(opened, where, around.client)
        proposals, client, read = around.proposals, around.client, around.read
        found += proposal_actions.actions(opened, where, proposals, client, read, automatic=automatic)
    found += [
        Action(f"Devstral: cancel “{title}”", DEVSTRAL, "devstral.cancel", {"sessionId": session})
        for session, title in around.running
    ]
    found += _fixes(uri, diagnostics)
    if opened is not None:
        found += _users(opened, where, diagnostics, around.user_actions, automatic)
    if not automatic:
        found += _on_selection(uri, where)
    return [plain(action, around.client) for action in found if _wanted(action.kind, only)]


def _wanted(kind: str, only: Sequence[str] | None) -> bool:
    return only is None or any(kind == prefix or kind.startswith(prefix + ".") or prefix == "" for prefix in only)


def _fixes(uri: str, diagnostics: list[dict[str, Any]]) -> Iterator[Action]:
    for diagnostic in diagnostics:
        argument = {"textDocument": {"uri": uri}, "range": diagnostic.get("range"), "diagnostics": [diagnostic]}
        title = short(f"Devstral: fix “{diagnostic.get('message', '')}”")
        yield Action(title, QUICKFIX, "devstral.fix", argument, diagnostics=(diagnostic,))
    if len(diagnostics) > 1:
        title = f"Devstral: fix all {len(diagnostics)} problems here"
        argument = {"textDocument": {"uri": uri}, "range": _hull(diagnostics), "diagnostics": diagnostics}
        yield Action(title, QUICKFIX, "devstral.fix", argument, diagnostics=tuple(diagnostics))


def _users(
    opened: OpenDocument,
    where: dict[str, Any],
    diagnostics: list[dict[str, Any]],
    defined: Sequence[UserAction],
    automatic: bool,
) -> Iterator[Action]:
    selected = where["start"] != where["end"]
    for action in defined:
        if automatic and action.when != "diagnostics":
            continue
        if action.offered(opened.language_id, selected=selected, problems=bool(diagnostics)):
            argument: dict[str, Any] = {"id": action.id, "textDocument": {"uri": opened.uri}, "range": where}
            if diagnostics:
                argument["diagnostics"] = diagnostics
            solved = tuple(diagnostics) if action.when == "diagnostics" else ()
            yield Action(action.title, action.kind, "devstral.runAction", argument, diagnostics=solved)


def _on_selection(uri: str, where: dict[str, Any]) -> Iterator[Action]:
    argument = {"textDocument": {"uri": uri}, "range": where}
    what = "the selection" if where.get("start") != where.get("end") else "this file"
    improve = {**argument, "prompt": "Improve this code: clearer, simpler, more robust, with the same behaviour."}
    yield Action(f"Devstral: improve {what}", REWRITE, "devstral.edit", improve)
    yield Action(f"Devstral: document {what}", REWRITE, "devstral.document", argument)
    yield Action(f"Devstral: write tests for {what}", REWRITE, "devstral.test", argument)
    yield Action(f"Devstral: explain {what}", EXPLAIN, "devstral.explain", argument)
    yield Action(f"Devstral: review {what}", REVIEW, "devstral.review", argument)


def _prompt(opened: OpenDocument, around: Surroundings) -> Iterator[Action]:
    prompt = prompt_of(opened.text) if opened.uri in around.prompts else ""
    if prompt:
        argument: dict[str, Any] = {"prompt": prompt}
        target = around.prompts[opened.uri]
        if target is not None:
            argument |= {"textDocument": {"uri": target.uri}, "range": target.range}
        yield Action(short(f"Devstral: ask “{prompt}”"), DEVSTRAL, "devstral.ask", argument)


def _instructions(opened: OpenDocument, where: dict[str, Any], client: Client) -> Iterator[Action]:
    first, last = where["start"]["line"], where["end"]["line"]
    if not marked(opened.lines, first, last):
        return
    unsaved = None if opened.path is not None else "Save this text as a file first: Devstral edits files."
    every = opened.likely_instructions
    here = [found for found in every if found.touches(first, last)]
    for found in here:
        argument = {"textDocument": {"uri": opened.uri}, "range": range_of(found, opened.lines, client.encoding)}
        title = short(f"Devstral: do “{found.text}”")
        yield Action(title, DEVSTRAL, "devstral.runInstruction", argument, disabled=unsaved)
    if here and len(every) > 1:
        title = f"Devstral: do all {len(every)} instructions of this file"
        argument = {"textDocument": {"uri": opened.uri}}
        yield Action(title, DEVSTRAL, "devstral.runInstruction", argument, disabled=unsaved)


def _hull(diagnostics: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The smallest range that contains all of them."""
    ranges = [item["range"] for item in diagnostics if item.get("range")]
    if not ranges:
        return None

    def key(position: dict[str, int]) -> tuple[int, int]:
        return position["line"], position["character"]

    start = min((item["start"] for item in ranges), key=key)
    end = max((item["end"] for item in ranges), key=key)
    return {"start": start, "end": end}

"""Code actions: pure functions of what the editor shows now. Never a model call, well under 10 ms.

On automatic triggers they stay quiet: diagnostics, instructions, runs and proposals only. Nothing is ever preferred,
so that "fix all" and quick-fix keys don't start a model by accident.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lsprotocol import types

from devstral_ls.edits.diff import diff_lines
from devstral_ls.edits.rebase import Conflict
from devstral_ls.server import instructions
from devstral_ls.server.applying import Current
from devstral_ls.server.client import Client
from devstral_ls.server.documents import OpenDocument
from devstral_ls.server.editor import Target
from devstral_ls.server.pages import prompt_of
from devstral_ls.server.proposals import FileProposal, Proposal, change_now, hunk_count, select
from devstral_ls.server.shown import SOURCE
from devstral_ls.server.to_lsp import workspace_edit

QUICKFIX = "quickfix.devstral"
REWRITE = "refactor.rewrite.devstral"
EXPLAIN = "devstral.explain"
REVIEW = "devstral.review"
DEVSTRAL = "devstral"

KINDS = ["quickfix", "refactor.rewrite", "devstral"]
"""What the server announces; every action's kind is one of these or below one."""

LLM_GENERATED = 1
LONGEST_TITLE = 72


@dataclass(frozen=True, slots=True)
class Action:
    """One code action. edit: literal text edits, computed for the text as it is now."""

    title: str
    kind: str
    command: str | None = None
    argument: dict[str, Any] | None = None
    edit: dict[str, Any] | None = None
    disabled: str | None = None
    diagnostics: tuple[dict[str, Any], ...] = ()
    data: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything code actions are a function of.

    running: (session id, title) of the runs going on. prompts: the open prompt documents and what they are about.
    """

    client: Client
    prompts: Mapping[str, Target | None]
    running: Sequence[tuple[str, str]]
    proposals: Sequence[Proposal]
    current: Callable[[FileProposal], Current]


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
        found += _instruction(opened, where)
        found += _proposals(opened, where, around)
    found += [
        Action(f"Devstral: cancel “{title}”", DEVSTRAL, "devstral.cancel", {"sessionId": session})
        for session, title in around.running
    ]
    found += _fixes(uri, diagnostics)
    if not automatic:
        found += _on_selection(uri, where)
    return [_plain(action, around.client) for action in found if _wanted(action.kind, only)]


def resolve(action: dict[str, Any], around: Surroundings) -> dict[str, Any]:
    """Fills a proposal's literal edit in; anything else comes back unchanged, for resolving blocks some editors."""
    data = action.get("data")
    if not isinstance(data, dict) or "proposalId" not in data:
        return action
    for proposal in around.proposals:
        if proposal.id == data["proposalId"]:
            edit = _edit_of(proposal, data.get("uri"), data.get("hunk"), around)
            if edit is not None:
                return {**action, "edit": edit}
            # The command tells the user why these edits can't be applied any more.
            return {**action, "command": _command(action["title"], "devstral.applyProposal", data.get("argument"))}
    return action


def _wanted(kind: str, only: Sequence[str] | None) -> bool:
    return only is None or any(kind == prefix or kind.startswith(prefix + ".") or prefix == "" for prefix in only)


def _fixes(uri: str, diagnostics: list[dict[str, Any]]) -> Iterator[Action]:
    for diagnostic in diagnostics:
        argument = {"textDocument": {"uri": uri}, "range": diagnostic.get("range"), "diagnostics": [diagnostic]}
        title = _short(f"Devstral: fix “{diagnostic.get('message', '')}”")
        yield Action(title, QUICKFIX, "devstral.fix", argument, diagnostics=(diagnostic,))
    if len(diagnostics) > 1:
        title = f"Devstral: fix all {len(diagnostics)} problems here"
        argument = {"textDocument": {"uri": uri}, "range": _hull(diagnostics), "diagnostics": diagnostics}
        yield Action(title, QUICKFIX, "devstral.fix", argument, diagnostics=tuple(diagnostics))


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
        yield Action(_short(f"Devstral: ask “{prompt}”"), DEVSTRAL, "devstral.ask", argument)


def _instruction(opened: OpenDocument, where: dict[str, Any]) -> Iterator[Action]:
    first, last = where["start"]["line"], where["end"]["line"]
    found = instructions.find(opened.lines, opened.language_id, first, last)
    if found is not None:
        argument = {"textDocument": {"uri": opened.uri}, "range": where}
        yield Action(_short(f"Devstral: do “{found.text}”"), DEVSTRAL, "devstral.runInstruction", argument)


def _proposals(opened: OpenDocument, where: dict[str, Any], around: Surroundings) -> Iterator[Action]:
    for proposal in around.proposals:
        mine = next((file for file in proposal.pending if file.path == opened.path), None)
        if mine is None:
            continue
        title = f"Devstral: apply all ({proposal.summary()})"
        yield _apply(title, proposal, {"proposalId": proposal.id}, None, None, around)
        if len(proposal.pending) > 1:
            title = f"Devstral: apply the edits to {mine.name}"
            yield _apply(title, proposal, {"proposalId": proposal.id, "uris": [mine.uri]}, mine.uri, None, around)
        number = _hunk_at(proposal, mine, opened, where)
        if number is not None and hunk_count(mine) > 1:
            one: dict[str, Any] = {"proposalId": proposal.id, "hunks": [number]}
            yield _apply("Devstral: apply this hunk", proposal, one, mine.uri, number, around)
        yield Action("Devstral: show the proposed diff", DEVSTRAL, "devstral.showDiff", {"proposalId": proposal.id})
        yield Action(
            "Devstral: discard the proposal", DEVSTRAL, "devstral.discardProposal", {"proposalId": proposal.id}
        )


def _apply(
    title: str, proposal: Proposal, argument: dict[str, Any], uri: str | None, hunk: int | None, around: Surroundings
) -> Action:
    """With the literal edit where the client takes one: its own preview works, and it needs no applyEdit."""
    data = {"proposalId": proposal.id, "uri": uri, "hunk": hunk, "argument": argument}
    if not around.client.action_literals:
        return Action(title, DEVSTRAL, "devstral.applyProposal", argument)
    if around.client.action_resolves_edit:
        return Action(title, DEVSTRAL, data=data)
    edit = _edit_of(proposal, uri, hunk, around)
    if edit is not None:
        return Action(title, DEVSTRAL, edit=edit)
    reason = "The text changed where these edits are; show the diff, or ask again."
    return Action(title, DEVSTRAL, "devstral.applyProposal", argument, disabled=reason)


def _edit_of(proposal: Proposal, uri: str | None, hunk: int | None, around: Surroundings) -> dict[str, Any] | None:
    """The proposal's pending edits for the texts as they are now; None when one of them is in conflict."""
    changes = []
    first = 0
    for file in proposal.pending:
        number, first = first, first + hunk_count(file)
        if uri is not None and file.uri != uri:
            continue
        now = around.current(file)
        try:
            chosen = file if hunk is None else select(file, [hunk], number)
            changes.append(change_now(chosen, now.text, now.version, now.uri))
        except Conflict:
            return None
    return workspace_edit([change for change in changes if change.before != change.after], around.client, "Devstral")


def _hunk_at(proposal: Proposal, mine: FileProposal, opened: OpenDocument, where: dict[str, Any]) -> int | None:
    """The number (through the whole proposal) of this file's hunk at the place, if the text is still what it was."""
    if opened.text != mine.base or mine.staged is None:
        return None
    number = 0
    for file in proposal.pending:
        if file.path == mine.path:
            break
        number += hunk_count(file)
    first, last = where["start"]["line"], where["end"]["line"]
    for hunk in diff_lines(mine.base, mine.staged):
        if hunk.old_start <= last and first <= max(hunk.old_end - 1, hunk.old_start):
            return number
        number += 1
    return None


def _plain(action: Action, client: Client) -> dict[str, Any]:
    command = None
    if action.command is not None:
        command = {"title": action.title, "command": action.command, "arguments": [action.argument or {}]}
    if not client.action_literals and command is not None:
        return command
    plain: dict[str, Any] = {"title": action.title, "kind": action.kind}
    if action.diagnostics:
        plain["diagnostics"] = list(action.diagnostics)
    if command is not None:
        plain["command"] = command
    if action.edit is not None:
        plain["edit"] = action.edit
    if action.data is not None:
        plain["data"] = action.data
    if action.disabled is not None and client.action_disabled:
        plain["disabled"] = {"reason": action.disabled}
    if client.action_llm_tag:
        plain["tags"] = [LLM_GENERATED]
    return plain


def _command(title: str, command: str, argument: dict[str, Any] | None) -> dict[str, Any]:
    return {"title": title, "command": command, "arguments": [argument or {}]}


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


def _short(title: str) -> str:
    flat = " ".join(title.split())
    return flat if len(flat) <= LONGEST_TITLE else flat[: LONGEST_TITLE - 2].rstrip() + "…”"

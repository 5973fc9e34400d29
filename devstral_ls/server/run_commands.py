"""The commands that start a run, and the one that cancels it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from devstral_ls.edits.lines import split_lines
from devstral_ls.errors import RequestRefused
from devstral_ls.server import instructions
from devstral_ls.server.arguments import Arguments
from devstral_ls.server.editor import Target
from devstral_ls.server.file_proposal import IN_THE_TEXT
from devstral_ls.server.instructed import instructions_at, prompt_for
from devstral_ls.server.run import Run, RunRequest
from devstral_ls.server.shown import SOURCE
from devstral_ls.server.variables import values
from devstral_ls.user_actions import expand

if TYPE_CHECKING:
    from devstral_ls.server.server import DevstralServer
    from devstral_ls.workspace.view import View

HOW_TO_ASK = (
    "Devstral needs a prompt. Pass one as the command's argument, or write a comment such as "
    "`devstral: make this async` in the file and choose it from the code actions."
)
WRITE_IT = "Write the prompt into the document that was opened, then choose Devstral's code action there."


async def ask(server: DevstralServer, arguments: Arguments) -> Any:
    """A question or a task in the user's own words."""
    return await _with_prompt(server, "ask", arguments)


async def edit(server: DevstralServer, arguments: Arguments) -> Any:
    """A change in the user's own words."""
    return await _with_prompt(server, "edit", arguments)


async def _with_prompt(server: DevstralServer, command: str, arguments: Arguments) -> Any:
    """Run the command, or say how to give it a prompt: opening a document for one is what plain LSP can do."""
    if arguments.prompt.strip():
        return await _run(server, command, arguments)
    shown = not arguments.wait and await server.pages.show_prompt(server.target(arguments, needed=False))
    message = WRITE_IT if shown else HOW_TO_ASK
    server.user.tell("info", message)
    return {"state": "needsInput", "message": message}


def on_target(command: str, what: str) -> Callable[[DevstralServer, Arguments], Awaitable[Any]]:
    async def run(server: DevstralServer, arguments: Arguments) -> Any:
        return await _run(server, command, arguments, needs_target=True)

    run.__doc__ = what
    return run


async def run_instruction(server: DevstralServer, arguments: Arguments) -> Any:
    """Carry out the instruction comment at a place, without a range all of the file; the edit removes the comments."""
    target = server.target(arguments, needed=True)
    assert target is not None
    opened = server.editor.documents.get(target.uri)
    if opened is None:
        raise RequestRefused("Open the file with the instruction comment first.")
    await asyncio.to_thread(lambda: opened.instructions)
    found = instructions_at(opened, target.range, server.editor.client.encoding)
    if opened.path is None:
        raise RequestRefused("Save this text as a file first: Devstral edits files.")
    path = opened.path
    await server.settings.wait_until_known()

    def remove_comments(view: View) -> None:
        # The text may have changed while the run waited for its turn.
        lines = split_lines(view.read(path).text)
        texts = {each.text for each in found}
        still = [each for each in instructions.find_all(lines, opened.language_id, path.name) if each.text in texts]
        view.stage(path, instructions.without(lines, still))

    place = {"line": found[0].start_line, "character": 0}
    here = Target(target.uri, {"start": place, "end": place} if len(found) == 1 else None)
    request = _request(server, "runInstruction", arguments, here)
    prompt = prompt_for(found, opened.lines)
    return await _start(server, replace(request, prompt=prompt, prepare=remove_comments), arguments)


async def run_action(server: DevstralServer, arguments: Arguments) -> Any:
    """Run one of the user's own actions, by its id, on the selection or the file."""
    await server.settings.wait_until_known()
    known = {action.id: action for action in server.editor.config.user.actions}
    name = arguments.id or arguments.prompt.strip()
    action = known.get(name)
    if action is None:
        listed = ", ".join(known) or "define some in the setting `actions`"
        raise RequestRefused(f"There is no action {name!r}: {listed}." if name else f"Name an action's id: {listed}.")
    target = server.target(arguments, needed=True)
    request = _request(server, action.task, arguments, target)
    prompt = expand(action.prompt, values(server.editor, request))
    more = arguments.prompt.strip() if arguments.id else ""
    # What was to be read only is never applied unasked.
    mode = arguments.apply or (action.mode or request.mode if action.edits else "propose")
    request = replace(request, prompt=f"{prompt}\n\n{more}".strip(), mode=mode, name=action.title)
    return await _start(server, request, arguments)


async def cancel(server: DevstralServer, arguments: Arguments) -> Any:
    """Cancel a session's runs, or all of them."""
    return {"cancelled": [run.conversation.id for run in server.runs.cancel(arguments.session_id)]}


def _request(server: DevstralServer, command: str, arguments: Arguments, target: Target | None) -> RunRequest:
    return RunRequest(
        command=command,
        prompt=arguments.prompt,
        target=target,
        images=arguments.images,
        pasted=arguments.pasted,
        # Our own marks are where proposals are, not problems.
        diagnostics=tuple(item for item in arguments.diagnostics if item.get("source") != SOURCE),
        scope=arguments.scope,
        mode=arguments.apply or server.editor.config.edits.mode_of(command),
    )


async def _run(server: DevstralServer, command: str, arguments: Arguments, *, needs_target: bool = False) -> Any:
    target = server.target(arguments, needed=needs_target)
    await server.settings.wait_until_known()
    return await _start(server, _request(server, command, arguments, target), arguments)


async def _start(server: DevstralServer, request: RunRequest, arguments: Arguments) -> Any:
    run = server.launch.start(request, arguments)
    if not arguments.wait:
        return {
            "sessionId": run.conversation.id,
            "state": run.state,
            "transcript": run.conversation.transcript.path.as_uri(),
        }
    assert run.task is not None
    try:
        await asyncio.shield(run.task)
    except asyncio.CancelledError:
        # The request was cancelled, so its run is; the request is still answered, with what there is.
        run.task.cancel()
        await asyncio.wait({run.task})
    return _result(server, run)


def _result(server: DevstralServer, run: Run) -> dict[str, Any]:
    proposal = server.review.proposals.get(run.proposal_id) if run.proposal_id else None
    files = proposal.files if proposal is not None else ()
    failure = run.applied.failure()
    return {
        "sessionId": run.conversation.id,
        "state": run.state,
        "stopReason": run.ended.stop_reason if run.ended else ("cancelled" if run.state == "cancelled" else None),
        "message": run.message or failure or (run.ended.given_up if run.ended else None),
        "text": run.ended.text if run.ended else "",
        "turns": run.ended.turns if run.ended else 0,
        "edits": {
            "proposed": [file.uri for file in files],
            "applied": [file.uri for file in files if file.state in IN_THE_TEXT],
            "rejected": [file.uri for file in files if file.state == "rejected"],
        },
        "outcome": proposal.state if proposal is not None else None,
        "proposalId": proposal.id if proposal is not None else None,
        "transcript": run.conversation.transcript.path.as_uri(),
    }

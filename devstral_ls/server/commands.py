"""`workspace/executeCommand`: what each command takes and does.

Every command takes one object with optional fields; also a bare string (the prompt), `[prompt, uri, range]`, or
nothing at all, for pickers in some editors send no arguments.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from devstral_ls import __version__
from devstral_ls.edits.lines import split_lines
from devstral_ls.errors import InvalidRequest, RequestRefused
from devstral_ls.server import approvals, hunks, instructions
from devstral_ls.server.arguments import Arguments, parse
from devstral_ls.server.described import describe
from devstral_ls.server.editor import Target
from devstral_ls.server.instructed import instructions_at, prompt_for
from devstral_ls.server.outcomes import status as states
from devstral_ls.server.proposals import IN_THE_TEXT, Proposal
from devstral_ls.server.runs import Run, RunRequest
from devstral_ls.server.shown import SOURCE
from devstral_ls.server.variables import values
from devstral_ls.user_actions import expand
from devstral_ls.workspace.paths import canonical, uri_to_path

if TYPE_CHECKING:
    from pathlib import Path

    from devstral_ls.server.server import DevstralServer
    from devstral_ls.workspace.view import View

Command = Callable[["DevstralServer", Arguments], Awaitable[Any]]

HOW_TO_ASK = (
    "Devstral needs a prompt. Pass one as the command's argument, or write a comment such as "
    "`devstral: make this async` in the file and choose it from the code actions."
)
MODELS_SHOWN = 12
"""Models to choose from in a message; more don't fit on a screen."""

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


def _on_target(command: str, what: str) -> Command:
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


async def status(server: DevstralServer, _: Arguments) -> Any:
    """What the server is, knows and does."""
    await server.settings.wait_until_known()
    server.review.look()
    going = server.runs.going()
    return {
        "version": __version__,
        "state": "busy" if going else "idle",
        **server.model.status(),
        "editsMode": server.editor.config.edits.mode,
        "execution": await server.execution.status(),
        "folders": [str(folder) for folder in server.editor.folders],
        "runs": [
            {"sessionId": run.conversation.id, "command": f"devstral.{_name(run.request)}", "state": run.state}
            for run in going
        ],
        "sessions": [conversation.id for conversation in server.sessions.all()],
        "proposals": [describe(proposal) for proposal in server.review.proposals.pending()],
        "outcomes": _outcomes(server),
    }


async def sessions(server: DevstralServer, _: Arguments) -> Any:
    """The conversations since the server started, the one last used first."""
    states = {run.conversation.id: run.state for run in server.runs.going()}
    listed = sorted(server.sessions.all(), key=lambda each: each.transcript.last_used, reverse=True)
    current = server.sessions.current
    return [
        {
            "sessionId": each.id,
            "title": each.transcript.title,
            "started": each.transcript.started.isoformat(timespec="seconds"),
            "lastUsed": each.transcript.last_used.isoformat(timespec="seconds"),
            "state": states.get(each.id, "idle"),
            "current": each is current,
            "proposals": [
                {"proposalId": proposal.id, "state": proposal.state, "summary": proposal.summary()}
                for proposal in server.review.proposals.pending()
                if proposal.session_id == each.id
            ],
            "transcript": each.transcript.path.as_uri(),
        }
        for each in listed
    ]


async def select_model(server: DevstralServer, arguments: Arguments) -> Any:
    """Choose the model for as long as the server lives: the one named, else one of the server's list."""
    await server.settings.wait_until_known()
    if server.runs.going():
        raise RequestRefused("A run is going on with the model: choose another one when it is over, or cancel it.")
    known = await server.model.available()
    name = (arguments.model or arguments.prompt).strip()
    if not name:
        if not known:
            raise RequestRefused("The server lists no models: name one in the argument `model`.")
        more = f" ({len(known) - MODELS_SHOWN} more can be named in the argument `model`)"
        question = f"Which model shall Devstral use?{more if len(known) > MODELS_SHOWN else ''}"
        name = await server.dialogs.choose(question, known[:MODELS_SHOWN]) or ""
    if name:
        await server.model.choose(name)
        server.user.log(f"the model is {server.model.name} from now on")
    return {"model": server.model.name, "models": known, "changed": bool(name)}


async def models(server: DevstralServer, _: Arguments) -> Any:
    """The models the server lists, and which of them is used."""
    await server.settings.wait_until_known()
    listed = await server.model.available()
    return {"model": server.model.name, "models": listed}


async def new_session(server: DevstralServer, _: Arguments) -> Any:
    """Forget the current conversation: the next question starts a new one."""
    return {"sessionId": server.sessions.new().id}


async def show_transcript(server: DevstralServer, arguments: Arguments) -> Any:
    """Open the record of a session, the current one by default."""
    current = server.sessions.current
    conversation = server.sessions.get(arguments.session_id) if arguments.session_id else current
    if conversation is None:
        raise RequestRefused("There is no session yet: ask something first.")
    uri, shown = await server.pages.show_transcript(conversation)
    if not shown:
        server.user.tell("info", f"The transcript is at {uri}")
    return {"sessionId": conversation.id, "uri": uri, "shown": shown}


async def apply_proposal(server: DevstralServer, arguments: Arguments) -> Any:
    """Apply a proposal, or the named files or hunks of it."""
    proposal = server.review.pick(arguments.proposal_id)
    outcome = await server.review.apply(proposal, _paths(arguments), _hunks(proposal, arguments))
    done = outcome.done
    failure = outcome.failure() or (None if done else "There was nothing to apply.")
    if failure is not None:
        # Most editors drop a command's answer when it was picked from the code actions.
        server.user.tell("warning", failure)
    return {
        "proposalId": proposal.id,
        "applied": failure is None,
        "files": [file.uri for file in done],
        "failureReason": failure,
    }


async def discard_proposal(server: DevstralServer, arguments: Arguments) -> Any:
    """Discard a proposal, or the named files or hunks of it."""
    proposal = server.review.pick(arguments.proposal_id)
    dropped = await server.review.discard(proposal, _paths(arguments), _hunks(proposal, arguments))
    if not dropped:
        raise RequestRefused("None of these files has pending edits in this proposal.")
    return {"proposalId": proposal.id, "discarded": [file.uri for file in dropped]}


async def show_diff(server: DevstralServer, arguments: Arguments) -> Any:
    """Open a proposal's unified diff."""
    proposal = server.review.pick(arguments.proposal_id)
    uri, shown = await server.pages.show_diff(proposal)
    if not shown:
        server.user.tell("info", f"The diff is at {uri}")
    return {"proposalId": proposal.id, "diff": proposal.diff(), "uri": uri, "shown": shown}


async def undo(server: DevstralServer, arguments: Arguments) -> Any:
    """Take back what the session's last applied proposal changed, even after saves; not what you changed since."""
    if arguments.session_id is not None:
        server.sessions.get(arguments.session_id)
    undone = await server.review.undo(arguments.session_id)
    failure = undone.failure()
    if failure is not None:
        server.user.tell("warning", failure)
    return {
        "proposalId": undone.proposal_id,
        "undone": failure is None,
        "files": undone.uris,
        "failureReason": failure,
    }


COMMANDS: Mapping[str, Command] = {
    "devstral.ask": ask,
    "devstral.edit": edit,
    "devstral.fix": _on_target("fix", "Fix the diagnostics given, or the problems at a place."),
    "devstral.explain": _on_target("explain", "Explain the selection, or the file."),
    "devstral.document": _on_target("document", "Write documentation comments for the selection, or the file."),
    "devstral.test": _on_target("test", "Write tests for the selection, or the file, and run them."),
    "devstral.review": _on_target("review", "Review the selection, or the file, in prose."),
    "devstral.runInstruction": run_instruction,
    "devstral.runAction": run_action,
    "devstral.cancel": cancel,
    "devstral.status": status,
    "devstral.models": models,
    "devstral.selectModel": select_model,
    "devstral.sessions": sessions,
    "devstral.newSession": new_session,
    "devstral.showTranscript": show_transcript,
    "devstral.applyProposal": apply_proposal,
    "devstral.discardProposal": discard_proposal,
    "devstral.showDiff": show_diff,
    "devstral.hunks": hunks.hunks,
    "devstral.undo": undo,
    "devstral.approvals": approvals.approvals,
    "devstral.revokeApproval": approvals.revoke_approval,
}


async def execute(server: DevstralServer, params: Any) -> Any:
    """Serve one `workspace/executeCommand`."""
    if not isinstance(params, dict) or not isinstance(params.get("command"), str):
        raise InvalidRequest("executeCommand needs a command name.")
    name = params["command"]
    command = COMMANDS.get(name)
    if command is None:
        raise InvalidRequest(f"{name!r} is not a command of devstral-ls; it has {', '.join(COMMANDS)}.")
    arguments = parse(name, params.get("arguments"), params.get("workDoneToken"))
    return await command(server, arguments)


def _name(request: RunRequest) -> str:
    """The command that a run came from."""
    return "runAction" if request.command == "runReadOnlyAction" else request.command


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


def _outcomes(server: DevstralServer) -> list[dict[str, Any]]:
    """What became of the current session's proposals, as the text shows it now."""
    current, review = server.sessions.current, server.review
    return [
        {"proposalId": proposal.id, "state": proposal.state, "files": states(proposal, review.history, review.read)}
        for proposal in (review.proposals.of_session(current.id) if current is not None else ())
    ]


def _hunks(proposal: Proposal, arguments: Arguments) -> set[str] | None:
    """The ids of the hunks that are named by id, or by number through the pending diff."""
    if arguments.hunks is None:
        return None
    pending = proposal.hunk_ids()
    return {
        pending[hunk] if isinstance(hunk, int) else hunk
        for hunk in arguments.hunks
        if isinstance(hunk, str) or hunk < len(pending)
    }


def _paths(arguments: Arguments) -> set[Path] | None:
    if arguments.uris is None:
        return None
    paths = {canonical(path) for uri in arguments.uris if (path := uri_to_path(uri)) is not None}
    if not paths:
        raise InvalidRequest("`uris` names no file: give the file: URIs of the proposal's files.")
    return paths


def described() -> list[tuple[str, str]]:
    """(command, first sentence of what it does), for the reference page."""
    return [(name, (command.__doc__ or "").split("\n")[0]) for name, command in COMMANDS.items()]

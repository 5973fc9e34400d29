"""The loop: ask the model, run the tools it calls, until it calls none.

Everything it needs is handed to it. The conversation is only appended to, and is valid after every way this can end:
each call has its result, and what the model wrote before a failure is kept.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import replace

from devstral_ls.agent.budget import Budget
from devstral_ls.agent.calls import serve
from devstral_ls.agent.compaction import compact, fit
from devstral_ls.agent.events import (
    CallAnnounced,
    Event,
    Noticed,
    PromptSent,
    ReasoningReceived,
    ReplyReceived,
    RunEnded,
    StopReason,
    TextReceived,
    TurnStarted,
)
from devstral_ls.agent.guards import END_AT, REPEATED, TELL_AT, TRUNCATIONS, UNREADABLE, Patience, Repeats
from devstral_ls.agent.pictures import blindness, drop_images, shown_by_tools
from devstral_ls.agent.session import Session
from devstral_ls.errors import ContextExceeded, ForUser, ImagesRefused, ReplyBroken
from devstral_ls.llm.backend import (
    Backend,
    CallPart,
    ReasoningPart,
    Remark,
    Reply,
    Request,
    RequestSent,
    Retrying,
    TextPart,
)
from devstral_ls.llm.faults import classify, to_error
from devstral_ls.llm.messages import AssistantMessage, ToolCall, ToolMessage, ToolSpec, UserMessage
from devstral_ls.tools.tool import Tool, ToolContext

log = logging.getLogger(__name__)

Report = Callable[[Event], None]


async def run(
    session: Session,
    prompt: UserMessage,
    backend: Backend,
    tools: Sequence[Tool],
    context: ToolContext,
    report: Report,
    max_turns: int,
    budget: Budget | None = None,
) -> RunEnded:
    """Carry out `prompt`, reporting on the way, and return how it ended (which is not reported).

    budget: how long the conversation may become; None: as long as the server takes it.

    Raises ModelError when the model gives no usable reply, and ForUser when a tool needs the user to do something. When
    it is cancelled, CancelledError goes on as soon as the conversation is in order.
    """
    offered = {tool.spec.name: tool for tool in tools}
    specs = tuple(tool.spec for tool in tools)
    patience, repeats = Patience(), Repeats()
    answer = ""
    session.messages.append(prompt)
    for turn in range(1, max_turns + 1):
        report(TurnStarted(turn))
        reply = await _fitting(session, backend, specs, context, report, budget)
        if session.blind_model == backend.model and context.blind is None:
            context = replace(context, blind=blindness(backend.model))
        if reply.finish in ("incomplete", "error"):
            _retry_or_give_up(session, reply, patience, report)
            continue
        patience.broken = 0
        if budget is not None:
            await _learn(session, reply, budget, specs, report)
        report(ReplyReceived(reply.usage, len(reply.calls)))
        if reply.recovered:
            report(Noticed(f"The model printed a tool call as text; it was understood ({reply.recovered})."))
        said = reply.text if reply.text.strip() else ""
        if said or reply.calls:
            session.messages.append(AssistantMessage(said, reply.calls))
            answer = said or answer
        if reply.calls:
            ended, why = await _act(session, reply, offered, context, report, patience, repeats)
            if ended:
                return RunEnded(ended, answer, turn, why)
        elif nudge := patience.nudge(reply):
            session.messages.append(UserMessage(nudge))
        else:
            if not said:
                report(Noticed("The model answered with nothing, twice. Ask again, or differently."))
            return RunEnded("max_tokens" if reply.finish == "length" else "end_turn", said, turn)
    report(Noticed(f"Stopped after {max_turns} turns (agent.maxTurns). Ask it to continue if it should."))
    return RunEnded("max_turn_requests", answer, max_turns)


async def _fitting(
    session: Session,
    backend: Backend,
    specs: Sequence[ToolSpec],
    context: ToolContext,
    report: Report,
    budget: Budget | None,
) -> Reply:
    """One reply to the conversation, which is made to fit into the model's context window, and into what it can see."""
    if budget is None:
        return await _ask(session, backend, Request(session.messages, specs), report)
    await fit(session, budget, specs, context.view, backend, report)
    try:
        return await _ask_within(session, backend, specs, report, budget)
    except ContextExceeded as error:
        session.ratio *= budget.exceeded(await budget.used(session, specs), str(error))
        await compact(session, budget, specs, context.view, backend, report)
    except ImagesRefused as error:
        if not drop_images(session, backend.model):
            raise
        report(Noticed(f"{error} Going on without the image."))
    return await _ask_within(session, backend, specs, report, budget)


async def _ask_within(
    session: Session, backend: Backend, specs: Sequence[ToolSpec], report: Report, budget: Budget
) -> Reply:
    """One reply that is no longer than there is room for."""
    longest = await budget.longest_reply(session, specs)
    used = await budget.used(session, specs)
    return await _ask(session, backend, Request(session.messages, specs, max_tokens=longest), report, used)


async def _learn(session: Session, reply: Reply, budget: Budget, specs: Sequence[ToolSpec], report: Report) -> None:
    """Take in the server's count of the conversation. A reply that can't be gone on with keeps its text."""
    try:
        notice = await budget.learn(session, specs, reply.usage)
    except (ForUser, asyncio.CancelledError):
        _keep(session, reply.text)
        raise
    if notice:
        report(Noticed(notice))


async def _ask(
    session: Session, backend: Backend, request: Request, report: Report, tokens: int | None = None
) -> Reply:
    """One reply to the conversation as it stands. Text that came before a failure goes into the conversation."""
    text: list[str] = []
    stream = backend.stream(request)
    try:
        async for part in stream:
            match part:
                case RequestSent():
                    report(PromptSent(tokens))
                case TextPart():
                    text.append(part.text)
                    report(TextReceived(part.text))
                case ReasoningPart():
                    report(ReasoningReceived(part.text))
                case CallPart():
                    report(CallAnnounced(part.name))
                case Retrying():
                    report(Noticed(part.line))
                case Remark():
                    report(Noticed(part.text))
                case Reply():
                    _raise_known(part)
                    return part
        raise ReplyBroken("The model's reply ended without a result. Try again.")
    except (ForUser, asyncio.CancelledError):
        _keep(session, "".join(text))
        raise
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


def _raise_known(reply: Reply) -> None:
    """Raise what a server says inside a reply and asking again can't help: the conversation has to change first."""
    if reply.finish == "error" and reply.error:
        error = to_error(classify(None, reply.error))
        if isinstance(error, ContextExceeded | ImagesRefused):
            raise error


def _retry_or_give_up(session: Session, reply: Reply, patience: Patience, report: Report) -> None:
    """After a reply that broke off: nothing in it is run; ask once more, then raise ReplyBroken."""
    patience.broken += 1
    reason = f": {reply.error}" if reply.error else ""
    if patience.broken > 1:
        _keep(session, reply.text)
        raise ReplyBroken(f"The model's reply broke off, twice{reason}. Try again, or look at the model server's log.")
    report(Noticed(f"The model's reply broke off{reason}. Asking again."))
    if "ollama_swallowed_error" in reply.flags:
        session.messages.append(UserMessage(UNREADABLE))


def _keep(session: Session, text: str) -> None:
    if text.strip():
        session.messages.append(AssistantMessage(text))


async def _act(
    session: Session,
    reply: Reply,
    offered: Mapping[str, Tool],
    context: ToolContext,
    report: Report,
    patience: Patience,
    repeats: Repeats,
) -> tuple[StopReason | None, str | None]:
    """Run the reply's calls in order and append their results.

    A reason when the run is to end after them, and what the user is told when it is given up.
    """
    unanswered = list(reply.calls)
    images: list[str] = []
    excuse = "Not run: the run ended because of an internal error."
    try:
        while unanswered:
            call = unanswered[0]
            served = await serve(call, offered, context, report)
            patience.bugs += served.is_bug
            count = repeats.count(call, served.text, staged=served.staged)
            text = served.text + (REPEATED.format(count=count) if count >= TELL_AT else "")
            session.messages.append(ToolMessage(call.id, call.name, text))
            images += served.images
            del unanswered[0]
            if count >= END_AT:
                excuse = "Not run: the run was ended because a call was repeated without effect."
                return _give_up(f"Stopped: {served.title} was tried {count} times with the same result.", report)
            if patience.bugs > 1:
                return _give_up(
                    f"Stopped: {call.name} failed because of a bug, which the server's log describes.", report
                )
    except asyncio.CancelledError:
        excuse = "Cancelled by the user."
        raise
    except ForUser as error:
        excuse = f"Not run: {error}"
        raise
    finally:
        session.messages += [ToolMessage(call.id, call.name, excuse) for call in unanswered]
        session.messages += shown_by_tools(images)
    return _after_truncation(reply.calls, patience, report), None


def _give_up(why: str, report: Report) -> tuple[StopReason, str]:
    report(Noticed(why))
    return "end_turn", why


def _after_truncation(calls: Sequence[ToolCall], patience: Patience, report: Report) -> StopReason | None:
    if any(call.error == "truncated" for call in calls):
        patience.truncations += 1
        if patience.truncations > TRUNCATIONS:
            report(Noticed("Stopped: the model's calls were cut off again and again. A larger llm.maxTokens may help."))
            return "max_tokens"
    return None

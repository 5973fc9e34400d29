"""Make a conversation shorter before it outgrows the model's context window.

First the oldest large tool outputs give way to a note that says how to get them again. When that is not enough, a
summary that the model itself writes stands for the beginning. The user's words stay word for word, and so do the latest
turns. Between two compactions the conversation only grows: each one costs the server's prefix cache, so each makes
room for many turns.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

from devstral_ls.agent.budget import Budget
from devstral_ls.agent.events import Event, Noticed
from devstral_ls.agent.memo import SUMMARISE, Memo, describe, digest, is_users, memo, newest, users_words
from devstral_ls.agent.session import Session
from devstral_ls.edits.unified import stat, unified_diff
from devstral_ls.errors import ContextExceeded, ForModel
from devstral_ls.llm import tokens
from devstral_ls.llm.backend import Backend, Remark, Reply, Request, Retrying
from devstral_ls.llm.envelope import message_size
from devstral_ls.llm.messages import AssistantMessage, Message, ToolMessage, ToolSpec, UserMessage
from devstral_ls.workspace.view import View

Report = Callable[[Event], None]

GOAL = 0.6
"""The part of the limit that a compacted conversation should take."""

ENOUGH = 0.75
"""How much of the limit may be taken when no more outputs can be left out, without a summary."""

WORTH = 0.2
"""The part of the limit that the beginning must take to be worth a summary."""

LARGE = 150
"""Tokens of a tool output that is worth leaving out."""

LATEST = 2
"""How many of the latest turns with tool calls are never touched, as long as they fit."""

SUMMARY = 2048
"""The longest summary, in tokens."""

CHANGING = frozenset({"edit_file", "write_file"})
"""Tools that are not to be called a second time for the sake of their output."""

LEFT_OUT = "[Left out to make room: "
CUT = "\n[Cut to make room: {missing} more characters. Ask for a smaller part.]"
NO_IMAGE = "[An image was here; it was left out to make room.]"


async def fit(
    session: Session, budget: Budget, tools: Sequence[ToolSpec], view: View, backend: Backend, report: Report
) -> None:
    """Compact the session's conversation if the next request would be too long for the model.

    Raises ContextExceeded when it can't be made short enough, and what asking the model for a summary raises.
    """
    if await budget.used(session, tools) > budget.limit:
        await compact(session, budget, tools, view, backend, report)


async def compact(
    session: Session, budget: Budget, tools: Sequence[ToolSpec], view: View, backend: Backend, report: Report
) -> None:
    """Make the conversation as short as it should be, whatever its length is. Raises as `fit` does."""
    before = await budget.used(session, tools)
    done = []
    excess = before - int(budget.limit * GOAL)
    shorter = leave_out(session.messages, round(excess / session.ratio), budget)
    if shorter != session.messages:
        session.replace(shorter)
        done.append("old tool outputs were left out")
    start = _latest(session.messages)
    old = sum(message_size(message, budget.template).total for message in session.messages[1:start])
    if await budget.used(session, tools) > budget.limit * ENOUGH and old > budget.limit * WORTH:
        report(Noticed("The conversation is too long for the model's context window; the model is summarising it."))
        session.replace(await _summarised(session, budget, view, backend, report, start))
        done.append("its beginning was summarised")
    used = await budget.used(session, tools)
    if used > budget.limit:
        session.replace(cut(session.messages, round((used - budget.limit) / session.ratio), budget))
        done.append("the latest tool outputs were cut")
        used = await budget.used(session, tools)
    _forget(session, view)
    if used > budget.window or (used > budget.limit and budget.certain and used >= before):
        raise ContextExceeded(
            f"The task does not fit into the model's context window: it takes about {used} of {budget.window} tokens "
            "and can't be made shorter. Ask about less, or give the server a larger context."
        )
    if done:
        report(
            Noticed(
                f"The conversation was made shorter to fit the context window of {budget.window} tokens "
                f"({before} -> {used}): {', '.join(done)}."
            )
        )


def leave_out(messages: Sequence[Message], excess: int, budget: Budget) -> list[Message]:
    """The conversation without its oldest large outputs and images, until about `excess` tokens are saved.

    The latest turns stay whole, and so do the images of the task. A call stays answered: by a note that says what was
    left out.
    """
    out = list(messages)
    made = {call.id: call for message in messages if isinstance(message, AssistantMessage) for call in message.calls}
    task = newest(messages)
    for index in range(1, _latest(messages)):
        if excess <= 0:
            break
        message = out[index]
        size = message_size(message, budget.template)
        if isinstance(message, ToolMessage) and size.total > LARGE:
            call = made.get(message.call_id)
            what = describe(call) if call else message.name
            lines = message.text.count("\n") + 1
            again = "" if message.name in CHANGING else " Call it again if you need it."
            note = f"{LEFT_OUT}the output of {what}, {lines} lines.{again}]"
            out[index] = replace(message, text=note)
        elif isinstance(message, UserMessage) and message.images and message is not task:
            out[index] = without_images(message, NO_IMAGE)
        else:
            continue
        excess -= size.total - message_size(out[index], budget.template).total
    return out


def cut(messages: Sequence[Message], excess: int, budget: Budget) -> list[Message]:
    """The conversation with its largest tool outputs cut at their end, so that about `excess` tokens are saved."""
    out = list(messages)
    sizes = {
        index: message_size(message, budget.template).total
        for index, message in enumerate(out)
        if isinstance(message, ToolMessage)
    }
    # All are cut to one length, so the one that takes the most gives the most.
    longest = max(sizes.values(), default=0)
    while longest > LARGE and sum(max(0, size - longest) for size in sizes.values()) < excess + 50 * len(sizes):
        longest = longest * 9 // 10
    for index, size in sizes.items():
        message = out[index]
        if isinstance(message, ToolMessage) and size > longest:
            keep = len(message.text) * longest // size
            out[index] = replace(message, text=message.text[:keep] + CUT.format(missing=len(message.text) - keep))
    return out


def without_images(message: UserMessage, note: str) -> UserMessage:
    """The message with a note for each of its images."""
    return replace(message, text="\n".join([message.text, *[note] * len(message.images)]).strip(), images=())


def _latest(messages: Sequence[Message]) -> int:
    """Where the latest turns begin, which stay as they are: at an assistant's calls or at what the user last said."""
    turns = 0
    for index in range(len(messages) - 1, 0, -1):
        message = messages[index]
        if is_users(message):
            return index
        turns += isinstance(message, AssistantMessage) and bool(message.calls)
        if turns == LATEST:
            return index
    return 1


async def _summarised(
    session: Session, budget: Budget, view: View, backend: Backend, report: Report, start: int
) -> list[Message]:
    """The conversation with a memo in the place of everything before `start`."""
    system, old, latest = session.messages[:1], session.messages[1:start], session.messages[start:]
    words = users_words(old)
    task = newest(old)
    room = budget.limit // 2
    kept: list[str] = []
    for text in reversed(words):
        room -= tokens.count(text)
        if room < 0 and kept:
            kept.append(f"({len(words) - len(kept)} earlier messages are left out)")
            break
        kept.append(text)
    summary = await _summary([*system, *old], budget, backend, report, session.ratio) or digest(old)
    images = task.images if task is not None and newest(latest) is None else ()
    return [*system, memo(kept[::-1], summary, _staged(view, budget), images), *latest]


async def _summary(messages: Sequence[Message], budget: Budget, backend: Backend, report: Report, ratio: float) -> str:
    """The model's summary; "" when it gives none. Raises ModelError when the server can't be asked at all."""
    asked = leave_out([*messages, UserMessage(SUMMARISE)], 1 << 62, budget)
    longest = min(SUMMARY, budget.window // 8)
    room = int((budget.window - longest - budget.window // 32) / ratio)
    sizes = [message_size(message, budget.template).total for message in asked]
    # An earlier memo has to go on; of the rest, the oldest is what the new one can be without.
    kept = 2 if isinstance(asked[1], Memo) else 1
    excess, first = sum(sizes) - room, kept
    while excess > 0 and first < len(asked) - 1:
        excess -= sizes[first]
        first += 1
        while isinstance(asked[first], ToolMessage):
            excess -= sizes[first]
            first += 1
    stream = backend.stream(Request([*asked[:kept], *asked[first:]], max_tokens=longest))
    try:
        async for part in stream:
            match part:
                case Retrying():
                    report(Noticed(part.line))
                case Remark():
                    report(Noticed(part.text))
                case Reply():
                    return part.text.strip() if part.finish in ("stop", "length") else ""
    except ContextExceeded:
        pass  # what was done is told without the model's help
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()
    return ""


def _staged(view: View, budget: Budget) -> str:
    """The staged edits as a diff, or file by file when that is too long."""
    changes = [
        (view.show(change.path), change.base.text if change.base else "", change.text or "")
        for change in view.overlay.changes()
    ]
    diff = "".join(unified_diff(old, new, name, name) for name, old, new in changes)
    if tokens.count(diff) <= budget.limit // 8:
        return diff
    return "\n".join("{}: {} lines added, {} removed".format(name, *stat(old, new)) for name, old, new in changes)


def _forget(session: Session, view: View) -> None:
    """Files whose text is no longer in the conversation have to be read again before they are edited."""
    results = {message.call_id: message.text for message in session.messages if isinstance(message, ToolMessage)}
    known: set[Path] = set()
    for message in session.messages:
        for call in message.calls if isinstance(message, AssistantMessage) else ():
            given = (call.arguments or {}).get("file_path")
            if isinstance(given, str) and not results.get(call.id, LEFT_OUT).startswith(LEFT_OUT):
                try:
                    known.add(view.resolve(given))
                except ForModel:
                    continue
    session.reads.keep_only(known)

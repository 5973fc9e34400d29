"""Serve one tool call: whatever happens, there is a text for the model and an event for the user."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from devstral_ls.agent.events import Event, ToolFinished, ToolPrinted, ToolStarted
from devstral_ls.agent.guards import SMALLER
from devstral_ls.errors import ForModel, ForUser
from devstral_ls.llm.messages import ToolCall
from devstral_ls.tools.tool import Tool, ToolContext, ToolOutput

log = logging.getLogger(__name__)

RAW_SHOWN = 200
"""Characters of unreadable arguments that are quoted back."""


@dataclass(frozen=True, slots=True)
class Served:
    """title: the call in one line for people. text: what the model reads. is_bug: the tool failed unexpectedly.

    images: data URIs for the model, besides.
    """

    title: str
    text: str
    staged: bool = False
    is_bug: bool = False
    images: tuple[str, ...] = ()


async def serve(
    call: ToolCall, offered: Mapping[str, Tool], context: ToolContext, report: Callable[[Event], None]
) -> Served:
    """The result of `call`, reported when it starts and when it is finished. Raises ForUser, CancelledError."""
    tool = offered.get(call.name)
    title = tool.title(call.arguments) if tool and call.arguments is not None else call.name
    report(ToolStarted(call.id, call.name, title))

    def finished(ok: bool, summary: str, output: ToolOutput) -> None:
        report(ToolFinished(call.id, call.name, title, ok, summary, output.text, output.staged))

    def failed(text: str, *, is_bug: bool = False) -> Served:
        finished(False, text.partition("\n")[0], ToolOutput(text, ""))
        return Served(title, text, is_bug=is_bug)

    if tool is None:
        return failed(f"There is no tool {call.name}. The tools are: {', '.join(offered)}.")
    if call.arguments is None:
        return failed(_unreadable(call))
    try:
        told = replace(context, told=lambda line: report(ToolPrinted(call.id, line)))
        output = await tool.run(call.arguments, told)
    except ForModel as error:
        return failed(str(error))
    except ForUser as error:
        failed(str(error))
        raise
    except asyncio.CancelledError:
        failed("Cancelled by the user.")
        raise
    except Exception:
        log.exception("%s failed on %s", call.name, call.arguments)
        return failed("Internal error: this tool has a bug. Your call may be fine; go on another way.", is_bug=True)
    finished(True, output.summary, output)
    return Served(title, output.text, output.staged is not None, images=output.images)


def _unreadable(call: ToolCall) -> str:
    if call.error == "truncated":
        return SMALLER
    quoted = call.raw if len(call.raw) <= RAW_SHOWN else f"{call.raw[:RAW_SHOWN]}…"
    wrong = "a JSON object" if call.error == "not_object" else "valid JSON"
    return (
        f"The arguments of this call are not {wrong}, so nothing was done. They are: {quoted}\n"
        'Send one JSON object; inside its strings write newlines as \\n, quotes as \\" and backslashes as \\\\.'
    )

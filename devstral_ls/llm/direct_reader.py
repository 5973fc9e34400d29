"""Reads replies that call tools in JSON, piece by piece: `{"tool": ..., "arguments": ...}` or `{"answer": ...}`.

The answer's text is given out as it arrives. A model that ignores the form is understood where that is safe: prose is
an answer, prose around an object is text, a fence is nothing. An object that is cut off is never run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from devstral_ls.llm.backend import CallPart, Part, Reply, TextPart
from devstral_ls.llm.direct_object import Reading, read_text
from devstral_ls.llm.wire import Normaliser

_ANSWER = re.compile(r'\s*(?:```\w*\s*)?\{\s*"answer"\s*:\s*"')
_TOOL = re.compile(r'[{,]\s*"(?:tool|name)"\s*:\s*"([^"\\]+)"')
_HEAD = 4000
"""Characters within which the name of a tool is looked for while the object still arrives."""
# Where text may stop being prose: what begins here is given out when the reply is complete.
_HOLD = re.compile(r"\{|```|\[TOOL|<tool_call|<function|`+\Z|[`\[<]\w*\Z")
_PIECE = re.compile(
    r'[^"\\]+'
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|\\u(?![dD][89abAB])[0-9a-fA-F]{4}"
    r"|\\[^u]"
)


class DirectReader:
    """Feed it a reply's text, then finish it with the reply. No input raises."""

    def __init__(self, tools: Sequence[str]) -> None:
        self._tools = tools
        self._text = ""
        self._given: list[str] = []
        self._read = 0
        self._form = "unknown"  # "answer": inside its string; "prose"; "object"; "held": nothing more before the end
        self._announced = False

    def feed(self, text: str) -> list[Part]:
        """The parts that `text` makes certain."""
        self._text += text
        if self._form == "unknown":
            self._recognise()
        if self._form == "answer":
            return self._give(self._string())
        if self._form == "prose":
            return self._give(self._prose())
        return self._announce()

    def finish(self, reply: Reply) -> tuple[list[Part], Reply]:
        """The last parts, and the reply with its text and calls as they were meant."""
        cut = reply.finish in ("length", "incomplete", "error")
        reading = read_text(reply.text, self._tools, cut=cut)
        done = self._without_form(reply) if reading is None else self._with_form(reply, reading)
        given = "".join(self._given)
        rest = done.text[len(given) :] if done.text.startswith(given) else ""
        parts: list[Part] = [TextPart(rest)] if rest else []
        if not self._announced:
            parts += [CallPart(call.name) for call in done.calls]
        return parts, done

    def _with_form(self, reply: Reply, reading: Reading) -> Reply:
        flags = reply.flags - {"suspected_call"} | reading.flags
        finish = reply.finish
        if reading.calls and finish == "stop":
            finish = "tool_calls"
        return replace(reply, text=reading.text, calls=reading.calls, finish=finish, flags=flags)

    def _without_form(self, reply: Reply) -> Reply:
        """Prose, or a call in one of the forms that models were trained on."""
        choice = {"message": {"content": reply.text}, "finish_reason": reply.finish}
        _, found = Normaliser(self._tools).whole({"choices": [choice]})
        if not found.calls or reply.finish in ("incomplete", "error"):
            return reply
        return replace(
            reply,
            text=found.text,
            calls=found.calls,
            finish="length" if reply.finish == "length" else found.finish,
            recovered=found.recovered,
        )

    def _recognise(self) -> None:
        opening = self._text.lstrip()[:1]
        if not opening:
            return
        answer = _ANSWER.match(self._text)
        if answer:
            self._form, self._read = "answer", answer.end()
        elif opening not in '{[`<"':
            self._form = "prose"
        elif len(self._text) > _HEAD or re.match(r'\s*\{\s*"(?!answer")\w+"\s*:', self._text):
            self._form = "object"

    def _string(self) -> str:
        """What has become certain of the answer, decoded."""
        decoded: list[str] = []
        while piece := _PIECE.match(self._text, self._read):
            if piece[0] == "\\" or (piece.end() == len(self._text) and piece[0].endswith("\\")):
                break
            self._read = piece.end()
            decoded.append(_unescaped(piece[0]) if piece[0].startswith("\\") else piece[0])
        return "".join(decoded)

    def _prose(self) -> str:
        hold = _HOLD.search(self._text, self._read)
        # White space before a call is no part of what was said.
        text = self._text[self._read : hold.start() if hold else len(self._text)].rstrip()
        self._read += len(text)
        if hold and hold.end() != len(self._text):
            self._form = "held"
        return text

    def _announce(self) -> list[Part]:
        if self._announced or len(self._text) > 2 * _HEAD:
            return []
        tool = _TOOL.search(self._text)
        if tool is None or tool[1] not in self._tools:
            return []
        self._announced = True
        return [CallPart(tool[1])]

    def _give(self, text: str) -> list[Part]:
        if not text:
            return []
        self._given.append(text)
        return [TextPart(text)]


def _unescaped(escape: str) -> str:
    try:
        text: str = json.loads(f'"{escape}"')
    except ValueError:
        return escape  # no escape of JSON's: the backslash was meant
    return text

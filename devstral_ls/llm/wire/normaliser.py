"""One reply from a server's chunks: every quirk of every server in, `TextPart`, `CallPart` and one `Reply` out."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Collection, Mapping
from typing import Any

from devstral_ls.llm.backend import CallPart, Finish, Part, ReasoningPart, Reply, TextPart, Usage
from devstral_ls.llm.faults import Fault, classify_frame
from devstral_ls.llm.messages import ToolCall
from devstral_ls.llm.wire.content import Surrogates, encodable, text_and_reasoning
from devstral_ls.llm.wire.deltas import CallDeltas, Slot
from devstral_ls.llm.wire.envelopes import Found
from devstral_ls.llm.wire.native import clean_name, read_native
from devstral_ls.llm.wire.passed import append
from devstral_ls.llm.wire.sieve import Sieve

_ALPHANUMERIC = string.ascii_letters + string.digits
_FINISHES: Mapping[str, Finish] = {
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "length": "length",
    "model_length": "length",
    "max_tokens": "length",
    "error": "error",
}


def new_call_id() -> str:
    """Nine random alphanumerics: the one form of id that every server accepts back."""
    return "".join(random.choices(_ALPHANUMERIC, k=9))


class Normaliser:
    """`feed` it the chunks of a stream, or give `whole` the body of one that was not streamed. No input raises.

    tools: the names on offer; none, or tool_choice "none", means that text is never read as a call.
    """

    def __init__(
        self, tools: Collection[str], tool_choice: Any = "auto", *, new_id: Callable[[], str] = new_call_id
    ) -> None:
        self._offered = frozenset(tools)
        self._sieve = Sieve(() if tool_choice == "none" else self._offered)
        self._new_id = new_id
        self._deltas = CallDeltas()
        self._native = False
        self._text_halves = Surrogates()
        self._reasoning_halves = Surrogates()
        self._reasoning: list[str] = []
        self._flags: set[str] = set()
        self._finish: Finish | None = None
        self._usage: Usage | None = None
        self._swallowed = False
        self._begun = False
        self._fault: Fault | None = None

    @property
    def begun(self) -> bool:
        """Whether anything that the model wrote has come."""
        return self._begun

    @property
    def fault(self) -> Fault | None:
        """What the server said went wrong in the middle of its reply."""
        return self._fault

    def feed(self, chunk: Any) -> list[Part]:
        """The parts of the reply that `chunk`, the JSON of one event, makes certain."""
        if not isinstance(chunk, Mapping):
            return self.feed_unreadable()
        choices = chunk.get("choices")
        usage = chunk.get("usage")
        if usage is not None:
            self._usage = _usage(usage) or self._usage
        if not isinstance(choices, list):
            self._read_error(chunk)
            return []
        if chunk.get("error"):
            self._read_error(chunk)
        parts: list[Part] = []
        for choice in choices:
            if isinstance(choice, Mapping) and choice.get("index") in (0, None):
                self._read_choice(choice, parts)
                # Only as the last chunk: some servers never name the model.
                self._swallowed = chunk.get("model") == "" and not choice.get("finish_reason")
        return parts

    def feed_unreadable(self) -> list[Part]:
        """An event came whose data is no JSON object."""
        self._flags.add("bad_json_chunk")
        return []

    def whole(self, body: Any) -> tuple[list[Part], Reply]:
        """Parts and reply of a body that was not streamed."""
        self._deltas = CallDeltas(whole=True)
        parts = self.feed(body)
        last, reply = self.finish()
        return parts + last, reply

    def finish(self) -> tuple[list[Part], Reply]:
        """The last parts and the reply, at the end of the stream."""
        if self._finish == "error" and self._fault is None:
            self._fault = Fault("server", True, "finish_reason=error")
        finish: Finish = "error" if self._fault else self._finish or "incomplete"
        cut = finish not in ("stop", "tool_calls")
        parts = self._sieve.feed(self._text_halves.finish())
        native, trailing = self._read_slots(cut, parts)
        if native:
            parts += self._sieve.stop_recovering()
        last, sifted = self._sieve.finish(cut=cut)
        parts += last
        text = sifted.text
        if trailing:
            piece = append(text, trailing)[len(text) :]
            text += piece
            parts.append(TextPart(piece))
        calls = native or sifted.calls
        if sifted.reasoning:
            self._flags.add("think_leak")
        if sifted.suspected_call and not native:
            self._flags.add("suspected_call")
        if finish == "tool_calls" and not calls:
            self._flags.add("tool_calls_without_calls")
            finish = "stop"
        elif finish == "stop" and calls:
            finish = "tool_calls"
        if finish == "incomplete" and self._swallowed:
            self._flags.add("ollama_swallowed_error")
        if not calls and not text.strip() and finish != "error":
            self._flags.add("empty_response")
        reply = Reply(
            text=text,
            calls=tuple(self._as_call(call) for call in calls),
            finish=finish,
            usage=self._usage,
            reasoning="".join(self._reasoning) + sifted.reasoning,
            recovered=None if native else sifted.recovered,
            repaired=any(call.repaired for call in calls),
            flags=frozenset(self._flags),
            error=encodable(self._fault.message) if self._fault else None,
        )
        return parts, reply

    def _read_choice(self, choice: Mapping[str, Any], parts: list[Part]) -> None:
        delta = choice.get("delta")
        if delta is None:
            delta = choice.get("message")
        if isinstance(delta, Mapping):
            self._read_delta(delta, parts)
        finish = choice.get("finish_reason")
        if isinstance(finish, str) and finish:
            self._finish = _FINISHES.get(finish, "stop")

    def _read_delta(self, delta: Mapping[str, Any], parts: list[Part]) -> None:
        text, reasoning = text_and_reasoning(delta)
        if reasoning:
            reasoning = self._reasoning_halves.feed(reasoning)
        if reasoning:
            self._reasoning.append(reasoning)
            parts.append(ReasoningPart(reasoning))
        if text:
            parts += self._sieve.feed(self._text_halves.feed(text))
        entries = delta.get("tool_calls")
        self._begun = self._begun or bool(text or reasoning or entries)
        if isinstance(entries, list):
            for entry in entries:
                self._read_entry(entry, parts)
        elif delta.get("function_call"):
            self._read_entry({"function": delta["function_call"]}, parts)

    def _read_entry(self, entry: Any, parts: list[Part]) -> None:
        slot = self._deltas.add(entry)
        if slot is None or not slot.name.strip():
            return
        if not self._native:
            self._native = True
            parts += self._sieve.stop_recovering()
        if not slot.announced:
            name = clean_name(slot.name, self._offered)
            # Before the arguments begin the name may be a fragment.
            if name in self._offered or (name and slot.begun and name[0] not in "[{"):
                self._announce(slot, name, parts)

    def _announce(self, slot: Slot, name: str, parts: list[Part]) -> None:
        slot.announced = True
        parts.append(CallPart(name))

    def _read_slots(self, cut: bool, parts: list[Part]) -> tuple[list[Found], str]:
        """The native calls, and the text that was swept into their arguments."""
        native: list[Found] = []
        trailing = ""
        slots = self._deltas.slots
        for slot in slots:
            # Only the last call can have been cut off.
            calls, rest = read_native(slot.name, slot.arguments, self._offered, cut=cut and slot is slots[-1])
            if not calls:
                self._flags.add("empty_call_dropped")
                # A name that is no name: what the model wrote is at least to be seen.
                rest = slot.name + slot.arguments if slot.name.strip() else ""
            if not slot.announced:
                for call in calls:
                    self._announce(slot, call.name, parts)
            if rest.strip():
                trailing += rest.rstrip()
                if "[TOOL_CALLS]" in rest:
                    self._flags.add("suspected_call")
            native += calls
        return native, encodable(trailing)

    def _read_error(self, chunk: Mapping[str, Any]) -> None:
        if self._fault is None:
            self._fault = classify_frame(chunk)

    def _as_call(self, call: Found) -> ToolCall:
        return ToolCall(
            self._new_id(), encodable(call.name), call.arguments, call.error, encodable(call.raw), call.repaired
        )


def _usage(usage: Any) -> Usage | None:
    if not isinstance(usage, Mapping):
        return None
    prompt, completion = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    return None if prompt is None and completion is None else Usage(prompt or 0, completion or 0)


def _count(value: Any) -> int | None:
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None

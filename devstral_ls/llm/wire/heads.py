"""How calls open in text: every syntax that leaks from a server, up to where its body begins."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from devstral_ls.llm.wire import patterns

BodyKind = Literal["arguments", "envelope", "function", "none", "thinking"]
Kind = Literal["marker", "stripped_marker", "json", "json_after_text", "xml", "thinking"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an opening stands.

    previous: the character before it, "" at the beginning. before: the one before that. solid: the last but spaces.
    """

    opens_message: bool
    opens_line: bool
    previous: str
    before: str = ""
    solid: str = ""

    @property
    def glued(self) -> bool:
        """Directly behind the end of a sentence, as text is when a special token between them was left out."""
        return self.previous in SENTENCE_ENDS and self.previous != ""

    @property
    def at_boundary(self) -> bool:
        # ".name" is a CSS class, "#name" an id, "$name" a variable; behind "=" or "(" stands code.
        of_code = self.previous in ("#", "$", "@") or (self.solid in ("=", "&", "(", "[", "|") and not self.opens_line)
        of_css = self.previous == "." and not self.before.strip()
        return not (_in_word(self.previous) or of_code or of_css)

    @property
    def in_phrase(self) -> bool:
        """Behind a space or a sign that code puts before a name, where a special token never stood."""
        return self.previous != "" and self.previous in " \t=&(,[<|+/\\$@#%^"


SENTENCE_ENDS = ".!?…。！？．"


@dataclass(frozen=True, slots=True)
class Head:
    """An opening.

    end: where its body begins. name: the tool, when the opening has it. free: other text may follow the call; else
    the call must run to the end of the message. closers: what may end the body. strict: only offered tools count.
    in_phrase: it stands where a word of prose or code does. damaged: special tokens are doubled before its arguments.
    """

    kind: Kind
    body: BodyKind
    end: int
    name: str = ""
    free: bool = False
    strict: bool = True
    closers: tuple[str, ...] = ()
    in_phrase: bool = False
    damaged: bool = False


Match = Head | Literal["undecided"] | None


def _in_word(char: str) -> bool:
    """A name behind `char` would be the end of a longer word. Chinese and Japanese put nothing between words."""
    return (char.isalnum() and char < patterns.EAST_ASIAN) or char in ("_", "-")


class Heads:
    """Recognises openings for one set of offered tools."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = frozenset(name for name in names if name)
        longest_first = sorted(self.names, key=lambda name: (-len(name), name))
        self._longest_first = tuple(longest_first)
        self._beginnings = frozenset(name[:length] for name in longest_first for length in range(1, len(name)))
        self._longest = len(longest_first[0]) if longest_first else 0
        words = "|".join(re.escape(name) for name in longest_first)
        behind_word = rf"(?<![^\W{patterns.EAST_ASIAN}-\U0010ffff])(?<!-)"
        self.trigger = re.compile(rf"[\[{{<`]|{behind_word}(?:{words})" if words else r"[\[{<`]")
        """Finds the places where an opening could stand."""

    def thinking(self, text: str, at: int, place: Place) -> Match:
        """The opening of leaked reasoning: at the beginning of a message or line, or glued to a sentence."""
        if not (place.opens_message or place.opens_line or place.glued):
            return None
        found = patterns.THINK.match(text, at)
        if found:
            return Head("thinking", "thinking", found.end(), free=True)
        return "undecided" if patterns.THINK_CUT.match(text, at) else None

    def match(self, text: str, at: int, place: Place) -> Match:
        """The opening of a call at `at`; "undecided" when the text ends inside what could become one."""
        tries = {"[": self._bracket, "{": self._json, "<": self._tagged, "`": self._fence}
        return tries.get(text[at], self._unmarked)(text, at, place)

    def at_end(self, text: str, *, cut: bool, behind_call: bool = False) -> Head | None:
        """What an undecided opening is now that nothing follows: a call without arguments, or one that was cut."""
        found = patterns.MARKED_END.match(text)
        if found and (found["args"] or cut):
            # Only the mention of a marker has a space behind it and then a word that is no tool.
            named = found["name"] in self.names or text[found.start("name") - 1] == "]"
            if named or (cut and (found["args"] or found["name"] in self._beginnings)):
                return Head("marker", "none", found.end(), found["name"], free=True)
        if cut:
            ending = patterns.UNMARKED_CUT if behind_call else patterns.UNMARKED_END
            for name in self._starting(text, 0):
                found = ending.match(text, len(name))
                if found:
                    return Head("stripped_marker", "none", found.end(), name, free=True)
        return None

    def name_begins(self, text: str, start: int, previous: str) -> int:
        """Where the beginning of an offered name stands at the end of `text`, else the length of `text`."""
        end = len(text)
        if end == start or not self._longest:
            return end
        lowest = max(start, end - self._longest)
        at = end
        while at > lowest and _in_word(text[at - 1]):
            at -= 1
        before = text[at - 1] if at > start else previous
        if at < end and text[at:] in self._beginnings and not _in_word(before):
            return at
        return end

    def _bracket(self, text: str, at: int, place: Place) -> Match:
        found = patterns.MARKED_JSON.match(text, at)
        if found:
            return Head("marker", "envelope", found.end(), free=True, strict=False)
        found = patterns.MARKED_CALL.match(text, at)
        if found and (found["args"] or not found["gap"] or found["name"] in self.names):
            return Head(
                *("marker", "arguments", found.end(), found["name"]),
                free=True,
                strict=False,
                closers=patterns.ARGUMENT_CLOSERS,
                damaged=_doubled(found["args"]),
            )
        found = patterns.MARKED_BARE.match(text, at)
        if found:
            return Head("marker", "none", found.end(), found["name"], free=True, strict=False)
        if patterns.MARKED_CUT.match(text, at):
            return "undecided"
        tagged = self._tagged(text, at, place)
        return tagged or self._json(text, at, place)

    def _json(self, text: str, at: int, place: Place) -> Match:
        glued = place.glued and text[at] == "["
        if not (place.opens_message or place.opens_line or glued):
            return None
        if patterns.JSON.match(text, at):
            return Head("json" if place.opens_message else "json_after_text", "envelope", at)
        return "undecided" if patterns.JSON_CUT.match(text, at) else None

    def _tagged(self, text: str, at: int, place: Place) -> Match:
        free = place.opens_line or place.glued
        found = patterns.TAGGED_JSON.match(text, at)
        if found:
            return Head("xml", "envelope", found.end(), free=free, closers=patterns.TAG_CLOSERS)
        found = patterns.TAGGED_FUNCTION.match(text, at)
        if found:
            if found["name"] not in self.names:
                return None
            return Head("xml", "function", found.end(), found["name"], free=free, closers=patterns.TAG_CLOSERS)
        return "undecided" if patterns.TAGGED_CUT.match(text, at) else None

    def _fence(self, text: str, at: int, place: Place) -> Match:
        if not place.opens_message:
            return None
        found = patterns.FENCE.match(text, at)
        if found:
            return Head("json", "envelope", found.end(), closers=(found["ticks"],))
        return "undecided" if patterns.FENCE_CUT.match(text, at) else None

    def _unmarked(self, text: str, at: int, place: Place) -> Match:
        if not place.at_boundary:
            return None
        undecided = False
        for name in self._starting(text, at):
            found = patterns.UNMARKED.match(text, at + len(name))
            if found:
                return Head(
                    *("stripped_marker", "arguments", found.end(), name),
                    free=found["args"] is not None,
                    closers=patterns.ARGUMENT_CLOSERS,
                    in_phrase=place.in_phrase,
                    damaged=_doubled(found["args"]),
                )
            undecided = undecided or patterns.UNMARKED_CUT.match(text, at + len(name)) is not None
        return "undecided" if undecided or text[at:] in self._beginnings else None

    def _starting(self, text: str, at: int) -> Iterator[str]:
        return (name for name in self._longest_first if text.startswith(name, at))


def _doubled(tokens: str | None) -> bool:
    return tokens is not None and tokens.count("[ARGS]") > 1

"""The syntaxes in which calls leak, as patterns: each whole, and each cut off anywhere.

All of them are bounded: an opening is decided after a few hundred characters at most.
"""

from __future__ import annotations

import re

MARKER = "[TOOL_CALLS]"
END_OF_TEXT = "</s>"
THINK_END = "[/THINK]"


def prefixes(literal: str) -> str:
    """A pattern for every beginning of `literal`, the empty and the whole one included."""
    pattern = ""
    for char in reversed(literal):
        pattern = f"(?:{re.escape(char)}{pattern})?"
    return pattern


EAST_ASIAN = "\u2e80"
NAME = r"[A-Za-z0-9_.\-]{1,64}"
GAP = r"\s{0,64}"
MARKERS = rf"(?:{re.escape(MARKER)}{GAP}){{1,4}}"
CALL_ID = rf"\[CALL_ID\]{GAP}[A-Za-z0-9]{{1,64}}{GAP}"
CALL_ID_CUT = rf"(?:{prefixes('[CALL_ID]')}|\[CALL_ID\]{GAP}[A-Za-z0-9]{{0,64}}{GAP})"
ARGS = rf"(?:\[ARGS\]{GAP}){{1,3}}"

MARKED_JSON = re.compile(rf"{MARKERS}(?=\{{|\[{GAP}\{{)")
MARKED_CALL = re.compile(
    rf"{MARKERS}(?P<name>{NAME})(?P<gap>{GAP})(?:{CALL_ID})?(?:(?P<args>{ARGS})(?=[{{\"]|\[[^A-Z])|(?=\{{))"
)
MARKED_BARE = re.compile(rf"{MARKERS}(?P<name>{NAME}){GAP}(?:{CALL_ID})?{ARGS}(?=\[TOOL_CALLS\]|</s>)")
MARKED_CUT = re.compile(
    rf"{prefixes(MARKER)}\Z|{MARKERS}(?:{prefixes(MARKER)}|\[{GAP}|(?:{NAME}){GAP}"
    rf"(?:{CALL_ID_CUT}|(?:{CALL_ID})?{prefixes('[ARGS]')}|(?:{CALL_ID})?{ARGS}"
    rf"(?:{prefixes(MARKER)}|{prefixes(END_OF_TEXT)}|{prefixes('[ARGS]')}))?)\Z"
)
MARKED_END = re.compile(
    rf"{MARKERS}(?P<name>{NAME}){GAP}(?:(?:{CALL_ID})?(?P<args>{ARGS})?{prefixes('[ARGS]')}|{CALL_ID_CUT})\Z"
)

UNMARKED = re.compile(rf"(?:\[CALL_ID\]{GAP}[A-Za-z0-9]{{1,64}}|[A-Za-z0-9]{{9}})?(?:(?P<args>{ARGS}))?(?=\{{)")
UNMARKED_CUT = re.compile(
    rf"(?:[A-Za-z0-9]{{0,9}}|{CALL_ID_CUT}|(?:{CALL_ID}|[A-Za-z0-9]{{9}})?(?:{ARGS})?{prefixes('[ARGS]')})\Z"
)
UNMARKED_END = re.compile(rf"(?:\[CALL_ID\]{GAP}[A-Za-z0-9]{{1,64}}|[A-Za-z0-9]{{9}})?{ARGS}\Z")

TAGGED_JSON = re.compile(rf"(?:<tool_call>|\[TOOL_REQUEST\]){GAP}(?=\{{|\[{GAP}\{{)")
TAGGED_FUNCTION = re.compile(rf"(?:<tool_call>{GAP})?<function=(?P<name>[^>\s]{{1,64}})>")
TAGGED_CUT = re.compile(
    rf"(?:{prefixes('<tool_call>')}|{prefixes('[TOOL_REQUEST]')}|(?:<tool_call>|\[TOOL_REQUEST\]){GAP}\[?{GAP}"
    rf"|<tool_call>{GAP}{prefixes('<function=')}|{prefixes('<function=')}"
    rf"|(?:<tool_call>{GAP})?<function=[^>\s]{{0,64}})\Z"
)
ARGUMENT_CLOSERS = ("[ARGS]",)
TAG_CLOSERS = ("</tool_call>", "[END_TOOL_REQUEST]")

THINK = re.compile(r"\[THINK\]")
THINK_CUT = re.compile(rf"{prefixes('[THINK]')}\Z")
JSON = re.compile(rf"\[{GAP}(?=\{{)|(?=\{{)")
JSON_CUT = re.compile(rf"\[{GAP}\Z")
TICKS = r"`{3,12}[ \t]{0,8}"
LINE_END = r"[ \t]{0,8}\r?\n"
FENCE = re.compile(
    rf"(?P<ticks>`{{3,12}})[ \t]{{0,8}}(?:(?:json|tool)\w{{0,16}})?{LINE_END}{GAP}(?=\{{|\[{GAP}\{{)", re.IGNORECASE
)
FENCE_CUT = re.compile(
    rf"(?:`{{1,2}}|{TICKS}(?:(?:json|tool)\w{{0,16}}|{prefixes('json')}|{prefixes('tool')})"
    rf"(?:[ \t]{{0,8}}\r?|{LINE_END}{GAP}(?:\[{GAP})?))\Z",
    re.IGNORECASE,
)

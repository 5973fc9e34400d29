"""What a native call means: a clean name, parsed arguments, and the text its server swept into them."""

from __future__ import annotations

import re
from collections.abc import Collection

from devstral_ls.llm.wire.arguments import read_arguments
from devstral_ls.llm.wire.envelopes import EnvelopeScanner, Found, found, read_cut_envelopes, read_envelopes
from devstral_ls.llm.wire.json_scan import Scan
from devstral_ls.llm.wire.patterns import END_OF_TEXT

_CALL_ID = re.compile(r"\[CALL_ID\]\s*[A-Za-z0-9]*")
_GLUED_ID = re.compile(r"(.+)[A-Za-z0-9]{9}")


def clean_name(name: str, offered: Collection[str]) -> str:
    """`name` without the special tokens, white space and call id that parsers leave in it."""
    name = name.replace("[TOOL_CALLS]", "").partition("[ARGS]")[0]
    name = _CALL_ID.sub("", name).strip()
    if name not in offered:
        glued = _GLUED_ID.fullmatch(name)
        if glued and glued[1] in offered:
            return glued[1]
    return name


def read_native(name: str, raw: str, offered: Collection[str], *, cut: bool) -> tuple[list[Found], str]:
    """The calls of one native entry, and the text that was appended to its arguments.

    No calls: the entry has no name. Several: a JSON array of calls that its parser took for a name and arguments.
    """
    if name.lstrip().startswith(("[{", "{")) or name.strip() == "[":
        return _read_envelope(name + raw)
    # A parser that missed the end of the name puts the beginning of the arguments into it.
    before, brace, after = name.partition("{")
    before, _, spilled = before.partition("[ARGS]")
    raw = spilled + brace + after + raw
    clean = clean_name(before, offered)
    if not clean:
        return [], ""
    arguments = read_arguments(raw, cut=cut)
    return [found(clean, arguments, raw, repaired=clean != name)], arguments.trailing


def _read_envelope(text: str) -> tuple[list[Found], str]:
    scanner = EnvelopeScanner(None)
    end = scanner.feed(text)
    if scanner.status is Scan.DONE:
        return read_envelopes(text[:end], None) or [], text[end:].removesuffix(END_OF_TEXT)
    return read_cut_envelopes(text, scanner, None), ""

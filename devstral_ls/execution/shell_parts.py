"""The parts of a shell command that are allowed one by one.

A part is the exact text of a simple command, redirections and substitutions included, of which nothing but blanks
between words is normalised. A line is taken apart only where its parts can't reach each other: every node of its tree
is one of a few kinds, every character belongs to a word that means itself, and no part changes what another one runs.
Everything else - variables, loops over a variable, functions, `eval`, `cd`, here-documents, what the grammar does not
understand - is one whole part, which nothing but the same text matches. So no line can be put together of allowed parts
in which a command runs that was not allowed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from devstral_ls.execution.shell_tree import Reading, Unclear
from devstral_ls.execution.shell_words import changes_its_shell

if TYPE_CHECKING:
    from tree_sitter import Parser

LONGEST = 16 * 1024
"""Bytes of a line that is taken apart; a longer one is a whole."""


@dataclass(frozen=True, slots=True)
class Part:
    """text: what is allowed. whole: it is a line that is not taken apart, as it was written."""

    text: str
    whole: bool = False


def parts(command: str, *, windows: bool = os.name == "nt") -> tuple[Part, ...]:
    """The parts of `command`, each once, in the order they end. windows: the shell is none of this grammar's."""
    whole = (Part(command, whole=True),)
    if windows or _CONTROLS.search(command) or not command.strip(" \t\n"):
        return whole
    try:
        source = command.encode()
    except UnicodeEncodeError:
        return whole
    if len(source) > LONGEST:
        return whole
    tree = _parser().parse(source)
    if tree.root_node.has_error:
        return whole
    reading = Reading(source)
    try:
        reading.line(tree.root_node)
        found = tuple(Part(text) for text in dict.fromkeys(reading.parts))
    except Unclear:
        return whole
    if not found or (len(reading.parts) > 1 and any(changes_its_shell(name) for name in reading.names)):
        return whole
    return found


def allowed(command: str, known: Collection[Part]) -> bool:
    """Whether every part of `command` is one of `known`."""
    return all(part in known for part in parts(command))


@cache
def _parser() -> Parser:
    # Half a tenth of a second, and only those who run commands need it.
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))


_CONTROLS = re.compile(r"[^\S \t\n]|[\x00-\x08\x0e-\x1f\x7f-\x9f]")
"""White space that is none to a shell (a carriage return, a no-break space), and what can't be seen."""

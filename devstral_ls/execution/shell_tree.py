"""The tree of a shell command, read as simple commands: only what is understood to its last character."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from devstral_ls.execution.shell_words import only_filters

if TYPE_CHECKING:
    from tree_sitter import Node

DEEPEST = 40
"""How deep commands may be nested."""

_WORD = re.compile(rb"[A-Za-z0-9_@%+=:,./~*?\[\]^-]+")
_NAME = re.compile(rb"[A-Za-z0-9_./+-]*[A-Za-z0-9_+-]")
_VARIABLE = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_SINGLE = re.compile(rb"'[^']*'")
_IN_DOUBLE = re.compile(rb'[^"$`\\]*')
_BLANKS = re.compile(rb"[ \t]*")
_SPACE = re.compile(rb"[ \t\n]*")

_STRUCTURE: dict[str, frozenset[str]] = {
    "program": frozenset(("\n", ";", "&")),
    "list": frozenset(("&&", "||")),
    "subshell": frozenset(("(", ")", ";", "&", "\n")),
    "compound_statement": frozenset(("{", "}", ";", "&", "\n")),
    "negated_command": frozenset("!"),
    "if_statement": frozenset(("if", "then", "fi", ";", "&", "\n")),
    "elif_clause": frozenset(("elif", "then", ";", "&", "\n")),
    "else_clause": frozenset(("else", ";", "&", "\n")),
    "while_statement": frozenset(("while", "until", ";", "&", "\n")),
    "do_group": frozenset(("do", "done", ";", "&", "\n")),
    "command_substitution": frozenset(("$(", ")", ";", "&", "\n")),
    "process_substitution": frozenset(("<(", ">(", ")", ";", "&", "\n")),
}
"""Kinds of nodes that hold statements, and the tokens between those."""

_OPENING = frozenset(("{", "!", "if", "then", "elif", "else", "while", "until", "do"))
"""Tokens that are words to the shell: without a blank behind them they begin another one."""

_REDIRECTIONS = frozenset((">", ">>", "<", ">&", "<&", "&>", "&>>", ">|"))


class Unclear(Exception):
    """The line has something in it that is not taken apart."""


class Reading:
    """What is found in one line. names: the commands', without their folders."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self.parts: list[str] = []
        self.names: list[str] = []

    def line(self, root: Node) -> None:
        """Read the whole line. Raises Unclear."""
        self._gap(0, root.start_byte, _SPACE)
        self.statements(root, 0)
        self._gap(root.end_byte, len(self._source), _SPACE)

    def statements(self, node: Node, depth: int, behind: Sequence[Node] = ()) -> None:
        """Read what stands in a node that holds statements. behind: redirections of its last command."""
        tokens = _STRUCTURE.get(node.type)
        if tokens is None or depth > DEEPEST or (behind and node.type != "list"):
            raise Unclear
        at, separated = node.start_byte, True
        for child in node.children:
            gap = self._gap(at, child.start_byte, _SPACE)
            separated = separated or b"\n" in gap
            if child.is_named:
                if not separated:
                    raise Unclear
                self._statement(child, depth, behind if child == node.children[-1] else ())
                separated = child.type in ("elif_clause", "else_clause")  # which end with a separator of their own
            else:
                self._token(child, tokens)
                separated = True
            at = child.end_byte
        self._gap(at, node.end_byte, _SPACE)

    def _token(self, node: Node, tokens: frozenset[str]) -> None:
        behind = self._source[node.end_byte : node.end_byte + 1]
        if node.type not in tokens or (node.type in _OPENING and behind not in (b" ", b"\t", b"\n")):
            raise Unclear
        if node.type in ("(", "$(") and behind == b"(":
            raise Unclear  # arithmetic, or not: shells look ahead

    def _statement(self, node: Node, depth: int, behind: Sequence[Node] = ()) -> None:
        if node.type == "redirected_statement" and node.children[0].type in ("list", "pipeline"):
            # To the grammar these are the list's; to a shell they are its last command's.
            body, *redirections = node.children
            at = body.end_byte
            for each in redirections:
                if each.type != "file_redirect" or not self._gap(at, each.start_byte, _BLANKS):
                    raise Unclear
                at = each.end_byte
            self._statement(body, depth + 1, (*redirections, *behind))
        elif node.type == "pipeline":
            self._pipeline(node, depth + 1, behind)
        elif node.type in ("command", "redirected_statement"):
            self.parts.append(" ".join(self._simple(node, depth + 1, behind)))
        elif node.type in ("command_substitution", "process_substitution"):
            raise Unclear  # as a command of its own: what it prints is run
        else:
            self.statements(node, depth + 1, behind)

    def _pipeline(self, node: Node, depth: int, behind: Sequence[Node]) -> None:
        """Its stages are parts of their own only if nothing that goes through it can be run or kept."""
        stages: list[Node] = []
        pipes: list[str] = []
        at = node.start_byte
        for child in node.children:
            self._gap(at, child.start_byte, _SPACE)
            at = child.end_byte
            if child.is_named:
                stages.append(child)
            else:
                self._token(child, frozenset(("|", "|&")))
                pipes.append(child.type)
        simple = [stage.type in ("command", "redirected_statement") for stage in stages]
        if len(pipes) != len(stages) - 1 or not all(simple[1:]):
            raise Unclear
        if not simple[0]:
            self._statement(stages[0], depth)
        first = [self._simple(stages[0], depth)] if simple[0] else []
        later = [self._simple(stage, depth, behind if stage == stages[-1] else ()) for stage in stages[1:]]
        if all(only_filters(words) for words in later):
            self.parts += [" ".join(words) for words in (*first, *later)]
        elif first:
            rest = (f" {pipe} {' '.join(words)}" for pipe, words in zip(pipes, later, strict=True))
            self.parts.append(" ".join(first[0]) + "".join(rest))
        else:
            raise Unclear

    def _simple(self, node: Node, depth: int, behind: Sequence[Node] = ()) -> list[str]:
        """A simple command's words, assignments and redirections, as they are written."""
        words: list[str] = []
        children = list(self._flat(node))
        at = node.start_byte
        for child in children:
            gap = self._gap(at, child.start_byte, _BLANKS)
            if words and not gap:
                raise Unclear
            words.append(self._name(child) if child.type == "command_name" else self._piece(child, depth))
            at = child.end_byte
        self._gap(at, node.end_byte, _BLANKS)
        if not any(child.type == "command_name" for child in children):
            raise Unclear
        return words + [self._redirection(each, depth) for each in behind]

    def _piece(self, node: Node, depth: int) -> str:
        if node.type == "variable_assignment":
            return self._assignment(node, depth)
        return self._redirection(node, depth) if node.type == "file_redirect" else self._word(node, depth)

    def _flat(self, node: Node) -> Iterator[Node]:
        """The words of a command, redirections behind it included."""
        for child in node.children:
            if not child.is_named:
                raise Unclear
            if child.type == "command":
                yield from self._flat(child)
            else:
                yield child

    def _name(self, node: Node) -> str:
        text = self._text(node)
        if len(node.children) != 1 or node.children[0].type != "word" or not _NAME.fullmatch(text):
            raise Unclear
        self.names.append(text.decode().rpartition("/")[2])
        return text.decode()

    def _assignment(self, node: Node, depth: int) -> str:
        name, equals, *value = node.children
        if name.type != "variable_name" or not _VARIABLE.fullmatch(self._text(name)) or equals.type != "=":
            raise Unclear
        if len(value) > 1:
            raise Unclear
        return f"{self._text(name).decode()}={self._word(value[0], depth) if value else ''}"

    def _redirection(self, node: Node, depth: int) -> str:
        text = ""
        at = node.start_byte
        operators = targets = 0
        for child in node.children:
            gap = " " if self._gap(at, child.start_byte, _BLANKS) else ""
            at = child.end_byte
            if child.type == "file_descriptor":
                word = self._leaf(child, _WORD)
            elif not child.is_named and child.type in _REDIRECTIONS:
                operators += 1
                word = child.type
            else:
                targets += 1
                word = self._word(child, depth)
            text += gap + word
        if (operators, targets) != (1, 1):
            raise Unclear
        return text

    def _word(self, node: Node, depth: int) -> str:
        """One word as it is written."""
        match node.type:
            case "word" | "number":
                return self._leaf(node, _WORD)
            case "raw_string":
                return self._leaf(node, _SINGLE)
            case "string":
                return self._string(node, depth)
            case "concatenation":
                return self._joined(node, depth)
            case "command_substitution" | "process_substitution":
                self.statements(node, depth + 1)
                return self._text(node).decode()
        raise Unclear

    def _string(self, node: Node, depth: int) -> str:
        for child in node.children:
            if child.type == "command_substitution":
                self.statements(child, depth + 1)
            elif child.type == "string_content":
                self._leaf(child, _IN_DOUBLE)
            elif child.type != '"' or child.is_named:
                raise Unclear
        return self._text(node).decode()

    def _joined(self, node: Node, depth: int) -> str:
        at, text = node.start_byte, ""
        for child in node.children:
            if child.start_byte != at:
                raise Unclear
            text += self._word(child, depth)
            at = child.end_byte
        return text

    def _leaf(self, node: Node, pattern: re.Pattern[bytes]) -> str:
        text = self._text(node)
        if node.is_missing or not pattern.fullmatch(text):
            raise Unclear
        return text.decode()

    def _gap(self, start: int, end: int, pattern: re.Pattern[bytes]) -> bytes:
        """What the grammar passes over: comments and escaped line ends too, which are not taken for blanks here."""
        text = self._source[start:end]
        if not pattern.fullmatch(text):
            raise Unclear
        return text

    def _text(self, node: Node) -> bytes:
        return self._source[node.start_byte : node.end_byte]

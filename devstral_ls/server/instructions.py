"""Instruction comments: `# devstral: make this async`, in the file's own comment syntax.

They are recognised when the user asks for code actions and run only when the user picks one; the edit that carries the
instruction out removes the comment. A block comment is one instruction; so is a line comment together with the line
comments that follow it directly, at the same column and with the same leader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from devstral_ls.server.comment_syntax import ANYWHERE, SYNTAX, UNKNOWN, Syntax
from devstral_ls.server.comments import Spans, comment_spans

MARK = re.compile(r"(?<!\w)devstral:", re.IGNORECASE)
DECORATION = "*!|#/-=+;% \t"
"""What comments are drawn with beside their leaders."""

LONGEST = 40
"""Lines of one instruction."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction comment. Lines are 0-based, columns are indices into their lines, the end is exclusive."""

    text: str
    start_line: int
    start: int
    end_line: int
    end: int

    def touches(self, first: int, last: int) -> bool:
        """Whether it is on one of these lines, the last included."""
        return self.start_line <= last and first <= self.end_line


def marked(lines: Sequence[str], first: int = 0, last: int | None = None) -> bool:
    """Whether an instruction may touch these lines, all by default: quick, and never wrong when it says no."""
    text = "".join(lines[max(first - LONGEST, 0) : len(lines) if last is None else last + LONGEST])
    return MARK.search(text) is not None if "evstral:" in text or "EVSTRAL:" in text else False


def find_all(lines: Sequence[str], language_id: str, name: str = "", *, lex: bool = True) -> tuple[Instruction, ...]:
    """Every instruction comment of a text, in order.

    name: the file's, for languages known by their files only. lex: False: by the table alone, which is quick and takes
    what is quoted in strings for comments.
    """
    numbers = [number for number, line in enumerate(lines) if marked([line])] if marked(lines) else []
    if not numbers:
        return ()
    known = SYNTAX.get(language_id)
    spans = comment_spans(lines, language_id, name, numbers[-1] + LONGEST) if lex else None
    if spans is None:
        search = _Search(lines, None, (known or UNKNOWN,))
    else:
        search = _Search(lines, spans, (known, ANYWHERE) if known is not None else (ANYWHERE,))
    found: list[Instruction] = []
    for number in numbers:
        for mark in MARK.finditer(lines[number]):
            taken = found[-1].end if found and found[-1].end_line == number else 0
            if mark.start() < taken or (found and found[-1].end_line > number):
                continue
            instruction = search.at(number, mark.start(), mark.end(), taken)
            if instruction is not None:
                found.append(instruction)
    return tuple(found)


def without(lines: Sequence[str], instructions: Sequence[Instruction]) -> str:
    """The text without these comments; a line that held nothing else goes too."""
    left = list(lines)
    for instruction in reversed(instructions):
        head = left[instruction.start_line][: instruction.start]
        tail = left[instruction.end_line][instruction.end :]
        if not tail.strip():
            rest = head.rstrip() + tail.lstrip(" \t") if head.strip() else ""
        elif not head.strip() or head[-1:].isspace():
            rest = head + tail.lstrip(" \t")
        else:
            # A comment parts words, as a space does.
            rest = head + (" " if _word(head[-1]) and _word(tail[0]) else "") + tail
        left[instruction.start_line : instruction.end_line + 1] = [rest]
    return "".join(left)


@dataclass(frozen=True, slots=True)
class _Opening:
    """Where a comment begins. closing: None of a line comment."""

    line: int
    column: int
    text: str
    closing: str | None
    nests: bool


@dataclass(frozen=True, slots=True)
class _Search:
    """In one text. spans: its comments, None where only the table of syntaxes can tell."""

    lines: Sequence[str]
    spans: Spans | None
    syntaxes: Sequence[Syntax]

    def at(self, number: int, mark: int, column: int, taken: int) -> Instruction | None:
        """The instruction whose mark is there, if it is the first thing its comment says.

        column: where its words begin. taken: the column up to which the line belongs to another instruction.
        """
        inside = self._span(number, mark)
        if inside is None:
            return None
        start, end = max(inside[0], taken), inside[1]
        before = self.lines[number][start:mark]
        for opening in self._openings(number, start, before):
            if opening.closing is None:
                return self._line_comment(opening, column, end)
            found = self._block_comment(opening, number, column)
            if found is not None:
                return found if found.text else None
        return None

    def _span(self, number: int, column: int) -> tuple[int, int] | None:
        """(start, end) of the comment that holds this place; the whole line where no lexer tells."""
        if self.spans is None:
            return 0, len(self.lines[number].rstrip("\r\n"))
        return next((span for span in self.spans.get(number, ()) if span[0] <= column < span[1]), None)

    def _openings(self, number: int, start: int, before: str) -> Iterator[_Opening]:
        """What may have opened the comment that says nothing but `before` until its mark, on this line or above."""
        above = before.strip(DECORATION) == ""
        for syntax in self.syntaxes:
            for opening, closing in syntax.blocks:
                drawn = re.search(rf"{re.escape(opening)}[*!|=#-]*\s*$", before)
                if drawn is not None and self._nothing_before(before[: drawn.start()]):
                    yield _Opening(number, start + drawn.start(), opening, closing, syntax.nests)
                elif above and (place := self._above(number, opening)) is not None:
                    yield _Opening(*place, opening, closing, syntax.nests)
            for leader in syntax.leaders:
                drawn = re.search(rf"{re.escape(leader)}[{re.escape(leader[-1])}!/|]*\s*$", before)
                if drawn is None or not self._nothing_before(before[: drawn.start()]):
                    continue
                if not leader[-1].isalpha() or not _word(before[drawn.start() - 1 : drawn.start()]):
                    yield _Opening(number, start + drawn.start(), drawn[0].rstrip(), None, False)

    def _nothing_before(self, text: str) -> bool:
        """Whether a comment can start behind this part of its span, which another comment beside it may be."""
        closings = tuple(closing for syntax in self.syntaxes for _, closing in syntax.blocks)
        return self.spans is None or not text.strip() or text.rstrip().endswith(closings)

    def _above(self, number: int, opening: str) -> tuple[int, int] | None:
        """(line, column) of an opening that is followed by nothing until this line."""
        for above in range(number - 1, max(number - LONGEST, -1), -1):
            content = self.lines[above].rstrip()
            drawn = re.search(rf"{re.escape(opening)}[*!|=#-]*$", content)
            if drawn is not None:
                return (above, drawn.start()) if self._span(above, drawn.start()) is not None else None
            if content.strip(DECORATION):
                return None
        return None

    def _block_comment(self, opening: _Opening, number: int, column: int) -> Instruction | None:
        """From the opening to its end; None where it has none. column: of the first word, on line `number`."""
        assert opening.closing is not None
        words: list[str] = []
        depth = 1
        for last in range(number, min(number + LONGEST, len(self.lines))):
            line = self.lines[last].rstrip("\r\n")
            begin = column if last == number else 0
            ends = None
            for found in re.finditer(f"{re.escape(opening.closing)}|{re.escape(opening.text)}", line[begin:]):
                deeper = found[0] == opening.text and opening.text != opening.closing
                depth += (1 if opening.nests else 0) if deeper else -1
                if depth == 0:
                    ends = begin + found.start()
                    break
            piece = line[begin:ends].strip()
            words.append(piece.lstrip("*").strip() if last > number else piece)
            if ends is not None:
                text = " ".join(word.rstrip("*").rstrip() for word in words if word.strip("*"))
                return Instruction(text, opening.line, opening.column, last, ends + len(opening.closing))
        return None

    def _line_comment(self, opening: _Opening, column: int, end: int) -> Instruction | None:
        """The line comment, and those that go on at the same column with the same leader."""
        number, start, leader = opening.line, opening.column, opening.text
        words = [self.lines[number][column:end].strip()]
        last = number
        for below in range(number + 1, min(number + LONGEST, len(self.lines))):
            line = self.lines[below].rstrip("\r\n")
            body = line[start + len(leader) :]
            goes_on = not line[:start].strip() and line[start:].startswith(leader) and body.strip()
            if not goes_on or body[0] == leader[-1] or MARK.match(body.strip(DECORATION)):
                break
            span = self._span(below, start)
            if span is None:
                break
            last, end = below, span[1]
            words.append(line[start + len(leader) : end].strip())
        text = " ".join(word for word in words if word)
        return Instruction(text, number, start, last, end) if words[0] else None


def _word(character: str) -> bool:
    return character.isalnum() or character == "_"

"""Columns as LSP counts them: code units of the negotiated encoding, within one line."""

from __future__ import annotations

from typing import Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]


def to_index(line: str, character: int, encoding: Encoding) -> int:
    """The index into `line` of a column, clamped to the end of its text (before the line ending).

    A column inside a surrogate pair or a multi-byte sequence goes to the start of that character.
    """
    end = len(line) - ending_length(line)
    if encoding == "utf-32" or line.isascii():
        return min(character, end)
    units = 0
    for index in range(end):
        width = unit_width(line[index], encoding)
        if units + width > character:
            return index
        units += width
    return end


def to_character(line: str, index: int, encoding: Encoding) -> int:
    """The column of `line[index]`."""
    if encoding == "utf-32" or line.isascii():
        return index
    return sum(unit_width(char, encoding) for char in line[:index])


def unit_width(char: str, encoding: Encoding) -> int:
    """Code units of one character. A lone surrogate counts as editors count it: one UTF-16 unit, three bytes."""
    point = ord(char)
    if encoding == "utf-16":
        return 2 if point > 0xFFFF else 1
    if encoding == "utf-32":
        return 1
    return 1 if point < 0x80 else 2 if point < 0x800 else 3 if point < 0x10000 else 4


def ending_length(line: str) -> int:
    """How many characters of `line` are its line ending: 0, 1 or 2."""
    return 2 if line.endswith("\r\n") else 1 if line.endswith(("\n", "\r")) else 0

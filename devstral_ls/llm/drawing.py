"""Pictures of lines of figures, for asking a model what it sees. Drawn here, so that nothing has to be fetched."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from devstral_ls.llm.picture import Picture, picture

_SCALE, _MARGIN = 8, 5
# Five columns by seven rows; a hash is ink.
_GLYPHS = {
    "0": " ### /#   #/#  ##/# # #/##  #/#   #/ ### ",
    "1": "  #  / ##  /  #  /  #  /  #  /  #  / ### ",
    "2": " ### /#   #/    #/  ## / #   /#    /#####",
    "3": "#### /    #/    #/ ### /    #/    #/#### ",
    "4": "   # /  ## / # # /#  # /#####/   # /   # ",
    "5": "#####/#    /#### /    #/    #/#   #/ ### ",
    "6": " ### /#    /#    /#### /#   #/#   #/ ### ",
    "7": "#####/    #/   # /  #  / #   / #   / #   ",
    "8": " ### /#   #/#   #/ ### /#   #/#   #/ ### ",
    "9": " ### /#   #/#   #/ ####/    #/    #/ ### ",
    "+": "     /  #  /  #  /#####/  #  /  #  /     ",
    "-": "     /     /     /#####/     /     /     ",
    "×": "     /#   #/ # # /  #  / # # /#   #/     ",
    "=": "     /     /#####/     /#####/     /     ",
    "(": "   # /  #  / #   / #   / #   /  #  /   # ",
    ")": " #   /  #  /   # /   # /   # /  #  / #   ",
    "x": "     /     /#   #/ # # /  #  / # # /#   #",
    "y": "     /     /#   #/#   #/ ####/    #/ ### ",
    " ": "     /     /     /     /     /     /     ",
}


def draw(lines: Sequence[str]) -> Picture:
    """The lines in black on white, as a PNG. Raises KeyError for a character that has no glyph here."""
    width = max(map(len, lines)) * 6 + 2 * _MARGIN
    blank = " " * width
    rows = [blank] * _MARGIN
    for line in lines:
        glyphs = [_GLYPHS[character].split("/") for character in line]
        drawn = [" ".join(glyph[row] for glyph in glyphs) for row in range(7)]
        rows += [(" " * _MARGIN + row).ljust(width) for row in drawn] + [blank] * _MARGIN
    pixels = b"".join(
        (b"\0" + b"".join((b"\0" if ink == "#" else b"\xff") * _SCALE for ink in row)) * _SCALE for row in rows
    )
    header = struct.pack(">IIBBBBB", width * _SCALE, len(rows) * _SCALE, 8, 0, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(pixels, 9)) + _chunk(b"IEND", b"")
    return picture(b"\x89PNG\r\n\x1a\n" + chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

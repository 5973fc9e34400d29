"""How many tokens a text has for Mistral's Tekken tokenizer, which every Devstral uses.

The vocabulary takes a quarter of a second and some memory to load, so it is loaded on demand, in a thread; until then a
text is estimated by its length.
"""

from __future__ import annotations

import re
import zlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding

PATTERN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Where Tekken cuts a text before it looks for tokens."""

TOKENS = 130_072
"""How many tokens are not special."""

CHARACTERS_PER_TOKEN = 3
"""Of JSON; code and prose have four and more, so that an estimate is rather too high than too low."""

# The splitter recurses over a run of whitespace, and gives up somewhere beyond 100,000 characters.
_BLANKS = re.compile(r"\s{8192}")


def count(text: str) -> int:
    """The number of tokens; an estimate as long as `is_exact` is False."""
    encoding = _loaded[0] if _loaded else None
    if encoding is None:
        return estimate(text)
    if len(text) > 8192 and _BLANKS.search(text):
        pieces = _BLANKS.split(text)
        blanks = len(encoding.encode_ordinary(" " * 8192)) * (len(pieces) - 1)
        return blanks + sum(len(encoding.encode_ordinary(piece)) for piece in pieces)
    return len(encoding.encode_ordinary(text))


def estimate(text: str) -> int:
    """About how many tokens the text has, by its length alone."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def is_exact() -> bool:
    """Whether the vocabulary is loaded."""
    return bool(_loaded)


def load() -> None:
    """Load the vocabulary, once. Takes about 0.25 s: call it in a thread."""
    encoding = _load()
    if not _loaded:
        _loaded.append(encoding)


_loaded: list[Encoding] = []


def ranks() -> dict[bytes, int]:
    """Every token that is not special, and its rank. A special one's number is its own, before all these."""
    data = zlib.decompress(files(__package__).joinpath("tekken", "ranks.z").read_bytes())
    found = {bytes([value]): value for value in range(256)}
    at = TOKENS - 256
    for rank, length in enumerate(data[:at], 256):
        found[data[at : at + length]] = rank
        at += length
    return found


@cache
def _load() -> Encoding:
    from tiktoken import Encoding

    return Encoding("tekken", pat_str=PATTERN, mergeable_ranks=ranks(), special_tokens={}, explicit_n_vocab=TOKENS)

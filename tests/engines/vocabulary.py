"""The tekken vocabulary as a GGUF file has it: tokens in the byte-level alphabet, and the merges that make them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from tiktoken import Encoding

SPECIALS = 1000
"""How many control tokens come before the others."""

NAMED = (
    "<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]",
    "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]",
)  # fmt: skip
LATER_NAMED = {32: "[ARGS]", 33: "[CALL_ID]", 34: "[THINK]", 35: "[/THINK]"}
UNKNOWN, BEGIN, END, PADDING = 0, 1, 2, 11


def special_tokens() -> list[str]:
    """The control tokens in the order of their ids."""
    return [
        NAMED[number] if number < len(NAMED) else LATER_NAMED.get(number, f"<SPECIAL_{number}>")
        for number in range(SPECIALS)
    ]


def token_texts(ranks: Mapping[bytes, int]) -> list[str]:
    """The other tokens in the order of their ids, which begin at SPECIALS."""
    return [_spelled(token) for token, _ in sorted(ranks.items(), key=lambda item: item[1])]


def merges(ranks: Mapping[bytes, int]) -> Iterator[str]:
    """The two parts of every token longer than a byte, in the order of ranks.

    They are what byte pair encoding has of the token right before it merges for the last time.
    """
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        if len(token) > 1:
            first, second = _parts(token, rank, ranks)
            yield f"{_spelled(first)} {_spelled(second)}"


def pieces(text: str, encoding: Encoding) -> list[int]:
    """The ids of a text in which control tokens stand by their names. encoding: without any special tokens."""
    specials = {name: number for number, name in enumerate(special_tokens())}
    found: list[int] = []
    plain = ""
    while text:
        name = next((name for name in (*NAMED, *LATER_NAMED.values()) if text.startswith(name)), None)
        plain, text = (plain, text.removeprefix(name)) if name else (plain + text[0], text[1:])
        if plain and (name or not text):
            found += [SPECIALS + rank for rank in encoding.encode_ordinary(plain)]
            plain = ""
        if name:
            found.append(specials[name])
    return found


def _parts(token: bytes, rank: int, ranks: Mapping[bytes, int]) -> tuple[bytes, bytes]:
    parts = [token[at : at + 1] for at in range(len(token))]
    while len(parts) > 2:
        pairs = [ranks.get(first + second, rank) for first, second in pairwise(parts)]
        lowest = min(pairs)
        assert lowest < rank, f"{token!r} can't be made of lower ranks"
        at = pairs.index(lowest)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return parts[0], parts[1]


def _alphabet() -> dict[int, str]:
    """A printable character for every byte: itself where it is one, else one from U+0100 on, as GPT-2 has it."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return {byte: chr(byte if byte in printable else next(others)) for byte in range(256)}


_ALPHABET = _alphabet()


def _spelled(token: bytes) -> str:
    return "".join(_ALPHABET[byte] for byte in token)

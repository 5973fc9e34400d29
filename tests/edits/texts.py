"""Texts that are hard on code that counts lines or characters."""

from __future__ import annotations

from hypothesis import strategies as st

ENDINGS = ("\n", "\r\n", "\r")

contents = st.sampled_from(
    [
        "",
        "",
        "a",
        "b",
        "c",
        "}",
        "    return x",
        "\tif y:",
        "  ",
        "x\fy",
        "x\u2028y",
        "\u2029",
        "\x85z",
        "\v",
        "\x1c",
        "\U0001f600",
        "é\u0301",
    ]
)
"""One line without its ending; few different ones, so that lines repeat."""


def texts(endings: tuple[str, ...] = ENDINGS, most: int = 12) -> st.SearchStrategy[str]:
    """Whole texts, often without a final newline, sometimes with a byte order mark."""
    line = st.tuples(contents, st.sampled_from(endings)).map("".join)
    return st.tuples(st.sampled_from(["", "", "", "\ufeff"]), st.lists(line, max_size=most).map("".join), contents).map(
        "".join
    )


@st.composite
def edited(draw: st.DrawFn, text: str, endings: tuple[str, ...] = ENDINGS) -> str:
    """A text with a few of its lines changed, as `splitlines` of the module under test is not to be trusted here."""
    pieces = text.split("\n")
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(pieces) - 1))
        pieces[at : at + draw(st.integers(0, 2))] = draw(st.lists(contents, max_size=2)) or [""]
    return draw(st.sampled_from(endings)).join(pieces) if draw(st.booleans()) else "\n".join(pieces)

from __future__ import annotations

import subprocess
import sys

import pytest

from devstral_ls.llm import tokens


@pytest.fixture(autouse=True)
def exact() -> None:
    tokens.load()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("Hello world!", 3),
        ("12345", 5),
        ("é" * 10, 10),
        ("def f(x):\n    return x\n", 8),
        (" " * 100_000, 1563),
        ("\n" * 300_000, 5880),
        ("\ud83d", 1),
    ],
)
def test_a_text_has_as_many_tokens_as_tekken_gives_it(text: str, expected: int) -> None:
    assert tokens.count(text) == expected


@pytest.mark.parametrize("blank", [" ", "\t", " \n", "\u00a0"])
def test_a_megabyte_of_whitespace_is_counted(blank: str) -> None:
    assert 0 < tokens.count(f"x{blank * 500_000}y") < 500_000


def test_before_the_vocabulary_is_loaded_a_count_is_an_estimate_and_nothing_is_imported() -> None:
    program = (
        "import sys; from devstral_ls.llm import tokens; print(tokens.is_exact(), tokens.count('x' * 300),"
        " 'tiktoken' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "100", "False"]


@pytest.mark.parametrize(
    "text", ["", "a", "some words of prose, as people write them, " * 20, "def f(x):\n    return x\n"]
)
def test_an_estimate_is_rather_too_high(text: str) -> None:
    assert tokens.count(text) <= tokens.estimate(text) * 1.25

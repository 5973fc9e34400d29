"""Instruction comments are found in each language's own syntax and leave no trace once carried out."""

from __future__ import annotations

import pytest

from devstral_ls.edits.lines import split_lines
from devstral_ls.server.instructions import Instruction, find_all, without

# language, the text, the instruction, the text without it
CASES = [
    ("python", "x = 1\n# devstral: make it 2\ny = 3\n", "make it 2", "x = 1\ny = 3\n"),
    ("python", "x = 1  # devstral: make it 2\ny = 3\n", "make it 2", "x = 1\ny = 3\n"),
    ("python", "    ## Devstral:  add types \r\nx\r\n", "add types", "x\r\n"),
    ("python", "x = 1\n# devstral: last line", "last line", "x = 1\n"),
    ("typescript", "a();\n// devstral: rename a\nb();\n", "rename a", "a();\nb();\n"),
    ("typescript", "a(/* devstral: use b */);\n", "use b", "a();\n"),
    ("c", "int x; /* devstral: make it\n * unsigned\n */\nint y;\n", "make it unsigned", "int x;\nint y;\n"),
    ("rust", "/// devstral: document this\nfn f() {}\n", "document this", "fn f() {}\n"),
    ("html", "<p>\n<!-- devstral: add a title -->\n</p>\n", "add a title", "<p>\n</p>\n"),
    ("css", "a { /* devstral: make it red */ color: blue }\n", "make it red", "a { color: blue }\n"),
    ("lua", "-- devstral: cache it\nreturn f()\n", "cache it", "return f()\n"),
    ("sql", "select 1; -- devstral: add a limit\n", "add a limit", "select 1;\n"),
    ("lisp", ";; devstral: tail call\n(f)\n", "tail call", "(f)\n"),
    ("tex", "% devstral: shorten\ntext\n", "shorten", "text\n"),
    ("vim", '" devstral: map it\nset nu\n', "map it", "set nu\n"),
    ("ocaml", "(* devstral: use fold *)\nlet x = 1\n", "use fold", "let x = 1\n"),
    ("bat", "REM devstral: quote it\necho %1\n", "quote it", "echo %1\n"),
    ("never heard of", "# devstral: guess\nx\n", "guess", "x\n"),
]


@pytest.mark.parametrize(("language", "text", "instruction", "rest"), CASES)
def test_an_instruction_is_found_and_can_be_taken_out(language: str, text: str, instruction: str, rest: str) -> None:
    lines = split_lines(text)
    (found,) = find_all(lines, language)
    assert found.text == instruction
    assert without(lines, [found]) == rest


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "devstral: not a comment\n"),
        ("python", "name = 'devstral: in a string'\n"),
        ("python", "// devstral: another language's comment\n"),
        ("python", "# devstral:\n"),
        ("python", "# mention devstral: somewhere\n"),
        ("css", "// devstral: css has no line comments\n"),
        ("c", "/* devstral: never closed\n"),
    ],
)
def test_what_is_no_instruction_is_left_alone(language: str, text: str) -> None:
    lines = split_lines(text)
    assert find_all(lines, language) == ()



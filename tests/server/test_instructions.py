"""Instruction comments are found in each language's own syntax and leave no trace once carried out."""

from __future__ import annotations

import pytest

from devstral_ls.edits.lines import split_lines
from devstral_ls.server.comment_syntax import LEXERS, SYNTAX
from devstral_ls.server.comments import LEXED_AT_MOST, lexer_of
from devstral_ls.server.instructions import find_all, without

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


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", 's = "# devstral: in a string"\n'),
        ("python", '"""\n# devstral: in a docstring\n"""\n'),
        ("python", "s = f'''\n  # devstral: in a long string\n'''\n"),
        ("javascript", "const s = `\n// devstral: in a template\n`;\n"),
        ("javascript", "const r = /* why */ '/* devstral: no */';\n"),
        ("c", 'puts("// devstral: in a string");\n'),
        ("rust", 'let s = r#"// devstral: raw"#;\n'),
        ("shellscript", "cat <<EOF\n# devstral: in a here-document\nEOF\n"),
        ("html", "<p>// devstral: mere text</p>\n"),
        ("sql", "select '-- devstral: quoted';\n"),
    ],
)
def test_what_only_looks_like_a_comment_is_none(language: str, text: str) -> None:
    assert find_all(split_lines(text), language) == ()


def found_in(text: str, language: str = "python") -> list[tuple[str, int, int]]:
    """(text, first line, last line) of every instruction."""
    return [(each.text, each.start_line, each.end_line) for each in find_all(split_lines(text), language)]


def test_line_comments_that_go_on_at_the_same_column_belong_to_it() -> None:
    text = "# devstral: add types\n#   and a docstring\n# please\n\n# the user's own\nx = 1\n"
    assert found_in(text) == [("add types and a docstring please", 0, 2)]
    lines = split_lines(text)
    assert without(lines, find_all(lines, "python")) == "\n# the user's own\nx = 1\n"


@pytest.mark.parametrize(
    "next_line",
    ["", "#", "    # deeper", "## drawn otherwise", "x = 1  # behind code", "# devstral: another one", "'# a string'"],
)
def test_any_other_line_ends_it(next_line: str) -> None:
    assert found_in(f"# devstral: add types\n{next_line}\n")[0] == ("add types", 0, 0)


def test_a_comment_behind_code_goes_on_below_itself() -> None:
    text = "x = 1  # devstral: make it\n       # two\ny = 1\n"
    lines = split_lines(text)
    assert found_in(text) == [("make it two", 0, 1)]
    assert without(lines, find_all(lines, "python")) == "x = 1\ny = 1\n"


def test_a_block_comment_may_begin_on_a_line_of_its_own_and_be_drawn() -> None:
    text = "/**\n * devstral: make it\n *  unsigned\n **/\nint x;\n"
    lines = split_lines(text)
    assert found_in(text, "c") == [("make it unsigned", 0, 3)]
    assert without(lines, find_all(lines, "c")) == "int x;\n"
    assert found_in("/*\n * A note.\n * devstral: not the first thing\n */\n", "c") == []


def test_nested_block_comments_end_where_the_language_says() -> None:
    text = "f();/* devstral: drop /* this */ too */\ng();\n"
    for language, rest in (("rust", "f();\ng();\n"), ("c", "f(); too */\ng();\n")):
        lines = split_lines(text)
        assert without(lines, find_all(lines, language)) == rest


def test_several_are_found_in_order_and_taken_out_together() -> None:
    text = "a(/* devstral: one */); b(/* devstral: two */);  // devstral: three\n// devstral: four\n// devstral: five\n"
    lines = split_lines(text)
    found = find_all(lines, "javascript")
    assert [each.text for each in found] == ["one", "two", "three", "four", "five"]
    assert without(lines, found) == "a(); b();\n"
    assert without(lines, found[1:2]) == text.replace("/* devstral: two */", "")
    assert [each.text for each in find_all(["/* devstral: one *//* devstral: two */"], "c")] == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("int/* devstral: why */x;\n", "int x;\n"),
        ("f(a,/* devstral: b */ b);\n", "f(a, b);\n"),
        ("f(a, /* devstral: b */b);\n", "f(a, b);\n"),
        ("  /* devstral: first */ f();\n", "  f();\n"),
        ("\t/* devstral: alone */\t\r\nx;\r\n", "x;\r\n"),
    ],
)
def test_taking_a_comment_out_of_a_line_leaves_the_code_as_it_was(text: str, rest: str) -> None:
    lines = split_lines(text)
    assert without(lines, find_all(lines, "c")) == rest


def test_in_a_text_too_long_to_lex_the_table_decides() -> None:
    quoted = "s = '# devstral: quoted'\n"
    assert found_in(quoted) == []
    long = "x = 1\n" * (LEXED_AT_MOST // 6) + quoted
    assert [text for text, _, _ in found_in(long)] == ["quoted'"]


def test_the_table_alone_decides_only_for_languages_whose_comments_no_lexer_knows() -> None:
    unknown = {language for language in SYNTAX if lexer_of(language, "") is None}
    assert unknown - {language for language, name in LEXERS.items() if name is None} == {
        "bicep", "conf", "gitignore", "plsql", "prisma", "stylus",
    }  # fmt: skip

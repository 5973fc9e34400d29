"""A real project: Pygments as it is installed here, several hundred files, through a whole run in every manner.

What has to come out is computed here on its own, from the installed files, byte for byte.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from devstral_ls.scripted import Manner
from tests.doubles.editor import HELIX, VS_CODE, Personality
from tests.e2e.stage import Stages, call, calls, command, edit, read, say, write

pytestmark = pytest.mark.asyncio(loop_scope="session")

SPEC = find_spec("pygments")
assert SPEC is not None
SOURCE = Path(str(SPEC.origin)).parent

GREETING = '''"""A greeting in color."""

from pygments import highlight_all
from pygments.formatters import NullFormatter
from pygments.lexers import PythonLexer


def greet(name):
    return highlight_all([f"print('hello {name}')\\n"], PythonLexer(), NullFormatter())
'''
CHECK = """
import pygments, pygments.greeting, pygments.util, pygments.token
assert 'copy' not in pygments.__doc__.split()
print(pygments.greeting.greet('staged'), end='')
print(pygments.util.get_bool_opt({'x': 'enabled'}, 'x'))
print(pygments.token.is_token_subtype(pygments.token.String, pygments.token.Literal))
print(len(pygments.lexers.LEXERS) > 400)
"""


@cache
def project() -> dict[str, bytes]:
    """Every source file; one is given Windows' line endings, and one loses its last."""
    files = {
        f"pygments/{path.relative_to(SOURCE).as_posix()}": path.read_bytes()
        for path in sorted(SOURCE.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    files["pygments/util.py"] = files["pygments/util.py"].replace(b"\n", b"\r\n")
    files["pygments/token.py"] = files["pygments/token.py"].rstrip(b"\n")
    return files


HIGHLIGHT = "    return format(lex(code, lexer), formatter, outfile)\n"
HIGHLIGHT_ALL = '''

def highlight_all(codes, lexer, formatter):
    """Highlight several texts, one after the other."""
    return "".join(highlight(code, lexer, formatter) for code in codes)
'''
TRUE = "elif string.lower() in ('1', 'yes', 'true', 'on'):"
MORE_TRUE = "elif string.lower() in ('1', 'yes', 'true', 'on', 'enabled'):"
SUBTYPE = "    return ttype in other"


@pytest.mark.parametrize(
    ("manner", "personality"),
    [("vllm", VS_CODE), ("ollama", HELIX), ("llama.cpp", HELIX), ("mistral", VS_CODE)],
    ids=["vllm", "ollama", "llama.cpp", "mistral"],
)
async def test_three_files_are_edited_one_is_made_and_the_whole_is_checked(
    stages: Stages, manner: Manner, personality: Personality
) -> None:
    files = project()
    assert len(files) > 300
    names = ["pygments/__init__.py", "pygments/util.py", "pygments/token.py"]
    turns = [
        calls(
            call("glob_files", pattern="pygments/*.py"),
            call("grep_search", pattern=r"def (highlight|get_bool_opt|is_token_subtype)\(", context_lines=1),
            call("list_directory", path="pygments"),
        ),
        calls(*(read(name) for name in names)),
        calls(
            edit(names[0], HIGHLIGHT, HIGHLIGHT + HIGHLIGHT_ALL),
            edit(names[1], TRUE, MORE_TRUE),
            edit(names[2], SUBTYPE, "    # Every token is in itself.\n" + SUBTYPE),
            write("pygments/greeting.py", GREETING),
        ),
        calls(
            call("grep_search", pattern="highlight_all", path="pygments"),
            write("check.py", CHECK),
            command(f"{sys.executable} check.py && {sys.executable} -m compileall -q pygments && echo compiled"),
        ),
        say("It works."),
    ]
    settings = {"llm": {"apiKey": "sk-any"}} if manner == "mistral" else {}
    async with stages.on(personality, files, turns, manner=manner, settings=settings) as at:
        opened = at.open("pygments/token.py")
        answer = await at.run(textDocument={"uri": opened})
        globbed, found, listed, *_, searched, _, checked = at.results()
        assert {f"pygments/{path.name}" for path in SOURCE.glob("*.py")} == set(globbed.splitlines())
        for name, line in (
            ("__init__", "def highlight("),
            ("util", "def get_bool_opt("),
            ("token", "def is_token_sub"),
        ):
            number = 1 + files[f"pygments/{name}.py"].split(line.encode())[0].count(b"\n")
            assert f"pygments/{name}.py:{number}: {line}" in found
        assert "lexers/" in listed.splitlines()
        assert "pygments/greeting.py:3: from pygments import highlight_all" in searched
        assert checked.startswith("[exit code 0 after ")
        assert checked.splitlines()[1:] == ["print('hello staged')", "True", "True", "True", "compiled"]
        expected = dict(files)
        for name, old, new in (
            (names[0], HIGHLIGHT, HIGHLIGHT + HIGHLIGHT_ALL),
            (names[1], TRUE, MORE_TRUE),
            (names[2], SUBTYPE, "    # Every token is in itself.\n" + SUBTYPE),
        ):
            assert expected[name].count(old.encode()) == 1
            expected[name] = expected[name].replace(old.encode(), new.encode())
        expected["pygments/greeting.py"] = GREETING.encode()
        expected["check.py"] = CHECK.encode()
        assert answer["edits"]["applied"] == [
            at.uri(name) for name in sorted(["check.py", *names, "pygments/greeting.py"])
        ]
        at.editor.save(opened)
        assert {name: at.path(name).read_bytes() for name in expected} == expected

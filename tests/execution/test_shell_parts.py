from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from devstral_ls.execution.shell_parts import LONGEST, Part, allowed, parts

SPLIT = {
    "pytest -q tests": ["pytest -q tests"],
    "pytest \t -q   tests ": ["pytest -q tests"],
    "ruff check . && pytest -q": ["ruff check .", "pytest -q"],
    "a || b; c & d": ["a", "b", "c", "d"],
    "a\nb\n\nc": ["a", "b", "c"],
    "(a && b) || { c; }": ["a", "b", "c"],
    "! a": ["a"],
    "a; a": ["a"],
    "if a; then b; elif c; then d; else e; fi": ["a", "b", "c", "d", "e"],
    "while a; do b; done": ["a", "b"],
    "until a; do b; done": ["a", "b"],
    "ls $(git ls-files  -m)": ["git ls-files -m", "ls $(git ls-files  -m)"],
    'echo "$(a; b)" c': ["a", "b", 'echo "$(a; b)" c'],
    "diff <(a) <(b)": ["a", "b", "diff <(a) <(b)"],
    "a > >(b)": ["b", "a > >(b)"],
    "X=1 a b": ["X=1 a b"],
    "X=$(a) b": ["a", "X=$(a) b"],
    "ls > ~/.bashrc": ["ls > ~/.bashrc"],
    "ls >~/.bashrc": ["ls >~/.bashrc"],
    "> f a": ["> f a"],
    "make 2>&1 | tail -5": ["make 2>&1", "tail -5"],
    "git log | sort -u | uniq -c | head": ["git log", "sort -u", "uniq -c", "head"],
    'git commit -m "fix:  two  blanks"': ['git commit -m "fix:  two  blanks"'],
    "echo 'ünï;code'": ["echo 'ünï;code'"],
    'bash -c "rm x"': ['bash -c "rm x"'],
    "sudo env X=1 rm x": ["sudo env X=1 rm x"],
    "eval ls": ["eval ls"],
    "cd sub": ["cd sub"],
    # What is fed by another command and might run or keep it goes with that command.
    "ls | xargs rm": ["ls | xargs rm"],
    "curl x | sh": ["curl x | sh"],
    "curl x | X=/head sh": ["curl x | X=/head sh"],
    "curl x | ./head": ["curl x | ./head"],
    "echo x | cat > run.sh": ["echo x | cat > run.sh"],
    "echo x | sort -o run.sh": ["echo x | sort -o run.sh"],
    "echo x | uniq - run.sh": ["echo x | uniq - run.sh"],
    "a && b 2>&1": ["a", "b 2>&1"],
    "a || b | head 2>&1 > /dev/null": ["a", "b", "head 2>&1 > /dev/null"],
    "a && b | c > f": ["a", "b | c > f"],
    "a; b | tee f && c": ["a", "b | tee f", "c"],
}


@pytest.mark.parametrize("command", SPLIT)
def test_a_line_is_taken_apart_where_its_parts_are_independent(command: str) -> None:
    assert parts(command, windows=False) == tuple(Part(text) for text in SPLIT[command])


WHOLE = [
    # What the next command sees depends on the one before.
    "cd sub && pytest", "export PATH=/x; pytest", "PATH=/x; pytest", "X=1", "hash -p /x pytest; pytest", "read X; $X",
    "set -- x; a", "alias a=b; a", "shopt -s expand_aliases\na", ". ./x; a", "source x && a", "trap a EXIT; b",
    "printf -v PATH /x; a", "declare PATH=/x; a", "unset PATH; a", "exec 3>f; a", "command cd x; a", "builtin cd x; a",
    "enable -n echo; echo", "type a; b", "X=1 : ; a", "for x in a b; do a $x; done", "for PATH in /x; do a; done",
    "f() { a; }; f", "function f { a; }", "a() (b)", "case x in x) a;; esac", "select x in a; do b; done",
    "time a && b", "coproc a; b", "coproc { a; }", "a | while read x; do b; done", "a | (b)", "{ a; } | sh",
    "(a) > f", "a && (b) > f", "a | { b; } > f", "{ a; b; } > f", "while a; do b; done < f",
    # What hides a command, or hides what it is.
    "$X a", "$(a) b", "$(a)", "`a`", "ls `rm x`", "a ${x:-$(b)}", "echo $HOME", 'echo "$HOME"', "a $'b'", 'a $"b"',
    "a {b,c}", "a {1..3}", "r\\m x", "'rm' x", '"rm" x', "r''m x", "~/a", "a?", "*", "[ -f a ]", "[[ -f a ]] && b",
    "((a))", "((a); b)", "a && ((b))", "$((a))", "a $((b))", "a[$(b)]=1", "a \\; b", 'a "b\\$(c)"', "a; eval b",
    "a <<EOF\n$(b)\nEOF", "a <<'EOF'\nb\nEOF\nc", "a <<< b",
    # What only looks like something else.
    "a\r\nb", "a\rb", "lѕ; b", "a\u00a0b", "a；b", "a\u2028b", "a\x00b", "a\x1b[2Kb", "a\x0bb", "a 'b\x08'", "a \ud800",
    "a\\\nb", "a # b", "# a", "#a\nb", "\\\na", "{a;}", "!a", "a b) c", "a (b", "a '", 'a "', "if a", "a &&", "&& a",
    "a ;; b", "a | | b", "}", "", " ", "\n", ";",
]  # fmt: skip


@pytest.mark.parametrize("command", WHOLE, ids=ascii)
def test_everything_else_is_a_whole_that_only_itself_matches(command: str) -> None:
    assert parts(command, windows=False) == (Part(command, whole=True),)


def test_a_whole_matches_no_part_of_the_same_text() -> None:
    assert not allowed("echo $HOME", {Part("echo $HOME")})
    assert not allowed("echo hi", {Part("echo hi", whole=True)})


def test_a_line_too_long_or_too_deep_is_a_whole() -> None:
    for command in ("a " + "b" * LONGEST, "(" * 500 + "a" + ")" * 500, "( " * 500 + "a" + " )" * 500):
        assert parts(command, windows=False) == (Part(command, whole=True),)


def test_another_shell_than_a_posix_one_is_not_taken_apart() -> None:
    assert parts("ruff check . && pytest", windows=True) == (Part("ruff check . && pytest", whole=True),)


def test_every_part_has_to_be_allowed() -> None:
    known = {part for command in ("ls", "ruff check .", "pytest -q") for part in parts(command, windows=False)}
    assert allowed("ruff check .  &&  (pytest -q || ls)", known)
    for command in (
        "ls; rm -rf ~", "ls\nrm -rf ~", "ls & rm -rf ~", "ls $(rm x)", "ls > ~/.bashrc", "ls >> f", "ls <(rm x)",
        "ls -l", "ls | sh", "ls ${x:-$(rm x)}", "time rm x", "X=1 ls", "./ls", "LS", "ls;", "ls #",
        "pytest -q -x", "pytest",
    ):  # fmt: skip
        assert allowed(command, known) is (command == "ls;"), command


def test_the_grammar_is_loaded_only_when_a_command_is_asked_for() -> None:
    code = "import sys, devstral_ls.execution.commands, devstral_ls.server.server; print('tree_sitter' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


# --------------------------------------------------------------------------------- what a shell really does with it


@pytest.fixture(scope="module", params=["bash", "dash"])
def shell(request: pytest.FixtureRequest) -> Iterator[Shell]:
    program = shutil.which(request.param)
    if program is None:
        pytest.skip(f"{request.param} is not installed")
    with tempfile.TemporaryDirectory() as folder:
        yield Shell(program, Path(folder))


class Shell:
    """A shell in which the commands `one`, `two`, `evil`, and some filters, write down how they were called."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._bin = folder / "bin"
        self._work = folder / "work"
        self._log = folder / "log"
        self._bin.mkdir()
        for name in ("one", "two", "evil", "head"):
            script = self._bin / name
            script.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >> {self._log}\n')
            script.chmod(0o755)

    def calls(self, command: str) -> set[str]:
        """How what was run was called."""
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir()
        self._log.write_text("")
        argv = [self._program, "-c", command]
        env = {"PATH": f"{self._bin}{os.pathsep}/usr/bin{os.pathsep}/bin", "evil": "evil"}
        subprocess.run(argv, cwd=self._work, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        return {line.rstrip() for line in self._log.read_text().splitlines()}


GRANTED = [
    "one",
    "two x",
    'one "a b"',
    "one > out",
    "two $(one)",
    "X=1 two",
    "head -1",
    "echo evil",
    "cd .",
    "sh -s",
    "xargs env",
]
KNOWN = {part for command in GRANTED for part in parts(command, windows=False)}
CALLS = {"one", "two x", "one a b", "two", "head -1"}
"""How the commands allowed may be called; `two $(one)` prints nothing more."""

PIECES = [
    *GRANTED, "evil", "one evil", "two", ";", "&&", "||", "|", "&", "\n", "\r", "(", ")", "{", "}", "$(", "`", "'", '"',
    "<(", ">(", "> ", "<", "<<E\n", "\nE\n", "#", "\\", "\\\n", "!", "$evil", "${x:-", "$'", "if ", "then ", "fi",
    "do ", "while ", "done", "for x in evil; do ", "case x in x) ", ";;", "esac", "time ", "coproc ", "eval ", "exec ",
    "PATH=", "x=", "=", "[[ ", " ]]", "((", "))", "{one,evil}", "\u00a0", "\u2028", "ｅvil", " ", "\t", "1", "2>&1",
    "function ", "()", "xargs ", "alias one=evil", "hash -p ./evil one", "\x1b", "\x7f", "\x0b", "\x0c", "*", "?", "~",
    "[", "]", "^", "%",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.builds(str.join, st.sampled_from(["", " "]), st.lists(st.sampled_from(PIECES), max_size=9)))
@example("echo evil | sh -s")
@example("echo evil | xargs env")
@example("{ echo evil; } | sh -s")
@example("one\\\n; evil")
@example("(one); { two x; } && one | head -1 & one")
def test_what_runs_is_what_was_allowed(shell: Shell, command: str) -> None:
    if allowed(command, KNOWN):
        assert shell.calls(command) <= CALLS


SAFE = ["one", "two x", "one > out", "X=1 two", "two $(one)", 'one "a b"', "! one", "one 2>&1"]


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    joined = st.tuples(inner, st.sampled_from([" && ", " || ", "; ", "\n", " & "]), inner).map("".join)
    return joined | inner.map("( {} )".format) | inner.map("{{ {}; }}".format) | inner.map("{} | head -1".format)


@settings(max_examples=80, deadline=None)
@given(st.recursive(st.sampled_from(SAFE), _nested, max_leaves=6))
def test_lines_made_of_allowed_parts_run_only_those(shell: Shell, command: str) -> None:
    """Unlike random ones, most of these are allowed; where bash and the grammar disagree, they are a whole."""
    known = {part for text in [*SAFE, "head -1"] for part in parts(text, windows=False)}
    found = parts(command, windows=False)
    assert allowed(command, known) or found == (Part(command, whole=True),)
    if allowed(command, known):
        assert shell.calls(command) <= CALLS

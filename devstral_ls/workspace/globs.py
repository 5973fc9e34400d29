"""Globs as ripgrep's `--glob` and .gitignore read them, as a pure test of relative paths.

Ripgrep's own `--glob` is not used: there a glob wins over ignore files, so that `**/*` would list ignored files too.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from devstral_ls.errors import SearchFailed

_PLAIN_NAME = re.compile(r"(?:[\w.*-]|\{[\w.*,-]*\})+", re.ASCII)


def matcher(glob: str) -> Callable[[str], bool]:
    """A test of paths relative to the directory searched, with `/` between components.

    `*` and `?` stop at `/`; `?` is one character (ripgrep: one byte); `**` is any number of directories; `[...]`,
    `[!...]`, `{a,b}` and backslash escapes work. Without a `/` the glob is matched against the name
    alone; `dir/` means everything below; `!` in front excludes.
    Raises SearchFailed when a bracket or brace is not closed.
    """
    excludes = glob.startswith("!")
    body = glob.removeprefix("!").removeprefix("./")
    anchored = "/" in body.rstrip("/")
    if body.endswith("/"):
        body += "**"
    expression = _translate(body.lstrip("/"), glob)
    if not anchored:
        expression = f"(?:.*/)?{expression}"
    try:
        fullmatch = re.compile(expression, re.DOTALL).fullmatch
    except re.error as error:
        raise SearchFailed(f"The glob {glob!r} is not valid: {error}.") from error
    return lambda path: (fullmatch(path) is None) is excludes


def name_glob(glob: str) -> str | None:
    """A glob that the name of every file `glob` matches must match: what ripgrep may be told as a file type.

    None when nothing simpler than the whole glob says it.
    """
    last = glob.rpartition("/")[2]
    if glob.startswith("!") or "**" in last or not _PLAIN_NAME.fullmatch(last) or glob.count("{") != last.count("{"):
        return None
    return last


def _translate(glob: str, whole: str) -> str:
    out: list[str] = []
    depth = 0
    at = 0
    while at < len(glob):
        character = glob[at]
        at += 1
        if character == "*":
            stars = re.compile(r"\*+").match(glob, at - 1)
            end = stars.end() if stars else at
            starts = at == 1 or glob[at - 2] == "/"
            if end - at >= 1 and starts and glob[end : end + 1] == "/":
                out.append("(?:[^/]+/)*")
                end += 1
            elif end - at >= 1 and starts and end == len(glob):
                out.append(".+" if out else ".*")
            else:
                out.append("[^/]*")
            at = end
        elif character == "?":
            out.append("[^/]")
        elif character == "[":
            text, at = _bracket(glob, at, whole)
            out.append(text)
        elif character == "{":
            depth += 1
            out.append("(?:")
        elif character == "}" and depth:
            depth -= 1
            out.append(")")
        elif character == "," and depth:
            out.append("|")
        elif character == "\\" and at < len(glob):
            out.append(re.escape(glob[at]))
            at += 1
        else:
            out.append(re.escape(character))
    if depth:
        raise SearchFailed(f"The glob {whole!r} is not valid: a {{ is not closed. Write \\{{ for the character itself.")
    return "".join(out)


def _bracket(glob: str, at: int, whole: str) -> tuple[str, int]:
    """The class that starts before `at`, as a regular expression, and where it ends. A first `]` is a member."""
    negated = glob[at : at + 1] in ("!", "^")
    first = at + negated
    end = glob.find("]", first + 1)
    if end < 0:
        raise SearchFailed(f"The glob {whole!r} is not valid: a [ is not closed. Write \\[ for the character itself.")
    members = re.sub(r"([\[\]\\^&~|])", r"\\\1", glob[first:end])
    return (f"(?:(?!/)[^{members}])" if negated else f"(?:(?!/)[{members}])"), end + 1

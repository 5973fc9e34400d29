"""What is known of single commands by their words: which change the shell they run in, which only pass text on."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

_STATE = frozenset(
    shlex.split(
        ". : alias bg bind break builtin caller cd chdir command compgen complete compopt continue declare dirs "
        "disown enable eval exec exit export fc fg getopts hash history jobs let local login logout mapfile newgrp "
        "popd printf pushd read readarray readonly return set shift shopt source suspend times trap type typeset "
        "ulimit umask unalias unset wait"
    )
)
"""Builtins that change variables, functions, the directory or the way of the shell; harmless ones among them."""

_RESERVED = frozenset(
    shlex.split("if then else elif fi case esac for select while until do done in function time coproc { } ! [ [[ ]] ]")
)

_FILTERS = frozenset(shlex.split("cat column cut fmt fold grep egrep fgrep head jq nl rev tac tail tr wc"))
_NARROW = {"sort": re.compile(r"-[A-Za-np-z0-9]+"), "uniq": re.compile(r"-[A-Za-z0-9]+")}
"""Filters that write to a file they are told of: only with options that name none."""

_HARMLESS = re.compile(r"(?:[12]?>&[12]|(?:[12]?|&)>>? ?/dev/null)")


def changes_its_shell(name: str) -> bool:
    """Whether a command of this name can change what the commands beside it do (variables, functions, directory)."""
    return name in _STATE or name in _RESERVED


def only_filters(words: Sequence[str]) -> bool:
    """Whether the command, given what another one prints, neither runs nor keeps any of it."""
    # By its bare name: a program of the workspace may be called like one of these.
    name, arguments = words[0], words[1:]
    redirections = [word for word in arguments if re.match(r"[0-9]*[<>]|&>", word)]
    if not all(_HARMLESS.fullmatch(word) for word in redirections):
        return False
    if name in _NARROW:
        others = (word for word in arguments if word not in redirections)
        return all(_NARROW[name].fullmatch(word) for word in others)
    return name in _FILTERS

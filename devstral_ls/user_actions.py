"""Code actions that users define in their settings: a title, a prompt with variables, and where it is offered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from string import Formatter
from typing import Any, Literal, get_args

EditsMode = Literal["review", "auto", "propose"]
"""review: ask before applying; auto: apply each finished run; propose: only offer code actions."""

When = Literal["always", "selection", "diagnostics"]

KINDS = ("refactor.rewrite", "quickfix", "devstral")
"""Those that the server announces: an action's kind is one of them or below one. No source.*: these run on saving."""

VARIABLES = ("selection", "file", "language", "diagnostics")


@dataclass(frozen=True, slots=True)
class UserAction:
    """One action, its fields named as in the settings.

    when: what has to be there for it to be offered. languages: the language ids it is for, all when empty.
    edits: whether it may change files; else it answers in prose.
    """

    id: str
    title: str
    prompt: str
    kind: str = "refactor.rewrite.devstral"
    languages: tuple[str, ...] = ()
    when: When = "always"
    mode: EditsMode | None = None
    edits: bool = True

    @property
    def task(self) -> str:
        """What the agent is asked, by name."""
        return "runAction" if self.edits else "runReadOnlyAction"

    def offered(self, language_id: str, *, selected: bool, problems: bool) -> bool:
        """Whether it is for this place."""
        there = {"always": True, "selection": selected, "diagnostics": problems}
        return there[self.when] and (not self.languages or language_id in self.languages)


def expand(prompt: str, values: Mapping[str, str]) -> str:
    """The prompt with its variables filled in. values: one for each of VARIABLES."""
    return "".join(text + (values[name] if name else "") for text, name, _, _ in Formatter().parse(prompt))


def read_actions(value: Any) -> tuple[tuple[UserAction, ...], list[str]]:
    """The actions of the setting, and a line on each entry that is wrong. ValueError when it is no list."""
    if not isinstance(value, list):
        raise ValueError("must be a list of actions")
    actions: dict[str, UserAction] = {}
    wrong = []
    for number, entry in enumerate(value, 1):
        name = entry.get("id") if isinstance(entry, Mapping) else None
        where = repr(name) if isinstance(name, str) and name else f"number {number}"
        try:
            action = _read(entry)
            if action.id in actions:
                raise ValueError("has the id of an action before it")
            actions[action.id] = action
        except ValueError as error:
            wrong.append(f"{where}: {error}")
    return tuple(actions.values()), wrong


def _read(entry: Any) -> UserAction:
    if not isinstance(entry, Mapping):
        raise ValueError("must be an object with id, title and prompt")
    known = {item.name for item in fields(UserAction)}
    for name in entry:
        if name not in known:
            raise ValueError(f"has no field {name!r} ({', '.join(item.name for item in fields(UserAction))})")
    given = {name: value for name, value in entry.items() if value is not None}
    for name in ("id", "title", "prompt"):
        if not isinstance(given.get(name), str) or not given[name].strip():
            raise ValueError(f"needs a text for {name}")
    _check_prompt(given["prompt"])
    kind = given.get("kind", KINDS[0])
    if not isinstance(kind, str) or not re.fullmatch(rf"({'|'.join(map(re.escape, KINDS))})(\.[\w-]+)*", kind):
        raise ValueError(f"must have a kind that is or begins with {', '.join(KINDS)}, not {kind!r}")
    languages = given.get("languages", [])
    if not isinstance(languages, list) or not all(isinstance(item, str) for item in languages):
        raise ValueError(f"must have a list of language ids for languages, not {languages!r}")
    for name, choices in (("when", get_args(When)), ("mode", get_args(EditsMode)), ("edits", (True, False))):
        if name in given and (type(given[name]) is not type(choices[0]) or given[name] not in choices):
            shown = ", ".join(str(choice).lower() for choice in choices)
            raise ValueError(f"must have one of {shown} for {name}, not {given[name]!r}")
    texts = {name: given[name].strip() for name in ("id", "title")}
    return UserAction(**{**given, **texts, "languages": tuple(languages)})


def _check_prompt(prompt: str) -> None:
    try:
        parts = list(Formatter().parse(prompt))
    except ValueError:
        raise ValueError("has a brace in its prompt that is no variable: write {{ or }} for a brace") from None
    for _, name, spec, conversion in parts:
        if name is not None and (name not in VARIABLES or spec or conversion):
            shown = ", ".join(f"{{{each}}}" for each in VARIABLES)
            raise ValueError(f"has no variable {{{name}}} ({shown}; write {{{{ or }}}} for a brace)")

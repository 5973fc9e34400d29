"""A model that makes its turns up from what it was told and what its tools answered, by a seed.

Every line it writes carries a mark `<M7.2>` that nothing else has, so that its text can be told from everybody else's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from devstral_ls.scripted import Call, Turn

Message = Mapping[str, Any]

MARK = re.compile(r"<[OUM]\d+(?:\.\d+)*>")
"""Who wrote a line, and which: O was there at first, U the user wrote, M the model."""

RUN = re.compile(r"run (\d+), files: (\S+(?:, \S+)*)\.")
NUMBERED = re.compile(r" *(\d+)\t(.*)")


def marks(text: str | None) -> set[str]:
    return set(MARK.findall(text or ""))


@dataclass
class Improviser:
    """took_out: marks that it replaced or deleted on purpose, in lines it had read."""

    seed: int
    took_out: set[str] = field(default_factory=set)

    def __call__(self, messages: Sequence[Message]) -> Turn:
        said = [(number, content(message)) for number, message in enumerate(messages) if message["role"] == "user"]
        found = [(number, match) for number, text in said if (match := RUN.search(text))]
        _, match = found[-1]
        run, names = int(match[1]), match[2].split(", ")
        last, prompt = said[-1]
        here = messages[last + 1 :]
        step = sum(message["role"] == "assistant" for message in here)
        random = Random(f"{self.seed} {run} {len(said)} {step}")
        # Asked to make edits anew: in the files that are named.
        if "While you worked the user changed" in prompt:
            names = [name for name in names if name in prompt] or names
        if step == 0:
            chosen = random.sample(names, min(len(names), random.choice((1, 1, 2))))
            return Turn(calls=[Call("read_file", {"file_path": name}) for name in chosen])
        if (step > 1 and random.random() < 0.45) or step > 4:
            return Turn("Done.")
        view = _read(here)
        calls = []
        for number in range(random.choice((1, 1, 2, 3))):
            call = self._call(random, view, f"M{run}.{len(said)}.{step}.{number}")
            if call is not None:
                calls.append(call)
        return Turn(calls=calls) if calls else Turn("There is nothing to do.")

    def _call(self, random: Random, view: dict[str, list[str]], mark: str) -> Call | None:
        if random.random() < 0.12 or not view:
            return Call("write_file", {"file_path": f"new{mark[1:].replace('.', '_')}.txt", "content": _new(mark, 3)})
        name = random.choice(sorted(view))
        lines = view[name]
        if not lines:
            return None
        at = random.randrange(len(lines))
        if random.random() < 0.8:
            # Mostly it leaves the user's own lines alone.
            ours = [number for number, line in enumerate(lines) if "<U" not in line]
            at = random.choice(ours) if ours else at
        if random.random() < 0.12:
            return self._whole(random, name, lines, at, mark)
        old, new = self._edit(random, lines, at, mark)
        self._takes_out(old, new)
        # What it sends next stands on what it has done already.
        joined = "\n".join(lines)
        if joined.count(old) == 1:
            view[name] = joined.replace(old, new).split("\n")
        return Call("edit_file", {"file_path": name, "old_string": old, "new_string": new})

    def _edit(self, random: Random, lines: Sequence[str], at: int, mark: str) -> tuple[str, str]:
        line, end = lines[at], "\n"
        match random.randrange(10):
            case 0 | 1:
                return line + end, _new(mark, 1)
            case 2:
                return line, f"{line} <{mark}>"
            case 3:
                return line + end, line + end + _new(mark, random.choice((1, 2)))
            case 4:
                return line + end, _new(mark, 1) + line + end
            case 5 if at:
                return f"{lines[at - 1]}\n{line}\n", f"{lines[at - 1]}\n"
            case 6:
                until = min(len(lines), at + random.choice((2, 3)))
                return "".join(f"{text}\n" for text in lines[at:until]), _new(mark, random.choice((1, 4)))
            case 7:
                return f"{line} as it was before", f"<{mark}>"
            case 8:
                return f"{line}\\n", f"<{mark}> over-escaped\\n"
            case _:
                return "}\n", f"}} <{mark}>\n"

    def _whole(self, random: Random, name: str, lines: list[str], at: int, mark: str) -> Call:
        until = min(len(lines), at + random.choice((1, 2)))
        after = [*lines[:at], f"text <{mark}> rewritten", *lines[until:]]
        self._takes_out("\n".join(lines), "\n".join(after))
        lines[:] = after
        return Call("write_file", {"file_path": name, "content": "".join(f"{line}\n" for line in after)})

    def _takes_out(self, old: str, new: str) -> None:
        self.took_out |= marks(old) - marks(new)


def _new(mark: str, count: int) -> str:
    return "".join(f"text <{mark}.{number}> of the model\n" for number in range(count))


def _read(messages: Sequence[Message]) -> dict[str, list[str]]:
    """What the tools have shown since the user spoke: the lines of each file as last read."""
    files: dict[str, list[str]] = {}
    calls: dict[str, Any] = {}
    for message in messages:
        for call in message.get("tool_calls") or ():
            calls[call["id"]] = call["function"]
        if message["role"] != "tool":
            continue
        function = calls[message["tool_call_id"]]
        name = json.loads(function["arguments"]).get("file_path")
        if function["name"] == "read_file":
            found = [match[2] for line in content(message).splitlines() if (match := NUMBERED.fullmatch(line))]
            if found:
                files[name] = found
        elif function["name"] == "edit_file" and content(message).startswith("Edited"):
            given = json.loads(function["arguments"])
            joined = "".join(f"{line}\n" for line in files.get(name, ()))
            if joined.count(given["old_string"]) == 1:
                files[name] = joined.replace(given["old_string"], given["new_string"]).splitlines()
    return files


def content(message: Message) -> str:
    text = message["content"]
    return text if isinstance(text, str) else "".join(part.get("text", "") for part in text)

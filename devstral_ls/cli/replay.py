"""`devstral-ls replay`: recorded exchanges with a model server, decoded again and compared with what is expected."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from devstral_ls.cli.streams import DONE, FAILED, USAGE, Stopped, guarded
from devstral_ls.llm.replay import differences, run_case

_SHAPES = ("stream", "content", "http")


def run(given: Sequence[Path], *, as_json: bool) -> int:
    """The exit code: 0 when every case gives its expected reply, 1 when one doesn't, 2 for a file that is no record.

    given: files, and folders of them. A case that expects nothing is only decoded.
    """
    return guarded(lambda: _replay(given, as_json=as_json))


def _replay(given: Sequence[Path], *, as_json: bool) -> int:
    files = [file for path in given for file in _files(path)]
    cases = read_cases(files[0]) if len(files) == 1 else [case for file in files for case in _named(file)]
    actual = {str(case["id"]): run_case(case) for case in cases}
    differing = {
        str(case["id"]): found
        for case in cases
        if "expected" in case and (found := differences(case["expected"], actual[str(case["id"])]))
    }
    if as_json:
        sys.stdout.write(json.dumps(actual, indent=1) + "\n")
    else:
        for name, found in differing.items():
            sys.stdout.write("\n  ".join([name, *found]) + "\n")
        total = "1 case" if len(cases) == 1 else f"{len(cases)} cases"
        sys.stdout.write(f"{total}, {len(differing) or 'none'} {'differs' if len(differing) == 1 else 'differ'}\n")
    sys.stdout.flush()
    return FAILED if differing else DONE


def _files(path: Path) -> list[Path]:
    """The file, or those that `--record` wrote into the folder, oldest first."""
    if not path.is_dir():
        return [path]
    files = sorted(path.glob("*.json"))
    if not files:
        raise Stopped(USAGE, f"{path} holds no records: they are files that end with .json.")
    return files


def _named(file: Path) -> list[Mapping[str, Any]]:
    """A file's cases, told apart from those of others."""
    return [{**case, "id": f"{file}: {case['id']}"} for case in read_cases(file)]


def read_cases(file: Path) -> list[Mapping[str, Any]]:
    """The cases of a file: `{"cases": [...]}` or `{"cases": {id: case}}`, a list of cases, or one. Raises Stopped."""
    try:
        data = json.loads(file.read_bytes())
    except OSError as error:
        raise Stopped(USAGE, f"{file} can't be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise Stopped(USAGE, f"{file} is not JSON: {error}.") from error
    if isinstance(data, Mapping):
        data = data.get("cases", [data])
    if isinstance(data, Mapping):
        data = [{"id": name, **case} if isinstance(case, Mapping) else case for name, case in data.items()]
    if not isinstance(data, list) or not data:
        raise Stopped(USAGE, f'{file} holds no cases: it needs "cases", a list.')
    seen: set[str] = set()
    for number, case in enumerate(data, 1):
        problem = _problem(case, seen)
        if problem:
            raise Stopped(USAGE, f"{file}: case {number} {problem}.")
        seen.add(str(case["id"]))
    return data


def _problem(case: Any, seen: set[str]) -> str | None:
    """What keeps a case from being run, as the end of a sentence."""
    if not isinstance(case, Mapping):
        return "is not an object"
    if not isinstance(case.get("id"), str):
        return 'needs "id", a text'
    if case["id"] in seen:
        return f"has the id {case['id']!r} of an earlier one"
    name = case["id"]
    if not _is_list_of(case.get("tools") or [], str):
        return f'({name}): "tools" must be a list of names'
    if not isinstance(case.get("request"), Mapping | None):
        return f'({name}): "request" must be an object'
    if not isinstance(case.get("expected", {}), Mapping):
        return f'({name}): "expected" must be an object'
    shapes = [shape for shape in _SHAPES if shape in case]
    if len(shapes) != 1:
        return f"({name}) needs one of {', '.join(_SHAPES)}"
    value = case[shapes[0]]
    if shapes == ["stream"] and not _is_list_of(value, str, Mapping):
        return f'({name}): "stream" must be a list of chunks and texts'
    if shapes == ["content"] and not isinstance(value, str):
        return f'({name}): "content" must be a text'
    if shapes == ["http"] and not (isinstance(value, Mapping) and isinstance(value.get("status"), int)):
        return f'({name}): "http" needs "status", a number, and "body"'
    return None


def _is_list_of(value: Any, *kinds: type) -> bool:
    return isinstance(value, list) and all(isinstance(item, kinds) for item in value)

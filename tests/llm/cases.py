"""What servers really send: `wire_cases.json` was recorded, `own_cases.json` is what else their formats lead to expect.

There are hundreds, each decoded in dozens of ways. One test takes them all, or running the tests would be spent on
counting them.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Case = dict[str, Any]

CASES: list[Case] = [
    case
    for name in ("wire_cases.json", "own_cases.json")
    for case in json.loads(Path(__file__).with_name(name).read_bytes())["cases"]
]
CONTENTS = [case for case in CASES if "content" in case]

SHOWN = 5
"""How many of the failures of one test are shown with their tracebacks."""


def expected(case: Case) -> Case:
    """The reply as `run_case` describes it."""
    outcome = dict(case["expected"])
    if "flags" in outcome:
        outcome["flags"] = sorted(outcome["flags"])
    return outcome


def with_each(cases: Sequence[Case]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a test of one `case` a test of all of these, which fails with the names of those that fail, and why."""
    assert cases, "no case at all would be tested"

    def of_all(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def run(**arguments: Any) -> None:
            failed: dict[str, Exception] = {}
            for case in cases:
                try:
                    test(case=case, **arguments)
                except Exception as error:
                    error.add_note(f"in the case {case['id']}")
                    failed[case["id"]] = error
            if failed:
                count = f"{len(failed)} of {len(cases)} cases fail: {', '.join(failed)}"
                raise ExceptionGroup(count, list(failed.values())[:SHOWN])

        signature = inspect.signature(test)
        others = [each for name, each in signature.parameters.items() if name != "case"]
        run.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
        return run

    return of_all

"""How a check went, in one short line, from its exit code and what the test runners say last.

The exit code decides, but for a runner that reports failures all the same: in `pytest | tail` it is the filter's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from devstral_ls.tools.commands import CommandResult

NOT_STARTED = (126, 127)
"""What a shell exits with when the program can't be run, or isn't there."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """note: one line for people, such as `3 of 42 tests fail`. mendable: it failed in a way that edits may mend."""

    note: str
    passed: bool
    mendable: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """What runners counted together. passed and failed are what ran; skipped did not. what: what is counted."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    what: str = "test"

    @property
    def ran(self) -> int:
        return self.passed + self.failed

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped, self.what)


def verdict(result: CommandResult, limit: float) -> Verdict:
    """limit: the seconds that it had."""
    if result.timed_out:
        return Verdict(f"check timed out after {limit:g} s", passed=False)
    if result.exit_code is None:
        return Verdict("check was killed", passed=False)
    found = counts(result.output, whole=not result.cut)
    if found is not None and found.failed:
        return Verdict(_failing(found), passed=False, mendable=True)
    if result.exit_code in NOT_STARTED and found is None:
        return Verdict(f"check could not run (exit code {result.exit_code})", passed=False)
    if result.exit_code and _ran_nothing(result):
        return Verdict("no tests ran", passed=False)
    if result.exit_code:
        passing = f", {_passing(found)}" if found is not None and found.passed else ""
        return Verdict(f"check failed (exit code {result.exit_code}){passing}", passed=False, mendable=True)
    if found is None or not (found.passed or found.skipped):
        return Verdict("no tests ran" if found is not None else "check passed", passed=True)
    return Verdict(_passing(found), passed=True)


def counts(output: str, *, whole: bool = True) -> Counts | None:
    """What the runners in it counted, all together; None when none of them is known.

    whole: False where a part of the output is missing, so that what adds up over many lines is left out.
    """
    tests = [each for read in (*_TOTALS, *(_SUMS if whole else ())) for each in read(output)]
    if tests:
        return sum(tests[1:], tests[0])
    packages = list(_go(output)) if whole else []
    return sum(packages[1:], packages[0]) if packages else None


def _failing(found: Counts) -> str:
    if found.what != "test":
        return f"tests of {found.failed} of {_number(found.ran, found.what)} fail"
    if found.failed == found.ran:
        return "1 test fails" if found.ran == 1 else f"all {found.ran} tests fail"
    return f"{found.failed} of {found.ran} tests {'fails' if found.failed == 1 else 'fail'}"


def _passing(found: Counts) -> str:
    skipped = f" ({found.skipped} skipped)" if found.skipped else ""
    if found.what != "test":
        return f"tests of {_number(found.passed, found.what)} pass"
    if not found.passed:
        return f"no tests ran{skipped}"
    return f"{_number(found.passed, 'test')} {'passes' if found.passed == 1 else 'pass'}{skipped}"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _ran_nothing(result: CommandResult) -> bool:
    """Whether a runner that found no tests calls that an error (pytest, unittest since 3.12)."""
    return result.exit_code == 5 and _NOTHING.search(result.output) is not None


_NOTHING = re.compile(r"^(?:=+ )?no tests ran in |^NO TESTS RAN\b", re.M)


_PYTEST = re.compile(
    r"^(?:=+ )?((?:\d+ (?:passed|failed|errors?|skipped|deselected|xfailed|xpassed|warnings?|subtests passed|rerun)"
    r"(?:, )?)+) in [\d.]+s(?: \([\d:]+\))?(?: =+)?$",
    re.M,
)


def _pytest(output: str) -> Iterator[Counts]:
    for line in _PYTEST.finditer(output):
        by = {name: int(count) for count, name in re.findall(r"(\d+) ([a-z]+)", line[1])}
        bad = by.get("failed", 0) + by.get("error", 0) + by.get("errors", 0)
        if not by.keys() - {"error", "errors", "warning", "warnings", "deselected"}:
            # Files that could not be collected are no tests.
            continue
        yield Counts(by.get("passed", 0) + by.get("xfailed", 0) + by.get("xpassed", 0), bad, by.get("skipped", 0))


_UNITTEST = re.compile(r"^Ran (\d+) tests? in [\d.]+s\n\n(?:OK|FAILED|NO TESTS RAN)(?: \(([^)\n]*)\))?$", re.M)


def _unittest(output: str) -> Iterator[Counts]:
    for line in _UNITTEST.finditer(output):
        by = {name: int(count) for name, count in re.findall(r"([a-z ]+)=(\d+)", (line[2] or "").replace(", ", ","))}
        bad = sum(by.get(name, 0) for name in ("failures", "errors", "unexpected successes"))
        skipped = by.get("skipped", 0)
        # What fails in setUpClass is an error but no test that ran; skipped tests ran.
        yield Counts(max(0, int(line[1]) - bad - skipped), bad, skipped)


_JEST = re.compile(r"^Tests:\s+((?:\d+ [a-z]+(?:, )?)+), (\d+) total$|^Tests:\s+(0) total$", re.M)
_VITEST = re.compile(r"^\s*Tests\s{2}((?:\d+ [a-z]+(?: \| )?)+|no tests)(?: \((\d+)\))?$", re.M)


def _jest(output: str) -> Iterator[Counts]:
    for line in _JEST.finditer(output):
        yield _by_name(line[1] or "")


def _vitest(output: str) -> Iterator[Counts]:
    for line in _VITEST.finditer(output):
        yield _by_name(line[1])


def _by_name(text: str) -> Counts:
    by = {name: int(count) for count, name in re.findall(r"(\d+) ([a-z]+)", text)}
    skipped = by.get("skipped", 0) + by.get("pending", 0) + by.get("todo", 0)
    return Counts(by.get("passed", 0), by.get("failed", 0), skipped)


_MOCHA = re.compile(r"^  (\d+) passing(?: \([^)\n]*\))?\n(?:  (\d+) pending\n?)?(?:  (\d+) failing\n?)?", re.M)


def _mocha(output: str) -> Iterator[Counts]:
    for line in _MOCHA.finditer(f"{output}\n"):
        yield Counts(int(line[1]), int(line[3] or 0), int(line[2] or 0))


_NODE = re.compile(
    r"^[#ℹ] pass (\d+)\n[#ℹ] fail (\d+)\n[#ℹ] cancelled (\d+)\n[#ℹ] skipped (\d+)\n[#ℹ] todo (\d+)$", re.M
)


def _node(output: str) -> Iterator[Counts]:
    for line in _NODE.finditer(output):
        passed, failed, cancelled, skipped, todo = (int(line[group]) for group in range(1, 6))
        yield Counts(passed, failed + cancelled, skipped + todo)


_CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;", re.M)


def _cargo(output: str) -> Iterator[Counts]:
    for line in _CARGO.finditer(output):
        yield Counts(int(line[1]), int(line[2]), int(line[3]))


_GO = re.compile(r"^(ok|FAIL)\s*\t\S+(?:\s*\t|\s+\[|$)", re.M)


def _go(output: str) -> Iterator[Counts]:
    """By packages: without -v nobody is told how many tests there were."""
    for line in _GO.finditer(output):
        yield Counts(int(line[1] == "ok"), int(line[1] == "FAIL"), what="package")


Read = Callable[[str], Iterator[Counts]]
_TOTALS: tuple[Read, ...] = (_pytest, _unittest, _jest, _vitest, _mocha, _node)
"""Runners that end with what they counted in all."""
_SUMS: tuple[Read, ...] = (_cargo,)
"""Those that count by crate or package, one after the other."""

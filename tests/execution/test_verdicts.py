"""What runners say at their end, as they really print it, in one short line."""

from __future__ import annotations

import pytest

from devstral_ls.execution.verdicts import Counts, counts, verdict
from devstral_ls.tools.commands import CommandResult


def result(output: str, exit_code: int | None = 0, *, timed_out: bool = False, cut: int = 0) -> CommandResult:
    return CommandResult(exit_code, output, 1.5, timed_out, cut)


PYTEST_FAILS = """\
test_a.py:3: AssertionError
=========================== short test summary info ============================
FAILED test_a.py::test_b - assert 0
ERROR test_a.py::test_d - ValueError
1 failed, 1 passed, 1 skipped, 1 xfailed, 1 error in 6.42s
"""
PYTEST_LOUD = "========== 1 failed, 41 passed, 2 warnings in 65.08s (0:01:05) ==========\n"
PYTEST_QUIET = "..........................................                               [100%]\n42 passed in 0.31s\n"
PYTEST_BROKEN = """\
=========================== short test summary info ============================
ERROR test_x.py
!!!!!!!!!!!!!!!!!!!! Interrupted: 1 error during collection !!!!!!!!!!!!!!!!!!!!
1 error in 5.72s
"""
UNITTEST_FAILS = """\
----------------------------------------------------------------------
Ran 3 tests in 0.001s

FAILED (failures=1, skipped=1)
"""
UNITTEST_PASSES = "....\n--------------------\nRan 4 tests in 0.001s\n\nOK\n"
UNITTEST_EMPTY = "\n--------------------\nRan 0 tests in 0.000s\n\nNO TESTS RAN\n"
JEST = """\
PASS j/ok.test.js

Test Suites: 2 failed, 1 passed, 3 total
Tests:       1 failed, 1 skipped, 2 passed, 4 total
Snapshots:   0 total
Time:        3.136 s
Ran all test suites matching j.
"""
JEST_PASSES = "Test Suites: 1 passed, 1 total\nTests:       5 passed, 5 total\nSnapshots:   0 total\n"
JEST_BROKEN = "Test Suites: 1 failed, 1 total\nTests:       0 total\nSnapshots:   0 total\n"
VITEST = """\
 Test Files  1 failed (1)
      Tests  1 failed | 1 passed | 1 skipped (3)
   Start at  17:52:57
   Duration  1.21s (transform 27ms, setup 0ms, import 87ms, tests 18ms, environment 0ms)
"""
VITEST_PASSES = " Test Files  2 passed (2)\n      Tests  7 passed (7)\n   Start at  17:52:57\n"
MOCHA = """\
  x
    ✔ a
    1) b
    - c


  1 passing (28ms)
  1 pending
  1 failing

  1) x
       b:
"""
MOCHA_PASSES = "\n  x\n    ✔ a\n    ✔ b\n\n\n  2 passing (3ms)\n\n"
NODE_TAP = """\
1..3
# tests 3
# suites 0
# pass 1
# fail 1
# cancelled 0
# skipped 1
# todo 0
# duration_ms 828.257626
"""
NODE_SPEC = NODE_TAP.replace("# ", "ℹ ").replace("fail 1", "fail 0").replace("pass 1", "pass 2")
CARGO = """\
running 2 tests
test a ... ok
test b ... ignored

test result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

     Running tests/t.rs (target/debug/deps/t-6d0a)

failures:
    c

test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.45s

error: test failed, to rerun pass `--test t`
   Doc-tests x

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.34s
"""
GO = """\
?   \texample.com/shop/cmd\t[no test files]
ok  \texample.com/shop/cart\t0.004s
ok  \texample.com/shop/price\t(cached)
--- FAIL: TestTotal (0.00s)
    total_test.go:9: got 3, want 4
FAIL
FAIL\texample.com/shop/total\t0.003s
FAIL\texample.com/shop/broken [build failed]
FAIL
"""
GO_PASSES = "ok  \texample.com/shop/cart\t0.004s\n?   \texample.com/shop/cmd\t[no test files]\n"
MAKE = f"python -m pytest -q\n{PYTEST_QUIET}npm test\n{JEST_PASSES}"


@pytest.mark.parametrize(
    ("output", "exit_code", "note", "passed"),
    [
        (PYTEST_QUIET, 0, "42 tests pass", True),
        (PYTEST_FAILS, 1, "2 of 4 tests fail", False),
        (PYTEST_LOUD, 1, "1 of 42 tests fails", False),
        (PYTEST_BROKEN, 2, "check failed (exit code 2)", False),
        ("no tests ran in 0.01s\n", 5, "no tests ran", False),
        ("3 skipped in 0.01s\n", 0, "no tests ran (3 skipped)", True),
        ("3 passed, 1 skipped in 0.01s\n", 0, "3 tests pass (1 skipped)", True),
        ("1 failed in 0.01s\n", 1, "1 test fails", False),
        ("3 failed in 0.01s\n", 1, "all 3 tests fail", False),
        (UNITTEST_FAILS, 1, "1 of 2 tests fails", False),
        (UNITTEST_PASSES, 0, "4 tests pass", True),
        (UNITTEST_EMPTY, 5, "no tests ran", False),
        (UNITTEST_EMPTY, 0, "no tests ran", True),
        (JEST, 1, "1 of 3 tests fails", False),
        (JEST_PASSES, 0, "5 tests pass", True),
        (JEST_BROKEN, 1, "check failed (exit code 1)", False),
        (VITEST, 1, "1 of 2 tests fails", False),
        (VITEST_PASSES, 0, "7 tests pass", True),
        (MOCHA, 1, "1 of 2 tests fails", False),
        (MOCHA_PASSES, 0, "2 tests pass", True),
        (NODE_TAP, 1, "1 of 2 tests fails", False),
        (NODE_SPEC, 0, "2 tests pass (1 skipped)", True),
        (CARGO, 101, "1 of 3 tests fails", False),
        (GO, 1, "tests of 2 of 4 packages fail", False),
        (GO_PASSES, 0, "tests of 1 package pass", True),
        (MAKE, 0, "47 tests pass", True),
        (f"{PYTEST_QUIET}FAIL Required test coverage of 90% not reached.\n", 1,
         "check failed (exit code 1), 42 tests pass", False),
        (PYTEST_FAILS, 0, "2 of 4 tests fail", False),
        ("all good\n", 0, "check passed", True),
        ("", 0, "check passed", True),
        ("make: *** No rule to make target 'test'.  Stop.\n", 2, "check failed (exit code 2)", False),
        ("sh: 1: pytest: not found\n", 127, "check could not run (exit code 127)", False),
        ("", None, "check was killed", False),
    ],
)  # fmt: skip
def test_the_closing_lines_and_the_exit_code_say_how_it_went(
    output: str, exit_code: int | None, note: str, passed: bool
) -> None:
    found = verdict(result(output, exit_code), 300)
    assert (found.note, found.passed) == (note, passed)


def test_what_edits_can_not_mend_is_not_for_the_model() -> None:
    assert not verdict(result("sh: 1: pytest: not found\n", 127), 300).mendable
    assert not verdict(result("no tests ran in 0.01s\n", 5), 300).mendable
    assert not verdict(result("", None, timed_out=True), 300).mendable
    assert verdict(result(PYTEST_BROKEN, 2), 300).mendable
    assert verdict(result(PYTEST_FAILS, 1), 300).mendable


def test_its_time_is_named_as_it_was_given() -> None:
    assert verdict(result(PYTEST_QUIET, None, timed_out=True), 300.0).note == "check timed out after 300 s"
    assert verdict(result("", None, timed_out=True), 0.5).note == "check timed out after 0.5 s"


def test_where_output_is_missing_nothing_is_added_up() -> None:
    assert verdict(result(CARGO, 101, cut=9), 300).note == "check failed (exit code 101)"
    assert verdict(result(GO_PASSES, 0, cut=9), 300).note == "check passed"
    assert verdict(result(PYTEST_QUIET, 0, cut=9), 300).note == "42 tests pass"


@pytest.mark.parametrize(
    "text",
    ["I say 42 passed in 0.31s\n", "42 passed in a row\n", "Tests: 5\n", "ok\n", "FAILED\n", "2 passing cars\n",
     "test result: none\n", "# pass 3\n"],
)  # fmt: skip
def test_prose_that_looks_alike_is_no_count(text: str) -> None:
    assert counts(text) is None


def test_runners_add_up() -> None:
    assert counts(PYTEST_FAILS + CARGO) == Counts(4, 3, 2)

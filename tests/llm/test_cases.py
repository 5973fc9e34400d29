from __future__ import annotations

import inspect

import pytest

from .cases import SHOWN, Case, with_each


def test_every_case_that_fails_is_named_and_the_others_are_still_tried() -> None:
    tried = []

    @with_each([{"id": f"case {number}"} for number in range(20)])
    def check(case: Case, odd: int) -> None:
        tried.append(case["id"])
        assert int(case["id"].split()[1]) % 2 != odd, "that is no good"

    assert list(inspect.signature(check).parameters) == ["odd"]
    with pytest.raises(ExceptionGroup, match=r"10 of 20 cases fail: case 1, case 3, .*, case 19") as failure:
        check(odd=1)
    assert len(tried) == 20
    shown = failure.value.exceptions
    assert [error.__notes__ for error in shown][:2] == [["in the case case 1"], ["in the case case 3"]]
    assert len(shown) == SHOWN


def test_a_test_of_no_case_at_all_is_none() -> None:
    with pytest.raises(AssertionError, match="no case at all"):
        with_each([])

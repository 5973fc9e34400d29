from __future__ import annotations

from devstral_ls.agent.guards import Patience, Repeats
from devstral_ls.llm.backend import Reply
from tests.agent.doubles import broken_call, call


def test_calls_count_together_when_arguments_and_result_are_the_same() -> None:
    repeats = Repeats()
    first = repeats.count(call("read_file", file_path="a", limit=1), "text", staged=False)
    second = repeats.count(call("read_file", limit=1, file_path="a"), "text", staged=False)
    assert (first, second) == (1, 2)
    assert repeats.count(call("read_file", limit=2, file_path="a"), "text", staged=False) == 1
    assert repeats.count(call("read_file", limit=1, file_path="a"), "other", staged=False) == 1


def test_a_change_lets_everything_be_looked_at_again_but_not_be_changed_back_and_forth() -> None:
    repeats = Repeats()
    look, change = call("read_file", file_path="a"), call("write_file", file_path="a")
    assert repeats.count(look, "text", staged=False) == 1
    assert repeats.count(change, "written", staged=True) == 1
    assert repeats.count(look, "text", staged=False) == 1
    assert repeats.count(change, "written", staged=True) == 2


def test_broken_calls_are_compared_as_they_were_written() -> None:
    repeats = Repeats()
    assert repeats.count(broken_call("x", "invalid_json", "{a"), "no", staged=False) == 1
    assert repeats.count(broken_call("x", "invalid_json", "{a"), "no", staged=False) == 2
    assert repeats.count(broken_call("x", "invalid_json", "{b"), "no", staged=False) == 1


def test_a_finished_answer_is_not_asked_about() -> None:
    patience = Patience()
    assert patience.nudge(Reply("All done.")) is None
    assert patience.nudge(Reply("", finish="length")) is None

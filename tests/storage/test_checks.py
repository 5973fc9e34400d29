from __future__ import annotations

from pathlib import Path

from devstral_ls.storage.approvals import Approval, Approvals
from devstral_ls.storage.checks import CheckAnswer, CheckAnswers
from devstral_ls.storage.remembered import forget, remembered

HERE, THERE = Path("/w/here"), Path("/w/there")
YES = CheckAnswer("make test", runs=True, since="2026-01-01T10:00:00+00:00")
NO = CheckAnswer("npm test", runs=False, since="2026-01-02T10:00:00+00:00")


def test_a_yes_is_for_one_command_and_a_no_for_all_of_the_workspace(tmp_path: Path) -> None:
    kept = CheckAnswers(tmp_path)
    kept.add(HERE, YES)
    later = CheckAnswers(tmp_path)
    assert later.confirmed(HERE, "make test")
    assert not later.confirmed(HERE, "make test2")
    assert not later.confirmed(THERE, "make test")
    assert not later.refused(HERE)
    kept.add(HERE, NO)
    assert later.refused(HERE)
    assert not later.refused(THERE)
    assert not later.confirmed(HERE, "npm test")


def test_the_last_answer_about_a_command_counts(tmp_path: Path) -> None:
    kept = CheckAnswers(tmp_path)
    kept.add(HERE, YES)
    kept.add(HERE, CheckAnswer("make test", runs=False, since="x"))
    assert [answer.runs for answer in kept.of(HERE)] == [False]


def test_a_damaged_file_is_no_answer(tmp_path: Path) -> None:
    kept = CheckAnswers(tmp_path)
    kept.add(HERE, YES)
    (file,) = tmp_path.rglob("*.json")
    file.write_text(file.read_text().replace("make test", "rm -rf /"))
    assert kept.of(HERE) == []
    assert not kept.confirmed(HERE, "rm -rf /")


def test_both_kinds_are_listed_together_and_forgotten_one_by_one(tmp_path: Path) -> None:
    approvals, checks = Approvals(tmp_path), CheckAnswers(tmp_path)
    allowed = Approval("make test", whole=False, unsandboxed=False, since="2026-02-01T10:00:00+00:00")
    approvals.add(HERE, allowed)
    checks.add(HERE, YES)
    assert remembered(HERE, approvals, checks) == [allowed, YES]
    forget(HERE, YES, approvals, checks)
    assert remembered(HERE, approvals, checks) == [allowed]
    forget(HERE, allowed, approvals, checks)
    assert remembered(HERE, approvals, checks) == []

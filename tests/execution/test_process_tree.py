from __future__ import annotations

from devstral_ls.execution.process_tree import PS_ARGV, Process, members, read_ps, taskkill_argv

TABLE = """\
    1     0     1
  100     1   100
  101   100   100
  102   101   102
  103     1   100
  200     1   200
PID PPID PGID
"""


def test_the_process_table_is_read_and_odd_lines_are_left_out() -> None:
    rows = read_ps(TABLE)
    assert len(rows) == 6
    assert rows[3] == Process(102, 101, 102)


def test_a_tree_is_the_group_and_all_descendants_of_its_members() -> None:
    # 102 made its own group, 103 lost its parent: both belong to the tree of 100.
    assert sorted(members(read_ps(TABLE), 100)) == [100, 101, 102, 103]


def test_a_leader_that_is_gone_still_has_its_group() -> None:
    rows = [row for row in read_ps(TABLE) if row.pid != 100]
    assert sorted(members(rows, 100)) == [100, 101, 102, 103]


def test_a_table_that_goes_in_circles_is_read_once() -> None:
    assert sorted(members([Process(5, 6, 5), Process(6, 5, 5)], 5)) == [5, 6]


def test_windows_ends_a_tree_by_force() -> None:
    assert taskkill_argv(42) == ["taskkill", "/T", "/F", "/PID", "42"]


def test_the_columns_asked_for_are_those_that_are_read() -> None:
    assert PS_ARGV[-1] == "pid=,ppid=,pgid="
    assert PS_ARGV[0] == "ps"

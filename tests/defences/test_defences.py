"""Each test of what a command may not do fails once its defence is taken out: the same test, on a package without it.

Slow, because each is a run of pytest of its own, and it lets tests do harm, so it has a target of its own. Everything
that such a run starts ends with it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import devstral_ls
from devstral_ls.execution.ladder import find_bwrap

pytestmark = [
    pytest.mark.skipif(os.getuid() != 0, reason="only root can be root and somebody else"),
    pytest.mark.skipif(not find_bwrap(), reason="bubblewrap is not installed"),
]

TESTS = Path(__file__).parents[1]
SANDBOX = "tests/execution/test_sandbox.py::"
AS_USER, AS_ROOT = "[user-rung-1]", "[root-rung-1]"


@dataclass(frozen=True)
class Defence:
    """what: what it is against. test: what fails without it. cuts: (module, text in it, what stands there instead)."""

    what: str
    test: str
    cuts: tuple[tuple[str, str, str], ...]


def one(what: str, test: str, module: str, text: str, instead: str = "") -> Defence:
    return Defence(what, test, ((module, text, instead),))


def sandboxed(what: str, test: str, module: str, text: str, instead: str = "", who: str = AS_USER) -> Defence:
    # What is tried out before a rung is taken is a second defence, and goes with the first.
    trial = ("execution/ladder.py", "if outcome.ended.exit_code != 0 or found !=", "if False and found !=")
    return Defence(what, f"{SANDBOX}{test}{who}", ((f"execution/{module}", text, instead), trial))


DEFENCES = (
    sandboxed(
        "keys in the environment",
        "test_no_key_is_in_any_process_or_command_line",
        "environment.py",
        "for name, value in environ.items() if _allowed(name.upper() if windows else name, windows)",
        "for name, value in environ.items()",
    ),
    sandboxed(
        "a writable /proc",
        "test_proc_is_mounted_read_only",
        "bubblewrap.py",
        ', b"--remount-ro", b"/proc"]',
        "]",
        AS_ROOT,
    ),
    sandboxed(
        "capabilities",
        "test_the_system_is_read_only_and_no_capability_is_left",
        "bubblewrap.py",
        'b"--cap-drop", b"ALL", ',
        who=AS_ROOT,
    ),
    sandboxed(
        "what in /etc is not for everybody",
        "test_what_others_may_not_read_in_etc_is_not_read",
        "surroundings.py",
        "_outermost(readable), _unreadable_to_others())",
        "_outermost(readable), ())",
        AS_ROOT,
    ),
    sandboxed(
        "folders of others",
        "test_homes_and_temporary_folders_are_empty",
        "surroundings.py",
        '"/tmp", "/run", "/var/tmp", ',
    ),
    sandboxed(
        "system calls that reach past namespaces",
        "test_calls_that_reach_past_namespaces_are_refused",
        "overlay_run.py",
        '"filter": filter_for(os.uname().machine)',
        '"filter": None',
    ),
    sandboxed(
        "secrets in the workspace",
        "test_secrets_of_the_workspace_are_empty_and_changes_of_them_are_told",
        "overlay_run.py",
        "in files.hidden(root, staged.hides)]",
        "in ()]",
    ),
    sandboxed(
        "a mount that a link in the workspace leads elsewhere",
        "test_a_link_in_the_place_of_a_secret_makes_no_file_outside",
        "bubblewrap.py",
        '[b"--bind", tree, root["path"]]',
        '[b"--bind", tree, root["path"], b"--ro-bind", b"/dev/null", root["path"] + b"/.env"]',
    ),
    one(
        "a link put into a path after it was checked",
        "tests/workspace/test_files.py::test_no_symlink_is_followed_below_the_directory_that_was_checked",
        "workspace/files.py",
        'through | getattr(os, "O_NOFOLLOW", 0)',
        "through",
    ),
    sandboxed(
        "sockets at paths that are in view",
        "test_no_socket_of_the_machine_is_reached_but_ones_own_are",
        "bubblewrap.py",
        "found.add(real)",
        "pass",
    ),
    sandboxed(
        "abstract sockets, loopback, names",
        "test_no_socket_of_the_machine_is_reached_but_ones_own_are",
        "bubblewrap.py",
        ', b"--unshare-net"]',
        "]",
    ),
    sandboxed(
        "writing to the workspace",
        "test_nothing_that_is_done_in_the_workspace_reaches_the_disk",
        "bubblewrap.py",
        '[b"--bind", tree, root["path"]]',
        '[b"--bind", root["path"], root["path"]]',
    ),
    sandboxed(
        "git's hooks and settings",
        "test_git_works_and_what_it_writes_is_lost",
        "bubblewrap.py",
        '[b"--bind", tree, root["path"]]',
        '[b"--bind", root["path"], root["path"]]',
    ),
    one(
        "tools that reach into .git",
        "tests/workspace/test_roots.py::test_nothing_in_git_can_be_named",
        "workspace/names.py",
        "def enters_git(path: str) -> bool:",
        "def enters_git(path: str) -> bool:\n    return False",
    ),
    Defence(
        "daemons",
        f"{SANDBOX}test_daemons_end_with_the_command{AS_USER}",
        (
            ("execution/bubblewrap.py", 'b"--unshare-pid", ', ""),
            ("execution/overlay_root.py", "    _kill_rest()\n    if group", "    if group"),
        ),
    ),
    sandboxed(
        "a server that was killed",
        "test_everything_ends_when_the_server_is_killed",
        "overlay_root.py",
        "if 0 in ready and not os.read(0, 4096):",
        "if False:",
    ),
    sandboxed(
        "processes without end",
        "test_processes_memory_and_space_are_limited",
        "overlay_run.py",
        '"RLIMIT_NPROC": self.processes,',
    ),
    sandboxed(
        "root's processes without end",
        "test_processes_memory_and_space_are_limited",
        "overlay_root.py",
        '_pids_group(plan["processes"]) if os.getuid() == 0 else None',
        "None",
        AS_ROOT,
    ),
    sandboxed(
        "memory without end",
        "test_processes_memory_and_space_are_limited",
        "overlay_run.py",
        '"RLIMIT_DATA": self.data,',
    ),
    sandboxed(
        "a file without end",
        "test_processes_memory_and_space_are_limited",
        "overlay_run.py",
        '"RLIMIT_FSIZE": self.file_size,',
    ),
    sandboxed(
        "a full disk",
        "test_processes_memory_and_space_are_limited",
        "overlay_tree.py",
        'b"mode=0700,size=%d,nr_inodes=%d" % plan["space"]',
        'b"mode=0700"',
    ),
    sandboxed(
        "endless output",
        "test_endless_output_is_ended_and_both_ends_are_kept",
        "process.py",
        "FLOOD = 50 *",
        "FLOOD = 50_000_000 *",
    ),
    sandboxed(
        "programs that ask",
        "test_nobody_can_be_asked_anything",
        "environment.py",
        '"CI": "1",',
    ),
    sandboxed(
        "reading what is not for the command",
        "test_no_descriptor_but_the_three_is_inherited",
        "overlay_root.py",
        'os.dup2(os.open("/dev/null", os.O_RDONLY), 0)',
        "pass",
    ),
    sandboxed(
        "what a terminal would obey",
        "test_colours_titles_and_reordering_are_stripped",
        "output.py",
        'CONTROL.sub("", OVERWRITTEN.sub("", text))',
        "text",
    ),
    sandboxed(
        "mounts in the workspace that look empty",
        "test_what_is_mounted_in_the_workspace_is_seen_and_read_only",
        "overlay_tree.py",
        '_show_mount(top + b"/merged", point, point[len(real) + 1 :], hidden)',
        "pass",
        AS_ROOT,
    ),
    one(
        "a bwrap that the workspace brings along",
        "tests/execution/test_ladder.py::test_a_bwrap_that_others_could_change_is_not_taken",
        "execution/ladder.py",
        "os.access(found, os.X_OK) and found.is_file() and _is_roots(found)",
        "os.access(found, os.X_OK) and found.is_file()",
    ),
    one(
        "a workspace that says what holds commands in",
        "tests/test_config_layers.py::test_what_holds_commands_in_is_the_users_own_to_say",
        "config_layers.py",
        "if row.users_own and not layer.users_own:",
        "if False:",
    ),
)


@pytest.mark.parametrize("defence", DEFENCES, ids=lambda defence: defence.what)
def test_without_the_defence_its_test_fails(defence: Defence, tmp_path: Path) -> None:
    # Where a stranger, too, may read it.
    tmp_path.chmod(0o755)
    unneeded = shutil.ignore_patterns("__pycache__", "defences", "editors", "engines", "llm", "scenarios", "soak")
    shutil.copytree(TESTS, tmp_path / "tests", ignore=unneeded)
    shutil.copy(TESTS.parent / "pyproject.toml", tmp_path)
    shutil.copytree(
        Path(devstral_ls.__file__).parent, tmp_path / "devstral_ls", ignore=shutil.ignore_patterns("__pycache__")
    )
    for module, text, instead in defence.cuts:
        file = tmp_path / "devstral_ls" / module
        source = file.read_text()
        assert text in source, f"{module} has no {text!r} any more"
        file.write_text(source.replace(text, instead))
    # In a process namespace, so that what is left behind ends with it.
    alone = ["unshare", "--pid", "--mount-proc", "--fork", "--kill-child"]
    run = subprocess.run(
        [*alone, sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", defence.test],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    # 1: a test failed. Anything else is no answer: 4 and 5 are tests that are not there.
    said = run.stdout[-3000:] + run.stderr[-2000:]
    assert run.returncode == 1, said
    # And not an error before it.
    assert [line for line in run.stdout.splitlines() if line.startswith("FAILED ")], said

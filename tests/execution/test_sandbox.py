"""What a command in the sandbox can't do, each as root and as an ordinary user; each fails without its defence."""

# Nothing else is going on in a test's event loop.
# ruff: noqa: ASYNC221, ASYNC240

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from devstral_ls.execution.ladder import find_bwrap
from tests.execution.processes import gone
from tests.execution.sandboxes import Sandbox, kill, people, running, sandbox

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not find_bwrap(), reason="bubblewrap is not installed"),
]


WAYS = [(who, rung) for who in people() for rung in ("1", "1b", "2")]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=WAYS, ids=lambda way: f"{way[0]}-rung-{way[1]}")
async def shared(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    who, rung = request.param
    async with sandbox(who, rung) as made:
        reached = await made.ask({})
        if reached["rung"] != rung:
            pytest.skip(f"this rung is out of reach here: {reached['why']}")
        yield made


@pytest.fixture
def box(shared: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, with an empty workspace."""
    yield shared
    shutil.rmtree(shared.root)
    shared.root.mkdir()
    shared.give(shared.root)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ------------------------------------------------------------------------------------------------------- secrets


async def test_no_key_is_in_any_process_or_command_line(box: Sandbox) -> None:
    result = await box.run("cat /proc/*/environ /proc/*/cmdline /proc/*/task/*/environ | tr '\\0' '\\n'; env")
    assert "CI=1" in result.output
    assert "sesame" not in result.output


async def test_homes_and_temporary_folders_are_empty(box: Sandbox) -> None:
    beside = box.place / "beside.txt"
    beside.write_text("sesame")
    result = await box.run(
        f"cat {box.home}/.secret {beside} /root/.bashrc; ls -A /run /var/tmp /dev/shm; touch $HOME/ok /tmp/ok"
    )
    assert "sesame" not in result.output
    assert result.exit_code == 0
    assert not (box.home / "ok").exists()


async def test_programs_of_a_version_manager_run_and_its_neighbours_are_not_seen(box: Sandbox) -> None:
    managed = box.home / "managers" / "tool"
    for name, text in {
        "shims/tool": f'#!/bin/sh\nexec {managed}/libexec/manager "$@"\n',
        "libexec/manager": '#!/bin/sh\necho "managed $1"\n',
        "../settings": "sesame\n",
    }.items():
        (managed / name).parent.mkdir(parents=True, exist_ok=True)
        (managed / name).write_text(text)
        (managed / name).chmod(0o755)
    box.give(box.home)
    box.environ["PATH"] = f"{managed}/shims:/usr/bin:/bin"
    result = await box.run(f"tool run && ls {managed.parent}")
    del box.environ["PATH"]
    assert result.output == "managed run\ntool\n"


async def test_secrets_of_the_workspace_are_empty_and_changes_of_them_are_told(box: Sandbox) -> None:
    box.put(".env", "KEY=sesame\n")
    box.put("deep/.ssh/id_ed25519", "sesame\n")
    box.put("certs/server.key", "sesame\n")
    box.put(".env.example", "KEY=\n")
    (box.root / "linked.pem").symlink_to(box.home / ".secret")
    result = await box.run("grep -r sesame . ; cat .env linked.pem .env.example; echo KEY=mine > .env; rm -r deep")
    assert result.output == "KEY=\n"
    assert result.staged == {}
    assert any("secrets" in note and ".env" in note and "deep/.ssh" in note for note in result.notes)
    assert (box.root / ".env").read_text() == "KEY=sesame\n"


async def test_a_link_in_the_place_of_a_secret_makes_no_file_outside(box: Sandbox) -> None:
    outside = box.place / "made-by-the-sandbox"
    (box.root / ".env").symlink_to(outside)
    await box.run("true")
    assert not outside.exists()
    assert (box.root / ".env").readlink() == outside
    result = await box.run("cat /proc/self/mountinfo")
    points = [line.split()[4] for line in result.output.splitlines()]
    assert str(box.root) in points
    assert not [point for point in points if point.startswith(f"{box.root}/")]


async def test_what_others_may_not_read_in_etc_is_not_read(box: Sandbox) -> None:
    result = await box.run("cat /etc/shadow; echo $?")
    assert result.output.endswith("1\n")
    assert "root:" not in result.output


# ------------------------------------------------------------------------------------------------------ the system


async def test_the_system_is_read_only_and_no_capability_is_left(box: Sandbox) -> None:
    before = Path("/proc/sys/kernel/core_pattern").read_text()
    result = await box.run(
        "for path in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /sys/kernel/uevent_helper /etc/passwd /usr/x; "
        "do "
        "(echo x > $path) 2>/dev/null && echo wrote $path; done; "
        "grep -E 'CapEff|CapPrm|NoNewPrivs|Seccomp:' /proc/self/status"
    )
    assert result.output.split() == ["CapPrm:", "0" * 16, "CapEff:", "0" * 16, "NoNewPrivs:", "1", "Seccomp:", "2"]
    assert Path("/proc/sys/kernel/core_pattern").read_text() == before


async def test_proc_is_mounted_read_only(box: Sandbox) -> None:
    result = await box.run("grep -E '^[^-]* /proc ' /proc/self/mountinfo | cut -d ' ' -f 6 | cut -d , -f 1")
    assert result.output.splitlines()[-1] == "ro"  # the topmost


CALLS = """
import ctypes, errno, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    ctypes.set_errno(0)
    return "allowed" if libc.syscall(*arguments) >= 0 else errno.errorcode[ctypes.get_errno()]
import platform
keyctl, unshare, mount = {"x86_64": (250, 272, 165), "aarch64": (219, 97, 40)}[platform.machine()]
print(call(keyctl, 0, -3, 0), call(unshare, 0x10000000), call(mount, None, b"/", None, 0x44000, None))
print(call(425, 8, None))
for family in (40, 38, 31):
    try:
        socket.socket(family, socket.SOCK_STREAM)
        print("a socket of family", family)
    except OSError as error:
        print(errno.errorcode[error.errno])
"""


async def test_calls_that_reach_past_namespaces_are_refused(box: Sandbox) -> None:
    box.put("calls.py", CALLS)
    result = await box.run("/usr/bin/python3 calls.py")
    assert result.output.split() == ["EPERM", "EPERM", "EPERM", "ENOSYS", *["EAFNOSUPPORT"] * 3]


async def test_no_descriptor_but_the_three_is_inherited(box: Sandbox) -> None:
    result = await box.run("ls /proc/$$/fd; readlink /proc/$$/fd/0")
    assert result.output.split() == ["0", "1", "2", "/dev/null"]


# ------------------------------------------------------------------------------------------------------ the network

CONNECT = """
import socket, sys
for kind, address in ((socket.AF_INET, ("127.0.0.1", int(sys.argv[1]))), (socket.AF_UNIX, "\\0" + sys.argv[2]),
                      *((socket.AF_UNIX, path) for path in sys.argv[3:])):
    try:
        socket.socket(kind).connect(address)
        print("reached", address)
    except OSError as error:
        print("no")
try:
    socket.getaddrinfo("example.org", 80)
    print("resolved")
except OSError:
    print("no")
own = socket.create_server(("127.0.0.1", 0))
socket.create_connection(own.getsockname())
print("own loopback works")
"""


async def test_no_socket_of_the_machine_is_reached_but_ones_own_are(box: Sandbox) -> None:
    box.put("connect.py", CONNECT)
    in_view = Path(tempfile.mkdtemp(prefix="devstral-ls-test-", dir="/opt" if os.access("/opt", os.W_OK) else None))
    in_view.chmod(0o755)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, in_view)
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        name = f"devstral-ls-test-{os.getpid()}"
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0{name}")
        abstract.listen()
        paths = [in_view / "s", box.place / "s", box.root / "s"]
        for path in paths:
            listening = stack.enter_context(socket.socket(socket.AF_UNIX))
            listening.bind(str(path))
            listening.listen()
            path.chmod(0o777)
        port = tcp.getsockname()[1]
        result = await box.run(f"/usr/bin/python3 connect.py {port} {name} {' '.join(map(str, paths))}")
    assert result.output.splitlines() == [*["no"] * 6, "own loopback works"]


# ---------------------------------------------------------------------------------------------------- the workspace


async def test_nothing_that_is_done_in_the_workspace_reaches_the_disk(box: Sandbox) -> None:
    for name in ("a.txt", "d/b.txt", "d/e/c.txt"):
        box.put(name, "disk\n")
    before = files(box.root)
    result = await box.run(
        "echo x >> a.txt; rm -r d; mkdir d; echo new > d/b.txt; ln -s /etc etc; chmod 700 a.txt; truncate -s 0 a.txt"
    )
    assert result.exit_code == 0
    assert files(box.root) == before
    assert not (box.root / "etc").is_symlink()
    assert result.staged == {
        str(box.root / "a.txt"): "",
        str(box.root / "d" / "b.txt"): "new\n",
        str(box.root / "d" / "e" / "c.txt"): None,
    }
    assert any("symbolic links: etc" in note for note in result.notes)


async def test_git_works_and_what_it_writes_is_lost(box: Sandbox) -> None:
    subprocess.run(["git", "init", "-q", str(box.root)], check=True)
    box.put("a.txt", "disk\n")
    before = files(box.root / ".git")
    if box.rung == "2":
        result = await box.run("git status --short; git add a.txt 2>&1 | grep -o 'Read-only file system' | head -1")
        assert result.output == "?? a.txt\nRead-only file system\n"
        return
    result = await box.run(
        "git add a.txt && git -c user.name=a -c user.email=b@c commit -qm one && git log --oneline | wc -l; "
        "echo evil > .git/hooks/pre-commit; git config core.fsmonitor evil; "
        "mkdir -p sub/.GIT; echo evil > sub/.GIT/config",
        {"a.txt": "staged\n"},
    )
    assert result.output == "1\n"
    assert files(box.root / ".git") == before
    assert result.staged == {str(box.root / "a.txt"): "staged\n"}


async def test_links_do_not_lead_captured_text_out_of_the_workspace(box: Sandbox) -> None:
    outside = box.place / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "a.txt").write_text("outside\n")
    box.give(outside)
    box.put("d/a.txt", "inside\n")
    (box.root / "link").symlink_to(outside)
    result = await box.run(
        f"rm link; mkdir link; echo through > link/a.txt; rm -r d; ln -s {outside} d; echo gone > d/a.txt"
    )
    assert (outside / "a.txt").read_text() == "outside\n"
    # What lies behind the link on disk is no file of the workspace, so no edit of it can be.
    assert result.staged == {}


async def test_ignored_files_and_caches_are_dropped_in_silence(box: Sandbox) -> None:
    box.put(".gitignore", "build/\n*.log\n")
    result = await box.run(
        "mkdir -p build __pycache__ node_modules/x; "
        "echo 1 | tee build/a.txt t.log __pycache__/b.txt node_modules/x/c.js kept.txt"
    )
    assert result.staged == {str(box.root / "kept.txt"): "1\n"}
    assert result.notes == ["Changed by the command, staged as edits: kept.txt"]


async def test_what_is_no_text_is_told_and_not_kept(box: Sandbox) -> None:
    box.put("same.sh", "x\n")
    result = await box.run(
        "printf '\\0\\1' > b.bin; seq 300000 > big.txt; mkfifo pipe; chmod +x same.sh; touch same.sh"
    )
    assert result.staged == {}
    assert sorted(result.notes) == [
        "Changed by the command, not kept because only the mode differs: same.sh",
        "Changed by the command, not kept because they are no regular files: pipe",
        "Changed by the command, not kept because they are no text: b.bin",
        "Changed by the command, not kept because they are too large: big.txt",
    ]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount")
async def test_what_is_mounted_in_the_workspace_is_seen_and_read_only(box: Sandbox) -> None:
    for name in ("data", ".ssh"):
        (box.root / name).mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "none", str(box.root / name)], check=True)
    try:
        (box.root / "data" / "a.txt").write_text("mounted\n")
        (box.root / ".ssh" / "id").write_text("sesame\n")
        result = await box.run(
            "cat data/a.txt; (echo x > data/a.txt) 2>/dev/null || echo refused; cat .ssh/id 2>&1 | grep sesame"
        )
        assert (box.root / "data" / "a.txt").read_text() == "mounted\n"
        # As an ordinary user it is a copy that is seen.
        assert result.output == ("mounted\n" if box.owner or box.rung != "1" else "mounted\nrefused\n")
    finally:
        for name in ("data", ".ssh"):
            subprocess.run(["umount", str(box.root / name)], check=True)


async def test_mounts_of_the_sandbox_are_seen_by_nobody_else(box: Sandbox) -> None:
    def mounts() -> list[str]:
        """Those of the machine, without what other tests mount in their own places meanwhile."""
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        return [line for line in lines if "devstral-ls-test-" not in line or box.place.name in line]

    before = mounts()
    await box.run("true")
    assert mounts() == before


async def test_names_that_overlays_take_for_separators_work(box: Sandbox) -> None:
    strange = box.place / "work" / "a:b,c\\d e"
    strange.mkdir()
    (strange / "x.txt").write_text("disk\n")
    box.give(strange)
    result = await box.run("cat x.txt; pwd; echo new > y.txt", roots=[strange], directory=strange)
    assert result.output == f"disk\n{strange}\n"
    assert result.staged == {str(strange / "y.txt"): "new\n"}


async def test_all_workspace_folders_are_there(box: Sandbox) -> None:
    other = box.place / "work" / "other"
    (box.root / "inner").mkdir()
    other.mkdir()
    (other / "o.txt").write_text("other\n")
    box.give(box.place / "work")
    result = await box.run(
        f"cat {other}/o.txt s.txt; echo 1 > {other}/made.txt; echo 2 > inner/made.txt",
        {"s.txt": "staged\n"},
        roots=[box.root, other, box.root / "inner"],
    )
    assert result.output == "other\nstaged\n"
    assert result.staged == {
        str(box.root / "s.txt"): "staged\n",
        str(other / "made.txt"): "1\n",
        str(box.root / "inner" / "made.txt"): "2\n",
    }


# -------------------------------------------------------------------------------------------------------- processes


async def test_daemons_end_with_the_command(box: Sandbox) -> None:
    marker = f"98765{os.getpid()}"
    result = await box.run(f"setsid sleep {marker} & (setsid nohup sleep {marker} >/dev/null 2>&1 &) ; echo done")
    assert result.output == "done\n"
    assert running(marker) == []


async def test_a_time_out_ends_everything(box: Sandbox) -> None:
    marker = f"98764{os.getpid()}"
    result = await box.run(f"echo half > half.txt; setsid sleep {marker} & sleep {marker}", timeout=1)
    assert result.timed_out
    assert result.staged == {}
    assert running(marker) == []


async def test_everything_ends_when_the_server_is_killed(shared: Sandbox) -> None:
    marker = f"98763{os.getpid()}"
    async with sandbox("root" if shared.owner == 0 else "user", shared.rung) as own:
        told = asyncio.ensure_future(own.run(f"setsid sleep {marker} & sleep {marker}"))
        while len(pids := running(marker)) < 4:  # two, the shell, and bubblewrap's own line
            assert not told.done(), told.result()
            await asyncio.sleep(0.01)
        kill(own.process)
        assert [await gone(pid) for pid in pids] == [True] * len(pids)
        told.cancel()


FORKS = """
import os, sys, time
count = 0
try:
    while count < 500:
        if os.fork() == 0:
            time.sleep(60)
        count += 1
except OSError:
    pass
print(count)
sys.stdout.flush()
os._exit(0)
"""


async def test_processes_memory_and_space_are_limited(box: Sandbox) -> None:
    box.put("forks.py", FORKS)
    limits = {"processes": 50, "space": 8 * 2**20, "data": 256 * 2**20, "file_size": 2**20}
    result = await box.run("/usr/bin/python3 forks.py", limits=limits)
    assert 1 < int(result.output) < 50
    result = await box.run(
        "/usr/bin/python3 -c 'bytearray(2**29)' 2>&1 | tail -1; cat /proc/self/oom_score_adj", limits=limits
    )
    assert result.output == "MemoryError\n1000\n"
    result = await box.run("head -c 2M /dev/zero > big; stat -c %s big", limits=limits)
    assert result.output.endswith("1048576\n")
    for folder in (".", "/tmp", "$HOME", "/dev/shm") if box.rung == "1" else ():
        result = await box.run(
            f"for n in $(seq 20); do head -c 1M /dev/zero > {folder}/f$n || exit 7; done", limits=limits
        )
        assert result.exit_code == 7


async def test_endless_output_is_ended_and_both_ends_are_kept(box: Sandbox) -> None:
    result = await box.run("echo first; yes", timeout=20)
    assert result.exit_code is None
    assert result.output.startswith("first\ny\n")
    assert "killed: it printed more than 50 MB" in result.output


async def test_nobody_can_be_asked_anything(box: Sandbox) -> None:
    result = await box.run(
        "read -r line; echo \"[$line]\"; tty; (echo x > /dev/tty) 2>/dev/null || echo 'no terminal'; echo $CI $PAGER"
    )
    assert result.output == "[]\nnot a tty\nno terminal\n1 cat\n"


async def test_colours_titles_and_reordering_are_stripped(box: Sandbox) -> None:
    result = await box.run("printf '\\033[31mred\\033[0m \\033]0;title\\007\\342\\200\\256abc\\n'")
    assert result.output == "red abc\n"


# ------------------------------------------------------------------------------------------------------------ caches


async def test_caches_last_for_a_session_and_no_longer(box: Sandbox) -> None:
    write = await box.run("mkdir -p $XDG_CACHE_HOME && echo kept > $XDG_CACHE_HOME/a && cat $XDG_CACHE_HOME/a")
    assert write.output == "kept\n"
    assert (await box.run("cat $XDG_CACHE_HOME/a")).output == "kept\n"
    assert (await box.run("cat $XDG_CACHE_HOME/a 2>/dev/null", session="another")).output == ""


async def test_compiled_python_is_never_older_than_the_staged_text(box: Sandbox) -> None:
    box.put("m.py", "X = 1\n")
    told = [
        (
            await box.run("/usr/bin/python3 -c 'import sys; sys.path.insert(0, \".\"); import m; print(m.X)'", staged)
        ).output
        for staged in ({}, {"m.py": "X = 2\n"}, {"m.py": "X = 3\n"}, {"m.py": "X = 2\n"}, {})
    ]
    assert told == ["1\n", "2\n", "3\n", "2\n", "1\n"]

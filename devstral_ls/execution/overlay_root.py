"""Run one command on a staged workspace that nothing it does can reach; started as `python -I -S overlay_root.py FD`.

Standard input carries the plan (eight bytes of length, then `marshal`), and is the lifeline afterwards: at its end, be
it that the server closed it or died, everything here is killed. What came of it is written to the file descriptor FD.

In a mount namespace of its own it puts the staged files over each workspace folder and empty files over what is to stay
hidden, as layers of an overlay whose writable layer is in memory. bubblewrap then shows the merged folders at the very
paths they have, and the rest of the system read-only. Linux only. Starts in a few milliseconds, so it imports little.
"""

from __future__ import annotations

import marshal
import os
import resource
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Started as a file and without site-packages, it finds the rest of its own package only if told where that is.
sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from devstral_ls.execution.bubblewrap import command_line, sockets_in_view  # noqa: E402
from devstral_ls.execution.overlay_tree import enter, lay_out, libc, mount_points, unmount, write_layers  # noqa: E402
from devstral_ls.execution.upper import Scan  # noqa: E402

# The `signal` module takes longer to import than everything else together.
SIGKILL, SIGPIPE, SIGXFSZ = 9, 13, 25
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

LOOK_SECONDS = 1.0
"""How often free space is looked at while a command runs."""


def main(result: int) -> int:
    """The command's exit code; 125 when it could not be started, 137 when it was killed."""
    os.set_inheritable(result, False)
    size = int.from_bytes(_exactly(8), "little")
    plan = marshal.loads(_exactly(size))
    outcome: dict[str, Any] = {"started": False, "stopped": None, "error": None, "changes": [], "complete": True}
    outcome["vanished"] = False
    code = 125
    try:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        shown = plan["trees"]
        if plan["view"] == "merged":
            mounts = mount_points()
            enter()
            shown = lay_out(plan, mounts)
        elif plan["view"] == "layers":
            shown = write_layers(plan)
        began = time.time_ns()
        code = _run(plan, shown, outcome)
        if outcome["started"] and plan["view"] != "copies":
            _collect(plan, began, outcome)
    except OSError as error:
        outcome["error"] = f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
    os.write(result, marshal.dumps(outcome))
    return code


def _run(plan: dict[str, Any], shown: list[bytes], outcome: dict[str, Any]) -> int:
    """Run the command in bubblewrap, to its end or that of the lifeline, and let nothing of it live on."""
    status_read, status_write = os.pipe()
    filter_fd = _held(plan["filter"] or b"")
    sockets = sockets_in_view(plan)
    written = [(path, _held(content)) for path, content in plan["written"]]
    argv = command_line(plan, shown, sockets, status_write, filter_fd if plan["filter"] else None, written)
    inherited = [status_write, filter_fd, *(held for _, held in written)]
    if plan["door"] is not None:
        inherited.append(plan["door"])
    group = _pids_group(plan["processes"]) if os.getuid() == 0 else None
    child = os.fork()
    if child == 0:
        _become(plan, argv, inherited, group)
    for descriptor in inherited:
        os.close(descriptor)
    ended = os.pidfd_open(child)
    killed = _wait(plan, ended, outcome)
    try:
        os.kill(child, SIGKILL)
    except ProcessLookupError:
        pass
    _, waited = os.waitpid(child, 0)
    _kill_rest()
    if group is not None:
        try:
            os.rmdir(group)
        except OSError:
            pass  # the kernel may still be letting go of the last process
    report = b""
    while part := os.read(status_read, 65536):
        report += part
    os.close(status_read)
    outcome["started"] = killed or b'"exit-code"' in report
    outcome["vanished"] = not outcome["started"] and not all(map(os.path.exists, sockets))
    return 137 if killed else os.waitstatus_to_exitcode(waited) % 256


def _wait(plan: dict[str, Any], ended: int, outcome: dict[str, Any]) -> bool:
    """Wait for the command's end; True when there is a reason to kill it instead."""
    watched: bytes | None = plan["cache"]
    least = _free(watched) - plan["cache_space"] if watched else 0
    while True:
        ready, _, _ = select.select([0, ended], [], [], LOOK_SECONDS)
        if ended in ready:
            return False
        if 0 in ready and not os.read(0, 4096):
            return True
        if watched and _free(watched) < least:
            outcome["stopped"] = "disk"
            return True


def _free(path: bytes) -> int:
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def _held(content: bytes) -> int:
    """A file descriptor from which `content` can be read."""
    descriptor = os.memfd_create("held")
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _become(plan: dict[str, Any], argv: list[bytes], inherited: list[int], group: bytes | None) -> None:
    """Turn this forked child into bubblewrap."""
    try:
        libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
        os.setsid()
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        for descriptor in inherited:
            os.set_inheritable(descriptor, True)
        if group is not None:
            with open(group + b"/cgroup.procs", "w") as file:
                file.write(str(os.getpid()))
        for limit, value in plan["limits"].items():
            kind = getattr(resource, limit)
            hard = resource.getrlimit(kind)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (value, value))
        # The first to go when memory runs out.
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
        # Python ignores these two, and what is ignored stays ignored in the command.
        libc.signal(SIGPIPE, None)
        libc.signal(SIGXFSZ, None)
        os.umask(0o022)
        os.execv(argv[0], argv)
    except OSError as error:
        os.write(2, f"{error}\n".encode())
    finally:
        os._exit(125)


def _pids_group(most: int) -> bytes | None:
    """A control group that holds at most `most` processes: no other limit counts those of root. None: there is none."""
    with open("/proc/self/cgroup", "rb") as file:
        rows = [line.rstrip(b"\n").split(b":", 2) for line in file]
    own = {name: path.lstrip(b"/") for _, names, path in rows for name in names.split(b",")}
    for base in (b"/sys/fs/cgroup/pids/" + own.get(b"pids", b""), b"/sys/fs/cgroup/" + own.get(b"", b"")):
        group = os.path.join(base, b"devstral-ls-%d" % os.getpid())
        try:
            os.mkdir(group)
        except OSError:
            continue
        try:
            with open(group + b"/pids.max", "w") as file_out:
                file_out.write(str(most))
            return group
        except OSError:
            os.rmdir(group)
    return None


def _kill_rest() -> None:
    """Wait until nobody is left. The init of the command's process namespace goes last, and takes the others along."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid:
            continue
        with open("/proc/thread-self/children") as file:
            for child in file.read().split():
                try:
                    os.kill(int(child), SIGKILL)
                except ProcessLookupError:
                    pass
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)


def _collect(plan: dict[str, Any], began: int, outcome: dict[str, Any]) -> None:
    for number, root in enumerate(plan["roots"]):
        top = b"%b/%d" % (plan["scratch"], number)
        if plan["view"] == "merged":
            unmount(top + b"/merged")
        hidden = frozenset(path for path, _ in root["hidden"])
        scan = Scan(top + b"/upper", [top + b"/mask", top + b"/staged", root["path"]], hidden, began)
        scan.run()
        outcome["changes"] += [(number, *change) for change in scan.changes]
        outcome["complete"] = outcome["complete"] and scan.complete


def _exactly(count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = os.read(0, count - len(data))
        if not part:
            raise SystemExit(125)
        data += part
    return data


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))

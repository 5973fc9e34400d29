"""The command line of bubblewrap. Nothing is mounted inside a workspace: what lies there could lead a mount elsewhere.

Runs in the supervisor, which starts without site-packages: the standard library only, and as little of it as will do.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def command_line(
    plan: dict[str, Any],
    shown: list[bytes],
    sockets: list[bytes],
    status: int,
    filter_fd: int | None,
    written: list[tuple[bytes, int]],
) -> list[bytes]:
    """What runs the plan's command.

    shown: for each workspace folder what is seen in its place: a tree, or the directory of layers that bubblewrap is to
    merge. sockets: paths to cover. status: where bubblewrap says how the command ended. written: files besides, and the
    file descriptors that hold what is in them.
    """
    scratch: bytes = plan["scratch"]
    argv = [plan["bwrap"], *([b"--unshare-user"] if os.getuid() else [])]
    argv += [b"--unshare-pid", b"--unshare-ipc", b"--unshare-uts", b"--unshare-cgroup-try", b"--unshare-net"]
    argv += [b"--new-session", b"--die-with-parent", b"--cap-drop", b"ALL", b"--ro-bind", b"/", b"/"]
    argv += [b"--dev", b"/dev", b"--proc", b"/proc", b"--remount-ro", b"/proc"]
    # Where nothing is mounted beforehand, bubblewrap makes the empty folders; then each has a limit of its own.
    ours = plan["view"] == "merged"
    argv += [b"--bind", scratch + b"/shm", b"/dev/shm"] if ours else []
    for number, cover in enumerate(plan["covers"]):
        argv += [b"--bind", b"%b/cover%d" % (scratch, number), cover] if ours else [b"--tmpfs", cover]
    for directory in plan["directories"]:
        argv += [b"--dir", directory]
    for path, held in written:
        argv += [b"--file", b"%d" % held, path]
    for path in plan["readable"]:
        argv += [b"--ro-bind-try", path, path]
    empty = scratch if plan["view"] == "copies" else scratch + b"/empty"
    for path in (*plan["blocked"], *sockets):
        argv += [b"--ro-bind", empty if os.path.isdir(path) else b"/dev/null", path]
    for tree, root in zip(shown, plan["roots"], strict=True):
        argv += _layers(tree, root["path"]) if plan["view"] == "layers" else [b"--bind", tree, root["path"]]
        for path in root["apart"]:
            # The copy was made by us, so this is a directory and no link.
            argv += [b"--ro-bind", root["path"] + b"/" + path, root["path"] + b"/" + path]
    if plan["cache"]:
        argv += [b"--bind", plan["cache"], plan["cache"]]
    if filter_fd is not None:
        argv += [b"--seccomp", b"%d" % filter_fd]
    argv += [b"--json-status-fd", b"%d" % status, b"--chdir", plan["directory"], b"--", *plan["argv"]]
    return argv


def _layers(top: bytes, root: bytes) -> list[bytes]:
    """An overlay on the workspace folder; the lowest layer comes first."""
    lowers = [part for lower in (root, top + b"/staged", top + b"/mask") for part in (b"--overlay-src", lower)]
    return [*lowers, b"--overlay", top + b"/upper", top + b"/work", root]


def sockets_in_view(plan: dict[str, Any]) -> list[bytes]:
    """Sockets that somebody listens on at a path which is still in view: a read-only mount keeps nobody from them."""
    outside = [*plan["covers"], *(root["path"] for root in plan["roots"]), b"/dev", b"/proc", b"/sys"]
    with open("/proc/net/unix", "rb") as file:
        # Names that are no files begin with `@`.
        paths = {line[line.index(b" /") + 1 : -1] for line in file if b" /" in line}
    found = set()
    for path in paths:
        real = os.path.realpath(path)
        if os.path.exists(real) and (_in_one(real, plan["readable"]) or not _in_one(real, outside)):
            found.add(real)
    return sorted(found)


def _in_one(path: bytes, folders: list[bytes]) -> bool:
    return any(path == folder or path.startswith(folder + b"/") for folder in folders)

"""The staged tree: the workspace with what lies over it, and without its secrets, as an overlay in private mounts.

Runs in the supervisor, which starts without site-packages: the standard library only, and as little of it as will do.
"""

from __future__ import annotations

import ctypes
import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NEWNS, NEWUSER = 0x20000, 0x10000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 0x1, 0x2, 0x4, 0x1000, 0x4000, 0x40000
MNT_DETACH = 2
AT_RECURSIVE, AT_FDCWD, MOUNT_SETATTR = 0x8000, -100, 442

libc = ctypes.CDLL(None, use_errno=True)


def enter() -> None:
    """Be alone with the mounts: nothing mounted from here on is seen by anybody else."""
    user, group = os.getuid(), os.getgid()
    check(libc.unshare(NEWNS if user == 0 else NEWNS | NEWUSER), "unshare")
    if user:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    mount(b"none", b"/", None, MS_REC | MS_PRIVATE)


def lay_out(plan: dict[str, Any], mounts: list[bytes]) -> list[bytes]:
    """The merged tree of each workspace folder, below the scratch directory."""
    scratch: bytes = plan["scratch"]
    mount(b"tmpfs", scratch, b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=0700,size=%d,nr_inodes=%d" % plan["space"])
    for number in range(len(plan["covers"])):
        os.mkdir(b"%b/cover%d" % (scratch, number), 0o755)
    os.mkdir(b"%b/shm" % scratch, 0o1777)
    merged = []
    for top, root in zip(write_layers(plan), plan["roots"], strict=True):
        real: bytes = root["path"]
        os.mkdir(top + b"/merged", 0o755)
        lower = b":".join(map(_escaped, (top + b"/mask", top + b"/staged", real)))
        options = b"lowerdir=%b,upperdir=%b,workdir=%b,userxattr" % (lower, top + b"/upper", top + b"/work")
        inner = [point for point in mounts if point.startswith(real + b"/")]
        if inner and os.getuid():
            # The kernel lets nobody but root look below a mount by leaving it out.
            raise OSError(errno.EBUSY, "another file system is mounted in the workspace", os.fsdecode(inner[0]))
        mount(b"overlay", top + b"/merged", b"overlay", MS_NOSUID | MS_NODEV, options)
        hidden = {path for path, _ in root["hidden"]}
        for point in inner:
            _show_mount(top + b"/merged", point, point[len(real) + 1 :], hidden)
        merged.append(top + b"/merged")
    return merged


def write_layers(plan: dict[str, Any]) -> list[bytes]:
    """For each workspace folder a directory with what lies over it: `mask`, `staged`, empty ones to write to."""
    scratch: bytes = plan["scratch"]
    os.mkdir(b"%b/empty" % scratch, 0o555)
    tops = []
    for number, root in enumerate(plan["roots"]):
        top = b"%b/%d" % (scratch, number)
        for name in (b"", b"/mask", b"/staged", b"/upper", b"/work"):
            os.mkdir(top + name, 0o755)
        real: bytes = root["path"]
        for path, is_directory in root["hidden"]:
            _put(top + b"/mask", real, path, None if is_directory else b"", 0)
        for path, content, modified in root["staged"]:
            _put(top + b"/staged", real, path, content, modified)
        for name in (b"/staged", b"/mask", b"/upper"):
            _like(real, top + name)
        tops.append(top)
    return tops


def _put(layer: bytes, real: bytes, path: bytes, content: bytes | None, modified: int) -> None:
    """One file of a layer that lies over the workspace folder `real`.

    modified: nanoseconds; 0 with a content of None stands for an empty directory that hides what is below it, any other
    number with None for a file that is not there any more.
    """
    parts = path.split(b"/")
    for end in range(1, len(parts)):
        folder = os.path.join(layer, *parts[:end])
        if not os.path.lexists(folder):
            os.mkdir(folder, 0o700)
            _like(os.path.join(real, *parts[:end]), folder)
    target = os.path.join(layer, path)
    if content is None:
        if modified:
            os.mknod(target, 0o020000, 0)
        else:
            os.mkdir(target, 0o755)
            os.setxattr(target, "user.overlay.opaque", b"y")
        return
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.close(descriptor)
    _like(os.path.join(real, path), target)
    if modified:
        os.utime(target, ns=(modified, modified))


def _like(original: bytes, copy: bytes) -> None:
    """Give `copy` the mode, owner and times of `original`, if that is the same kind of thing."""
    try:
        status = os.lstat(original)
    except OSError:
        return
    if status.st_mode & 0o170000 != os.lstat(copy).st_mode & 0o170000:
        return
    if (status.st_uid, status.st_gid) != (os.getuid(), os.getgid()):
        try:
            os.chown(copy, status.st_uid, status.st_gid)
        except OSError:
            pass  # somebody else's file in the workspace: it is ours in the layer, as a new one would be
    os.chmod(copy, status.st_mode & 0o777)
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))


def _show_mount(merged: bytes, source: bytes, path: bytes, hidden: set[bytes]) -> None:
    """Let a file system that is mounted in the workspace be seen, read-only: in an overlay it looks empty."""
    parts = path.split(b"/")
    if b".git" in parts or any(b"/".join(parts[:end]) in hidden for end in range(1, len(parts) + 1)):
        return
    if any(secret.startswith(path + b"/") for secret in hidden):
        return  # nothing can be laid over what is in it
    descriptor = os.open(merged, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            try:
                inner = os.open(part, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=descriptor)
            except OSError:
                return  # deleted in the view, or not reached without a link
            os.close(descriptor)
            descriptor = inner
        target = b"/proc/self/fd/%d" % descriptor
        mount(source, target, None, MS_BIND | MS_REC)
        # Opened anew: the old descriptor is of what now lies below the mount.
        at = os.path.join(merged, path)
        attributes = (ctypes.c_uint64 * 4)(MS_RDONLY | MS_NOSUID | MS_NODEV, 0, 0, 0)
        check(
            libc.syscall(
                MOUNT_SETATTR, AT_FDCWD, ctypes.c_char_p(at), AT_RECURSIVE, attributes, ctypes.sizeof(attributes)
            ),
            os.fsdecode(path),
        )
    finally:
        os.close(descriptor)


def mount_points() -> list[bytes]:
    """Where something is mounted, outermost first; as it was before anything was mounted here."""
    with open("/proc/self/mountinfo", "rb") as file:
        points = {_unescaped(line.split(b" ")[4]) for line in file}
    return sorted(points)


def _unescaped(text: bytes) -> bytes:
    for code, character in ((b"\\040", b" "), (b"\\011", b"\t"), (b"\\012", b"\n"), (b"\\134", b"\\")):
        text = text.replace(code, character)
    return text


def _escaped(path: bytes) -> bytes:
    """`path` in the options of an overlay mount."""
    for character in (b"\\", b":", b","):
        path = path.replace(character, b"\\" + character)
    return path


def mount(source: bytes, target: bytes, kind: bytes | None, flags: int, data: bytes | None = None) -> None:
    check(libc.mount(source, target, kind, ctypes.c_ulong(flags), data), os.fsdecode(target))


def check(returned: int, what: str) -> None:
    if returned:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def unmount(target: bytes) -> None:
    check(libc.umount2(ctypes.c_char_p(target), MNT_DETACH), os.fsdecode(target))

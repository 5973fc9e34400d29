"""A system call filter for commands, as the program the kernel takes. Bytes from a machine's name.

Namespaces and mounts already hold a command in; the filter takes away what reaches past them: kernel keyrings, which no
namespace divides, sockets between virtual machines, io_uring, which no filter sees into, namespaces of its own.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

CLONE_NAMESPACES = 0x7E020000
"""Every flag of clone(2) that makes a namespace."""

AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
FAMILIES = (AF_UNIX, AF_INET, AF_INET6, AF_NETLINK)
"""What sockets a command in its own network may make; others (vsock, bluetooth, alg) reach beyond it or the kernel."""

TIOCSTI, TIOCLINUX = 0x5412, 0x541C


@dataclass(frozen=True, slots=True)
class Machine:
    """audit: the architecture as filters see it. calls: numbers of the system calls that the filter names."""

    audit: int
    calls: Mapping[str, int]


# Calls that came after 2018 have one number everywhere.
NEW = {
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "mount_setattr": 442,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "clone3": 435,
    "pidfd_getfd": 438,
}
X86_64 = Machine(
    0xC000003E,
    NEW
    | {
        "mount": 165,
        "umount2": 166,
        "pivot_root": 155,
        "chroot": 161,
        "unshare": 272,
        "setns": 308,
        "clone": 56,
        "add_key": 248,
        "request_key": 249,
        "keyctl": 250,
        "bpf": 321,
        "perf_event_open": 298,
        "userfaultfd": 323,
        "kexec_load": 246,
        "kexec_file_load": 320,
        "init_module": 175,
        "finit_module": 313,
        "delete_module": 176,
        "open_by_handle_at": 304,
        "name_to_handle_at": 303,
        "syslog": 103,
        "acct": 163,
        "swapon": 167,
        "swapoff": 168,
        "reboot": 169,
        "quotactl": 179,
        "settimeofday": 164,
        "clock_settime": 227,
        "process_vm_readv": 310,
        "process_vm_writev": 311,
        "kcmp": 312,
        "socket": 41,
        "ioctl": 16,
        "modify_ldt": 154,
        "iopl": 172,
        "ioperm": 173,
    },
)
AARCH64 = Machine(
    0xC00000B7,
    NEW
    | {
        "mount": 40,
        "umount2": 39,
        "pivot_root": 41,
        "chroot": 51,
        "unshare": 97,
        "setns": 268,
        "clone": 220,
        "add_key": 217,
        "request_key": 218,
        "keyctl": 219,
        "bpf": 280,
        "perf_event_open": 241,
        "userfaultfd": 282,
        "kexec_load": 104,
        "kexec_file_load": 294,
        "init_module": 105,
        "finit_module": 273,
        "delete_module": 106,
        "open_by_handle_at": 265,
        "name_to_handle_at": 264,
        "syslog": 116,
        "acct": 89,
        "swapon": 224,
        "swapoff": 225,
        "reboot": 142,
        "quotactl": 60,
        "settimeofday": 170,
        "clock_settime": 112,
        "process_vm_readv": 270,
        "process_vm_writev": 271,
        "kcmp": 272,
        "socket": 198,
        "ioctl": 29,
    },
)
MACHINES = {"x86_64": X86_64, "aarch64": AARCH64}

REFUSED = (
    *("mount", "umount2", "pivot_root", "chroot", "unshare", "setns"),
    *("open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr"),
    *("add_key", "request_key", "keyctl", "bpf", "perf_event_open", "userfaultfd"),
    *("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module"),
    *("open_by_handle_at", "name_to_handle_at", "syslog", "acct", "swapon", "swapoff", "reboot", "quotactl"),
    *("settimeofday", "clock_settime", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd"),
    *("modify_ldt", "iopl", "ioperm"),
)
UNKNOWN = ("clone3", "io_uring_setup", "io_uring_enter", "io_uring_register")
"""Answered as by a kernel that has no such call: programs then do without. clone3's flags can't be looked at."""

LOAD, JUMP_EQUAL, JUMP_ABOVE, JUMP_ANY, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
X32 = 0x40000000


def filter_for(machine: str, *, sockets: bool = True) -> bytes | None:
    """The filter for `machine` (as in `os.uname`), None where its calls are not known.

    sockets: False leaves a command no socket at all, where it has no network of its own.
    """
    found = MACHINES.get(machine)
    return None if found is None else b"".join(_instructions(found, sockets))


def filter_file() -> int:
    """A descriptor to read this machine's filter without sockets from. Raises OSError where its calls are not known."""
    found = filter_for(os.uname().machine, sockets=False)
    if found is None:
        raise OSError(errno.ENOSYS, f"no filter for {os.uname().machine}")
    descriptor = os.memfd_create("filter")
    os.write(descriptor, found)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _instructions(machine: Machine, sockets: bool) -> Iterable[bytes]:
    calls = machine.calls
    yield _one(LOAD, ARCHITECTURE)
    yield _one(JUMP_EQUAL, machine.audit, 1, 0)
    # Another architecture's calls have other numbers.
    yield _one(RETURN, KILL)
    yield _one(LOAD, NUMBER)
    yield _one(JUMP_ABOVE, X32, 0, 1)
    yield _one(RETURN, REFUSE | errno.ENOSYS)
    for name in REFUSED:
        if name in calls:
            yield from _if(calls[name], [_one(RETURN, REFUSE | errno.EPERM)])
    for name in UNKNOWN:
        yield from _if(calls[name], [_one(RETURN, REFUSE | errno.ENOSYS)])
    yield from _if(
        calls["clone"],
        [
            _one(LOAD, ARGUMENTS),
            _one(JUMP_ANY, CLONE_NAMESPACES, 0, 1),
            _one(RETURN, REFUSE | errno.EPERM),
            _one(RETURN, ALLOW),
        ],
    )
    allowed = FAMILIES if sockets else ()
    yield from _if(
        calls["socket"],
        [
            _one(LOAD, ARGUMENTS),
            *(_one(JUMP_EQUAL, family, len(allowed) - at, 0) for at, family in enumerate(allowed)),
            _one(RETURN, REFUSE | (errno.EAFNOSUPPORT if sockets else errno.EACCES)),
            _one(RETURN, ALLOW),
        ],
    )
    yield from _if(
        calls["ioctl"],
        [
            _one(LOAD, ARGUMENTS + 8),
            _one(JUMP_EQUAL, TIOCSTI, 1, 0),
            _one(JUMP_EQUAL, TIOCLINUX, 0, 1),
            _one(RETURN, REFUSE | errno.EPERM),
            _one(RETURN, ALLOW),
        ],
    )
    yield _one(RETURN, ALLOW)


def _if(number: int, then: list[bytes]) -> Iterable[bytes]:
    """`then`, which ends by returning, for this call only."""
    yield _one(JUMP_EQUAL, number, 0, len(then))
    yield from then


def _one(code: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, when_true, when_false, value)

"""Give up what a command is not to have, then become it; started as `python -I -S confine.py PLAN FD ARGV...`.

PLAN is text that Python evaluates to {"read": [...], "write": [...], "limits": {...}}; FD holds the system call filter.
For Linux where nobody may make namespaces: Landlock keeps the command to some folders, the filter away from sockets. It
sees other processes of the same user, whom it can signal only where Landlock is new enough, and the copy's own path.
"""

from __future__ import annotations

import ast
import ctypes
import os
import resource
import sys

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
READ = EXECUTE | READ_FILE | READ_DIR
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
SCOPE_ABSTRACT, SCOPE_SIGNAL = 1, 2

libc = ctypes.CDLL(None, use_errno=True)


class Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


class Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def main(plan: str, filter_fd: int, argv: list[str]) -> None:
    asked = ast.literal_eval(plan)
    instructions = os.read(filter_fd, 65536)
    os.close(filter_fd)
    for name, value in asked["limits"].items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
    _check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _restrict(asked["read"], asked["write"])
    program = Filter(len(instructions) // 8, instructions)
    _check(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0), "seccomp")
    os.execvp(argv[0], argv)


def version() -> int:
    """The kernel's version of Landlock, 0 where there is none."""
    return max(0, int(libc.syscall(CREATE_RULESET, None, 0, 1)))


def _restrict(read: list[str], write: list[str]) -> None:
    known = version()
    if known == 0:
        raise OSError("this kernel has no Landlock")
    handled = (1 << 13) - 1
    handled |= (REFER if known >= 2 else 0) | (TRUNCATE if known >= 3 else 0) | (IOCTL_DEV if known >= 5 else 0)
    # Files, TCP (bind, connect), what lies outside the domain.
    network, scope = 3 if known >= 4 else 0, SCOPE_ABSTRACT | SCOPE_SIGNAL if known >= 6 else 0
    attributes = (ctypes.c_uint64 * 3)(handled, network, scope)
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    rules = int(libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(size), 0))
    if rules < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    for paths, rights in ((read, READ), (write, handled)):
        for path in paths:
            try:
                parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue  # not there, so nothing to allow
            allowed = rights if os.path.isdir(path) else rights & (FILE_RIGHTS | TRUNCATE)
            rule = Beneath(allowed & handled, parent)
            _check(int(libc.syscall(ADD_RULE, rules, 1, ctypes.byref(rule), 0)), path)
            os.close(parent)
    _check(int(libc.syscall(RESTRICT_SELF, rules, 0)), "landlock_restrict_self")
    os.close(rules)


def _check(returned: int, what: str) -> None:
    if returned:
        raise OSError(ctypes.get_errno(), what)


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
    except OSError as error:
        sys.stderr.write(f"confine: {error}\n")
        sys.exit(125)

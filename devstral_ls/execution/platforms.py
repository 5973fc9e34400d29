"""What macOS and Windows have to hold a command in, as text and arguments: pure, so that it can be read anywhere."""

from __future__ import annotations

from collections.abc import Sequence

SYSTEM_FOLDERS = (
    *("/bin", "/sbin", "/usr", "/System", "/Library", "/opt", "/private/etc", "/private/var/db", "/Applications"),
    *("/private/var/select", "/dev"),
)


def sandbox_profile(writable: Sequence[str], readable: Sequence[str] = ()) -> str:
    """A profile for `sandbox-exec` that denies what it does not name.

    The command writes below `writable` only, reads these, `readable` and the system, and has no network.
    """
    reads = "\n".join(f"  (subpath {_quoted(path)})" for path in (*SYSTEM_FOLDERS, *readable, *writable))
    writes = "\n".join(f"  (subpath {_quoted(path)})" for path in writable)
    return f"""(version 1)
(deny default)
(allow process-exec process-fork)
(allow signal (target same-sandbox))
(allow process-info* (target same-sandbox))
(allow sysctl-read)
(allow file-read-metadata)
(allow file-read*
  (literal "/")
{reads})
(allow file-write*
  (literal "/dev/null")
{writes})
(deny network*)
(deny mach-lookup)
"""


def sandbox_argv(program: Sequence[str], profile: str) -> list[str]:
    """`program` under a profile on macOS."""
    return ["/usr/bin/sandbox-exec", "-p", profile, *program]


KILL_ON_CLOSE = 0x2000
ACTIVE_PROCESS = 0x8
PROCESS_MEMORY = 0x100
DIE_ON_UNHANDLED = 0x400


def job_limits(processes: int, memory: int) -> dict[str, int]:
    """The fields of JOBOBJECT_EXTENDED_LIMIT_INFORMATION: everything ends with the job's last handle, the server's."""
    return {
        "LimitFlags": KILL_ON_CLOSE | ACTIVE_PROCESS | PROCESS_MEMORY | DIE_ON_UNHANDLED,
        "ActiveProcessLimit": processes,
        "ProcessMemoryLimit": memory,
    }


def windows_argv(command: str) -> list[str]:
    """What runs a command line in `cmd`, without its start-up commands."""
    return ["cmd.exe", "/d", "/s", "/c", f'"{command}"']


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

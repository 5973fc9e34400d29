"""The process's own output streams: bytes as they are, and one line for an error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from devstral_ls.errors import ForUser

DONE, FAILED, USAGE, NOT_APPLIED, INPUT_MISSING, INTERRUPTED = 0, 1, 2, 3, 4, 130


class Stopped(ForUser):
    """The command ends here, with this exit code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def guarded(command: Callable[[], int]) -> int:
    """The command's exit code; an error, an interruption and a reader that left each have one, too."""
    prepare_streams()
    try:
        return command()
    except Stopped as stop:
        return fail(stop.code, str(stop))
    except ForUser as error:
        return fail(FAILED, str(error))
    except BrokenPipeError:
        # Nobody reads any more, which ends a command like Ctrl-C; Python must not try to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    except KeyboardInterrupt:
        return fail(INTERRUPTED, "interrupted.")


def prepare_streams() -> None:
    """Line endings go out as they are; a character the terminal does not have becomes `?`, not an error.

    What is piped is UTF-8 on every platform, so that a diff can be applied.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(newline="", errors="replace", encoding=None if stream.isatty() else "utf-8")


def fail(code: int, message: str) -> int:
    """The exit code, with one line on stderr about why it is not 0."""
    sys.stderr.write(f"devstral-ls: {' '.join(message.split())}\n")
    return code

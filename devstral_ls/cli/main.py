"""`devstral-ls`: flags to what is run. Nothing heavy is imported before it is known what that is."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from devstral_ls import __version__

MANNERS = ("vllm", "ollama", "llama.cpp", "mistral", "lmstudio", "transformers")
LOG_LEVELS = ("debug", "info", "warning", "error")


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code of `devstral-ls` with these arguments (the process's own when None).

    0 done, 1 it failed, 2 wrong usage, 3 edits could not be applied, 4 input is missing, 130 interrupted.
    """
    arguments = parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except KeyboardInterrupt:
        return 130


def _serve(arguments: argparse.Namespace) -> int:
    from devstral_ls.cli.serve import run

    return run(arguments.tcp, arguments.log_level, arguments.log_file, arguments.record, _check_settings(arguments))


def _ask(arguments: argparse.Namespace) -> int:
    from devstral_ls.cli.question import read_question, writable_folder
    from devstral_ls.cli.server_process import start_server
    from devstral_ls.cli.streams import guarded

    def ask() -> int:
        question = read_question(arguments.prompt, arguments.workspace, arguments.file, arguments.image)
        flags = [f"--record={writable_folder(arguments.record)}"] if arguments.record else []
        flags += ["--no-check"] if arguments.no_check else [f"--check={arguments.check}"] if arguments.check else []
        server = start_server(os.environ, *flags)
        # The server needs most of a second to start; what the client needs is imported meanwhile.
        from devstral_ls.cli.ask import Options, run

        options = Options(
            output="json" if arguments.json else "diff" if arguments.diff else "text",
            apply="all" if arguments.apply_all else "plain" if arguments.apply else None,
            allow_commands=arguments.allow_commands,
            allow=tuple(arguments.allow),
            check=arguments.check,
            base_url=arguments.base_url,
            model=arguments.model,
        )
        return run(server, question, options)

    return guarded(ask)


def _doctor(arguments: argparse.Namespace) -> int:
    if arguments.conformance:
        from devstral_ls.cli import conformance

        return conformance.run(
            as_json=arguments.json,
            base_url=arguments.base_url,
            models=arguments.models or ([arguments.model] if arguments.model else []),
            context=arguments.context,
        )
    from devstral_ls.cli.doctor import run

    return run(
        as_json=arguments.json,
        base_url=arguments.base_url,
        model=arguments.model,
        quick=arguments.quick,
        settings=arguments.settings,
    )


def _approvals(arguments: argparse.Namespace) -> int:
    from devstral_ls.cli.approvals import run
    from devstral_ls.cli.streams import guarded

    revoke = None if arguments.revoke_all else arguments.revoke
    return guarded(lambda: run(arguments.workspace or Path(), revoke, as_json=arguments.json))


def _demo(arguments: argparse.Namespace) -> int:
    from devstral_ls.cli.demo import run

    return run(apply=arguments.apply, manner=arguments.manner, keep=arguments.keep)


def _replay(arguments: argparse.Namespace) -> int:
    from devstral_ls.cli.replay import run

    return run(arguments.files, as_json=arguments.json)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other error here is said."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see `{self.prog} --help`)\n")


def parser() -> argparse.ArgumentParser:
    whole = Parser(prog="devstral-ls", description="A coding agent inside any editor, on Mistral's Devstral models.")
    whole.add_argument("--version", action="version", version=f"devstral-ls {__version__}")
    commands = whole.add_subparsers(metavar="COMMAND", required=True)

    serve = commands.add_parser("serve", help="run the language server (what an editor starts)")
    serve.set_defaults(run=_serve)
    serve.add_argument("--tcp", metavar="HOST:PORT", type=address, help="listen for one editor instead of using stdio")
    serve.add_argument("--log-level", choices=LOG_LEVELS, default="warning", help="how much to log (default: warning)")
    serve.add_argument("--log-file", metavar="FILE", type=Path, help="log to this file instead of stderr")
    _add_record(serve)
    _add_check(serve)
    # Editors' client libraries add these by themselves; stdio is what we do anyway.
    serve.add_argument("--stdio", action="store_true", help=argparse.SUPPRESS)
    serve.add_argument("--clientProcessId", help=argparse.SUPPRESS)

    ask = commands.add_parser("ask", help="ask the agent from the terminal", description=ASK, epilog=ASK_CODES)
    ask.set_defaults(run=_ask)
    ask.add_argument("prompt", metavar="PROMPT", help="what to do; `-` reads it from stdin")
    ask.add_argument("--workspace", metavar="DIR", type=Path, help="the folder the agent works in (default: this one)")
    ask.add_argument("--file", metavar="FILE[:LINE[-LINE]]", help="the file, and the lines of it, the prompt is about")
    ask.add_argument(
        "--image", metavar="FILE", type=Path, action="append", default=[], help="an image to show (may be repeated)"
    )
    end = ask.add_mutually_exclusive_group()
    end.add_argument("--apply", action="store_true", help=APPLY)
    end.add_argument("--apply-all", action="store_true", help="write those to disk, too, without asking")
    end.add_argument("--diff", action="store_true", help="only print the edits, as a diff that `git apply` takes")
    ask.add_argument("--json", action="store_true", help="print one JSON object about the run, instead of text or diff")
    ask.add_argument("--allow", metavar="COMMAND", type=_command, action="append", default=[], help=ALLOW)
    ask.add_argument("--allow-commands", action="store_true", help="let the agent run any command without asking")
    _add_check(ask)
    _add_record(ask)
    _add_model(ask)

    doctor = commands.add_parser(
        "doctor", help="say whether a run would work here, and what is missing", description=DOCTOR, epilog=DOCTOR_CODES
    )
    doctor.set_defaults(run=_doctor)
    doctor.add_argument("--json", action="store_true", help="print the findings as one JSON object")
    doctor.add_argument(
        "--settings",
        metavar="FILE",
        help="a JSON object with an editor's settings, as it would send them; `-` reads it from stdin",
    )
    extent = doctor.add_mutually_exclusive_group()
    extent.add_argument("--quick", action="store_true", help="ask the model for nothing, only its server about itself")
    extent.add_argument("--conformance", action="store_true", help=CONFORMANCE)
    doctor.add_argument(
        "--models",
        metavar="NAME,...",
        type=_names,
        nargs="?",
        const=["known"],
        help="with --conformance: these models of the server, or `all`; without a name, the well-known ones it has",
    )
    doctor.add_argument(
        "--context",
        metavar="TOKENS",
        type=_positive,
        help="with --conformance: how long the long conversation is (default: 32768, or what fits)",
    )
    _add_model(doctor)

    approvals = commands.add_parser(
        "approvals", help="show or revoke the commands that are always allowed", description=APPROVALS
    )
    approvals.set_defaults(run=_approvals)
    approvals.add_argument("--workspace", metavar="DIR", type=Path, help="the workspace folder (default: this one)")
    taking = approvals.add_mutually_exclusive_group()
    taking.add_argument(
        "--revoke", metavar="NUMBER|COMMAND", action="append", default=[], help="ask about it again (may be repeated)"
    )
    taking.add_argument("--revoke-all", action="store_true", help="ask about all of them again")
    approvals.add_argument("--json", action="store_true", help="print them as a JSON list")

    demo = commands.add_parser("demo", help="see a whole run in seconds, on a sample project, without a model")
    demo.set_defaults(run=_demo)
    demo.add_argument("--apply", action="store_true", help="also apply the edit and test the result")
    demo.add_argument("--manner", choices=MANNERS, default="vllm", help="which model server the script imitates")
    demo.add_argument("--keep", metavar="DIR", type=Path, help="put the sample project here and leave it")

    replay = commands.add_parser("replay", help="decode recorded replies of a model server again", description=REPLAY)
    replay.set_defaults(run=_replay)
    replay.add_argument("files", metavar="FILE", type=Path, nargs="+", help="a file that --record wrote, or its folder")
    replay.add_argument("--json", action="store_true", help="print what each case is decoded to, as one JSON object")
    return whole


ASK = """Ask the agent about a folder. It shows its answer and the edits it proposes; they are written only after a yes,
or with --apply."""
ASK_CODES = """Exit codes: 0 done, 1 the run failed, 2 wrong usage, 3 the edits could not be applied, 4 the run needs
input that isn't there, 130 interrupted."""

DOCTOR = """Ask the servers about themselves and the model for a tool call, JSON and what is in a picture, and say what
does not work and how to mend it. It takes seconds where the model is loaded, and never longer than four minutes."""
DOCTOR_CODES = """Exit codes: 0 a run would work (with --conformance: all that applies went well), 1 it would not, 2
wrong usage, 130 interrupted."""
APPLY = """write the edits to disk without asking, but for files that editors, shells or build servers run"""
ALLOW = """let the agent run exactly this shell command without asking (may be repeated); of several joined by &&, each
counts by itself"""

APPROVALS = """Show the shell commands that are always allowed in a workspace, or ask about some of them again."""

REPLAY = """Decode what model servers sent, as recorded in files or folders, and compare it with the reply each case
expects. Exit codes: 0 all as expected, 1 some differ, 2 a FILE holds no cases."""


CONFORMANCE = """hold the conversations that Devstral's makers publish for testing a server (minutes), and say which go
well"""


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _command(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("must be a command, not an empty text")
    return text


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text!r}")
    return int(text)


def _add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument("--base-url", metavar="URL", help="an OpenAI-compatible server (default: the one configured)")
    command.add_argument("--model", metavar="NAME", help="the model's name on that server")


def _add_check(command: argparse.ArgumentParser) -> None:
    which = command.add_mutually_exclusive_group()
    which.add_argument(
        "--check", metavar="COMMAND", type=_command, help="run this on the edits, and let the model mend what it fails"
    )
    which.add_argument("--no-check", action="store_true", help="run nothing on the edits, whatever the settings say")


def _check_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the flags say about checks, as settings."""
    if arguments.no_check:
        return {"execution.check.mode": "off"}
    if arguments.check is not None:
        return {"execution.check.mode": "auto", "execution.check.commands": {"*": arguments.check}}
    return {}


def _add_record(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--record", metavar="DIR", type=Path, help="keep what the model server sends in files here, for bug reports"
    )


def address(text: str) -> tuple[str, int]:
    """`HOST:PORT`; an IPv6 host stands in brackets."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"must be HOST:PORT, not {text!r}")
    return host.strip("[]") or "127.0.0.1", int(port)


if __name__ == "__main__":
    sys.exit(main())

"""`devstral-ls doctor`: whether a run would work here, and the exact command for each thing that is missing."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from devstral_ls.cli.examination import Examination, Server, examine
from devstral_ls.cli.streams import guarded
from devstral_ls.config_layers import Layer
from devstral_ls.errors import ForUser
from devstral_ls.llm.trials import Outcome


def run(
    *, as_json: bool, base_url: str | None, model: str | None, quick: bool = False, settings: str | None = None
) -> int:
    """0 when a run would work, else 1.

    quick: ask the server about itself, but the model for nothing. settings: a file with an editor's settings, `-` is
    stdin.
    """
    flags = Layer("command line", {"llm": {"baseUrl": base_url, "model": model}})

    def examined() -> int:
        layers = [Layer("editor settings", _read(settings), users_own=False)] if settings is not None else []
        found = asyncio.run(examine(os.environ, *layers, flags, tries=not quick))
        if as_json:
            sys.stdout.write(json.dumps({"ok": found.error is None, **camel(asdict(found))}, indent=2) + "\n")
        else:
            _show(found)
        sys.stdout.flush()
        return 0 if found.error is None else 1

    return guarded(examined)


def _read(file: str) -> Mapping[str, Any]:
    try:
        content = json.loads(sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ForUser(f"The settings in {file} can't be read: {error}") from None
    if not isinstance(content, dict):
        raise ForUser(f"The settings in {file} must be one JSON object.")
    return content


def _show(found: Examination) -> None:
    from rich.text import Text

    from devstral_ls.cli.render import Plain, marks, visible

    console = Plain(sys.stdout)
    yes, no = marks(console.encoding)
    width = max([16, *(len(tried.name) + 1 for tried in found.trials)])

    def line(good: bool | None, what: str, detail: str) -> None:
        text = Text(f"{ {True: yes, False: no, None: ' ' * len(no)}[good] } ")
        text.stylize("green" if good else "red" if good is False else "dim")
        console.print(text.append(f"{what:<{width}}").append(visible(detail), "dim"), soft_wrap=True)

    line(True, "devstral-ls", f"{found.version}, Python {found.python} ({found.executable})")
    line(found.ripgrep is not None, "ripgrep", found.ripgrep or "not found")
    good = None if found.sandbox_rung in (None, "5") else found.sandbox_rung in ("1", "1b", "2")
    line(good, "commands", found.sandbox)
    for problem in found.sandbox_problems:
        line(None, "", problem)
    file = found.config_file + ("" if found.config_file_exists else " (not there; defaults)")
    line(not found.config_problems, "settings", file)
    for problem in found.config_problems:
        line(None, "", problem)
    line(None if found.key is None else True, "API key", found.key or "none (needed for the Mistral API only)")
    for place, server in enumerate(found.servers):
        named = found.configured and place == 0
        unused = server.status == "unreachable" or (server.status == "key_refused" and found.key is None)
        if unused and found.configured and not named:
            continue  # it would not be used if it ran
        good = None if unused and not named else server.status == "ready"
        line(good, server.name, f"{server.url}  {server.problem or _about(server)}")
    if found.profile is not None:
        window = f"{found.context_window:,} tokens of context" if found.context_window else "context unknown"
        line(None, "model", f"{found.model}: taken for {found.profile} ({found.profile_name}), {window}")
        line(None, "tool calls", f"{_MODES[found.tools_mode or 'direct']}: {found.tools_reason}")
    for tried in found.trials:
        line(
            _GOOD.get(tried.outcome),
            tried.name,
            tried.came if tried.outcome == "yes" else f"{tried.outcome}: {tried.came}",
        )
    console.print()
    for text in found.advice if found.chosen is not None else ():
        console.print(Text(visible(text), style="yellow"), soft_wrap=True)
    if found.error is None:
        console.print(
            Text(visible(f"A run would use {found.model}, served by {found.chosen}."), "bold"), soft_wrap=True
        )
        return
    console.print(Text(visible(f"A run would not work. {found.error}"), style="bold red"), soft_wrap=True)
    if found.advice and found.chosen is None:
        console.print(f"{'One of these' if len(found.advice) > 1 else 'This'} would mend it:")
    for command in found.advice if found.chosen is None else ():
        console.print(f"  {command}", soft_wrap=True)


_MODES: Mapping[str, str] = {
    "native-streamed": "native, streamed",
    "native-whole": "native, not streamed",
    "direct": "direct, as JSON in the reply",
}

_GOOD: Mapping[Outcome, bool] = {"yes": True, "failed": False, "lost": False, "refused": False, "no": False}
"""What was understood from text is neither good nor bad."""


def _about(server: Server) -> str:
    version = f"version {server.version}, " if server.version else ""
    window = f", {server.context_window:,} tokens of context" if server.context_window else ""
    return f"{version}{server.model}{window}"


def camel(data: Mapping[str, Any]) -> dict[str, Any]:
    """Keys as JSON has them elsewhere in this program: `configFile`."""

    def key(name: str) -> str:
        first, *rest = name.split("_")
        return first + "".join(part.capitalize() for part in rest)

    def value(item: Any) -> Any:
        if isinstance(item, Mapping):
            return camel(item)
        return [value(each) for each in item] if isinstance(item, tuple | list) else item

    return {key(name): value(item) for name, item in data.items()}

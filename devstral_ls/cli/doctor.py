"""`devstral-ls doctor`: whether a run would work here, and the exact command for each thing that is missing."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import devstral_ls
from devstral_ls.cli.streams import guarded
from devstral_ls.config import Config, Layer, base_layers, load, user_file
from devstral_ls.errors import ForUser
from devstral_ls.llm.abilities import Abilities, Finding, abilities_of
from devstral_ls.llm.discovery import Endpoint, Probed, find_server, probe_all
from devstral_ls.llm.keys import KEY_VARIABLE, mistral_key
from devstral_ls.llm.learned import Notebook
from devstral_ls.llm.model_choice import is_devstral, same_model
from devstral_ls.llm.profiles import profile_of
from devstral_ls.llm.servers import LOCAL_SERVERS, model_advice, sentence, server_name, without_userinfo
from devstral_ls.llm.trials import Outcome, Trials, Tried, findings_from, learned_from, try_out
from devstral_ls.storage.transcript import state_folder
from devstral_ls.workspace.search import find_rg


@dataclass(frozen=True, slots=True)
class Server:
    """One place that was looked at. fix: the command that makes it usable, None where nothing is wrong or known."""

    name: str
    url: str
    status: str
    problem: str | None
    models: tuple[str, ...]
    model: str | None
    context_window: int | None
    fix: str | None


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything found out.

    profile: what the model is taken for, by title and by name. tools_mode, tools_reason: how runs ask for tool calls,
    and where that is known from. trials: what tiny requests came to; none when they were not made. findings: what to
    mend at the server. error: why a run would not work, in one line; None when it would.
    """

    version: str
    python: str
    executable: str
    ripgrep: str | None
    config_file: str
    config_file_exists: bool
    config_problems: tuple[str, ...]
    key: str | None
    """Where the API key for the Mistral API comes from. The key itself is shown nowhere."""
    servers: tuple[Server, ...]
    configured: bool
    """Whether the settings name a server, the first of `servers`; then no other is used."""
    chosen: str | None
    model: str | None
    server_version: str | None
    profile: str | None
    profile_name: str | None
    context_window: int | None
    tools_mode: str | None
    tools_reason: str | None
    vision: bool | None
    trials: tuple[Tried, ...]
    findings: tuple[Finding, ...]
    advice: tuple[str, ...]
    error: str | None


def run(*, as_json: bool, base_url: str | None, model: str | None, quick: bool = False) -> int:
    """0 when a run would work, else 1. quick: ask the server about itself, but the model for nothing."""
    flags = Layer("command line", {"llm": {"baseUrl": base_url, "model": model}})

    def examined() -> int:
        found = asyncio.run(examine(os.environ, flags, tries=not quick))
        if as_json:
            sys.stdout.write(json.dumps({"ok": found.error is None, **camel(asdict(found))}, indent=2) + "\n")
        else:
            _show(found)
        sys.stdout.flush()
        return 0 if found.error is None else 1

    return guarded(examined)


async def examine(environ: Mapping[str, str], flags: Layer, *, tries: bool = True) -> Examination:
    layers, problems = base_layers(environ)
    config, more = load([*layers, flags])
    (chosen, error), probed = await asyncio.gather(_chosen(config, environ), probe_all(config.llm, environ))
    notebook = Notebook(state_folder(environ))
    able: Abilities | None = None
    trials: Trials | None = None
    findings: list[Finding] = []
    if chosen is not None:
        learned = notebook.recall(chosen)
        if tries:
            # As if nothing were known: what was learned may be the very thing to check.
            unknowing = abilities_of(chosen, config.llm)
            trials = await try_out(chosen, config.llm, unknowing)
            error = f"The model does not answer. {trials.failed}" if trials.failed else None
            if error is None:
                learned = learned_from(trials)
                notebook.keep(chosen, learned)
            findings += findings_from(trials, chosen, unknowing)
            # Some servers tell the context window of a model only once it is loaded, as it is now.
            (again, _), probed = await asyncio.gather(_chosen(config, environ), probe_all(config.llm, environ))
            chosen = again or chosen
        able = abilities_of(chosen, config.llm, learned)
        known = {finding.topic for finding in findings}
        findings += [each for each in able.findings if each.topic not in known]
        missing_model = unlisted(chosen)
        if missing_model and (error is not None or chosen.kind in LISTS_ALL):
            error = str(missing_model[0])
        else:
            findings += missing_model
    ripgrep, missing = _ripgrep(environ)
    return Examination(
        version=devstral_ls.__version__,
        python=platform.python_version(),
        executable=sys.executable,
        ripgrep=ripgrep,
        config_file=str(user_file()),
        config_file_exists=user_file().is_file(),
        config_problems=tuple(map(str, [*problems, *more])),
        key=key_origin(config, environ),
        servers=tuple(_server(each) for each in probed),
        configured=config.llm.base_url is not None,
        chosen=server_name(chosen.base_url, chosen.kind) if chosen else None,
        model=chosen.model if chosen else None,
        server_version=chosen.version if chosen else None,
        profile=able.profile.title if able else None,
        profile_name=able.profile.name if able else None,
        context_window=(chosen.context_window or able.profile.window) if chosen and able else None,
        tools_mode=able.mode if able else None,
        tools_reason=able.why if able else None,
        vision=able.vision if able else None,
        trials=trials.all if trials else (),
        findings=tuple(findings),
        advice=(*(advice(chosen) if not unlisted(chosen) else ()), *map(str, findings))
        if chosen
        else tuple(remedies(probed[:1] if config.llm.base_url else probed)),
        error=error or missing,
    )


async def _chosen(config: Config, environ: Mapping[str, str]) -> tuple[Endpoint | None, str | None]:
    """The server and model a run would use, or why there is none."""
    try:
        return await find_server(config.llm, environ), None
    except ForUser as error:
        return None, str(error)


def _ripgrep(environ: Mapping[str, str]) -> tuple[str | None, str | None]:
    try:
        return str(find_rg(environ)), None
    except ForUser as error:
        return None, str(error)


def _server(found: Probed) -> Server:
    name = server_name(found.url, found.kind).partition(" at ")[0]
    problem, models, window = found.problem, found.models, found.context_window
    return Server(name, without_userinfo(found.url), found.status, problem, models, found.model, window, fix(found))


LISTS_ALL = frozenset(("vllm", "ollama", "lm studio"))
"""Kinds of servers that have no model but those they list."""


def unlisted(chosen: Endpoint) -> list[Finding]:
    """That the server doesn't list the model it is to be asked for; it may have it all the same."""
    if not chosen.models or chosen.kind == "llama.cpp" or any(same_model(name, chosen.model) for name in chosen.models):
        return []
    name = server_name(chosen.base_url, chosen.kind)
    advice = model_advice(chosen.base_url, chosen.models, chosen.kind)
    return [Finding("model", sentence(f"{name} lists no model {chosen.model!r}."), sentence(advice))]


def fix(found: Probed) -> str | None:
    """The command that makes this server usable for a run."""
    known = next((server for server in LOCAL_SERVERS if server.kind == found.kind), None)
    if found.advice is not None:
        return None  # no command mends it
    if found.kind == "mistral":
        return f"export {KEY_VARIABLE}=..." if found.status == "key_refused" else None
    if known is None or found.status in ("key_refused", "unusable"):
        return None
    if found.kind == "ollama" and (found.status == "no_model" or not is_devstral(found.model or "devstral")):
        return "ollama pull devstral-small-2"
    if found.kind == "ollama" and found.status == "unreachable":
        return f"{known.start}  # then: ollama pull devstral-small-2"
    return known.start if found.status in ("unreachable", "no_model") else None


def remedies(probed: Sequence[Probed]) -> list[str]:
    """Commands of which any one makes a run work, the likeliest first: what runs but lacks something, then the rest."""
    runs_first = sorted(probed, key=lambda found: (found.status == "unreachable") + 2 * (found.kind == "mistral"))
    return list(dict.fromkeys(command for found in runs_first if (command := fix(found)) is not None))


def advice(chosen: Endpoint) -> list[str]:
    """What would make runs with this server better, besides what was found out."""
    if profile_of(chosen.model, said=chosen.said).is_devstral:
        return []
    return [f"{chosen.model} is not a Devstral model; `ollama pull devstral-small-2` or --model name one."]


def key_origin(config: Config, environ: Mapping[str, str]) -> str | None:
    """Where the key for the Mistral API is from, in the order in which it is looked for."""
    if mistral_key(config.llm, environ) is None:
        return None
    if config.llm.api_key and not config.llm.base_url:
        return "DEVSTRAL_LS_API_KEY" if environ.get("DEVSTRAL_LS_API_KEY") else f"llm.apiKey in {user_file()}"
    if environ.get(KEY_VARIABLE, "").strip():
        return KEY_VARIABLE
    home = environ.get("VIBE_HOME")
    return f"Mistral Vibe's {Path(home, '.env') if home else '~/.vibe/.env'}"


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
    window = f", {server.context_window:,} tokens of context" if server.context_window else ""
    return f"{server.model}{window}"


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

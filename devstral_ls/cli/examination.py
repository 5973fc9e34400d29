"""What `devstral-ls doctor` finds out: the servers, the model, and whether a run would work with them."""

from __future__ import annotations

import asyncio
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import devstral_ls
from devstral_ls.cli.remedies import LISTS_ALL, advice, fix, remedies, unlisted
from devstral_ls.config import Config
from devstral_ls.config_layers import Layer, base_layers, load, user_file
from devstral_ls.errors import ForUser
from devstral_ls.execution.ladder import Ladder
from devstral_ls.execution.rungs import Reached
from devstral_ls.llm.abilities import Abilities, Finding, abilities_of
from devstral_ls.llm.discovery import Endpoint, Probed, find_server, probe_all
from devstral_ls.llm.keys import KEY_VARIABLE, mistral_key
from devstral_ls.llm.learned import Notebook
from devstral_ls.llm.servers import server_name, without_userinfo
from devstral_ls.llm.trials import Trials, Tried, findings_from, learned_from, try_out
from devstral_ls.storage.transcript import state_folder
from devstral_ls.workspace.search import find_rg


@dataclass(frozen=True, slots=True)
class Server:
    """One place that was looked at.

    version: as the server says it. fix: the command that makes it usable, None where nothing is wrong or known.
    """

    name: str
    url: str
    status: str
    problem: str | None
    version: str | None
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
    sandbox: str
    sandbox_rung: str | None
    """None where commands are refused, or turned off."""
    sandbox_problems: tuple[str, ...]
    """Why a stronger sandbox is out of reach."""
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


async def examine(environ: Mapping[str, str], *given: Layer, tries: bool = True) -> Examination:
    """given: layers of settings above the user's own, later ones winning."""
    layers, problems = base_layers(environ)
    config, more = load([*layers, *given])
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
    sandbox = await _sandbox(config, environ)
    return Examination(
        version=devstral_ls.__version__,
        python=platform.python_version(),
        executable=sys.executable,
        ripgrep=ripgrep,
        sandbox=sandbox.title if sandbox else "commands are turned off",
        sandbox_rung=sandbox.rung.name if sandbox and sandbox.rung else None,
        sandbox_problems=tuple(f"{rung.title}: {reason}" for rung, reason in sandbox.passed) if sandbox else (),
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


async def _sandbox(config: Config, environ: Mapping[str, str]) -> Reached | None:
    """What would hold commands in, found by trying; None when they are turned off."""
    if not config.execution.enabled:
        return None
    ladder = Ladder(environ)
    try:
        return await ladder.reached(config.execution.sandbox)
    finally:
        await asyncio.to_thread(ladder.close)


def _ripgrep(environ: Mapping[str, str]) -> tuple[str | None, str | None]:
    try:
        return str(find_rg(environ)), None
    except ForUser as error:
        return None, str(error)


def _server(found: Probed) -> Server:
    name = server_name(found.url, found.kind).partition(" at ")[0]
    return Server(
        name=name,
        url=without_userinfo(found.url),
        status=found.status,
        problem=found.problem,
        version=found.version,
        models=found.models,
        model=found.model,
        context_window=found.context_window,
        fix=fix(found),
    )


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

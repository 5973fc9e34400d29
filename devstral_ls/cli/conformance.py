"""`devstral-ls doctor --conformance`: the published test conversations, held with the configured server."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date

from devstral_ls.cli.doctor import camel
from devstral_ls.cli.streams import DONE, FAILED, guarded
from devstral_ls.config import Config, Layer, base_layers, load
from devstral_ls.llm.abilities import Abilities, abilities_of
from devstral_ls.llm.conformance import Row, run_scenarios
from devstral_ls.llm.discovery import Endpoint, find_server
from devstral_ls.llm.fitted import fit
from devstral_ls.llm.learned import Notebook
from devstral_ls.llm.scenarios import Asked
from devstral_ls.llm.servers import server_name
from devstral_ls.storage.transcript import state_folder

FILLED = 32_768
"""Tokens of the long conversation, where the context window has room for them and nobody asked for more."""

Shown = Callable[[Row], None]


def run(*, as_json: bool, base_url: str | None, models: Sequence[str], context: int | None) -> int:
    """0 when everything that applies went well, else 1. models: of the server; `all` names every one."""

    def held() -> int:
        rows, where = asyncio.run(_hold(os.environ, base_url, models, context, None if as_json else _table()))
        good = all(row.passed is not False for row in rows)
        if as_json:
            data = {"ok": good, "server": where, "rows": [asdict(row) for row in rows]}
            sys.stdout.write(json.dumps(camel(data), indent=2) + "\n")
        else:
            passed = sum(row.passed is True for row in rows)
            skipped = sum(row.passed is None for row in rows)
            left_out = f", {skipped} do not apply" if skipped else ""
            sys.stdout.write(f"\n{passed} of {len(rows) - skipped} went well{left_out}, at {where}.\n")
        sys.stdout.flush()
        return DONE if good else FAILED

    return guarded(held)


async def _hold(
    environ: Mapping[str, str], base_url: str | None, models: Sequence[str], context: int | None, show: Shown | None
) -> tuple[list[Row], str]:
    """Every row, and the server's name. Raises ForUser when there is no server."""
    layers, _ = base_layers(environ)
    rows: list[Row] = []
    where = ""
    async for endpoint, config in _endpoints(layers, environ, base_url, models):
        where = server_name(endpoint.base_url, endpoint.kind)
        abilities = abilities_of(endpoint, config.llm, Notebook(state_folder(environ)).recall(endpoint))
        backend = fit(endpoint, config.llm, abilities)
        asked = Asked(endpoint.model, abilities.profile, room(endpoint, config, abilities, context), date.today())
        try:
            async for row in run_scenarios(backend, asked):
                rows.append(row)
                if show:
                    show(row)
        finally:
            await backend.aclose()
    return rows, where


async def _endpoints(
    layers: Sequence[Layer], environ: Mapping[str, str], base_url: str | None, models: Sequence[str]
) -> AsyncIterator[tuple[Endpoint, Config]]:
    """The server with each of the models in turn; one after the other, since a server may hold only one in memory."""
    first = True
    names: list[str | None] = list(models) or [None]
    while names:
        name = names.pop(0)
        wanted = None if name == "all" else name
        config, _ = load([*layers, Layer("command line", {"llm": {"baseUrl": base_url, "model": wanted}})])
        endpoint = await find_server(config.llm, environ)
        if name == "all" and first:
            names = list(endpoint.models)
            first = False
            continue
        yield endpoint, config


def room(endpoint: Endpoint, config: Config, abilities: Abilities, wanted: int | None) -> int:
    """Tokens that the long conversation fills: as many as are wanted and fit beside the reply."""
    window = endpoint.context_window or abilities.profile.window
    fits = window - min(config.llm.max_tokens, window // 4) - window // 8
    return min(wanted or FILLED, fits)


def _table() -> Shown:
    from rich.text import Text

    from devstral_ls.cli.render import Plain, marks, visible

    console = Plain(sys.stdout)
    yes, no = marks(console.encoding)
    seen: list[str] = []

    def show(row: Row) -> None:
        if row.model not in seen:
            seen.append(row.model)
            console.print(Text(visible(row.model), "bold"), soft_wrap=True)
        mark = {True: yes, False: no, None: "-".ljust(len(no))}[row.passed]
        text = Text(f"{mark} ", {True: "green", False: "red", None: "dim"}[row.passed])
        counted = f"{row.seconds:7.1f} s {row.prompt_tokens:7} + {row.completion_tokens:5} tokens  {row.mode}"
        text.append(f"{row.scenario:<36}").append(counted, "dim")
        console.print(text, soft_wrap=True)
        console.print(Text(f"{' ' * len(no)}   {visible(row.came)}", "dim"), soft_wrap=True)

    return show

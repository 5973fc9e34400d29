"""`devstral-ls doctor --conformance`: the published test conversations, held with the configured server."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from textwrap import fill, wrap

from devstral_ls.cli.doctor import camel
from devstral_ls.cli.remedies import LISTS_ALL
from devstral_ls.cli.streams import DONE, FAILED, guarded
from devstral_ls.config import Config
from devstral_ls.config_layers import Layer, base_layers, load
from devstral_ls.llm.abilities import Abilities, abilities_of
from devstral_ls.llm.conformance import Row, run_scenarios
from devstral_ls.llm.discovery import Endpoint, find_server
from devstral_ls.llm.fitted import fit
from devstral_ls.llm.learned import Notebook
from devstral_ls.llm.model_choice import same_model
from devstral_ls.llm.scenarios import Asked
from devstral_ls.llm.servers import server_name
from devstral_ls.storage.transcript import state_folder

FILLED = 32_768
"""Tokens of the long conversation, where the context window has room for them and nobody asked for more."""

KNOWN_MODELS = (
    "devstral:24b",
    "mistral:v0.3",
    "mistral-nemo",
    "llama3.1",
    "firefunction-v2",
    "command-r-plus",
    "qwen2.5-coder",
    "deepseek-coder-v2",
)
"""Models that people compare for tool calls on their own machines, as Ollama names them: those that are known to print
their calls as text, and those that are recommended instead."""

Shown = Callable[[Row], None]


@dataclass
class Held:
    """What came of it. where: the server's name. missing: models that were asked for and are not there."""

    rows: list[Row] = field(default_factory=list)
    where: str = ""
    missing: list[str] = field(default_factory=list)


def run(*, as_json: bool, base_url: str | None, models: Sequence[str], context: int | None) -> int:
    """0 when everything that applies went well, else 1.

    models: of the server; `all` names every one, `known` those of `KNOWN_MODELS` that it has. A model that was named
    and isn't there is a failure, and so is a server that has none of the known ones.
    """

    def conversed() -> int:
        held = Held()
        asyncio.run(_hold(held, os.environ, base_url, models, context, None if as_json else _table()))
        absent = held.missing if models != ["known"] else []
        good = bool(held.rows) and not absent and all(row.passed is not False for row in held.rows)
        if as_json:
            rows = [asdict(row) for row in held.rows]
            data = {"ok": good, "server": held.where, "rows": rows, "missing": held.missing}
            sys.stdout.write(json.dumps(camel(data), indent=2) + "\n")
        else:
            _sum_up(held)
        sys.stdout.flush()
        return DONE if good else FAILED

    return guarded(conversed)


async def _hold(
    held: Held,
    environ: Mapping[str, str],
    base_url: str | None,
    models: Sequence[str],
    context: int | None,
    show: Shown | None,
) -> None:
    """Hold the conversations. Raises ForUser when there is no server."""
    layers, _ = base_layers(environ)

    async def endpoint_with(model: str | None) -> tuple[Endpoint, Config]:
        config, _ = load([*layers, Layer("command line", {"llm": {"baseUrl": base_url, "model": model}})])
        endpoint = await find_server(config.llm, environ)
        held.where = server_name(endpoint.base_url, endpoint.kind)
        return endpoint, config

    names: list[str | None] = [None]
    if models:
        first, _ = await endpoint_with(None)
        names = list(_wanted(models, first, held))
    # One after the other, since a server may hold only one in memory.
    for name in names:
        endpoint, config = await endpoint_with(name)
        abilities = abilities_of(endpoint, config.llm, Notebook(state_folder(environ)).recall(endpoint))
        backend = fit(endpoint, config.llm, abilities)
        asked = Asked(endpoint.model, abilities.profile, room(endpoint, config, abilities, context), date.today())
        try:
            async for row in run_scenarios(backend, asked):
                held.rows.append(row)
                if show:
                    show(row)
        finally:
            await backend.aclose()


def _wanted(models: Sequence[str], at: Endpoint, held: Held) -> Iterator[str]:
    """The models to ask, as the server spells them; those that it lacks go into `held.missing`."""
    if "all" in models:
        yield from at.models
        return
    for name in KNOWN_MODELS if list(models) == ["known"] else models:
        # A name without a tag is any of its sizes.
        found = next((listed for listed in at.models if same_model(listed, name)), None) or next(
            (listed for listed in at.models if ":" not in name and listed.partition(":")[0] == name), None
        )
        if found is not None:
            yield found
        elif list(models) != ["known"] and at.kind not in LISTS_ALL:
            yield name  # it may have it all the same
        else:
            held.missing.append(name)


def room(endpoint: Endpoint, config: Config, abilities: Abilities, wanted: int | None) -> int:
    """Tokens that the long conversation fills: as many as are wanted and fit beside the reply."""
    window = endpoint.context_window or abilities.profile.window
    fits = window - min(config.llm.max_tokens, window // 4) - window // 8
    return min(wanted or FILLED, fits)


def _sum_up(held: Held) -> None:
    passed = sum(row.passed is True for row in held.rows)
    skipped = sum(row.passed is None for row in held.rows)
    left_out = f", {skipped} do not apply" if skipped else ""
    sys.stdout.write(f"\n{passed} of {len(held.rows) - skipped} went well{left_out}, at {held.where}.\n")
    if held.missing:
        sys.stdout.write(fill(f"Not on this server: {', '.join(held.missing)}.", WIDTH) + "\n")


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
            console.print(Text(f"{' ' * len(no)} {HEADING}", "dim"), soft_wrap=True)
        mark = {True: yes, False: no, None: "-".ljust(len(no))}[row.passed]
        text = Text(f"{mark} ", {True: "green", False: "red", None: "dim"}[row.passed])
        counted = (
            f"{row.seconds:8.1f}{row.prompt_tokens:9,}{row.completion_tokens:8,}  {_CALLS.get(row.mode, row.mode)}"
        )
        text.append(f"{row.scenario:<35}").append(counted, "dim")
        console.print(text, soft_wrap=True)
        for line in wrap(visible(row.came), WIDTH - 4):
            console.print(Text(f"    {line}", "dim"), soft_wrap=True)

    return show


WIDTH = 80
HEADING = f"{'scenario':<35}{'seconds':>8}{'prompt':>9}{'reply':>8}  calls"
_CALLS: Mapping[str, str] = {"native, from text": "as text"}
"""Ways of calling tools, in so few words that a row has room on 80 columns."""

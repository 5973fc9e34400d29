"""The commands about models: which there are, and which is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devstral_ls.errors import RequestRefused
from devstral_ls.server.arguments import Arguments

if TYPE_CHECKING:
    from devstral_ls.server.server import DevstralServer


MODELS_SHOWN = 12
"""Models to choose from in a message; more don't fit on a screen."""


async def select_model(server: DevstralServer, arguments: Arguments) -> Any:
    """Choose the model until the server leaves: the one named, else one of the server's list."""
    await server.settings.wait_until_known()
    if server.runs.going():
        raise RequestRefused("A run is going on with the model: choose another one when it is over, or cancel it.")
    known = await server.model.available()
    name = (arguments.model or arguments.prompt).strip()
    if not name:
        if not known:
            raise RequestRefused("The server lists no models: name one in the argument `model`.")
        more = f" ({len(known) - MODELS_SHOWN} more can be named in the argument `model`)"
        question = f"Which model shall Devstral use?{more if len(known) > MODELS_SHOWN else ''}"
        name = await server.dialogs.choose(question, known[:MODELS_SHOWN]) or ""
    if name:
        await server.model.choose(name)
        server.user.log(f"the model is {server.model.name} from now on")
    return {"model": server.model.name, "models": known, "changed": bool(name)}


async def models(server: DevstralServer, _: Arguments) -> Any:
    """The models the server lists, and which of them is used."""
    await server.settings.wait_until_known()
    listed = await server.model.available()
    return {"model": server.model.name, "models": listed}

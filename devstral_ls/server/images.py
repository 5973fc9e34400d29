"""The images of a request: data: URIs, files of the workspace, and data: URIs pasted into the prompt."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from devstral_ls.errors import ForModel, InvalidRequest, RequestRefused
from devstral_ls.llm.picture import EMBEDDED, FILE_BYTES, NoPicture, Picture, from_uri, picture
from devstral_ls.llm.scaling import fitted
from devstral_ls.workspace.view import View

SHOWN = 60
"""Characters of an image's name that a message quotes."""


def check(command: str, given: Sequence[str]) -> None:
    """Raise InvalidRequest for a `data:` URI that is no image. Files are looked at when the run starts."""
    for uri in given:
        if uri.lower().startswith("data:"):
            try:
                from_uri(uri)
            except NoPicture as error:
                raise InvalidRequest(f"{command}: the image {_brief(uri)} {error}.") from None


def lift(prompt: str, others: int = 0) -> tuple[str, tuple[str, ...]]:
    """The prompt without the images pasted into it as data: URIs, and these. What is no image stays text.

    others: how many images come before these, so that the prompt can speak of them by number.
    """
    found: list[str] = []
    parts: list[str] = []
    end = 0
    for match in EMBEDDED.finditer(prompt):
        try:
            from_uri(match[0])
        except NoPicture:
            continue
        found.append(match[0])
        parts += [prompt[end : match.start()], f"[image {others + len(found)}]"]
        end = match.end()
    return "".join([*parts, prompt[end:]]), tuple(found)


async def load(given: Sequence[str], view: View, blind: str | None) -> tuple[str, ...]:
    """The images as the model is sent them: data: URIs of a size it can see.

    given: data: or file: URIs, or paths in the workspace. blind: why the model can't see any, as the end of a sentence.
    Raises RequestRefused.
    """
    if given and blind is not None:
        raise RequestRefused(f"Leave the images out, or choose a model with vision such as devstral-small-2: {blind}.")
    shown = []
    for name in given:
        try:
            source = from_uri(name) if name.lower().startswith("data:") else _file(name, view)
            shown.append((await asyncio.to_thread(fitted, source)).uri)
        except NoPicture as error:
            raise RequestRefused(f"The image {_brief(name)} {error}.") from None
    return tuple(shown)


def _file(name: str, view: View) -> Picture:
    try:
        path = view.resolve(name)
        return picture(view.data(path, FILE_BYTES))
    except ForModel as error:
        raise RequestRefused(f"The image {_brief(name)} can't be used: {error}") from None


def _brief(name: str) -> str:
    return name if len(name) <= SHOWN else f"{name[:SHOWN]}…"

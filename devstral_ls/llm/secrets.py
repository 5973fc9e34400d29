"""Keys and passwords, taken out of what is to be shown or kept."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

INSTEAD = "***"
_SHORT = 6


class Secrets:
    """What one server's key and URL hold that nobody else is to see, in every form in which it may be written."""

    def __init__(self, base_url: str, api_key: str | None, others: Iterable[str] = ()) -> None:
        """others: more that is secret, such as the values of extra headers."""
        parts = urlsplit(base_url)
        plain = [*others, api_key or "", parts.password or "", unquote(parts.password or "")]
        plain += [value for _, value in parse_qsl(parts.query)]
        if parts.username:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            plain.append(base64.b64encode(pair.encode()).decode())
            # A key is sometimes given as the name.
            plain += [] if parts.password else [unquote(parts.username)]
        forms = {form for text in plain if text for form in (text, quote(text, safe=""), json.dumps(text)[1:-1])}
        patterns = [_pattern(form) for form in sorted(forms, key=lambda form: (-len(form), form))]
        self._any = re.compile("|".join(patterns)) if patterns else None

    def hidden(self, value: Any) -> Any:
        """`value`, plain data, with every secret in its texts replaced; the keys of objects stay as they are."""
        if self._any is None:
            return value
        if isinstance(value, str):
            return self._any.sub(INSTEAD, value)
        if isinstance(value, Mapping):
            return {key: self.hidden(item) for key, item in value.items()}
        return [self.hidden(item) for item in value] if isinstance(value, list) else value

    def found_in(self, value: Any) -> bool:
        """Whether any text in `value` holds a secret."""
        return bool(self.hidden(value) != value)

    def spelled_out(self, values: Iterable[Any]) -> bool:
        """Whether the texts that stand at one place in each of `values`, put together, hold a secret."""
        texts: dict[tuple[str, ...], list[str]] = {}
        for value in values:
            for place, text in _leaves(value, ()):
                texts.setdefault(place, []).append(text)
        return any(self.found_in("".join(pieces)) for pieces in texts.values())


def _leaves(value: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, (*place, str(key)))
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, place)


def _pattern(secret: str) -> str:
    # A placeholder such as "x" must not take every x with it.
    return rf"(?<!\w){re.escape(secret)}(?!\w)" if len(secret) < _SHORT else re.escape(secret)

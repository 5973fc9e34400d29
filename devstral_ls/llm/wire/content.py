"""The text and the reasoning of one message or delta, whatever shape its server gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def text_and_reasoning(message: Mapping[str, Any]) -> tuple[str, str]:
    """Content is a string, null, or a list of parts, of which "thinking" parts are reasoning."""
    content = message.get("content")
    if content.__class__ is str:
        text, reasoning = content, ""
    else:
        text, reasoning = _parts(content)
    # The same reasoning can come under both names, so the first that is there counts.
    for key in ("reasoning", "reasoning_content"):
        native = message.get(key)
        if native and (said := _flat(native)):
            return text, reasoning + said
    return text, reasoning


def _parts(content: Any) -> tuple[str, str]:
    if isinstance(content, Mapping):
        content = [content]
    if not isinstance(content, list):
        return "", ""
    text: list[str] = []
    reasoning: list[str] = []
    for part in content:
        if isinstance(part, str):
            text.append(part)
        elif isinstance(part, Mapping):
            if part.get("type") == "thinking":
                reasoning.append(_flat(part.get("thinking")))
            else:
                text.append(_flat(part.get("text")))
    return "".join(text), "".join(reasoning)


def _flat(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(_flat(item.get("text") if isinstance(item, Mapping) else item) for item in value)
    return ""


class Surrogates:
    """Joins surrogate pairs that a server split over two deltas; a lone half becomes U+FFFD."""

    def __init__(self) -> None:
        self._high = ""

    def feed(self, text: str) -> str:
        """`text` with the half left from before; a high half at its end waits for the next text."""
        if text.isascii() and not self._high:
            return text
        text = self._high + text
        self._high = text[-1] if text and "\ud800" <= text[-1] <= "\udbff" else ""
        if self._high:
            text = text[:-1]
        return encodable(text)

    def finish(self) -> str:
        """What is left of a half that nothing followed."""
        left, self._high = self._high, ""
        return encodable(left)


def encodable(text: str) -> str:
    """`text` with U+FFFD for lone surrogates, which could be neither written to a file nor sent on."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text

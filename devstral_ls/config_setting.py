"""One setting: how it is declared as a dataclass field, and the row of the schema it becomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def setting(
    key: str, doc: str, default: Any, *, secret: bool = False, low: float | None = None, users_own: bool = False
) -> Any:
    """A dataclass field that is the setting `key`; `low` is the smallest number allowed.

    users_own: taken from the user's own file alone. What an editor sends may come from a file of the workspace.
    """
    metadata = {"key": key, "doc": doc, "secret": secret, "low": low, "users_own": users_own}
    return field(default=default, repr=not secret, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the schema."""

    key: str
    type: Any
    default: Any
    doc: str
    secret: bool
    low: float | None
    users_own: bool

"""Who is told what is sent to a model server and what it answers; nobody, unless somebody wants to know."""

from __future__ import annotations

from typing import Protocol


class Tape(Protocol):
    """One request and its answer."""

    def answered(self, status: int, content_type: str) -> None:
        """The head of the answer has come."""
        ...

    def received(self, data: bytes) -> None:
        """Some bytes of the answer's body have come."""
        ...

    def end(self) -> None:
        """Nothing more will come: the answer is over, or nobody wants the rest. Never raises."""
        ...


class Recorder(Protocol):
    """Opens a tape for every request."""

    def begin(self, request: bytes) -> Tape:
        """`request` is about to be sent: a chat completion's body, as JSON."""
        ...


class NoTape:
    """Forgets everything."""

    def begin(self, request: bytes) -> NoTape:
        return self

    def answered(self, status: int, content_type: str) -> None:
        pass

    def received(self, data: bytes) -> None:
        pass

    def end(self) -> None:
        pass

"""Images made for tests."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image


def image(width: int, height: int, form: str, mode: str = "RGB", **how: Any) -> bytes:
    """A picture that is red at the left and blue at the right, in the bytes of a file of that format."""
    picture = Image.new(mode, (width, height), "red")
    if width > 1:
        picture.paste("blue", (width // 2, 0, width, height))
    out = BytesIO()
    picture.save(out, form, **how)
    return out.getvalue()


def png(width: int, height: int) -> bytes:
    return image(width, height, "PNG")

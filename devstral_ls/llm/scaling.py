"""Images made small enough to be sent. The only module that imports Pillow, which is an optional extra."""

from __future__ import annotations

from io import BytesIO

from devstral_ls.llm.picture import SIDE, NoPicture, Picture, picture

BYTES = 4 * 1024 * 1024
"""The largest image that is sent, in bytes; base64 makes a third more of it."""

PIXELS = 100_000_000
"""The largest image that is decoded: its size is known before, and memory is not free."""

QUALITY = 85
INSTALL = "pip install 'devstral-ls[images]'"


def fitted(source: Picture) -> Picture:
    """`source` in a form that every server reads: PNG or JPEG, at most `SIDE` pixels wide and high, at most `BYTES`.

    Takes up to a second: call it in a thread. Without Pillow the image stays as it is, as long as it is small enough.
    Raises NoPicture.
    """
    small = max(source.width, source.height) <= SIDE and len(source.data) <= BYTES
    if small and source.kind in ("png", "jpeg"):
        return source
    if source.width * source.height > PIXELS:
        raise NoPicture(f"has {source.width}x{source.height} pixels, more than can be decoded")
    try:
        return _encoded(source)
    except ImportError:
        if len(source.data) > BYTES:
            size = f"{len(source.data) / 2**20:.1f} MiB"
            raise NoPicture(f"is {size}, more than can be sent unscaled ({INSTALL} to have it scaled)") from None
        return source
    except (OSError, ValueError, SyntaxError) as error:  # Pillow's ways to say that a file is broken
        raise NoPicture(f"can't be decoded: {str(error) or type(error).__name__}") from error


def _encoded(source: Picture) -> Picture:
    from PIL import Image

    with Image.open(BytesIO(source.data), formats=(source.kind.upper(),)) as opened:
        opened.seek(0)  # of an animation, the first frame
        alpha = opened.mode in ("RGBA", "LA", "PA") or "transparency" in opened.info
        drawn: Image.Image = opened.convert("RGBA" if alpha else "RGB")
    drawn.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    out = BytesIO()
    if source.kind != "jpeg":
        drawn.save(out, "PNG")
    if source.kind == "jpeg" or out.tell() > BYTES:
        out = BytesIO()
        paper = Image.new("RGB", drawn.size, "white")
        paper.paste(drawn, mask=drawn if alpha else None)
        paper.save(out, "JPEG", quality=QUALITY)
    return picture(out.getvalue())

from __future__ import annotations

import os
import subprocess
import sys
from io import BytesIO

import pytest
from PIL import Image

from devstral_ls.llm import scaling
from devstral_ls.llm.picture import NoPicture, Picture, picture
from devstral_ls.llm.scaling import fitted
from tests.llm.pictures import image, png


def colours(shown: Picture) -> tuple[object, object]:
    """What is at the left and at the right."""
    with Image.open(BytesIO(shown.data)) as opened:
        drawn = opened.convert("RGB")
        return drawn.getpixel((0, shown.height // 2)), drawn.getpixel((shown.width - 1, shown.height // 2))


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_small_image_stays_as_it_is(form: str) -> None:
    small = picture(image(1540, 20, form))
    assert fitted(small) is small


@pytest.mark.parametrize(("size", "scaled"), [((3080, 1000), (1540, 500)), ((900, 9000), (154, 1540))])
def test_a_large_image_is_scaled_down_with_its_proportions(size: tuple[int, int], scaled: tuple[int, int]) -> None:
    shown = fitted(picture(png(*size)))
    assert (shown.kind, shown.width, shown.height) == ("png", *scaled)
    assert colours(shown) == ((255, 0, 0), (0, 0, 255))


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "1", "I;16", "CMYK"])
def test_every_mode_of_colour_can_be_scaled(mode: str) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    out = BytesIO()
    Image.new(mode, (2000, 10)).save(out, form)
    assert fitted(picture(out.getvalue())).width == 1540


@pytest.mark.parametrize("form", ["GIF", "WEBP"])
def test_formats_that_not_every_server_reads_become_png(form: str) -> None:
    shown = fitted(picture(image(40, 30, form)))
    assert (shown.kind, shown.width, shown.height) == ("png", 40, 30)


def test_what_is_too_large_as_png_becomes_a_jpeg() -> None:
    noise = BytesIO()
    Image.frombytes("RGBA", (1500, 1500), os.urandom(1500 * 1500 * 4)).save(noise, "PNG", compress_level=0)
    shown = fitted(picture(noise.getvalue()))
    assert shown.kind == "jpeg"
    assert len(shown.data) <= scaling.BYTES


def test_a_broken_image_is_refused() -> None:
    with pytest.raises(NoPicture, match="can't be decoded"):
        fitted(picture(png(2000, 2000)[:200]))


def test_an_image_that_would_fill_the_memory_is_refused_before_it_is_decoded() -> None:
    bomb = bytearray(png(8, 8))
    bomb[16:24] = (60_000).to_bytes(4) * 2
    with pytest.raises(NoPicture, match="60000x60000 pixels"):
        fitted(picture(bytes(bomb)))


WITHOUT = """
import sys
sys.modules["PIL"] = None
from devstral_ls.llm.picture import NoPicture, Picture
from devstral_ls.llm.scaling import BYTES, fitted
large = Picture("png", 4000, 3000, b"x")
assert fitted(large) is large
try:
    fitted(Picture("png", 4000, 3000, bytes(BYTES + 1)))
except NoPicture as error:
    print(error)
"""


def test_without_pillow_images_are_sent_unscaled_unless_they_are_too_large() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("is 4.0 MiB, more than can be sent unscaled (pip install 'devstral-ls[images]'")

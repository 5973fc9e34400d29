from __future__ import annotations

import contextlib
from io import BytesIO
from typing import Any

import pytest
from mistral_common.tokens.tokenizers.image import ImageConfig, ImageEncoder, SpecialImageIDs
from PIL import Image

from devstral_ls.llm.picture import NoPicture, from_uri, picture, tokens_of, uri_tokens
from tests.llm.pictures import image, png

FORMS = ["PNG", "JPEG", "GIF", "WEBP"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [(1, 1), (300, 20), (17, 1999)])
def test_the_size_is_read_from_the_first_bytes(form: str, size: tuple[int, int]) -> None:
    found = picture(image(*size, form))
    assert (found.kind, found.width, found.height) == (form.lower(), *size)
    assert from_uri(found.uri) == found


@pytest.mark.parametrize("how", [{"lossless": True}, {"lossless": False, "exif": b"Exif"}, {"quality": 10}])
def test_every_kind_of_webp_tells_its_size(how: dict[str, Any]) -> None:
    found = picture(image(70, 33, "WEBP", "RGBA", **how))
    assert (found.width, found.height) == (70, 33)


@pytest.mark.parametrize("how", [{"progressive": True}, {"exif": b"Exif\0\0" + b"x" * 30_000}, {"comment": b"hi"}])
def test_every_kind_of_jpeg_tells_its_size(how: dict[str, Any]) -> None:
    found = picture(image(70, 33, "JPEG", **how))
    assert (found.width, found.height) == (70, 33)
    assert uri_tokens(found.uri) == tokens_of(70, 33)


@pytest.mark.parametrize("form", FORMS)
def test_a_file_cut_off_anywhere_is_an_image_or_none_but_never_a_crash(form: str) -> None:
    data = image(40, 30, form)
    for end in range(min(len(data), 300)):
        with contextlib.suppress(NoPicture):
            assert picture(data[:end]).data == data[:end]


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("hello", "is no data: URI"),
        ("data:image/png;base64", "is no data: URI"),
        ("data:image/png,abc", "is a data: URI without base64 data"),
        ("data:image/png;base64,a$b", "has broken base64 data"),
        ("data:image/png;base64,abc", "has broken base64 data"),
        ("data:image/png;base64,", "is no PNG, JPEG, GIF or WebP image"),
        ("data:image/svg+xml;base64,PHN2Zy8+", "is no PNG, JPEG, GIF or WebP image"),
    ],
)
def test_what_is_wrong_with_a_data_uri_is_said(uri: str, problem: str) -> None:
    with pytest.raises(NoPicture, match=problem):
        from_uri(uri)


@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (28, 29), (1540, 1540), (1541, 3), (1, 9000), (3000, 1000), (640, 481)]
)
def test_an_image_has_as_many_tokens_as_mistrals_own_tokenizer_counts(width: int, height: int) -> None:
    encoder = ImageEncoder(ImageConfig(14, 1540, 2), SpecialImageIDs(1, 2, 3))
    across, down = encoder._image_to_num_tokens(Image.open(BytesIO(png(width, height))))
    assert tokens_of(width, height) == uri_tokens(picture(png(width, height)).uri) == (across + 1) * down


def test_an_image_that_can_not_be_read_counts_as_the_largest() -> None:
    assert uri_tokens("data:image/png;base64,AAAA") == uri_tokens("nothing") == tokens_of(1540, 1540) == 3080

"""Headers against Pillow, which wrote the pictures: size, transparency, and what every program reads alike."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pictures

from stackmix import headers, images
from stackmix.types import DataError

MODES = {"png": ("L", "RGB", "RGBA", "LA", "P", "1", "I;16"), "jpeg": ("L", "RGB", "CMYK"), "webp": ("RGB", "RGBA")}


def encoded(picture: Pictures.Image, format: str, **options: Any) -> bytes:
    data = io.BytesIO()
    picture.save(data, format, **options)
    return data.getvalue()


def noise(mode: str, width: int, height: int) -> Pictures.Image:
    rng = np.random.default_rng(width * height)
    if mode == "I;16":
        return Pictures.fromarray(rng.integers(0, 65536, (height, width), dtype=np.uint16))
    picture = Pictures.fromarray(rng.integers(0, 256, (height, width, 4), dtype=np.uint8), "RGBA")
    return (picture.convert("RGB") if mode == "P" else picture).convert(mode)


def turned(orientation: int) -> Pictures.Exif:
    exif = Pictures.Exif()
    exif[headers.ORIENTATION] = orientation
    return exif


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([(f, m) for f, modes in MODES.items() for m in modes]), st.integers(1, 40), st.integers(1, 30))
def test_size_and_kind_are_those_that_were_written(kind: tuple[str, str], width: int, height: int) -> None:
    format, mode = kind
    found = headers.look(encoded(noise(mode, width, height), format))
    assert (found.width, found.height, found.whole) == (width, height, True)
    assert found.alpha == (mode in ("RGBA", "LA"))
    assert found.plain == (format in ("png", "jpeg") and mode in ("L", "RGB"))
    assert found.suffix == {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}[format]


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": turned(1)}])
def test_the_three_kinds_of_webp(options: dict) -> None:
    for mode in ("RGB", "RGBA"):
        picture = noise(mode, 33, 21)
        if mode == "RGBA":
            picture.putalpha(7)
        found = headers.look(encoded(picture, "webp", **options))
        assert (found.width, found.height, found.alpha, found.plain) == (33, 21, mode == "RGBA", False)


@pytest.mark.parametrize("format", ["bmp", "gif", "tiff"])
def test_other_formats_by_pillow(format: str) -> None:
    found = headers.look(encoded(noise("RGB", 9, 4), format))
    assert (found.width, found.height, found.plain, found.alpha) == (9, 4, False, False)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["jpeg", "png", "tiff", "webp"])
def test_turned_pictures_do_not_keep_their_bytes_and_decode_upright(format: str, orientation: int) -> None:
    from PIL import ImageOps

    picture = Pictures.fromarray(np.kron(np.arange(6, dtype=np.uint8).reshape(2, 3), np.full((16, 16), 40, np.uint8)))
    data = encoded(picture.convert("RGB"), format, exif=turned(orientation), quality=100)
    expected = np.asarray(ImageOps.exif_transpose(Pictures.open(io.BytesIO(data))).convert("L")).astype(int)
    found = images.grey(images.decode(data)).astype(int)
    assert found.shape == expected.shape and np.abs(found - expected).max() <= 6
    kept = {"jpeg": ".jpg", "png": ".png"}.get(format, "") if orientation == 1 else ""
    assert images.suffix_of(data) == kept


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_a_picture_that_breaks_off_anywhere_is_noticed(format: str) -> None:
    data = encoded(noise("RGB", 60, 40), format)
    for length in {*range(0, len(data), 101), len(data) - 1}:
        with pytest.raises(DataError):
            images.decode(data[:length])
    assert images.decode(data).shape == (40, 60, 3)


def test_a_download_filled_up_with_zeros_is_noticed_and_a_trailer_is_not() -> None:
    data = encoded(noise("RGB", 60, 40), "jpeg")
    with pytest.raises(DataError, match="breaks off"):
        images.decode(data[:900] + bytes(len(data)))
    assert images.decode(data + b"trailer of a phone" * 9).shape == (40, 60, 3)


def test_the_end_mark_of_a_thumbnail_is_none_of_the_picture() -> None:
    small, data = encoded(noise("L", 8, 8), "jpeg"), encoded(noise("RGB", 60, 40), "jpeg")
    with_thumbnail = data[:2] + b"\xff\xe2" + struct.pack(">H", 2 + len(small)) + small + data[2:]
    assert headers.look(with_thumbnail)[:3] == (".jpg", 60, 40) and headers.look(with_thumbnail).whole
    assert not headers.look(with_thumbnail[:-400]).whole


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_a_bomb_is_refused_unopened() -> None:
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels + chunk(b"IEND", b"")
    with pytest.raises(
        images.TooLarge, match=r"30,000 x 30,000 pixels is over the limit of 200,000,000: scale it down"
    ):
        images.decode(bomb)


def test_random_bytes_are_no_picture() -> None:
    rng = np.random.default_rng(0)
    starts = (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\x10\0\0\0WEBPVP8X", b"II*\0", b"BM", b"GIF89a")
    for start in starts:
        for _ in range(20):
            with pytest.raises(DataError):
                images.decode(start + rng.bytes(40))

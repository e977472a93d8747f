"""Pictures as bytes: what is written without loss is read again, under any name."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pictures

from stackmix import images
from stackmix.types import DataError


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.integers(1, 30), st.booleans(), st.sampled_from([".png", ".webp"]), st.integers(0, 99))
def test_lossless_pictures_come_back(height: int, width: int, colour: bool, suffix: str, seed: int) -> None:
    shape = (height, width, 3) if colour else (height, width)
    image = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    if colour:
        image[0, 0] = 1, 2, 3
    assert np.array_equal(images.decode(images.encode(image, suffix, 101)), image)


def test_colours_are_red_green_blue_as_pillow_has_them() -> None:
    image = np.zeros((4, 5, 3), np.uint8)
    image[..., 0], image[..., 2] = 200, 30
    data = images.encode(image, ".png")
    assert np.array_equal(np.asarray(Pictures.open(io.BytesIO(data))), image)
    assert images.grey(image)[0, 0] == pytest.approx(0.299 * 200 + 0.114 * 30, abs=1)


def test_alpha_and_palette_and_one_bit_pictures_are_read() -> None:
    for mode in ("RGBA", "P", "1", "LA", "I;16"):
        data = io.BytesIO()
        Pictures.new(mode, (7, 3), 1 if mode != "RGBA" else (10, 20, 30, 255)).save(data, "png")
        image = images.decode(data.getvalue())
        assert image.dtype == np.uint8 and image.shape[:2] == (3, 7)


def test_any_path(tmp_path: Path) -> None:
    path = tmp_path / "Папка é" / "слово №1.JPG"
    path.parent.mkdir()
    image = np.full((9, 11), 77, np.uint8)
    images.write(path, image)
    assert np.abs(images.read(path).astype(int) - 77).max() <= 2


@pytest.mark.parametrize("data", [b"", b"no picture", images.encode(np.zeros((5, 5), np.uint8))[:20]])
def test_broken_bytes_are_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(DataError, match=rf"a.png: {len(data)} bytes are no picture"):
        images.read(tmp_path / "a.png")


@pytest.mark.parametrize(("shape", "suffix"), [((4, 4), ".xyz"), ((4, 4), ""), ((4, 70_000), ".jpg")])
def test_what_cannot_be_encoded_is_named(shape: tuple[int, int], suffix: str) -> None:
    with pytest.raises(DataError, match="does not encode as"):
        images.encode(np.zeros(shape, np.uint8), suffix)


def test_a_picture_that_memory_lacks_room_for_is_not_called_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    data = saved(Pictures.new("RGBA", (8, 8)), "png")
    assert images.decode(data).shape == (8, 8, 3)
    monkeypatch.setattr(images.np, "empty", full)
    with pytest.raises(MemoryError):
        images.decode(data)


def saved(picture: Pictures.Image, format: str, **options: object) -> bytes:
    data = io.BytesIO()
    picture.save(data, format, **options)  # type: ignore[arg-type]
    return data.getvalue()


@pytest.mark.parametrize(("mode", "format"), [("RGBA", "png"), ("LA", "png"), ("RGBA", "webp"), ("RGBA", "tiff")])
def test_what_is_transparent_is_paper(mode: str, format: str) -> None:
    """Ink of alpha a on white is 255 - a, whatever colour lies under the transparent part."""
    alpha = np.arange(256, dtype=np.uint8).reshape(16, 16)
    picture = Pictures.fromarray(np.dstack([np.zeros((16, 16, 3), np.uint8), alpha]), "RGBA").convert(mode)
    found = images.decode(saved(picture, format, **({"lossless": True} if format == "webp" else {})))
    assert found.shape == ((16, 16) if mode == "LA" else (16, 16, 3))
    assert np.abs((found if mode == "LA" else found[..., 0]).astype(int) - (255 - alpha.astype(int))).max() <= 1


def test_a_palette_with_a_transparent_colour_is_laid_on_white() -> None:
    picture = Pictures.new("P", (4, 3), 0)
    picture.putpalette([0, 0, 0, 200, 10, 10])
    picture.putpixel((1, 1), 1)
    found = images.decode(saved(picture, "png", transparency=0))
    assert found[0, 0].tolist() == [255, 255, 255] and found[1, 1].tolist() == [200, 10, 10]


def test_sixteen_bits_become_eight() -> None:
    wide = np.arange(0, 65536, 257, dtype=np.uint16).reshape(16, 16)
    for format in ("png", "tiff"):
        found = images.decode(saved(Pictures.fromarray(wide), format))
        np.testing.assert_array_equal(found, wide // 257)


def test_cmyk_becomes_rgb() -> None:
    colour = Pictures.new("RGB", (16, 16), (200, 100, 30))
    found = images.decode(saved(colour.convert("CMYK"), "jpeg", quality=95))
    assert np.abs(found.astype(int) - (200, 100, 30)).max() <= 4


def test_a_picture_is_left_lying_where_that_is_wanted() -> None:
    exif = Pictures.Exif()
    exif[0x0112] = 6
    data = saved(Pictures.new("RGB", (20, 10)), "jpeg", exif=exif)
    assert images.decode(data).shape == (20, 10, 3) and images.decode(data, upright=False).shape == (10, 20, 3)


def test_only_pictures_that_all_programs_read_alike_keep_their_bytes() -> None:
    grey = Pictures.new("L", (5, 4), 9)
    assert images.suffix_of(saved(grey, "png")) == ".png" and images.suffix_of(saved(grey, "jpeg")) == ".jpg"
    assert images.suffix_of(saved(grey.convert("RGBA"), "png")) == images.suffix_of(saved(grey, "bmp")) == ""

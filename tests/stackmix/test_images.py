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

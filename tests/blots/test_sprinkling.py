"""Blots and strike-outs on generated images: so many as asked for, drawn from the generator alone."""

import pickle

import numpy as np
import pytest

from stackmix.blots.sprinkling import Sprinkle


def word(height: int = 64, width: int = 150) -> np.ndarray:
    image = np.full((height, width), 255, np.uint8)
    image[height // 3 : 2 * height // 3, 10 : width - 10 : 6] = 0
    image[height // 3 : height // 3 + 2, 10 : width - 10] = 0
    return image


def test_the_share_of_marked_images() -> None:
    image, sprinkle = word(), Sprinkle(0.3)
    marked = [(sprinkle(image, np.random.default_rng([1, i])) != image).any() for i in range(400)]
    assert 0.23 < np.mean(marked) < 0.37
    assert not any((Sprinkle(0.0)(image, np.random.default_rng(i)) != image).any() for i in range(20))
    assert all((Sprinkle(1.0)(image, np.random.default_rng(i)) != image).any() for i in range(40))


def test_the_generator_alone_decides() -> None:
    image, sprinkle = word(), Sprinkle(1.0)
    other = pickle.loads(pickle.dumps(sprinkle))
    for i in range(20):
        assert (sprinkle(image, np.random.default_rng(i)) == other(image, np.random.default_rng(i))).all()


@pytest.mark.parametrize("shape", [(64, 23), (23, 64)])
def test_an_image_too_small_for_marks_stays_as_it_is(shape: tuple[int, int]) -> None:
    image = word(*shape)
    assert Sprinkle(1.0)(image, np.random.default_rng(0)) is image


def test_a_marked_word_can_still_be_read() -> None:
    image = word(128, 500)
    covered = [(Sprinkle(1.0)(image, np.random.default_rng(i)) != image).mean() for i in range(60)]
    assert max(covered) < 0.1  # zigzags cover .28


def test_a_wrong_share_is_named() -> None:
    with pytest.raises(ValueError, match=r"share is 1\.5"):
        Sprinkle(1.5)

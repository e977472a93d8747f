"""The pipelines: steps and their order, 384 x 384 or the aspect kept, any size, same seed same bytes."""

from collections.abc import Callable

import albumentations as A
import numpy as np
import pytest

from stackmix.train.augmentation import seed_pipeline, strong_pipeline


def test_the_steps_and_their_parameters() -> None:
    resize, blot, rotate, one = seed_pipeline().transforms
    assert (resize.height, resize.width) == (384, 384)
    assert (blot.p, blot.h, blot.w, blot.incline, blot.count) == (0.3, (50, 100), (20, 100), (10, 50), (1, 10))
    assert blot.intensivity == (0.75, 0.75)
    assert rotate.limit == (-7, 7)
    assert [type(step) for step in one.transforms] == [A.ToGray, A.CLAHE] and one.p == 0.3
    assert one.transforms[1].clip_limit == (1, 15)


def test_a_word_of_any_size_becomes_square_and_the_same_again() -> None:
    rng = np.random.default_rng(0)
    words = [rng.integers(0, 256, (h, w, 3)).astype(np.uint8) for h, w in ((30, 200), (128, 90), (500, 700))]
    pipelines = (seed_pipeline(seed=4), seed_pipeline(seed=4))
    outs = [[pipeline(image=word)["image"] for word in words] for pipeline in pipelines]
    for first, second in zip(*outs, strict=True):
        assert first.shape == (384, 384, 3) and first.dtype == np.uint8 and (first == second).all()
    assert seed_pipeline(64)(image=words[0])["image"].shape == (64, 64, 3)


@pytest.mark.parametrize("colour", [False, True])
def test_strong_pipeline_keeps_aspect_and_channels(draw: Callable, colour: bool) -> None:
    words = [draw(word, unit=unit).image for word, unit in (("bad", 12), ("on-page.", 30), (".", 9))] * 8
    words = [np.repeat(word[..., None], 3, axis=2) for word in words] if colour else words
    pipelines = (strong_pipeline(seed=3), strong_pipeline(seed=3))
    outs = [[pipeline(image=word)["image"] for word in words] for pipeline in pipelines]
    for word, first, second in zip(words, *outs, strict=True):
        assert np.array_equal(first, second) and first.ndim == word.ndim and first.dtype == np.uint8
        ratio = (first.shape[1] / first.shape[0]) / (word.shape[1] / word.shape[0])
        assert 0.5 < ratio < 2.2
    changed = {out.tobytes() for out in outs[0]}
    assert len(changed) == len(words)  # each its own


def test_strong_pipeline_takes_what_a_folder_may_hold() -> None:
    pipeline = strong_pipeline(seed=0)
    for shape in ((1, 1), (2, 90), (300, 4), (64, 1500), (20, 20, 3)):
        for value in (0, 128, 255):
            for _ in range(6):
                out = pipeline(image=np.full(shape, value, np.uint8))["image"]
                assert out.ndim == len(shape) and min(out.shape[:2]) >= 16

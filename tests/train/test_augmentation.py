"""The seed pipeline: its steps and their order, 384 x 384 out of any word, same seed same bytes."""

import albumentations as A
import numpy as np

from stackmix.train.augmentation import seed_pipeline


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

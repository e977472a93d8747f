"""Other paper: the writing stays where it was, paper and ink are others, channels stay."""

from collections.abc import Callable

import numpy as np
import pytest

from stackmix.layers import separate
from stackmix.train.papering import AnotherPaper


@pytest.mark.parametrize("colour", [False, True])
def test_ink_stays_and_paper_changes(draw: Callable, colour: bool) -> None:
    image = draw("on-page", unit=24).image
    given = np.repeat(image[..., None], 3, axis=2) if colour else image
    transform = AnotherPaper(papers=("lined",), inks=("blue",), p=1.0)
    transform.set_random_seed(2)
    found = transform(image=given)["image"]
    assert found.shape == given.shape and found.dtype == np.uint8
    before, after = separate(image).ink > 127, separate(found).ink > 127
    assert (before & after).sum() / (before | after).sum() > 0.8
    assert len(np.unique(found)) > 10 and not np.array_equal(found, transform(image=given)["image"])
    if colour:
        red, blue = found[before][:, 0].mean(), found[before][:, 2].mean()
        assert blue > red + 20

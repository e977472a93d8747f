"""Warping: nothing changes nothing, ink stays whole, aspect is kept, corners are paper."""

import numpy as np
import pytest

from stackmix.train.warping import LEAST, Warp, paper_colour


def still(**more: object) -> Warp:
    return Warp(**{"turn": 0, "lean": 0, "stretch": 0, "size": (1, 1), "wave": 0, "room": (0, 0), **more})  # type: ignore[arg-type]


def word(height: int = 40, width: int = 130, paper: int = 210) -> np.ndarray:
    image = np.full((height, width), paper, np.uint8)
    image[height // 4 : 3 * height // 4, 8:-8:9] = 20
    return image


@pytest.mark.parametrize("shape", [(40, 130), (40, 130, 3)])
def test_nothing_changes_nothing(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert np.array_equal(still()(image=image)["image"], image)


def test_room_is_paper_and_holds_the_whole_word() -> None:
    image = word()
    found = still(room=(0.5, 0.5))(image=image)["image"]
    assert found.shape == (80, 170) and np.array_equal(found[20:60, 20:150], image)
    assert (found[:20] == 210).all() and (found[:, :20] == 210).all()


def test_size_scales_both_sides_alike() -> None:
    found = still(size=(0.5, 0.5))(image=word())["image"]
    assert found.shape == (20, 65)
    assert still(size=(1.5, 1.5))(image=word())["image"].shape == (60, 195)


def test_leaned_ink_leans_and_stays_whole() -> None:
    image = np.full((60, 200), 255, np.uint8)
    image[10:50, 98:102] = 0
    warp = still(lean=20)
    warp.set_random_seed(3)
    found = warp(image=image)["image"]
    ink = 255 - found.astype(float)
    assert ink.sum() == pytest.approx((255 - image.astype(float)).sum(), rel=0.03)
    columns = [(row * np.arange(len(row))).sum() / row.sum() for row in ink if row.sum() > 500]
    drift = np.diff(columns)
    assert abs(drift.mean()) > 0.02 and drift.std() < 0.1


def test_any_image_has_room_for_marks_and_the_same_seed_is_the_same() -> None:
    for shape in ((1, 1), (3, 200), (200, 3), (5, 5, 3)):
        warp, again = Warp(), Warp()
        warp.set_random_seed(1)
        again.set_random_seed(1)
        image = np.full(shape, 230, np.uint8)
        found = warp(image=image)["image"]
        assert min(found.shape[:2]) >= LEAST and found.shape[2:] == shape[2:] and (found == 230).all()
        assert np.array_equal(found, again(image=image)["image"])


def test_paper_is_what_most_of_the_light_half_is() -> None:
    assert paper_colour(word()).tolist() == [210]
    assert paper_colour(np.full((4, 4, 3), (250, 240, 220), np.uint8)).tolist() == [250, 240, 220]

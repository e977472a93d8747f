"""The transforms: any size and dtype, same seed same bytes, nothing else touched, one-line errors."""

import json
import multiprocessing
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import albumentations as A
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stackmix.blots import HandWrittenBlot, InkSmear, PenTrail, StrikeThrough, TeacherMark
from stackmix.blots.laying import Box, Mark, lay
from stackmix.blots.sheet import sheet

ALL = (HandWrittenBlot, StrikeThrough, InkSmear, PenTrail, TeacherMark)


def written(height: int = 64, width: int = 200, channels: int | None = 3, dtype: type = np.uint8) -> NDArray[Any]:
    """Two words of stems and bars on paper."""
    image = np.full((height, width), 225, np.uint8)
    top, bottom = height // 3, 2 * height // 3
    for left, right in ((width // 10, width // 2 - 4), (width // 2 + 12, 9 * width // 10)):
        image[top:bottom, left:right:7] = image[top : top + 2, left:right] = image[bottom - 2 : bottom, left:right] = 40
    if channels is not None:
        image = np.repeat(image[..., None], channels, 2)
    return image if dtype == np.uint8 else (image / 255).astype(dtype)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("channels", [None, 1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_every_shape_and_dtype(kind: type, channels: int | None, dtype: type) -> None:
    image = written(channels=channels, dtype=dtype)
    before = image.copy()
    out = A.Compose([kind(p=1)], seed=3)(image=image)["image"]
    assert out.shape == image.shape and out.dtype == dtype and (image == before).all()
    assert (out != image).any()
    assert (A.Compose([kind(p=0)], seed=3)(image=image)["image"] == image).all()


def boxes_of(transform: Any) -> list[Box]:
    return [mark.box for mark in transform.get_applied_params()["marks"]]


def outside(shape: tuple[int, ...], boxes: list[Box]) -> NDArray[np.bool_]:
    found = np.ones(shape[:2], np.bool_)
    for left, top, right, bottom in boxes:
        assert left >= 0 and top >= 0 and right <= shape[1] and bottom <= shape[0]
        found[top:bottom, left:right] = False
    return found


def ranges(low: int, high: int, whole: bool = False) -> st.SearchStrategy[Any]:
    one: st.SearchStrategy[Any] = st.integers(low, high) if whole else st.floats(low, high, allow_subnormal=False)
    return one | st.tuples(one, one).map(lambda pair: tuple(sorted(pair)))


def noise(image: NDArray[Any], seed: int) -> NDArray[Any]:
    grain = np.random.default_rng(seed).random(image.shape)
    return (grain * (255 if image.dtype == np.uint8 else 1)).astype(image.dtype)


colors = st.just("ink") | st.integers(0, 255) | st.tuples(*[st.integers(0, 255)] * 3)
transforms = st.one_of(
    st.builds(
        HandWrittenBlot,
        x=st.none() | ranges(0, 100, True),
        y=st.none() | ranges(0, 100, True),
        h=st.none() | ranges(1, 100, True),
        w=st.none() | ranges(1, 100, True),
        incline=ranges(-50, 50),
        intensivity=ranges(1, 10).map(lambda v: tuple(x / 10 for x in v) if isinstance(v, tuple) else v / 10),
        transparency=ranges(0, 1),
        count=ranges(1, 3, True),
        color=colors,
        p=st.just(1),
    ),
    st.builds(StrikeThrough, words=ranges(1, 4, True), width=ranges(1, 20), color=colors, p=st.just(1)),
    st.builds(InkSmear, length=ranges(1, 30), opacity=ranges(0, 1), color=colors, p=st.just(1)),
    st.builds(
        PenTrail, count=ranges(1, 3, True), length=ranges(1, 90), width=ranges(1, 20), color=colors, p=st.just(1)
    ),
    st.builds(TeacherMark, width=ranges(1, 20), color=colors, p=st.just(1)),
)
sizes = st.integers(8, 20) | st.integers(8, 160)
images = st.builds(
    lambda height, width, channels, dtype, how, seed: {
        "written": lambda: written(height, width, channels, dtype),
        "noise": lambda: noise(written(height, width, channels, dtype), seed),
        "black": lambda: np.zeros_like(written(height, width, channels, dtype)),
        "white": lambda: np.full_like(written(height, width, channels, dtype), 255 if dtype == np.uint8 else 1),
    }[how](),
    sizes,
    sizes,
    st.sampled_from([None, 1, 3]),
    st.sampled_from([np.uint8, np.float32]),
    st.sampled_from(["written", "written", "noise", "black", "white"]),
    st.integers(0, 99),
)


@settings(max_examples=250, deadline=None)
@given(transforms, images, st.integers(0, 2**32 - 1))
def test_no_crash_and_no_change_outside_the_box(transform: Any, image: NDArray[Any], seed: int) -> None:
    before = image.copy()
    transform.set_random_seed(seed)
    out = transform(image=image)["image"]
    assert (image == before).all() and out.shape == image.shape and out.dtype == image.dtype
    assert np.isfinite(out).all() and out.min() >= 0 and out.max() <= (255 if image.dtype == np.uint8 else 1)
    same = outside(image.shape, boxes_of(transform))
    assert (out[same] == image[same]).all()
    transform.set_random_seed(seed)
    assert (transform(image=image)["image"] == out).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 60), st.integers(1, 60), st.integers(-8, 8))
def test_a_blot_stays_in_its_rectangle_and_its_incline(x: int, y: int, w: int, h: int, incline: int) -> None:
    blot = HandWrittenBlot(x, y, h, w, incline, p=1)
    blot.set_random_seed(1)
    blot(image=np.full((90, 80), 255, np.uint8))
    (left, top, right, bottom) = boxes_of(blot)[0]
    assert left >= x and right <= x + w and top >= y - abs(incline) and bottom <= y + h + abs(incline)


def test_a_blot_fills_its_rectangle_and_has_its_opacity() -> None:
    blot = HandWrittenBlot(20, 30, 80, 60, 0, 0.9, 0.25, color=(250, 0, 0), p=1)
    blot.set_random_seed(2)
    out = blot(image=np.full((200, 200, 3), 200, np.uint8))["image"]
    left, top, right, bottom = boxes_of(blot)[0]
    assert right - left > 45 and bottom - top > 60
    changed = (out != 200).any(axis=2)
    assert 0.3 < changed[top:bottom, left:right].mean() < 1
    assert out[..., 1].min() == 50 and out[..., 0].max() == round(0.25 * 200 + 0.75 * 250)


def test_count_is_a_number_or_a_range_whose_ends_are_drawn() -> None:
    assert HandWrittenBlot(count=3).count == (3, 3)
    blot = HandWrittenBlot(count=(1, 3), p=1)
    blot.set_random_seed(0)
    numbers = set()
    for _ in range(40):
        blot(image=written())
        numbers.add(len(boxes_of(blot)))
    assert numbers == {1, 2, 3}


def test_ink_takes_the_color_of_the_writing() -> None:
    image = written()
    image[image[..., 0] < 100] = (20, 40, 170)
    strike = StrikeThrough("double", p=1)
    strike.set_random_seed(0)
    strike(image=image)
    (mark,) = strike.get_applied_params()["marks"]
    assert isinstance(mark, Mark) and mark.color == pytest.approx((20, 40, 170), abs=1)


@pytest.mark.parametrize("kind", ["single", "double", "zigzag", "wave", "crossed"])
def test_a_strike_crosses_the_word_it_strikes(kind: str) -> None:
    image = written()
    strike = StrikeThrough(kind, words=2, p=1)
    for seed in range(10):
        strike.set_random_seed(seed)
        out = strike(image=image)["image"][..., 0]
        ((left, top, right, bottom),) = boxes_of(strike)
        assert left < 40 and right > 160 and 64 // 4 < (top + bottom) / 2 < 3 * 64 // 4
        assert ((out < image[..., 0]).any(axis=0)[30:90]).mean() > 0.6


def test_an_image_without_writing_is_not_struck_out_or_smeared() -> None:
    blank = np.full((40, 90, 3), 230, np.uint8)
    for transform in (StrikeThrough(p=1), InkSmear(p=1)):
        assert (transform(image=blank)["image"] == blank).all()


def test_the_same_seed_gives_the_same_bytes_in_any_worker() -> None:
    images_ = [written(40 + 3 * k, 150 + 11 * k) for k in range(6)]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        there = pool.map(marked, images_)
    assert all((a == marked(b)).all() for a, b in zip(there, images_, strict=True))


def marked(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return A.Compose([kind(p=0.8) for kind in ALL], seed=7)(image=image)["image"]


@pytest.mark.parametrize("kind", ALL)
def test_a_description_comes_back_as_the_same_transform(kind: type) -> None:
    changed = kind(color=(1, 2, 3), p=0.9) if kind is not HandWrittenBlot else kind(5, (1, 9), count=[2, 4], p=0.9)
    for transform in (kind(), changed):
        composed = A.Compose([transform], seed=5)
        described = json.loads(json.dumps(A.to_dict(composed)))
        again = A.from_dict(described)
        again.set_random_seed(5)
        assert A.to_dict(again)["transform"] == A.to_dict(composed)["transform"]
        image = written()
        assert (again(image=image)["image"] == composed(image=image)["image"]).all()


def test_a_replay_lays_the_same_marks() -> None:
    composed = A.ReplayCompose([kind(p=0.8) for kind in ALL])
    composed.set_random_seed(11)
    image = written()
    for _ in range(5):
        found = composed(image=image)
        assert (A.ReplayCompose.replay(found["replay"], image=image)["image"] == found["image"]).all()


def test_masks_boxes_and_key_points_are_left_alone() -> None:
    composed = A.Compose(
        [kind(p=1) for kind in ALL],
        bbox_params=A.BboxParams("pascal_voc", label_fields=["labels"]),
        keypoint_params=A.KeypointParams("xy"),
        seed=1,
        strict=True,
    )
    mask = np.random.default_rng(0).integers(0, 9, (64, 200)).astype(np.uint8)
    found = composed(image=written(), mask=mask, bboxes=[[3, 4, 50, 60]], labels=["a"], keypoints=[(7, 9)])
    assert (found["mask"] == mask).all() and found["labels"] == ["a"]
    assert np.allclose(found["bboxes"], [[3, 4, 50, 60]]) and np.allclose(found["keypoints"], [(7, 9)])


def test_a_batch_of_images_gets_the_same_marks() -> None:
    batch = np.stack([written(), written()])
    found = A.Compose([StrikeThrough(p=1)], seed=1)(images=batch)["images"]
    assert (found[0] == found[1]).all() and (found != batch).any()


@pytest.mark.parametrize(
    ("kind", "parameter", "value"),
    [
        (HandWrittenBlot, "h", (50, 20)),
        (HandWrittenBlot, "h", 0),
        (HandWrittenBlot, "w", (1.5, 3)),
        (HandWrittenBlot, "x", -3),
        (HandWrittenBlot, "x", 10**400),
        (HandWrittenBlot, "color", np.array([1, 2, 3])),
        (HandWrittenBlot, "y", "5"),
        (HandWrittenBlot, "incline", float("nan")),
        (HandWrittenBlot, "incline", (1, 2, 3)),
        (HandWrittenBlot, "intensivity", 1.5),
        (HandWrittenBlot, "intensivity", 0),
        (HandWrittenBlot, "transparency", (-0.1, 0.4)),
        (HandWrittenBlot, "count", (0, 3)),
        (HandWrittenBlot, "count", 2.5),
        (HandWrittenBlot, "count", True),
        (HandWrittenBlot, "color", (1, 2)),
        (HandWrittenBlot, "color", "blue"),
        (HandWrittenBlot, "color", (0, 0, 256)),
        (HandWrittenBlot, "p", 1.2),
        (StrikeThrough, "kinds", ("single", "triple")),
        (StrikeThrough, "kinds", ()),
        (StrikeThrough, "words", 0),
        (StrikeThrough, "width", -1),
        (InkSmear, "opacity", 2),
        (InkSmear, "length", 0),
        (PenTrail, "count", -1),
        (PenTrail, "width", "wide"),
        (TeacherMark, "kinds", "cross"),
        (TeacherMark, "p", None),
    ],
)
def test_a_wrong_parameter_is_named_with_its_value(kind: type, parameter: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{parameter} is ") as caught:
        kind(**{parameter: value})
    assert repr(value) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((7, 30), np.uint8),
        np.zeros((30, 30, 4), np.uint8),
        np.zeros((30, 30), np.float64),
        np.zeros((2, 30, 30, 3), np.uint8),
    ],
)
def test_a_wrong_image_is_named(image: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="an image of"):
        lay(image, [])


def test_the_sheet_shows_every_transform_three_times() -> None:
    grid = sheet(written(channels=None))
    assert grid.shape == (11 * (64 + 34), 3 * 280, 3)
    assert (sheet(written(channels=None)) == grid).all() and (sheet(written(channels=None), 1) != grid).any()


ASIDE = """
import socket, sys
def refuse(*_, **__): raise SystemExit("the network was asked")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
"""


def test_importing_asks_no_network_and_the_kernels_need_no_albumentations(tmp_path: Path) -> None:
    code = ASIDE + (
        "import stackmix.blots, stackmix.blots.functional, stackmix.blots.sprinkling\n"
        "assert 'albumentations' not in sys.modules\n"
        "from stackmix.blots import HandWrittenBlot\n"
        "assert 'albumentations' in sys.modules\n"
        "import stackmix.blots as b\n"
        "try: b.Nothing\n"
        "except AttributeError as e: print(e)\n"
    )
    clean = {k: v for k, v in os.environ.items() if k != "NO_ALBUMENTATIONS_UPDATE"}
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=clean)
    assert run.returncode == 0, run.stderr
    assert "Nothing" in run.stdout


def test_nothing_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in ALL:
            A.Compose([kind(p=1)], seed=1)(image=written())

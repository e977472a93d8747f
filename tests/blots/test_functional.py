"""Each kernel against a few lines of plain Python that say what it should do."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stackmix.blots import functional
from stackmix.blots.functional import PAD, bernstein, bezier, blend, clusters, drag, extent, smooth, stamp


def de_casteljau(points: NDArray[np.float64], t: float) -> NDArray[np.float64]:
    while len(points) > 1:
        points = (1 - t) * points[:-1] + t * points[1:]
    return points[0]


@pytest.mark.parametrize("degree", [1, 2, 7, 60, 913])
@pytest.mark.parametrize("count", [1, 2, 25])
def test_bezier_is_de_casteljaus(degree: int, count: int) -> None:
    points = np.random.default_rng(degree).uniform(0, 100, (degree + 1, 2)).astype(np.float32)
    weights, starts = bernstein(degree, count, 0.01, 0.97)
    path = np.full((count, 4), 7, np.float32)
    bezier(np.ascontiguousarray(points.T), weights, starts, path)
    expected = [de_casteljau(points.astype(np.float64), t) for t in np.linspace(0.01, 0.97, count)]
    assert np.abs(path[:, :2] - expected).max() < 0.1  # of a box of 100: what is negligible is left out
    assert (path[:, 2:] == 7).all()


def test_the_band_of_a_bernstein_matrix_is_a_small_part_of_it_and_sums_to_one() -> None:
    weights, starts = bernstein(720, 100, 0.01, 0.97)
    assert weights.shape[1] < 150 and (starts + weights.shape[1] <= 721).all()
    assert np.allclose(weights.sum(axis=1), 1, atol=1e-5)
    t, k = np.linspace(0.01, 0.97, 100)[60], int(starts[60]) + 40
    assert weights[60, 40] == pytest.approx(math.comb(720, k) * t**k * (1 - t) ** (720 - k), rel=0.01)


def test_clusters_alternate_between_the_sides() -> None:
    rng = np.random.default_rng(0)
    chances = rng.random((2, 300), np.float32)
    ends, noise = np.array([1, 60, 130, 200, 300]), chances.copy()
    clusters(ends, noise, 200.0, 90.0, 18.0, 5.0)
    cluster = np.searchsorted(ends, np.arange(300), "right")
    for k in range(1, 300):
        i, (u, v) = cluster[k], chances[:, k]
        left = i % 2 == 0
        x = (2 if left else 160) + 38 * u
        y = 18 * (i + v) + (5 if left else -5)
        assert noise[:, k] == pytest.approx((x, y), rel=1e-5)
    assert noise[:, 0] == pytest.approx((200 * chances[0, 0], 90 * chances[1, 0]))


def hermite(knots: NDArray[np.float32], number: int) -> NDArray[np.float64]:
    """Many points x, y of the cubic Hermite spline whose tangent at a knot is half the way between its neighbours."""
    p = knots[:, :2].astype(np.float64)
    tangents = (np.concatenate([p[1:], p[-1:]]) - np.concatenate([p[:1], p[:-1]])) / 2
    t = np.linspace(0, 1, number)[:, None]
    found = []
    for k in range(len(p) - 1):
        sides = (1 + 2 * t) * (1 - t) ** 2 * p[k] + t**2 * (3 - 2 * t) * p[k + 1]
        found.append(sides + t * (1 - t) ** 2 * tangents[k] + t**2 * (t - 1) * tangents[k + 1])
    return np.concatenate(found)


def distances(points: NDArray[np.float64], path: NDArray[np.float32]) -> NDArray[np.float64]:
    """How far each point is from the nearest straight line of a path."""
    start, step = path[:-1, :2].astype(np.float64), np.diff(path[:, :2].astype(np.float64), axis=0)
    away = points[:, None] - start
    t = np.clip((away * step).sum(2) / np.maximum((step**2).sum(1), 1e-12), 0, 1)
    return np.hypot(*(away - t[..., None] * step).transpose(2, 0, 1)).min(axis=1)


strides = st.lists(st.tuples(st.floats(25, 60), st.floats(-40, 40, allow_subnormal=False)), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(strides)
def test_smooth_stays_close_to_the_spline(steps: list[tuple[float, float]]) -> None:
    knots = np.ones((len(steps) + 1, 4), np.float32)
    knots[0, :2], knots[1:, :2] = 5, 5 + np.cumsum(steps, axis=0)
    path = smooth(knots)
    assert distances(hermite(knots, 30), path).max() < 1.5 * functional.FLAT  # chords of a piece turn a little
    assert len(path) < 2 + np.hypot(*np.diff(knots[:, :2], axis=0).T).sum() / 3


def test_smooth_passes_through_its_knots() -> None:
    knots = np.array([[5, 5, 2, 1], [40, 9, 3, 0.5], [44, 60, 2, 0.8], [44, 60.5, 0.1, 0.1]], np.float32)
    path = smooth(knots)
    for knot in knots[:3]:
        assert np.abs(path - knot).sum(axis=1).min() < 1e-4
    assert path[-1] == pytest.approx((44, 60.5, functional.THINNEST, functional.PALEST))
    assert len(smooth(np.array([[0, 0, 1, 1], [10, 20, 1, 1]], np.float32))) == 2  # straight: one line is enough
    on_the_spot = np.array([[5, 5, 2, 1], [5, 5, 2, 1], [90, 5, 2, 1]], np.float32)
    assert np.isfinite(smooth(on_the_spot)).all()


def slow_stamp(shape: tuple[int, int], path: NDArray[np.float32], column: int, row: int) -> NDArray[np.float64]:
    """Every pixel against every segment."""
    covered = np.zeros(shape)
    for (x0, y0, w0, s0), (x1, y1, w1, s1) in zip(path[:-1].tolist(), path[1:].tolist(), strict=True):
        for y in range(shape[0]):
            for x in range(shape[1]):
                px, py, dx, dy = x + column - x0, y + row - y0, x1 - x0, y1 - y0
                t = min(1.0, max(0.0, (px * dx + py * dy) / (dx * dx + dy * dy))) if dx or dy else 0.0
                inside = (w0 + t * (w1 - w0)) / 2 + 0.5 - math.hypot(px - t * dx, py - t * dy)
                covered[y, x] = max(covered[y, x], min(1.0, max(0.0, inside)) * (s0 + t * (s1 - s0)))
    return 255 * covered


paths = st.lists(
    st.tuples(*[st.floats(-10, 50, allow_subnormal=False)] * 2, st.floats(0.6, 9), st.floats(0.3, 1)),
    min_size=2,
    max_size=5,
).map(lambda rows: np.array(rows, np.float32))


@settings(max_examples=60, deadline=None)
@given(paths, st.integers(1, 20), st.sampled_from([PAD, 2 * PAD]), st.integers(-9, 9), st.integers(-9, 9))
def test_stamp_covers_what_lies_inside_the_pen(
    path: NDArray[np.float32], height: int, width: int, column: int, row: int
) -> None:
    mask = np.zeros((height, width), np.uint8)
    stamp(mask, path, column, row)
    assert np.abs(mask - slow_stamp(mask.shape, path, column, row)).max() <= 1.01


def test_a_stamp_leaves_what_is_darker() -> None:
    path = np.array([[0, 4, 3, 0.5], [15, 4, 3, 0.5]], np.float32)
    mask = np.full((9, PAD), 200, np.uint8)
    stamp(mask, path, 0, 0)
    assert (mask == 200).all()


@settings(max_examples=60, deadline=None)
@given(paths)
def test_all_ink_lies_in_the_extent(path: NDArray[np.float32]) -> None:
    mask = np.zeros((100, 7 * PAD), np.uint8)
    stamp(mask, path, -25, -25)
    left, top, right, bottom = extent(path)
    mask[top + 25 : bottom + 25, left + 25 : right + 25] = 0
    assert not mask.any()


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("place", [(0, 0), (13, 5), (30, 20)])
def test_blend_is_the_weighted_mean_of_paper_and_ink(dtype: type, channels: int, place: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (33, 47, channels)).astype(dtype)
    if dtype == np.float32:
        image /= 255
    mask = (rng.integers(0, 256, (12, 2 * PAD)) * (rng.random((12, 2 * PAD)) < 0.3)).astype(np.uint8)
    color = np.array([200, 30, 90][:channels], np.float32) / (1 if dtype == np.uint8 else 255)
    out, (x, y) = image.copy(), place
    blend(out, mask, x, y, color, 0.7)
    expected = image.astype(np.float64)
    there = expected[y : y + 12, x : x + 2 * PAD]
    there += (color - there) * (0.7 * mask[: there.shape[0], : there.shape[1], None] / 255)
    assert np.abs(out - expected).max() <= (0.51 if dtype == np.uint8 else 1e-6)
    assert out.dtype == dtype


@pytest.mark.parametrize("slope", [0.0, 0.3, -1.0])
def test_drag_fades_by_the_same_share_every_column(slope: float) -> None:
    rng = np.random.default_rng(4)
    ink = (rng.integers(0, 256, (11, 23)) * (rng.random((11, 23)) < 0.2)).astype(np.uint8)
    expected = np.zeros((11, 23))
    for y in range(11):
        for x in range(23):
            for back in range(x + 1):  # ink that started `back` columns before, higher by what it fell since
                rows = [y - (round(slope * x) - round(slope * (x - b))) for b in range(back + 1)]
                if all(0 <= row < 11 for row in rows):
                    expected[y, x] = max(expected[y, x], ink[rows[-1], x - back] * 0.8**back)
    assert np.abs(drag(ink, slope, 0.8) - expected).max() < 1e-3

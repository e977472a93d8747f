"""The camera: points go where pixels go, and come back."""

import cv2
import numpy as np
import pytest

from stackmix import camera

SHEET, PHOTO = (900, 700), (800, 620)


@pytest.fixture(params=range(6))
def seen(request: pytest.FixtureRequest) -> camera.Camera:
    rng = np.random.default_rng(request.param)
    return camera.draw(SHEET, PHOTO, [350.0] if request.param % 2 else [], 0.86, rng)


def test_points_come_back(seen: camera.Camera) -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform((0, 0), SHEET[::-1], (200, 2))
    np.testing.assert_allclose(seen.to_sheet(seen.to_photo(points)), points, atol=2e-2)


def test_dots_lie_where_their_points_go(seen: camera.Camera) -> None:
    """Dots on a sheet, found in the photo by their centre of mass, against the mapped points."""
    places = np.array([(x, y) for x in range(60, 680, 77) for y in range(60, 880, 83)])
    sheet = np.zeros((*SHEET, 3), np.uint8)
    for x, y in places.tolist():
        sheet[y - 3 : y + 3, x - 3 : x + 3] = 255  # its centre is the corner of four pixels, (x, y)
    photo = camera.photographed(sheet, camera.net(seen), np.zeros((*PHOTO, 3), np.uint8))[..., 0].astype(float)
    points = seen.to_photo(places)
    for x, y in points.tolist():
        left, top = round(x) - 8, round(y) - 8
        part = photo[top : top + 16, left : left + 16]
        rows, columns = np.mgrid[top : top + 16, left : left + 16] + 0.5
        assert part.sum() > 0
        assert abs((columns * part).sum() / part.sum() - x) < 0.15
        assert abs((rows * part).sum() / part.sum() - y) < 0.15


def test_the_net_is_exact_at_every_pixel(seen: camera.Camera) -> None:
    found = camera.net(seen)
    rows, columns = np.mgrid[0 : PHOTO[0] : 7, 0 : PHOTO[1] : 7]
    points = np.column_stack([columns.ravel() + 0.5, rows.ravel() + 0.5])
    exact = seen.to_sheet(points)
    mine = np.column_stack([found.x[rows.ravel(), columns.ravel()], found.y[rows.ravel(), columns.ravel()]])
    assert np.abs(mine - exact).max() < 0.3 and np.abs(mine - exact).mean() < 0.02


def test_the_field_between_nodes_against_a_loop() -> None:
    field = np.random.default_rng(1).normal(size=(4, 5))
    for x, y in [(0, 0), (16, 16), (24, 8), (63, 47), (5, 41)]:
        j, i = min(x // 16, 3), min(y // 16, 2)
        u, v = x / 16 - j, y / 16 - i
        wanted = sum(field[i + b, j + a] * (u if a else 1 - u) * (v if b else 1 - v) for a in (0, 1) for b in (0, 1))
        assert camera.at_nodes(field, np.array([(x, y)], float))[0] == pytest.approx(wanted)


def test_a_flat_sheet_is_a_plain_homography() -> None:
    own = camera.draw(SHEET, PHOTO, [], 0.86, np.random.default_rng(3))
    flat = own._replace(depth=np.zeros_like(own.depth))
    points = np.array([(10, 20), (600, 700)], np.float64)
    np.testing.assert_allclose(flat.to_photo(points), cv2.perspectiveTransform(points[None], own.plane)[0], atol=1e-3)
    places = np.array([(100.0, 100.0), (2e4, 5.0)])
    assert (camera.shading(flat, places, np.array([0.5, 0.2])) == 1).all()


def test_the_desk_is_not_shaded_and_a_valley_is() -> None:
    own = camera.draw(SHEET, PHOTO, [350.0], 0.86, np.random.default_rng(5))
    places = np.array([(-200.0, 300.0), (330.0, 450.0), (370.0, 450.0)])
    beside, left, right = camera.shading(own, places, np.array([0.6, 0.0]))
    assert beside == 1 and (left - 1) * (right - 1) < 0

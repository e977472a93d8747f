"""A camera over a sheet that is not quite flat: where each pixel of the photo comes from, and each point goes to.

The sheet is a relief: folds, the valley at a book's spine, slow waves. Seen from above, what lies lower comes nearer to
the middle and slips along the camera's tilt, both in proportion to its depth; a homography then turns the plane into
the photo's (Hartley and Zisserman 2004). Lit from one side, the relief's slopes are brighter or darker.

photo -> (inverse homography) -> plane -> (+ shift) -> sheet: pixels go this way, on a net, evenly between its nodes.
sheet -> plane: the same shift is taken back by fixed-point iteration, so polygons follow the pixels.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix.types import Image

NODE = 16  # pixels between the nodes of the relief
STEP = 8  # pixels between the nodes of the photo's net
DISTANCE = 1.3  # of the camera, in heights of the sheet
TILT = 0.18  # the most that it looks from the side, columns per pixel of depth
CORNER = 0.025  # of the photo's size: how far a corner strays
OVER = 0.012  # of its size: how far the sheet reaches beyond the photo at most


class Camera(NamedTuple):
    """plane: (3, 3) homography from the plane to the photo. depth: (h, w) pixels at the nodes of the sheet, downwards.
    middle, tilt: (2,) x, y. distance: pixels. size: (rows, columns) of the photo."""

    plane: NDArray[np.float64]
    depth: NDArray[np.float64]
    middle: NDArray[np.float64]
    tilt: NDArray[np.float64]
    distance: float
    size: tuple[int, int]

    def to_photo(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Where points (N, 2) of the sheet lie in the photo, in pixels from its corner."""
        target = np.asarray(points, np.float64)
        found = target
        for _ in range(12):
            found = target - self._shift(found)
        return cv2.perspectiveTransform(found[None], self.plane)[0].astype(np.float32)

    def to_sheet(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """The points (N, 2) of the sheet that are seen at points of the photo."""
        plane = cv2.perspectiveTransform(np.asarray(points, np.float64)[None], np.linalg.inv(self.plane))[0]
        return plane + self._shift(plane)

    def _shift(self, plane: NDArray[np.float64]) -> NDArray[np.float64]:
        depth = at_nodes(self.depth, plane)
        return depth[:, None] * ((plane - self.middle) / self.distance + self.tilt)


def at_nodes(field: NDArray[np.floating], points: NDArray[np.floating]) -> NDArray[np.float64]:
    """A field, known at every NODE-th pixel from the corner on, at points (N, 2), evenly between."""
    rows, columns = field.shape
    x = np.clip(points[:, 0] / NODE, 0, columns - 1.0)
    y = np.clip(points[:, 1] / NODE, 0, rows - 1.0)
    i, j = np.minimum(y.astype(np.int64), rows - 2), np.minimum(x.astype(np.int64), columns - 2)
    u, v = x - j, y - i
    upper = field[i, j] * (1 - u) + field[i, j + 1] * u
    return upper * (1 - v) + (field[i + 1, j] * (1 - u) + field[i + 1, j + 1] * u) * v


class Net(NamedTuple):
    """maps: x and y of the sheet for each pixel of the photo, (H, W) float32. nodes: (h, w, 2) the same at the net's
    nodes, the first of which lies half a cell before the photo's corner."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    nodes: NDArray[np.float64]


def net(camera: Camera) -> Net:
    """Where the photo's pixels come from, computed at every STEP-th of them."""
    rows, columns = (side // STEP + 3 for side in camera.size)
    x, y = (np.arange(count) * STEP - STEP / 2 for count in (columns, rows))
    points = np.stack(np.meshgrid(x, y), axis=2)
    nodes = camera.to_sheet(points.reshape(-1, 2)).reshape(rows, columns, 2)
    return Net(spread(nodes[..., 0], camera.size), spread(nodes[..., 1], camera.size), nodes)


def spread(nodes: NDArray[np.floating], size: tuple[int, int]) -> NDArray[np.float32]:
    """Values at a net's nodes, evenly over a photo's (rows, columns): pixel x lies at x + .5 from the corner."""
    # cv2 takes node i to lie at (i + .5) * STEP; ours lie a whole cell before that
    whole = cv2.resize(nodes.astype(np.float32), None, fx=STEP, fy=STEP, interpolation=cv2.INTER_LINEAR)
    return whole[STEP : STEP + size[0], STEP : STEP + size[1]]


def draw(
    sheet: tuple[int, int], photo: tuple[int, int], spines: list[float], zoom: float, rng: np.random.Generator
) -> Camera:
    """Draw a camera over a sheet of (rows, columns) that fills a photo of (rows, columns).

    spines: columns of the sheet where it is bound. zoom: pixels of the photo for one of the sheet.
    """
    height, width = sheet
    depth = relief(sheet, spines, rng)
    tilt = rng.uniform(-TILT, TILT, 2)
    size = zoom * np.array([width, height])
    start = (np.array(photo[::-1]) - size) / 2
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * size + start
    turn = rng.normal(0, 0.015)
    away = corners - np.array(photo[::-1]) / 2
    corners = corners + turn * np.column_stack([-away[:, 1], away[:, 0]])
    corners += rng.uniform(-CORNER, CORNER, (4, 2)) * photo[::-1]
    over = OVER * np.array(photo[::-1])
    corners = np.clip(corners, -over, np.array(photo[::-1]) + over).astype(np.float32)
    flat = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    plane = cv2.getPerspectiveTransform(flat, corners)
    return Camera(plane, depth, np.array([width, height]) / 2, tilt, DISTANCE * height, photo)


def relief(sheet: tuple[int, int], spines: list[float], rng: np.random.Generator) -> NDArray[np.float64]:
    """(h, w) depth of a sheet at its nodes in pixels: waves, the valleys at the spines, and at times folds."""
    height, width = sheet
    y, x = np.mgrid[0 : height + 2 * NODE : NODE, 0 : width + 2 * NODE : NODE].astype(np.float64)
    coarse = rng.normal(0, 1, (height // 500 + 4, width // 500 + 4))
    found = rng.uniform(2, 7) * cv2.resize(coarse, x.shape[::-1], interpolation=cv2.INTER_CUBIC)
    for spine in spines:
        reach = rng.uniform(0.05, 0.1) * height
        found += rng.uniform(0.2, 0.55) * reach * np.exp(-np.hypot(x - spine, NODE) / reach)
    for _ in range(rng.integers(1, 3) if rng.random() < 0.35 else 0):
        angle = rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.03)
        away_x, away_y = x - width * rng.uniform(0.3, 0.7), y - height * rng.uniform(0.3, 0.7)
        across = np.cos(angle) * away_x + np.sin(angle) * away_y
        reach = rng.uniform(0.03, 0.09) * height
        found += rng.choice([-1, 1]) * rng.uniform(0.04, 0.14) * reach * np.exp(-np.hypot(across, NODE) / reach)
    return found


def shading(camera: Camera, places: NDArray[np.float64], light: NDArray[np.float64]) -> NDArray[np.float64]:
    """How bright a relief is at places (..., 2) of the sheet, lit from the side; 1 beside the sheet.

    light: (2,) its lean from upright.
    """
    slopes = np.gradient(camera.depth, NODE)
    flat = places.reshape(-1, 2)
    found = 1 - sum(lean * at_nodes(slope, flat) for lean, slope in zip(light, slopes[::-1], strict=True))
    outside = ((flat < -NODE / 2) | (flat > 2 * camera.middle + NODE / 2)).any(axis=1)
    return np.where(outside, 1.0, found).reshape(places.shape[:-1])


def photographed(sheet: Image, found: Net, desk: Image) -> Image:
    """The sheet (h, w, 3) as the photo has it, laid on a desk of the photo's size, in place."""
    # pixel k of the sheet has its centre at k + .5
    half = np.float32(0.5)
    return cv2.remap(
        sheet, found.x - half, found.y - half, cv2.INTER_LINEAR, dst=desk, borderMode=cv2.BORDER_TRANSPARENT
    )

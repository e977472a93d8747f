"""Labels of a map become polygons: the outer outline of each, simplified, never crossing or touching itself.

An outline goes through the middles of the sides of a label's outermost pixels. Two pixels that share only a corner are
not one part, so two ways through that corner never meet in it. Simplifying (Ramer 1972, Douglas and Peucker 1973) can
make a line cross itself: it is then done with half the tolerance.
"""

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

Labels = NDArray[np.int32]
TOLERANCE = 1.0  # pixels that a simplified outline may be off


def outlines(labels: Labels, tolerance: float = TOLERANCE) -> dict[int, NDArray[np.float32]]:
    """The simplified outer outline of the largest part of each label, (N, 2) float32, in pixels from the page's corner.

    It goes through the middles of the pixels' outer sides, so it neither crosses nor touches itself.
    """
    boxes = _boxes(labels, int(labels.max(initial=0)))
    found = {}
    for label, (y0, x0, y1, x1) in enumerate(boxes.tolist()):
        if label and y1:
            mask = _largest(labels[y0:y1, x0:x1] == label)
            line = _trace(np.pad(mask, 1))
            found[label] = (simplify(line, tolerance) + np.array([x0 - 1, y0 - 1])).astype(np.float32)
    return found


@njit(cache=True, nogil=True)
def _boxes(labels: Labels, count: int) -> NDArray[np.int64]:
    """(count + 1, 4) first row and column and end row and column of each label, end 0 where it is nowhere."""
    boxes = np.zeros((count + 1, 4), np.int64)
    boxes[:, :2] = max(labels.shape)
    for y in range(labels.shape[0]):
        for x in range(labels.shape[1]):
            if labels[y, x]:
                own = boxes[labels[y, x]]
                own[0], own[1] = min(own[0], y), min(own[1], x)
                own[2], own[3] = max(own[2], y + 1), max(own[3], x + 1)
    return boxes


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """1 on the largest part of a mask whose pixels hang together by their sides."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count == 2:
        return mask.astype(np.uint8)
    return (parts == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()).astype(np.uint8)


@njit(cache=True, nogil=True)
def _trace(mask: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(N, 2) middles of the sides around the one part of a mask with a border of 0, with the part on the right."""
    width, start = mask.shape[1], 0
    while mask[start // width, start % width] == 0:
        start += 1
    y, x, way = start // width, start % width, 0  # along the upper side of a pixel to the right; ways turn clockwise
    dx, dy = np.array([1, 0, -1, 0]), np.array([0, 1, 0, -1])
    points = np.empty((4 * int(mask.sum()), 2))
    count = 0
    while True:
        out = (way + 3) % 4  # from the pixel over the side that is followed
        points[count, 0], points[count, 1] = x + 0.5 + 0.5 * dx[out], y + 0.5 + 0.5 * dy[out]
        count += 1
        if mask[y + dy[way], x + dx[way]] == 0:
            way = (way + 1) % 4
        else:
            y, x = y + dy[way], x + dx[way]
            if mask[y + dy[out], x + dx[out]]:
                y, x, way = y + dy[out], x + dx[out], out
        if y * width + x == start and way == 0:
            return points[:count]


def simplify(line: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    """A closed line with fewer points, within a tolerance where that doesn't cross itself, else a smaller one.

    line: (N, 2) without crossings (Douglas and Peucker 1973 can make some).
    """
    while tolerance > 0.05:
        short = cv2.approxPolyDP(line.astype(np.float32)[:, None], tolerance, True)[:, 0].astype(np.float64)
        if len(short) >= 3 and not crosses(short):
            return short
        tolerance /= 2
    return line


@njit(cache=True, nogil=True)
def _side(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> float:
    """Twice the area of a triangle, positive where c lies right of the way from a to b."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


@njit(cache=True, nogil=True)
def _within(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> bool:
    """Whether c, on the line through a and b, lies between them."""
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])


@njit(cache=True, nogil=True)
def crosses(polygon: NDArray[np.float64]) -> bool:
    """Whether two sides of a polygon (N, 2) meet anywhere but in the corner between them."""
    count = len(polygon)
    for i in range(count):
        a, b = polygon[i], polygon[(i + 1) % count]
        for j in range(i + 1, count):
            c, d = polygon[j], polygon[(j + 1) % count]
            if j == i + 1 or (j + 1) % count == i:  # neighbours: only folded back on each other
                far, near = (d, b) if j == i + 1 else (c, a)
                back = a if j == i + 1 else b
                along = (far[0] - near[0]) * (back[0] - near[0]) + (far[1] - near[1]) * (back[1] - near[1])
                if _side(near, far, back) == 0 and along >= 0:
                    return True
                continue
            s, t, u, v = _side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b)
            if s * t < 0 and u * v < 0:
                return True
            if (
                (s == 0 and _within(a, b, c))
                or (t == 0 and _within(a, b, d))
                or (u == 0 and _within(c, d, a))
                or (v == 0 and _within(c, d, b))
            ):
                return True
    return False

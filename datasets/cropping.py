"""Cut a word or line out of a page along its polygon; what lies outside it becomes paper, as bright as the paper there.

Black outside a polygon, the usual way, is an edge darker than any ink, and neighbours' ink in its place would be read.
The paper is estimated as a background is under text: the mean of the bright pixels nearby (the brighter class of Otsu
1979), by one box blur of the pixels over one of their weights.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix import images
from stackmix.types import Image

CLOSE = 0.05  # share of bright pixels in the window below which the whole cut's paper is taken
FAR = 1_000_000  # pixels beyond which a corner is drawn in, so that it fits an integer
COARSE = 4  # pixels to one of the estimate, which changes slowly


def cut(page: Image, polygon: NDArray[np.float32], margin: int = 0) -> Image:
    """The box of a polygon (N, 2) with `margin` pixels around it, clipped to the page; empty where nothing lies there.

    What is further than the margin from the polygon becomes paper.
    """
    height, width = page.shape[:2]
    left, top = np.clip(np.floor(polygon.min(axis=0)) - margin, 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(polygon.max(axis=0)) + margin, 0, (width, height)).astype(int)
    crop = page[top:bottom, left:right]
    if not crop.size:
        return crop
    inside = np.zeros(crop.shape[:2], np.uint8)
    corners = np.clip(np.rint(polygon - (left, top)), -FAR, FAR)
    cv2.fillPoly(inside, [corners.astype(np.int32)], 255)
    if margin:
        cv2.polylines(inside, [corners.astype(np.int32)], True, 255, thickness=2 * margin)
    if not inside.any():  # only its box reaches the page
        return crop[:0, :0]
    return crop if inside.all() else cv2.copyTo(crop, inside, paper(crop, inside))


def paper(crop: Image, inside: Image) -> Image:
    """The paper at each pixel of a crop, of its shape, as the bright pixels around it have it; inside: a mask."""
    grey = images.grey(crop)
    threshold, _ = cv2.threshold(grey[inside > 0].reshape(1, -1), 0, 255, cv2.THRESH_OTSU)
    _, bright = cv2.threshold(grey, threshold, 255, cv2.THRESH_BINARY)
    bright = cv2.erode(bright, np.ones((3, 3), np.uint8))  # strokes have soft edges
    if not bright.any():
        bright = inside
    height, width = (max(1, side // COARSE) for side in grey.shape)
    weight = cv2.resize(bright, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    values = cv2.resize(cv2.copyTo(crop, bright), (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    usual = values.sum(axis=(0, 1)) / max(float(weight.sum()), 1e-6)
    window = (max(5, height | 1), max(5, height // 2 | 1))
    near, mean = cv2.blur(weight, window), cv2.blur(values, window)
    near, trust = (a if crop.ndim == 2 else a[..., None] for a in (np.maximum(near, CLOSE), near > CLOSE))
    found = np.where(trust, mean / near, usual)
    coarse = np.clip(np.rint(found), 0, 255).astype(np.uint8)
    return cv2.resize(coarse, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)

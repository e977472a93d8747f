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


def cut(page: Image, polygon: NDArray[np.float32]) -> Image:
    """The box of a polygon (N, 2), clipped to the page; empty where it has no area on it."""
    height, width = page.shape[:2]
    left, top = np.clip(np.floor(polygon.min(axis=0)), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(polygon.max(axis=0)), 0, (width, height)).astype(int)
    crop = page[top:bottom, left:right]
    if not crop.size:
        return crop
    inside = np.zeros(crop.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.rint(polygon - (left, top)).astype(np.int32)], 1)
    if inside.all():
        return crop
    within = inside.astype(bool)
    return np.where(within if crop.ndim == 2 else within[..., None], crop, paper(crop, within))


def paper(crop: Image, inside: NDArray[np.bool_]) -> Image:
    """The paper at each pixel of a crop, of its shape, as the bright pixels around it have it."""
    grey = images.grey(crop)
    threshold, _ = cv2.threshold(grey[inside].reshape(1, -1), 0, 255, cv2.THRESH_OTSU)
    bright = (grey > threshold).astype(np.uint8)
    bright = cv2.erode(bright, np.ones((3, 3), np.uint8)) if min(grey.shape) > 2 else bright  # no soft edges of strokes
    values = crop[bright.astype(bool)] if bright.any() else crop[inside]
    usual = np.median(values, axis=0)
    size = max(15, grey.shape[0] // 2 * 2 + 1)
    weight = cv2.blur(bright.astype(np.float32), (size, size))
    mean = cv2.blur(crop.astype(np.float32) * (bright if crop.ndim == 2 else bright[..., None]), (size, size))
    near = weight > CLOSE
    divided = mean / np.maximum(weight, CLOSE).reshape(weight.shape + (1,) * (crop.ndim - 2))
    chosen = np.where(near if crop.ndim == 2 else near[..., None], divided, usual)
    return np.clip(np.rint(chosen), 0, 255).astype(np.uint8)

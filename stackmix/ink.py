"""Ink apart from paper: what is written, 0 on paper to 255 at the darkest, whatever the paper's brightness."""

from functools import lru_cache

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix import images
from stackmix.types import Image

FLOOR = 0.15  # of the darkest ink: paler marks are taken for paper
DARKEST = 0.005  # share of an image's pixels that are as dark as ink gets


def ink_of(image: Image) -> Image:
    """(H, W) uint8 ink of an image: its paper, the bright envelope of the grey values, is divided out.

    The envelope is a closing wider than a stroke, then a blur.
    """
    shade = images.grey(image)
    reach = max(15, shade.shape[0] // 2) | 1  # a lone full stop, too, must lie within its paper
    if all_white(shade, reach):
        return cv2.LUT(shade, _table(_darkest(shade)))
    square = np.ones((reach, reach), np.uint8)
    paper = cv2.blur(cv2.morphologyEx(shade, cv2.MORPH_CLOSE, square), (reach, reach))
    share = shade.astype(np.float32) / np.maximum(paper, 1)
    return _inked(share, _quantile(share.ravel(), DARKEST))


def _inked(share: NDArray[np.floating], darkest: float) -> NDArray[np.uint8]:
    """Ink of the share of light that comes back, scaled so that the darkest becomes 255."""
    top = max(1.0 - darkest, 0.1)
    return np.clip((1.0 - share - FLOOR * top) * (255.0 / ((1 - FLOOR) * top)), 0, 255).astype(np.uint8)


@njit(cache=True, nogil=True)
def _quantile(values: NDArray[np.float32], share: float) -> float:
    """np.quantile for a small share of values of about 0..1: only the lowest of 256 steps are sorted."""
    place = (len(values) - 1) * share
    first = int(place)
    counts = np.zeros(256, np.int64)
    for value in values:
        counts[min(int(value * 256), 255)] += 1
    step, so_far = 0, counts[0]
    while so_far < min(first + 2, len(values)):
        step += 1
        so_far += counts[step]
    least = np.empty(so_far, np.float32)
    count = 0
    for value in values:
        if min(int(value * 256), 255) <= step:
            least[count] = value
            count += 1
    least.sort()
    lower, upper = least[first], least[min(first + 1, len(values) - 1)]
    return lower + (upper - lower) * (place - first)


@lru_cache(maxsize=256)
def _table(darkest: int) -> NDArray[np.uint8]:
    """(256,) ink of each grey value on white paper."""
    return _inked(np.arange(256) / 255, darkest / 255)


@njit(cache=True, nogil=True)
def _darkest(shade: Image) -> int:
    """The grey value that a share DARKEST of the pixels reach."""
    counts = np.zeros(256, np.int64)
    for row in shade:
        for value in row:
            counts[value] += 1
    wanted, so_far = DARKEST * shade.size, 0
    for value in range(256):
        so_far += counts[value]
        if so_far >= wanted:
            return value
    return 255


@njit(cache=True, nogil=True)
def all_white(shade: Image, tile: int) -> bool:
    """Whether every tile of an image has a pure white pixel: then its paper is white, with nothing to divide out."""
    height, width = shade.shape
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            white = False
            for y in range(top, min(top + tile, height)):
                for x in range(left, min(left + tile, width)):
                    if shade[y, x] == 255:
                        white = True
                        break
                if white:
                    break
            if not white:
                return False
    return True

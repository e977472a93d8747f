"""Take the ink off the paper: how much ink covers each pixel, and what the paper looks like under it.

image = paper * (1 - cover * (1 - ink)), as in `stackmix.rendering`. The paper begins as the bright envelope of the
image, closed over strokes. Ruling is what is dark along a whole line of the image, a little tilted, and paler than ink:
the median over short stretches of every row and column (`stackmix.ruling`), carried on under the writing. What is left
is corrected by the paper seen nearby. Of the light that is then missing the ink takes what has its colour; it begins
where it is dark and goes on into paler strokes that hang on to it, so stains without such a core stay paper.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.ruling import CAP, lines_across
from stackmix.types import Image

PASSES = 2  # the second finds what the first leaves of lines as dark as ink
REACH = (15, 61)  # pixels: what is dark over less than this, between these bounds half the height, lies on the paper
NEAR = 15  # pixels: paper is corrected by what is seen within half of this
PALEST = 0.1  # light that ink takes at least
CORE, FAINT = 0.55, 0.25  # of the ink's usual cover: a stroke has some of the one and ends at the other
FULL = 0.9  # share of the inked pixels that cover less than all
FRINGE = 0.06  # cover less than this is noise


class Layers(NamedTuple):
    """ink: (H, W) uint8 cover, 0 none..255 all. paper: (H, W) or (H, W, 3) uint8, as the image. colour: (1,) or (3,)
    uint8, the ink on white paper."""

    ink: NDArray[np.uint8]
    paper: NDArray[np.uint8]
    colour: NDArray[np.uint8]


def separate(image: Image) -> Layers:
    """The ink and the paper of a photo or scan (H, W) or (H, W, 3) of a word, a line or a page."""
    seen = image if image.ndim == 3 else image[..., None]
    seen = np.ascontiguousarray(seen)
    under = _envelope(image).reshape(seen.shape).astype(np.float32)
    takes = _ink_takes(seen, under)
    cover = _covered(seen, under, takes)
    for _ in range(PASSES):
        ruling = _ruling(cover)
        if not ruling.size:
            break
        _print(seen, under, cover, ruling)
        takes = _ink_takes(seen, under)
        cover = _covered(seen, under, takes)
    _correct(seen, under, cover)
    cover = _covered(seen, under, takes)
    kept = _kept(cover)
    inked = np.sort(cover[kept]) if kept.any() else np.ones(1)
    full = max(float(inked[int(FULL * (len(inked) - 1))]), 0.3)
    ink = _scaled(cover, cv2.dilate(kept.view(np.uint8), np.ones((3, 3), np.uint8)), full)
    colour = np.clip(255 * (1 - takes * full), 0, 255).astype(np.uint8)
    paper = _paper(seen, under, ink)
    return Layers(ink, paper.reshape(image.shape), colour)


def _envelope(image: Image) -> Image:
    """The image closed over all that is dark and narrow."""
    reach = min(max(REACH[0], image.shape[0] // 2), REACH[1]) | 1
    soft = cv2.blur(image, (3, 3))
    closed = cv2.morphologyEx(soft, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    return cv2.blur(closed, (5, 5))


@njit(cache=True, nogil=True)
def _ink_takes(seen: NDArray[np.uint8], under: NDArray[np.float32]) -> NDArray[np.float32]:
    """(C,) share of the light that the ink takes: the mean over the darker part of what is dark."""
    height, width, channels = seen.shape
    counts = np.zeros(256, np.int64)
    dark = np.empty((height, width), np.uint8)
    for y in range(height):
        for x in range(width):
            missing = np.float32(0)
            for c in range(channels):
                missing += 1 - seen[y, x, c] / max(under[y, x, c], np.float32(1))
            dark[y, x] = np.uint8(min(max(missing / channels * 255, 0), 255))
            counts[dark[y, x]] += 1
    darkest, left = 255, height * width // 200
    while darkest > 0 and left >= counts[darkest]:
        left -= counts[darkest]
        darkest -= 1
    least = max(0.65 * darkest, PALEST * 255)
    total, found = 0, np.zeros(channels, np.float32)
    for y in range(height):
        for x in range(width):
            if dark[y, x] >= least:
                total += 1
                for c in range(channels):
                    found[c] += 1 - seen[y, x, c] / max(under[y, x, c], np.float32(1))
    if total == 0:
        found[:] = 0.5
        return found
    for c in range(channels):
        found[c] = max(found[c] / total, np.float32(0.02))
    return found


@njit(cache=True, nogil=True)
def _covered(seen: NDArray[np.uint8], under: NDArray[np.float32], takes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) cover by which ink that takes so much light explains each pixel best."""
    height, width, channels = seen.shape
    weight = takes / (takes * takes).sum()
    found = np.zeros((height, width), np.float32)
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                found[y, x] += weight[c] * (1 - seen[y, x, c] / max(under[y, x, c], np.float32(1)))
    return found


def _ruling(cover: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) darkness of level and upright lines, (0, 0) where there are none."""
    level, upright = lines_across(cover), lines_across(cv2.transpose(cover))
    if not upright.size:
        return level
    return np.maximum(level, upright.T) if level.size else cv2.transpose(upright)


@njit(cache=True, nogil=True)
def _print(
    seen: NDArray[np.uint8],
    under: NDArray[np.float32],
    cover: NDArray[np.float32],
    ruling: NDArray[np.float32],
) -> None:
    """Lay ruling (H, W) on the paper, in its own colour."""
    height, width, channels = seen.shape
    mass, colour = np.float32(1e-6), np.zeros(channels, np.float32)
    for y in range(height):
        for x in range(width):
            if ruling[y, x] > 0.05 and cover[y, x] < CAP:
                mass += ruling[y, x]
                for c in range(channels):
                    colour[c] += 1 - seen[y, x, c] / max(under[y, x, c], np.float32(1))
    if mass < 1:
        return
    for c in range(channels):
        colour[c] = max(colour[c] / mass, np.float32(0))
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                under[y, x, c] *= 1 - min(ruling[y, x] * colour[c], np.float32(0.9))


def _correct(seen: NDArray[np.uint8], under: NDArray[np.float32], cover: NDArray[np.float32]) -> None:
    """Bring the paper to what is seen nearby where no ink lies."""
    free = cv2.erode((cover < FAINT).view(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    ratio = _ratio(seen, under, free)
    square = (NEAR, NEAR)
    total = cv2.boxFilter(ratio, -1, square, normalize=False).reshape(seen.shape)
    count = cv2.boxFilter(free, -1, square, normalize=False)
    _scale(under, total, count)


@njit(cache=True, nogil=True)
def _ratio(seen: NDArray[np.uint8], under: NDArray[np.float32], free: NDArray[np.float32]) -> NDArray[np.float32]:
    found = np.zeros(under.shape, np.float32)
    for y in range(under.shape[0]):
        for x in range(under.shape[1]):
            if free[y, x]:
                for c in range(under.shape[2]):
                    found[y, x, c] = seen[y, x, c] / max(under[y, x, c], np.float32(1))
    return found


@njit(cache=True, nogil=True)
def _scale(under: NDArray[np.float32], total: NDArray[np.float32], count: NDArray[np.float32]) -> None:
    for y in range(under.shape[0]):
        for x in range(under.shape[1]):
            if count[y, x] > 0.5:
                for c in range(under.shape[2]):
                    under[y, x, c] *= total[y, x, c] / count[y, x]


def _kept(cover: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which pixels are strokes: those that hang together with a dark core."""
    count, labels = cv2.connectedComponents((cover > FAINT).view(np.uint8), connectivity=8)
    return _with_core(labels, cover, count)


@njit(cache=True, nogil=True)
def _with_core(labels: NDArray[np.int32], cover: NDArray[np.float32], count: int) -> NDArray[np.bool_]:
    dark = np.zeros(count, np.bool_)
    for y in range(cover.shape[0]):
        for x in range(cover.shape[1]):
            if labels[y, x] and cover[y, x] > CORE:
                dark[labels[y, x]] = True
    found = np.empty(cover.shape, np.bool_)
    for y in range(cover.shape[0]):
        for x in range(cover.shape[1]):
            found[y, x] = dark[labels[y, x]]
    return found


@njit(cache=True, nogil=True)
def _scaled(cover: NDArray[np.float32], near: NDArray[np.uint8], full: float) -> NDArray[np.uint8]:
    found = np.zeros(cover.shape, np.uint8)
    for y in range(cover.shape[0]):
        for x in range(cover.shape[1]):
            if near[y, x] and cover[y, x] > FRINGE:
                found[y, x] = np.uint8(min(255 * cover[y, x] / full, 255) + 0.5)
    return found


def _paper(seen: NDArray[np.uint8], under: NDArray[np.float32], ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What is seen, smoothed over noise, where no ink is near; the estimate elsewhere."""
    free = cv2.erode((ink == 0).view(np.uint8), np.ones((3, 3), np.uint8))
    soft = cv2.GaussianBlur(seen, (3, 3), 0).reshape(seen.shape)
    estimate = cv2.convertScaleAbs(under).reshape(seen.shape)
    return np.where(free[..., None] > 0, soft, estimate)

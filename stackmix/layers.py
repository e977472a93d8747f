"""Take the ink off the paper: how much ink covers each pixel, and what the paper looks like under it.

image = paper * (1 - cover * (1 - ink)), as in `stackmix.rendering`. The paper begins as the image closed over all that
is dark and little wider than a stroke. Ruling (`stackmix.ruling`) is laid on it and so carried on under the writing;
what is left is corrected by the paper seen nearby. Of the light that is missing then, ink takes what has its colour.
It begins where it is dark and goes on into paler strokes that hang on to it: stains without such a core stay paper.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix import images
from stackmix.ink import all_white
from stackmix.ruling import CAP, lines_across
from stackmix.types import Image

REACH = (15, 61)  # pixels: half the height between these bounds is wider than a stroke
STROKES = 5  # widths of a stroke, at least 7 pixels: what is wider is no writing
NEAR = 15  # pixels: paper is corrected by what is seen within half of this
STEADY = 3  # pixels of the whole image that count with those nearby
DARKEST = 0.005  # share of an image's pixels that are as dark as ink gets
DARK = 0.65  # of the darkest: ink shows its colour here
PALEST = 0.1  # light that ink takes at least
CORE, FAINT = 0.55, 0.25  # of the ink's usual cover: a stroke has some of the one and ends at the other
SEEN = 0.05  # of the ink's cover: ruling so dark shows its colour
FULL = 0.9  # share of the inked pixels that cover less than all
FRINGE = 0.06  # cover less than this is noise

Planes = NDArray[np.float32]


class Layers(NamedTuple):
    """ink: (H, W) uint8 cover, 0 none..255 all. paper: (H, W) or (H, W, 3) uint8, as the image. colour: (1,) or (3,)
    uint8, the ink on white paper."""

    ink: NDArray[np.uint8]
    paper: NDArray[np.uint8]
    colour: NDArray[np.uint8]


def separate(image: Image) -> Layers:
    """The ink and the paper of a photo or scan (H, W) or (H, W, 3) of a word, a line or a page."""
    image = np.ascontiguousarray(image)
    grey = images.grey(image)
    white = all_white(grey, _widest(grey))
    under = np.full((image.size // grey.size, *grey.shape), 255, np.float32) if white else _closed(image, _reach(grey))
    share = _share(image, under)
    takes = _ink_takes(share)
    cover = _covered(share, takes)
    ruling = _ruling(cover)
    if ruling.size:
        _print(under, share, cover, ruling)
        takes = _ink_takes(share)
        cover = _covered(share, takes)
    if not white:
        _correct(under, share, cover)
        cover = _covered(share, takes)
    kept = _kept(cover)
    full = max(_quantile(cover, kept, FULL), 0.3)
    ink = _scaled(cover, cv2.dilate(kept, np.ones((3, 3), np.uint8)), full)
    colour = np.clip(255 * (1 - takes * full), 0, 255).astype(np.uint8)
    return Layers(ink, _paper(image, under, ink), colour)


def _reach(grey: Image) -> int:
    """Pixels over which an image is closed: more than its strokes are wide, less than stains are."""
    most = _widest(grey)
    share = _share(grey, _closed(grey, most))
    stroke = _stroke_width(_covered(share, _ink_takes(share)))
    return min(max(REACH[0] // 2, STROKES * stroke), most) | 1 if stroke else most


def _widest(grey: Image) -> int:
    return min(max(REACH[0], grey.shape[0] // 2), REACH[1]) | 1


def _closed(image: Image, reach: int) -> Planes:
    """(C, H, W) an image without what is dark over less than `reach`, at least 1."""
    closed = cv2.morphologyEx(cv2.blur(image, (3, 3)), cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    return _planes(np.maximum(cv2.blur(closed, (5, 5)), 1).reshape(image.shape)).astype(np.float32)


def _planes(image: Image) -> NDArray[np.uint8]:
    """(C, H, W) channels of an image."""
    return np.stack(cv2.split(image)) if image.ndim == 3 else image[None]


def _share(image: Image, under: Planes) -> Planes:
    """(C, H, W) share of the paper's light that comes back."""
    return np.divide(_planes(image), under, dtype=np.float32)


def _ink_takes(share: Planes) -> NDArray[np.float32]:
    """(C,) share of the light that the ink takes: the mean over what is nearly as dark as the image gets."""
    dark = _missing(share)
    counts = cv2.calcHist([dark], [0], None, [256], [0, 256]).ravel()
    darkest = 255 - int(np.searchsorted(np.cumsum(counts[::-1]), DARKEST * dark.size))
    mask = (dark >= max(DARK * darkest, PALEST * 255)).view(np.uint8)
    found = np.array([1 - cv2.mean(plane, mask)[0] for plane in share], np.float32)
    return np.maximum(found, 0.02) if mask.any() else np.full(len(share), 0.5, np.float32)


@njit(cache=True, nogil=True)
def _missing(share: Planes) -> NDArray[np.uint8]:
    """(H, W) light that does not come back, the mean of the channels, 255 all."""
    channels, height, width = share.shape
    total, found = np.zeros(width, np.float32), np.empty((height, width), np.uint8)
    for y in range(height):
        total[:] = 0
        for c in range(channels):
            for x in range(width):
                total[x] += share[c, y, x]
        for x in range(width):
            missing = np.float32(255) - total[x] * np.float32(255 / channels)
            found[y, x] = np.uint8(min(max(missing, np.float32(0)), np.float32(255)))
    return found


@njit(cache=True, nogil=True)
def _covered(share: Planes, takes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) cover by which ink that takes so much light explains each pixel best, by least squares."""
    channels, height, width = share.shape
    weight = takes / (takes * takes).sum()
    found = np.full((height, width), weight.sum(), np.float32)
    for c in range(channels):
        for y in range(height):
            for x in range(width):
                found[y, x] -= weight[c] * share[c, y, x]
    return found


@njit(cache=True, nogil=True)
def _stroke_width(cover: NDArray[np.float32]) -> int:
    """Median length of the runs of ink along rows, most of which cross upright strokes; 0 without ink."""
    height, width = cover.shape
    counts = np.zeros(width + 1, np.int64)
    for y in range(height):
        run = 0
        for x in range(width):
            if cover[y, x] > 0.5:
                run += 1
            elif run:
                counts[run] += 1
                run = 0
        counts[run] += run > 0
    total, seen, middle = counts.sum(), 0, 0
    while 2 * seen < total:
        middle += 1
        seen += counts[middle]
    return middle


def _ruling(cover: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) darkness of level and upright lines, (0, 0) where there are none."""
    beside = cv2.dilate((cover > CAP).view(np.uint8), np.ones((3, 3), np.uint8))
    level, upright = lines_across(cover, beside), lines_across(cv2.transpose(cover), cv2.transpose(beside))
    if not upright.size:
        return level
    return np.maximum(level, upright.T) if level.size else cv2.transpose(upright)


def _print(under: Planes, share: Planes, cover: NDArray[np.float32], ruling: NDArray[np.float32]) -> None:
    """Lay ruling (H, W) on the paper, in its own colour."""
    mask = ((ruling > SEEN) & (cover < CAP)).view(np.uint8)
    mean = cv2.mean(ruling, mask)[0]
    for c in range(len(under)):
        takes = max((1 - cv2.mean(share[c], mask)[0]) / mean, 0.0) if mean else 0.0
        _scale(under[c], share[c], 1 - ruling * np.float32(takes))


def _correct(under: Planes, share: Planes, cover: NDArray[np.float32]) -> None:
    """Bring the paper to what is seen nearby where no ink lies."""
    free = cv2.erode((cover < FAINT).view(np.uint8), np.ones((3, 3), np.uint8))
    count = cv2.boxFilter(free, cv2.CV_32F, (NEAR, NEAR), normalize=False) + np.float32(STEADY)
    for c in range(len(under)):
        usual = cv2.mean(share[c], free)[0] or 1.0
        total = cv2.boxFilter(share[c] * free, -1, (NEAR, NEAR), normalize=False)
        _scale(under[c], share[c], (total + np.float32(STEADY * usual)) / count)


@njit(cache=True, nogil=True)
def _scale(under: NDArray[np.float32], share: NDArray[np.float32], factor: NDArray[np.float32]) -> None:
    """Multiply the paper, but not to less than 1, and with it the share of its light that comes back."""
    for y in range(under.shape[0]):
        for x in range(under.shape[1]):
            now = max(under[y, x] * factor[y, x], np.float32(1))
            share[y, x] *= under[y, x] / now
            under[y, x] = now


def _kept(cover: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Which pixels are strokes, 0 or 1: those that hang together with a dark core."""
    count, labels = cv2.connectedComponents((cover > FAINT).view(np.uint8), connectivity=8)
    return _with_core(labels, cover, count)


@njit(cache=True, nogil=True)
def _with_core(labels: NDArray[np.int32], cover: NDArray[np.float32], count: int) -> NDArray[np.uint8]:
    dark = np.zeros(count, np.uint8)
    for y in range(cover.shape[0]):
        for x in range(cover.shape[1]):
            if labels[y, x] and cover[y, x] > CORE:
                dark[labels[y, x]] = 1
    found = np.empty(cover.shape, np.uint8)
    for y in range(cover.shape[0]):
        for x in range(cover.shape[1]):
            found[y, x] = dark[labels[y, x]]
    return found


@njit(cache=True, nogil=True)
def _quantile(cover: NDArray[np.float32], kept: NDArray[np.uint8], share: float) -> float:
    """The cover, to a hundredth, that a share of the strokes' pixels do not exceed; 1 where there are none."""
    counts = np.zeros(201, np.int64)
    for y in range(cover.shape[0]):
        for x in range(cover.shape[1]):
            if kept[y, x]:
                counts[int(min(max(100 * cover[y, x], 0), 200))] += 1
    left = share * counts.sum()
    if left == 0:
        return 1.0
    k = 0
    while left > counts[k]:
        left -= counts[k]
        k += 1
    return (k + 0.5) / 100


@njit(cache=True, nogil=True)
def _scaled(cover: NDArray[np.float32], near: NDArray[np.uint8], full: float) -> NDArray[np.uint8]:
    """Cover as 0..255 near strokes, `full` being all."""
    found, scale = np.zeros(cover.shape, np.uint8), np.float32(255 / full)
    for y in range(cover.shape[0]):
        for x in range(cover.shape[1]):
            if near[y, x] and cover[y, x] > FRINGE:
                found[y, x] = np.uint8(min(scale * cover[y, x] + np.float32(0.5), np.float32(255)))
    return found


def _paper(image: Image, under: Planes, ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What is seen, smoothed over noise, where no ink is near; the estimate elsewhere."""
    soft = cv2.GaussianBlur(image, (3, 3), 0).reshape(*ink.shape, len(under))
    _fill(soft, under, cv2.dilate(ink, np.ones((5, 5), np.uint8)))
    return soft.reshape(image.shape)


@njit(cache=True, nogil=True)
def _fill(paper: NDArray[np.uint8], under: Planes, covered: NDArray[np.uint8]) -> None:
    for y in range(paper.shape[0]):
        for x in range(paper.shape[1]):
            if covered[y, x]:
                for c in range(len(under)):
                    paper[y, x, c] = np.uint8(min(under[c, y, x] + np.float32(0.5), np.float32(255)))

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
from stackmix.ruling import CAP, lines_across
from stackmix.types import Image

REACH = (15, 61)  # pixels: half the height between these bounds is wider than a stroke
STROKES = 5  # widths of a stroke, at least 7 pixels: what is wider is no writing
NEAR = 15  # pixels: paper is corrected by what is seen within half of this
STEADY = 3  # pixels of the whole image that count with those nearby
DARK = 0.65  # of the darkest: ink shows its colour here
PALEST = 0.1  # light that ink takes at least
CORE, FAINT = 0.55, 0.25  # of the ink's usual cover: a stroke has some of the one and ends at the other
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
    seen = np.stack(cv2.split(image)) if image.ndim == 3 else image[None]
    under = _closed(image, _reach(images.grey(image)))
    takes = _ink_takes(seen, under)
    cover = _covered(seen, under, takes)
    ruling = _ruling(cover)
    if ruling.size:
        _print(seen, under, cover, ruling)
        takes = _ink_takes(seen, under)
        cover = _covered(seen, under, takes)
    _correct(seen, under, cover)
    cover = _covered(seen, under, takes)
    kept = _kept(cover)
    full = max(_quantile(cover, kept, FULL), 0.3)
    ink = _scaled(cover, cv2.dilate(kept, np.ones((3, 3), np.uint8)), full)
    colour = np.clip(255 * (1 - takes * full), 0, 255).astype(np.uint8)
    return Layers(ink, _paper(image, under, ink), colour)


def _reach(grey: Image) -> int:
    """Pixels over which an image is closed: more than its strokes are wide, less than stains are."""
    most = min(max(REACH[0], grey.shape[0] // 2), REACH[1]) | 1
    under = _closed(grey, most)
    stroke = _stroke_width(_covered(grey[None], under, _ink_takes(grey[None], under)))
    return min(max(REACH[0] // 2, STROKES * stroke), most) | 1 if stroke else most


def _closed(image: Image, reach: int) -> Planes:
    """(C, H, W) an image without what is dark over less than `reach`."""
    closed = cv2.morphologyEx(cv2.blur(image, (3, 3)), cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    soft = cv2.max(cv2.blur(closed, (5, 5)), 1).reshape(image.shape)
    return (np.stack(cv2.split(soft)) if image.ndim == 3 else soft[None]).astype(np.float32)


@njit(cache=True, nogil=True)
def _ink_takes(seen: NDArray[np.uint8], under: Planes) -> NDArray[np.float32]:
    """(C,) share of the light that the ink takes: the mean over what is nearly as dark as the image gets."""
    channels, height, width = seen.shape
    counts, dark = np.zeros(256, np.int64), np.zeros((height, width), np.float32)
    for c in range(channels):
        for y in range(height):
            for x in range(width):
                dark[y, x] += (np.float32(255) - np.float32(255) * seen[c, y, x] / under[c, y, x]) / channels
    for y in range(height):
        for x in range(width):
            counts[int(min(max(dark[y, x], np.float32(0)), np.float32(255)))] += 1
    darkest, left = 255, height * width // 200
    while darkest > 0 and left >= counts[darkest]:
        left -= counts[darkest]
        darkest -= 1
    least, total, found = max(DARK * darkest, PALEST * 255), 0, np.zeros(channels, np.float32)
    for y in range(height):
        for x in range(width):
            if dark[y, x] >= least:
                total += 1
                for c in range(channels):
                    found[c] += 1 - seen[c, y, x] / under[c, y, x]
    if total == 0:
        return np.full(channels, 0.5, np.float32)
    return np.maximum(found / np.float32(total), np.float32(0.02))


@njit(cache=True, nogil=True)
def _covered(seen: NDArray[np.uint8], under: Planes, takes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) cover by which ink that takes so much light explains each pixel best, by least squares."""
    channels, height, width = seen.shape
    weight = takes / (takes * takes).sum()
    found = np.zeros((height, width), np.float32)
    for c in range(channels):
        for y in range(height):
            for x in range(width):
                found[y, x] += weight[c] * (np.float32(1) - seen[c, y, x] / under[c, y, x])
    return found


@njit(cache=True, nogil=True)
def _stroke_width(cover: NDArray[np.float32]) -> int:
    """Median length of the runs of ink along rows or along columns, whichever is shorter; 0 without ink."""
    best = 0
    for turned in range(2):
        lines = cover.T if turned else cover
        counts = np.zeros(lines.shape[1] + 1, np.int64)
        for i in range(lines.shape[0]):
            run = 0
            for k in range(lines.shape[1]):
                if lines[i, k] > 0.5:
                    run += 1
                elif run:
                    counts[run] += 1
                    run = 0
            counts[run] += run > 0
        total, seen, middle = counts.sum(), 0, 0
        while 2 * seen < total:
            middle += 1
            seen += counts[middle]
        best = min(best, middle) if turned else middle
    return best


def _ruling(cover: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) darkness of level and upright lines, (0, 0) where there are none."""
    beside = cv2.dilate((cover > CAP).view(np.uint8), np.ones((3, 3), np.uint8))
    level, upright = lines_across(cover, beside), lines_across(cv2.transpose(cover), cv2.transpose(beside))
    if not upright.size:
        return level
    return np.maximum(level, upright.T) if level.size else cv2.transpose(upright)


@njit(cache=True, nogil=True)
def _print(
    seen: NDArray[np.uint8], under: Planes, cover: NDArray[np.float32], ruling: NDArray[np.float32]
) -> None:
    """Lay ruling (H, W) on the paper, in its own colour."""
    channels, height, width = seen.shape
    for c in range(channels):
        mass, total = np.float32(0), np.float32(0)
        for y in range(height):
            for x in range(width):
                if ruling[y, x] > 0.05 and cover[y, x] < CAP:
                    mass += ruling[y, x]
                    total += 1 - seen[c, y, x] / under[c, y, x]
        takes = max(total / mass, np.float32(0)) if mass > 1 else np.float32(0)
        for y in range(height):
            for x in range(width):
                under[c, y, x] = max(under[c, y, x] * (1 - ruling[y, x] * takes), np.float32(1))


def _correct(seen: NDArray[np.uint8], under: Planes, cover: NDArray[np.float32]) -> None:
    """Bring the paper to what is seen nearby where no ink lies."""
    free = cv2.erode((cover < FAINT).view(np.uint8), np.ones((3, 3), np.uint8))
    count = cv2.boxFilter(free, cv2.CV_32F, (NEAR, NEAR), normalize=False)
    for c in range(len(seen)):
        ratio, usual = _ratio(seen[c], under[c], free)
        _scale(under[c], cv2.boxFilter(ratio, -1, (NEAR, NEAR), normalize=False), count, usual)


@njit(cache=True, nogil=True)
def _ratio(
    seen: NDArray[np.uint8], under: NDArray[np.float32], free: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], float]:
    """(H, W) what is seen over what is estimated, 0 where it isn't free paper; and its mean."""
    found, count = np.empty(under.shape, np.float32), 0
    for y in range(under.shape[0]):
        for x in range(under.shape[1]):
            found[y, x] = free[y, x] * (seen[y, x] / under[y, x])
            count += free[y, x]
    return found, found.sum() / count if count else 1.0


@njit(cache=True, nogil=True)
def _scale(under: NDArray[np.float32], total: NDArray[np.float32], count: NDArray[np.float32], usual: float) -> None:
    for y in range(under.shape[0]):
        for x in range(under.shape[1]):
            ratio = (total[y, x] + np.float32(STEADY * usual)) / (count[y, x] + np.float32(STEADY))
            under[y, x] = max(under[y, x] * ratio, np.float32(1))


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
    soft = cv2.GaussianBlur(image, (3, 3), 0).reshape(image.shape)
    estimate = np.ascontiguousarray(np.moveaxis(under, 0, 2)) if image.ndim == 3 else under[0]
    covered = cv2.dilate(ink, np.ones((5, 5), np.uint8))
    np.copyto(soft, cv2.convertScaleAbs(estimate).reshape(image.shape), where=covered.reshape(*ink.shape, *[1] * (image.ndim - 2)) > 0)
    return soft

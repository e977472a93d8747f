"""Which pictures of two sets are copies of one another: a search by fingerprint, then a comparison pixel by pixel.

Two hands' "the" look alike, so a fingerprint only proposes. A pair is a copy where the pictures, or what lies within
their ink's box, are the same up to their size and a shift of two pixels (normalised correlation), or, with ink enough,
after an affine alignment by enhanced correlation (Evangelidis and Psarakis 2008), which with little ink would bend one
comma into another. Of a full stop nobody can tell.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix.fingerprints import Fingerprint, ink_box
from stackmix.ink import ink_of
from stackmix.types import Image

LEAST_INK = 40  # pixels; less is a full stop, and two of them are often the same to the pixel
MUCH_INK = 640  # pixels from which a free alignment can't make two different words alike
LOOK, LOOK_FREE = 0.65, 0.8  # correlation of fingerprints from which a pair is compared as it is, and aligned freely
BEST, BEST_SMALL = 8, 64  # pairs compared for each picture: its most alike; more of little ink, which is all alike
SIZE = 0.085  # difference of sizes, as a logarithm, up to which pictures count as of one size
SHIFT = 2  # pixels
DIRECT = 0.97  # the correlation that pictures laid over each other as they are must reach; two hands' come to .92
ALIGNED = 0.955  # the correlation that they must reach after a free alignment; two hands' come to .93
ASPECT = 0.2  # difference of two pictures' proportions, as a logarithm, up to which they are compared
COARSE, GLANCE = 4, 0.6  # how much smaller pairs are compared first, and the correlation they must have then
HEIGHT = 64  # rows at which pictures are aligned
BLOCK = 512  # pictures whose fingerprints are compared at once: (512, N) float32


class Copy(NamedTuple):
    """Picture `first` of one set is picture `second` of the other, with the correlation of their pixels."""

    first: int
    second: int
    likeness: float


@dataclass(frozen=True, slots=True)
class Prints:
    """The fingerprints of N pictures as arrays: looks (N, D), spreads, sizes and boxes (N, 2), areas (N,)."""

    looks: NDArray[np.float32]
    spreads: NDArray[np.float32]
    sizes: NDArray[np.float32]
    boxes: NDArray[np.float32]
    areas: NDArray[np.int32]

    @classmethod
    def of(cls, found: list[Fingerprint]) -> "Prints":
        """The prints of a list of pictures."""
        return cls(
            np.array([one.look for one in found], np.float32),
            np.array([one.spread for one in found], np.float32),
            np.array([one.size for one in found], np.float32),
            np.array([one.box for one in found], np.float32),
            np.array([one.area for one in found], np.int32),
        )


def copies(
    first: Prints, second: Prints, open_first: Callable[[int], Image], open_second: Callable[[int], Image]
) -> Iterator[Copy]:
    """Every picture of `first` that is a copy of one of `second`, with the most alike of those compared.

    open_first, open_second: picture i of either set. Pictures with less than LEAST_INK are not compared.
    """
    for one, others in candidates(first, second):
        image = open_first(one)
        found = [Copy(one, other, likeness(image, open_second(other))) for other in others]
        if (best := max(found, key=lambda copy: copy.likeness, default=None)) and best.likeness > 0:
            yield best


def candidates(first: Prints, second: Prints) -> Iterator[tuple[int, list[int]]]:
    """For each picture of `first` those of `second` worth comparing, the most alike first."""
    able_first, able_second = (np.flatnonzero(prints.areas >= LEAST_INK) for prints in (first, second))
    looks = second.looks[able_second].T
    for start in range(0, len(able_first), BLOCK):
        block = able_first[start : start + BLOCK]
        alike = first.looks[block] @ looks
        rows, columns = np.nonzero(alike > LOOK)
        fit = _fits(first, second, block[rows], able_second[columns], alike[rows, columns])
        rows, columns = rows[fit], columns[fit]
        order = np.lexsort((columns, -alike[rows, columns], rows))
        rows, columns = rows[order], able_second[columns[order]]
        ends = np.searchsorted(rows, np.arange(len(block) + 1))
        for k, one in enumerate(block.tolist()):
            limit = BEST_SMALL if first.areas[one] < MUCH_INK else BEST
            if others := columns[ends[k] : ends[k + 1]][:limit].tolist():
                yield one, others


def _fits(
    first: Prints, second: Prints, a: NDArray[np.intp], b: NDArray[np.intp], alike: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """(P,) whether pairs of pictures have sizes that copies can have."""
    same = np.zeros(len(a), np.bool_)
    for one, other in ((first.sizes[a], second.sizes[b]), (first.boxes[a], second.boxes[b])):
        near = (np.abs(one - other) <= 1) | (np.abs(np.log(one / other)) <= SIZE)
        same |= near.all(axis=1)
    ratio = np.log(first.spreads[a] / second.spreads[b])
    much = np.minimum(first.areas[a], second.areas[b]) >= MUCH_INK
    return same | (much & (alike > LOOK_FREE) & (np.abs(ratio[:, 0] - ratio[:, 1]) <= ASPECT))


def likeness(first: Image, second: Image) -> float:
    """The correlation of two pictures that are copies, 0.0 where they aren't."""
    one, other = ink_of(first), ink_of(second)
    found = _direct(one, other)
    if found >= DIRECT:
        return found
    area = min(np.count_nonzero(one > 127), np.count_nonzero(other > 127))
    if area >= MUCH_INK and (found := _aligned(one, other)) >= ALIGNED:
        return found
    return 0.0


def _direct(one: Image, other: Image) -> float:
    """The best correlation of two inks of one size: whole pictures up to a shift, or what lies in their boxes."""
    whole = _shifted(one, other, SHIFT)
    return max(whole, _shifted(one[ink_box(one)], other[ink_box(other)], 0))


def _shifted(one: Image, other: Image, shift: int) -> float:
    """The best correlation of two inks, the second resized to the first, over shifts of either; 0.0 for other sizes."""
    pairs = list(zip(one.shape, other.shape, strict=True))
    if not all(abs(a - b) <= 1 or abs(np.log(a / b)) <= SIZE for a, b in pairs):
        return 0.0
    if one.shape != other.shape:
        other = cv2.resize(other, (one.shape[1], one.shape[0]), interpolation=cv2.INTER_AREA)
    if min(one.shape) >= 4 * COARSE:  # most pairs differ at first sight
        ones, others = (
            cv2.resize(ink, None, fx=1 / COARSE, fy=1 / COARSE, interpolation=cv2.INTER_AREA) for ink in (one, other)
        )
        if _found(ones, others, 1) < GLANCE:
            return 0.0
    # a picture moved inside its frame loses what leaves it: a window of the unmoved one, with paper around it
    return max(_found(one, other, shift), _found(other, one, shift) if shift else 0.0)


def _found(window: Image, around: Image, shift: int) -> float:
    if window.min() == window.max() or around.min() == around.max():  # nothing but ink: no contour to compare
        return 0.0
    return float(cv2.matchTemplate(_padded(around, shift), window, cv2.TM_CCOEFF_NORMED).max())


def _padded(ink: Image, edge: int) -> Image:
    return cv2.copyMakeBorder(ink, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(0.0,))


def _aligned(one: Image, other: Image) -> float:
    """The correlation of two inks of any size after an affine alignment."""
    ones, others = _small(one), _small(other)
    (x, y, wide, high), (u, v, wider, higher) = (_place(ink) for ink in (ones, others))
    start = np.array([[wider / wide, 0, u - x * wider / wide], [0, higher / high, v - y * higher / high]], np.float32)
    if _laid_over(ones, others, start) < GLANCE:
        return 0.0
    try:
        _, start = cv2.findTransformECC(ones, others, start, cv2.MOTION_AFFINE, (3, 15, 1e-3), None, 1)
    except cv2.error:  # it does not converge: they are nothing alike
        return 0.0
    return _laid_over(ones, others, start)


def _laid_over(one: NDArray[np.float32], other: NDArray[np.float32], map: NDArray[np.float32]) -> float:
    """The correlation of an ink and another that an affine map (2, 3) takes its places to."""
    size = (one.shape[1], one.shape[0])
    moved = cv2.warpAffine(other, map, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return float(cv2.matchTemplate(moved, one, cv2.TM_CCOEFF_NORMED)[0, 0])


def _small(ink: Image) -> NDArray[np.float32]:
    """An ink at HEIGHT rows at most, within paper and softened, so that an alignment finds its way."""
    scale = min(1.0, HEIGHT / ink.shape[0])
    size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
    small = _padded(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), 6)
    return cv2.GaussianBlur(small.astype(np.float32), (0, 0), 0.9)


def _place(ink: NDArray[np.float32]) -> tuple[float, float, float, float]:
    """Centre x, y and standard deviations x, y of an ink."""
    found = cv2.moments(ink)
    mass = found["m00"]
    return (
        found["m10"] / mass,
        found["m01"] / mass,
        float(np.sqrt(found["mu20"] / mass)),
        float(np.sqrt(found["mu02"] / mass)),
    )

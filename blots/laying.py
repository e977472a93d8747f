"""Marks on an image: a mark knows its box, its paths, its colour and how much of the paper shines through.

Only the pixels of a mark's box are computed and changed, so the cost grows with the box and not with the image.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from stackmix.blots.functional import PAD, Mask, Path, blend, extent, stamp
from stackmix.blots.ranges import in_units

RGB = tuple[int, int, int]
LEAST = 8  # rows and columns of the smallest image


class Box(NamedTuple):
    """Columns left..right and rows top..bottom of an image, half open."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def empty(self) -> bool:
        return self.right <= self.left or self.bottom <= self.top


class Layable(Protocol):
    """What lies in a box of an image and can be laid on it, in place; image: (H, W, C), C-contiguous."""

    @property
    def box(self) -> Box: ...

    def lay(self, image: NDArray) -> None: ...


class Mark(NamedTuple):
    """Pen strokes in one ink. paths: (m, 4) each, see `functional`, in pixels of the image. opacity: 0..1."""

    box: Box
    paths: tuple[Path, ...]
    color: RGB
    opacity: float

    def mask(self) -> Mask:
        """(h, w) coverage of the box, its rows padded, nothing in the padding."""
        width, height = self.box.right - self.box.left, self.box.bottom - self.box.top
        mask = np.zeros((height, -(-width // PAD) * PAD), np.uint8)
        for path in self.paths:
            stamp(mask, path, self.box.left, self.box.top)
        mask[:, width:] = 0
        return mask

    def lay(self, image: NDArray) -> None:
        """Draw the strokes on an image in place."""
        if not self.box.empty:
            color = in_units(self.color, image.shape[2], image.dtype)
            blend(image, self.mask(), self.box.left, self.box.top, color, self.opacity)


def around(paths: Sequence[Path], shape: Sequence[int], within: Box | None = None) -> Box:
    """The smallest box of an image of `shape` (and of `within`) that holds all ink of the paths."""
    whole = within or Box(0, 0, shape[1], shape[0])
    left, top, right, bottom = whole.right, whole.bottom, whole.left, whole.top
    for path in paths:
        a, b, c, d = extent(path)
        left, top, right, bottom = min(left, a), min(top, b), max(right, c), max(bottom, d)
    return Box(max(left, whole.left), max(top, whole.top), min(right, whole.right), min(bottom, whole.bottom))


def mark(paths: Sequence[Path], shape: Sequence[int], color: RGB, opacity: float, within: Box | None = None) -> Mark:
    """Strokes on an image of `shape` as a mark in the smallest box, inside the box `within` where it is given."""
    return Mark(around(paths, shape, within), tuple(paths), color, opacity)


def checked(image: NDArray) -> NDArray:
    """The image as (H, W, C), a view; ValueError for what no mark can be laid on."""
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3)):
        raise ValueError(f"an image of shape {image.shape}: marks are laid on (H, W), (H, W, 1) or (H, W, 3)")
    if min(image.shape[:2]) < LEAST:
        raise ValueError(f"an image of shape {image.shape}: it has at least {LEAST} rows and columns")
    if image.dtype not in (np.uint8, np.float32):
        raise ValueError(f"an image of dtype {image.dtype}: marks are laid on uint8 or on float32 in 0..1")
    return image if image.ndim == 3 else image[..., None]


def lay(image: NDArray, marks: Sequence[Layable]) -> NDArray:
    """A copy of an image with marks laid on it in order. (H, W), (H, W, 1) or (H, W, 3), uint8 or float32 in 0..1."""
    checked(image)
    out = np.array(image, order="C")
    picture = out if out.ndim == 3 else out[..., None]
    for one in marks:
        one.lay(picture)
    return out

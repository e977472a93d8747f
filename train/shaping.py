"""A word image as TrOCR sees it: a square of 384 x 384 pixels, of mean .5 and deviation .5, in training as in reading.

`kept`, our own way, brings the ink to one x-height as for the other networks (`normalising.py`), on white, and keeps
its aspect ratio: letters are as large in a short word as in a long one. The other two are those of the contest system
that this project rebuilds: `squashed` fills the square with the image, `dark` its middle third, the rest black.
"""

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
import torch
from torch import Tensor

from stackmix.ink import ink_of
from stackmix.train.normalising import scaled, scaling
from stackmix.types import Image

Fit = Literal["kept", "squashed", "dark"]
ROWS = 3  # heights of an ordinary word in a square


def measured(image: Image, fit: Fit, size: int) -> tuple[Image, float]:
    """The square of a word image, and about how long its text is: the end of its ink, or its aspect ratio."""
    if fit != "kept":
        return shaped(image, fit, size), image.shape[1] / image.shape[0]
    ink = ink_for(image, size)
    return on_white(ink, size), float(np.flatnonzero(ink.max(axis=0) > 127).max(initial=0))


def shaped(image: Image, fit: Fit, size: int) -> Image:
    """(size, size) or (size, size, 3) uint8 of a word image of any size from 1 x 1 up."""
    if fit == "kept":
        return on_white(ink_for(image, size), size)
    colour = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
    if fit == "squashed":
        return cv2.resize(colour, (size, size), interpolation=cv2.INTER_LINEAR)
    height = size // ROWS
    square = np.zeros((size, size, 3), np.uint8)
    square[height : 2 * height] = cv2.resize(colour, (size, height), interpolation=cv2.INTER_LINEAR)
    return square


def ink_for(image: Image, size: int) -> Image:
    """(size, w) ink of a word at one x-height, its centre of gravity in the middle row, 0 on paper.

    The networks that see a third of these rows lose the ends of long stems; here they have room.
    """
    whole = ink_of(image)
    scale, middle = scaling(whole, size // ROWS)
    ink = scaled(whole, scale)
    top = round(size / 2 - middle * scale)
    tall = np.zeros((size, ink.shape[1]), np.uint8)
    start, stop = max(0, top), min(size, top + ink.shape[0])
    tall[start:stop] = ink[start - top : stop - top]
    return tall


def on_white(ink: Image, size: int) -> Image:
    """(size, size) grey values of (H, w) ink, H <= size, at the left; what is wider is scaled down in both axes."""
    height, width = ink.shape
    if width > size:
        height = max(1, round(height * size / width))
        ink = cv2.resize(ink, (size, height), interpolation=cv2.INTER_AREA)
    top = (size - height) // 2
    square = np.full((size, size), 255, np.uint8)
    square[top : top + height, : ink.shape[1]] -= ink
    return square


def pixels(squares: Sequence[Image], size: int) -> Tensor:
    """(B, 3, size, size) float32 in -1..1 of squares of `shaped`; a grey one fills all three channels."""
    found = torch.from_numpy(np.stack(squares))
    batch = found.permute(0, 3, 1, 2) if found.ndim == 4 else found[:, None]
    batch = ((batch.float() / 255 - 0.5) / 0.5).expand(-1, 3, -1, -1)
    assert batch.shape == (len(squares), 3, size, size), f"{tuple(batch.shape)} is not a batch of {size} x {size}"
    return batch

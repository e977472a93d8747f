"""What a picture looks like in 512 numbers, so that copies of it are found among thousands.

The ink is laid into a frame by its centre and its spread (moment normalisation, Hu 1962), which margins, shifts and
resizing hardly move, at 16 x 32 points, centred and scaled to length 1: a dot product is then a correlation.
"""

import hashlib
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix import images
from stackmix.ink import ink_of
from stackmix.types import Image

ROWS, COLUMNS = 16, 32
REACH = 2.0  # standard deviations of the ink that the frame shows on each side of its centre
CONTRAST = 32  # grey values between paper and ink; a picture with less shows nothing
BLUR = 0.8  # grid points


class Fingerprint(NamedTuple):
    """look: (ROWS * COLUMNS,) float32 of length 1. spread: standard deviations of the ink, x and y, in pixels.

    centre: x, y. size: H, W of the picture. box: H, W of its ink. area: pixels that are more ink than paper; 0 where
    nothing is to be seen.
    """

    look: NDArray[np.float32]
    centre: tuple[float, float]
    spread: tuple[float, float]
    size: tuple[int, int]
    box: tuple[int, int]
    area: int

    @classmethod
    def nothing(cls, size: tuple[int, int] = (1, 1)) -> "Fingerprint":
        """Of a picture that shows nothing."""
        return cls(np.zeros(ROWS * COLUMNS, np.float32), (0.0, 0.0), (1.0, 1.0), size, (1, 1), 0)


def pixel_hash(image: Image) -> bytes:
    """A hash of decoded pixels; a grey picture stored as RGB has that of the grey one."""
    if image.ndim == 3 and (image == image[..., :1]).all():
        image = image[..., 0]
    digest = hashlib.blake2b(repr(image.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(image).data)
    return digest.digest()


def ink_box(image: Image) -> tuple[slice, slice]:
    """Rows and columns of the ink of `ink_of`, those where any pixel is more ink than paper."""
    dark = image > 127
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def fingerprint(image: Image) -> Fingerprint:
    """The fingerprint of a picture (H, W) or (H, W, 3)."""
    shade = images.grey(image)
    size = (shade.shape[0], shade.shape[1])
    ink = ink_of(image)
    area = int(np.count_nonzero(ink > 127))
    if int(shade.max()) - int(shade.min()) < CONTRAST or not area:
        return Fingerprint.nothing(size)
    rows, columns = ink_box(ink)
    centre, spread = _moments(ink)
    box = (rows.stop - rows.start, columns.stop - columns.start)
    return Fingerprint(_framed(ink, centre, spread), centre, spread, size, box, area)


def _moments(ink: Image) -> tuple[tuple[float, float], tuple[float, float]]:
    """Centre and standard deviations, x and y, of the ink as mass."""
    found = []
    for axis in (0, 1):
        mass = ink.sum(axis=axis, dtype=np.float64)
        places = np.arange(len(mass)) + 0.5
        middle = float(mass @ places / mass.sum())
        found.append((middle, float(np.sqrt(mass @ (places - middle) ** 2 / mass.sum() + 1 / 12))))
    (x, wide), (y, high) = found
    return (x, y), (wide, high)


def _framed(ink: Image, centre: tuple[float, float], spread: tuple[float, float]) -> NDArray[np.float32]:
    """(ROWS * COLUMNS,) the ink in its frame, blurred to what a point of the grid stands for."""
    step_x, step_y = 2 * REACH * spread[0] / COLUMNS, 2 * REACH * spread[1] / ROWS
    # what a grid point skips must not alias; a sigma of .1 leaves the picture as it is
    soft = cv2.GaussianBlur(
        ink.astype(np.float32),
        (0, 0),
        sigmaX=max(0.1, 0.4 * step_x),
        sigmaY=max(0.1, 0.4 * step_y),
        borderType=cv2.BORDER_CONSTANT,
    )
    left = centre[0] - 0.5 + (0.5 - COLUMNS / 2) * step_x
    top = centre[1] - 0.5 + (0.5 - ROWS / 2) * step_y
    frame = np.array([[step_x, 0, left], [0, step_y, top]], np.float32)
    grid = cv2.warpAffine(soft, frame, (COLUMNS, ROWS), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    look = cv2.GaussianBlur(grid, (0, 0), BLUR).ravel()
    look -= look.mean()
    return (look / max(float(np.linalg.norm(look)), 1e-6)).astype(np.float32)

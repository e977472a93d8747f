"""The worst texts as a sheet: the picture, the truth beneath it, and beneath that what was read, in red."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from stackmix.evaluating import Pair, worst
from stackmix.inspection import CAPTION, WIDTH, CaptionWriter, flow
from stackmix.types import DataError, Image

CELL = 72  # rows of a picture
GAP = 36  # columns between pictures
SHOWN = 60
RED = (200, 30, 30)


def sheet(pairs: Sequence[Pair], picture: Callable[[int], Image], count: int = SHOWN) -> Image:
    """(H, WIDTH, 3): at most `count` pairs that were read wrong, worst first; picture(i): the image of pair i.

    Raises DataError where everything was read right.
    """
    wrong = [i for i in worst(pairs)[:count] if pairs[i].read != pairs[i].true]
    if not wrong:
        raise DataError("every text was read right: there is no worst one to draw")
    writer = CaptionWriter()
    return flow((_cell(picture(i), pairs[i], writer) for i in wrong), gap=GAP)


def _cell(image: Image, pair: Pair, writer: CaptionWriter) -> Image:
    scale = min(CELL / image.shape[0], (WIDTH - 28) / image.shape[1], 1.5)
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    colour = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
    small = cv2.resize(colour, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    rows = [small, writer.write(pair.true), _reddened(writer.write(pair.read)) if pair.read else _nothing()]
    out = np.full((size[1] + 2 * CAPTION, max(row.shape[1] for row in rows), 3), 255, np.uint8)
    top = 0
    for row in rows:
        out[top : top + len(row), : row.shape[1]] = row
        top += len(row)
    return out[:, : WIDTH - 28]


def _reddened(caption: Image) -> Image:
    """A caption with its ink in red."""
    ink = 255 - caption.min(axis=2, keepdims=True).astype(np.int32)
    ink = ink * 255 // max(1, int(ink.max()))
    return (255 - ink * (255 - np.array(RED)) // 255).astype(np.uint8)


def _nothing() -> Image:
    """What stands for a reading without letters."""
    out = np.full((CAPTION, 60, 3), 255, np.uint8)
    cv2.putText(out, "(nothing)", (0, CAPTION - 12), cv2.FONT_HERSHEY_SIMPLEX, 0.36, RED, 1, cv2.LINE_AA)
    return out

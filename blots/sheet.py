"""One picture of all marks: each transform at three strengths on the same image, labelled."""

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix.blots.transforms import (
    HandWrittenBlot,
    InkSmear,
    MarkTransform,
    PenTrail,
    StrikeThrough,
    TeacherMark,
)

STRENGTHS = ("light", "medium", "heavy")
CELL = 420  # columns of a cell at most
TALLEST = 240  # rows of an image in it
LABEL, GAP = 24, 10  # rows over an image, pixels around it
CELLS = 1000  # more than there are cells: those of two seeds share no seed of their own
INK = (70, 80, 110)


def rows() -> list[tuple[str, tuple[MarkTransform, MarkTransform, MarkTransform]]]:
    """The name of each row and its transform at three strengths."""
    found: list[tuple[str, tuple[MarkTransform, MarkTransform, MarkTransform]]] = [
        (
            "HandWrittenBlot",
            (
                HandWrittenBlot(count=1, intensivity=0.5, transparency=0.4, p=1),
                HandWrittenBlot(count=2, intensivity=0.7, transparency=0.2, p=1),
                HandWrittenBlot(count=4, intensivity=0.9, transparency=0.05, p=1),
            ),
        )
    ]
    for kind in ("single", "double", "zigzag", "wave", "crossed"):
        thin, middle, wide = (StrikeThrough(kind, n, width, p=1) for n, width in ((1, 0.7), (1, 1.1), (2, 1.7)))
        found.append((f"StrikeThrough, {kind}", (thin, middle, wide)))
    smears = (InkSmear(1.0, 0.45, p=1), InkSmear(1.8, 0.6, p=1), InkSmear(3.0, 0.75, p=1))
    trails = (PenTrail(1, 3, 0.4, p=1), PenTrail(2, 5, 0.6, p=1), PenTrail(3, 8, 0.9, p=1))
    found += [("InkSmear", smears), ("PenTrail", trails)]
    for kind in ("underline", "tick", "bracket"):
        thin_, middle_, wide_ = (TeacherMark(kind, width, p=1) for width in (0.7, 1.1, 1.7))
        found.append((f"TeacherMark, {kind}", (thin_, middle_, wide_)))
    return found


def sheet(image: NDArray[np.uint8], seed: int = 0) -> NDArray[np.uint8]:
    """A grid (H, W, 3) of every transform at three strengths on an image (H, W) or (H, W, 3) uint8."""
    picture = np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image
    grid = []
    for number, (name, strengths) in enumerate(rows()):
        cells = []
        for k, (transform, strength) in enumerate(zip(strengths, STRENGTHS, strict=True)):
            transform.set_random_seed(CELLS * seed + len(STRENGTHS) * number + k)
            cells.append(_cell(transform(image=picture)["image"], f"{name}, {strength}"))
        grid.append(np.concatenate(cells, axis=1))
    return np.concatenate(grid)


def _cell(image: NDArray[np.uint8], label: str) -> NDArray[np.uint8]:
    """An image, made smaller where it is too large, under its label."""
    scale = min(1.0, CELL / image.shape[1], TALLEST / image.shape[0])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = image.shape[:2]
    cell = np.full((height + LABEL + GAP, max(width, 260) + 2 * GAP, 3), 255, np.uint8)
    cell[LABEL : LABEL + height, GAP : GAP + width] = image
    cv2.putText(cell, label, (GAP, LABEL - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK, 1, cv2.LINE_AA)
    return cell

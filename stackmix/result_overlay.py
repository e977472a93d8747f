"""A page with the outlines of its words, green where the reader is sure, red where it is not; lines are strung up."""

import cv2
import numpy as np

from stackmix.types import Image, Page

SURE, UNSURE, PLAIN = (40, 150, 60), (215, 40, 40), (60, 110, 200)
STRING = (150, 150, 150)  # from a word to the next of its line
WIDEST = 2000  # columns of the picture


def overlay(page: Page) -> Image:
    """(H, W, 3) picture, scaled down to WIDEST columns where the page has more."""
    scale = min(1.0, WIDEST / page.image.shape[1])
    size = (max(1, round(page.image.shape[1] * scale)), max(1, round(page.image.shape[0] * scale)))
    small = cv2.resize(page.image, size, interpolation=cv2.INTER_AREA)
    picture = np.ascontiguousarray(small if small.ndim == 3 else np.repeat(small[..., None], 3, axis=2))
    thick = max(1, size[0] // 900)
    last, line = None, None
    for word in page.regions:
        corners = np.rint(word.polygon * scale).astype(np.int32)
        cv2.polylines(picture, [corners], True, colour(word.confidence), thick, cv2.LINE_AA)
        centre = (int(corners[:, 0].mean()), int(corners[:, 1].mean()))
        if last is not None and line == word.line:
            cv2.line(picture, last, centre, STRING, thick, cv2.LINE_AA)
        last, line = centre, word.line
    return picture


def colour(confidence: float | None) -> tuple[int, int, int]:
    """Between UNSURE at .5 and below and SURE at 1."""
    if confidence is None:
        return PLAIN
    share = min(max(2 * confidence - 1, 0.0), 1.0)
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(UNSURE, SURE, strict=True))
    return red, green, blue

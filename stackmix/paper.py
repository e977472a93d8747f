"""Paper under a set word: its tone, shading and grain, ruled or squared, with the ink laid on it.

Training and judging on clean black and white would teach nothing about a scan: paper is never white, ink seldom black,
and a notebook's lines run through the writing.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix.types import Image

RULINGS = ("plain", "lined", "squared")


def on_paper(image: Image, x_height: float, rng: np.random.Generator, ruling: str | None = None) -> Image:
    """Lay dark ink on white (H, W) on drawn paper; x_height: pixels, which scale the ruling. ruling: drawn if None."""
    shape = image.shape[:2]
    tone, light = rng.uniform(200, 255), rng.uniform(0, 25)
    paper = tone - light * cv2.resize(rng.random((3, 4), np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
    ruling = ruling or str(rng.choice(RULINGS))
    if ruling != "plain":
        paper *= 1 - lines(shape, x_height, rng, crossed=ruling == "squared")
    cover = (255 - image.astype(np.float32)) / 255
    darkness = rng.uniform(10, 90)
    grain = rng.normal(0, rng.uniform(0.5, 5), shape).astype(np.float32)
    return np.clip(paper * (1 - cover) + darkness * cover + grain, 0, 255).round().astype(np.uint8)


def lines(
    shape: tuple[int, ...], x_height: float, rng: np.random.Generator, crossed: bool = False
) -> NDArray[np.float32]:
    """(H, W) share of light that the ruling takes: lines at an even distance, and upright ones where crossed."""
    step = x_height * (rng.uniform(1.2, 2.0) if crossed else rng.uniform(2.0, 3.5))
    width, strength, tilt = rng.uniform(0.03, 0.09) * x_height, rng.uniform(0.05, 0.3), rng.normal(0, 0.01)
    y, x = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij", sparse=True)
    found = np.zeros(shape, np.float32)
    for along in (y + tilt * x, x - tilt * y)[: 2 if crossed else 1]:
        away = np.abs((along + rng.uniform(0, step)) % step - step / 2)
        found = np.maximum(found, np.clip(width / 2 + 0.5 - away, 0, 1))
    return strength * found

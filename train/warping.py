"""A word moved, leaned, turned and stretched a little, with room around it, in one resampling.

Its aspect changes by a few per cent only. The paper's own colour fills the corners, so that ink at the edge of a tight
box is not smeared outwards.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix.blots.transforms import A

LEAST = 16  # rows and columns of a warped image, so that marks find room on it
NODES = 4  # of the wave along a word, for each height of it


def paper_colour(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(1,) or (3,) the median of each channel over the lighter half of an image."""
    flat = image.reshape(-1, 1) if image.ndim == 2 else image.reshape(-1, image.shape[-1])
    light = flat.sum(axis=1)
    return np.median(flat[light >= np.median(light)], axis=0)


class Warp(A.ImageOnlyTransform):
    """turn, lean: degrees to either side. stretch: share by which height and width may differ. size: scale, low, high.

    wave: rows and columns that strokes stray, in shares of the height. room: paper added at each side, the same shares.
    """

    def __init__(
        self,
        turn: float = 3.0,
        lean: float = 15.0,
        stretch: float = 0.08,
        size: tuple[float, float] = (0.85, 1.15),
        wave: float = 0.02,
        room: tuple[float, float] = (0.02, 0.15),
        p: float = 1.0,
    ) -> None:
        super().__init__(p=p)
        self.turn, self.lean, self.stretch = turn, lean, stretch
        self.size, self.wave, self.room = size, wave, room

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        rng, (height, width) = self.random_generator, params["shape"][:2]
        turn, lean = np.radians(rng.uniform(-self.turn, self.turn)), np.tan(np.radians(rng.uniform(-1, 1) * self.lean))
        scale = rng.uniform(*self.size) * np.array([1 + rng.uniform(-1, 1) * self.stretch, 1.0])
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        matrix = matrix @ np.array([[1, -lean], [0, 1]]) @ np.diag(scale)
        room = rng.uniform(*self.room, 4) * height
        nodes = max(2, round(NODES * width / height))
        return {"matrix": matrix, "room": room, "wave": rng.normal(0, self.wave * height, (2, nodes))}

    def apply(
        self, img: NDArray, matrix: NDArray[np.float64], room: NDArray[np.float64], wave: NDArray, **params: Any
    ) -> NDArray:
        height, width = img.shape[:2]
        corners = np.array([(x, y) for x in (0, width) for y in (0, height)], float) @ matrix.T
        low, high = corners.min(axis=0), corners.max(axis=0)
        columns, rows = np.maximum(np.ceil(high - low + room[:2] + room[2:]), LEAST).astype(int)
        y, x = np.mgrid[:rows, :columns] + 0.5
        back = np.linalg.inv(matrix)
        place = np.stack([x, y], axis=-1) @ back.T + (low - room[:2]) @ back.T
        smooth = cv2.resize(wave.T[None].astype(np.float32), (columns, 1), interpolation=cv2.INTER_CUBIC)[0]
        place = (place + smooth[None] - 0.5).astype(np.float32)
        fill = paper_colour(img).tolist()
        return cv2.remap(img, place, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=fill)

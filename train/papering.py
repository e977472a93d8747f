"""The same writing on other paper in other ink: ink and paper taken apart (`stackmix.layers`), the ink laid anew.

Papers and inks are those that `stackmix generate` draws.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackmix.blots.transforms import A
from stackmix.inks import COLOURS
from stackmix.layers import separate
from stackmix.papers import OWN, PAPERS
from stackmix.rendering import Look, Renderer

LINE = 128, 26.0, 84.0  # height, x-height and baseline that sheets are ruled for
SEED = 0  # of the sheets, from which every image draws a piece
DRAWN = tuple(paper for paper in PAPERS if paper != OWN)


class AnotherPaper(A.ImageOnlyTransform):
    """Lay an image's ink on a drawn paper in a drawn ink; a grey image (H, W) stays grey."""

    def __init__(self, papers: tuple[str, ...] = DRAWN, inks: tuple[str, ...] = tuple(COLOURS), p: float = 0.5) -> None:
        super().__init__(p=p)
        self.papers, self.inks = papers, inks
        self._renderers: dict[bool, Renderer] = {}

    def get_params(self) -> dict[str, Any]:
        return {"seed": int(self.random_generator.integers(2**32))}

    def apply(self, img: NDArray[np.uint8], seed: int = 0, **params: Any) -> NDArray[np.uint8]:
        colour = img.ndim == 3
        if colour not in self._renderers:  # in each loader worker for itself: sheets are large
            self._renderers[colour] = Renderer(Look(self.papers, self.inks, colour), *LINE, SEED)
        return self._renderers[colour].render(separate(img).ink, np.random.default_rng(seed))

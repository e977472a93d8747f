"""What Mask R-CNN learns: from random windows of pages, the boxes and masks of their words."""

from pathlib import Path

import numpy as np
from torch import Tensor

from stackmix.train.finding import Found
from stackmix.train.mask_rcnn import MaskFinder, starting, targets_of, tensor_of
from stackmix.train.page_pool import Inked, crop

BATCH = 4  # windows in one update


class MaskLearner:
    """Mask R-CNN as `stackmix.train.word_fitting.Learner`. weights: pretrained, none or a file."""

    rate = 2e-4

    def __init__(self, weights: str, finder: MaskFinder | None = None) -> None:
        self.model = finder or starting(weights)

    def loss(self, train: list[Inked], rng: np.random.Generator) -> Tensor:
        """The sum of Mask R-CNN's five losses on BATCH random windows."""
        size, device = self.model.config.window, next(self.model.parameters()).device
        crops = [crop(train[rng.integers(len(train))], size, rng) for _ in range(BATCH)]
        targets = [
            targets_of([p for p, passed in zip(c.polygons, c.ignored, strict=True) if not passed], size) for c in crops
        ]
        moved = [{name: value.to(device) for name, value in target.items()} for target in targets]
        losses = self.model.network([tensor_of(c.ink).to(device) for c in crops], moved)
        return sum(losses.values(), start=next(iter(losses.values())) * 0)

    def words(self, page: Inked) -> list[Found]:
        """The words of a page at working size, in its pixels."""
        return self.model.look([page.ink])[0]

    def save_pretrained(self, folder: Path) -> None:
        self.model.save_pretrained(folder)

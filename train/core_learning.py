"""What the light word finder learns: from random crops of pages, where cores are and how far words reach."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stackmix.train.core_maps import NEAR, paint, words_of
from stackmix.train.cores import STEP, CoreModel
from stackmix.train.finding import Found
from stackmix.train.page_pool import Inked, crop

CROP = 320  # pixels of a training crop's side
BATCH = 6  # crops in one update
REACH_WEIGHT = 1.0  # of the error of log(1 + reach), beside the error of the cores


def loss_of(maps: Tensor, core: Tensor, reach: Tensor, weight: Tensor) -> Tensor:
    """Weighted cross entropy and Dice loss of the cores, and mean error of log(1 + reach) on them.

    maps (B, 5, h, w); core, weight (B, h, w); reach (B, 4, h, w), of which left and right count near the ends only.
    """
    logits = maps[:, 0]
    each = functional.binary_cross_entropy_with_logits(logits, core, reduction="none")
    probable, seen = torch.sigmoid(logits), (weight > 0).float()
    dice = 1 - (2 * (probable * core).sum() + 1) / ((probable * seen).sum() + core.sum() + 1)
    known = (core[:, None] > 0).expand_as(reach).clone()
    known[:, 2:] &= reach[:, 2:] <= NEAR
    error = (maps[:, 1:] - torch.log1p(reach.clamp(min=0))).abs()
    return (each * weight).mean() + dice + REACH_WEIGHT * (error * known).sum() / known.sum().clamp(min=1)


class CoreLearner:
    """The light way as `stackmix.train.word_fitting.Learner`."""

    rate = 3e-3

    def __init__(self, model: CoreModel | None = None) -> None:
        self.model = model or CoreModel()

    def loss(self, train: list[Inked], rng: np.random.Generator) -> Tensor:
        """The loss of BATCH random crops."""
        device = next(self.model.parameters()).device
        ink, *maps = (part.to(device) for part in batch(train, rng))
        return loss_of(self.model(ink), *maps)

    def words(self, page: Inked) -> list[Found]:
        """The words of a page at working size, in its pixels."""
        return words_of(*self.model.look(page.ink), STEP, self.model.config.threshold)

    def save_pretrained(self, folder: Path) -> None:
        self.model.save_pretrained(folder)


def batch(train: list[Inked], rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Ink (B, H, W) in 0..1, core, reach and weight of random crops."""
    crops = [crop(train[rng.integers(len(train))], CROP, rng) for _ in range(BATCH)]
    maps = [paint(c.polygons, c.ignored, (CROP, CROP), STEP) for c in crops]
    core, reach, weight = (torch.from_numpy(np.stack(part)) for part in zip(*maps, strict=True))
    return torch.from_numpy(np.stack([c.ink for c in crops])).float() / 255, core, reach, weight

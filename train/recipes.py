"""How TrOCR is trained and reads: our own recipe, and that of the contest system that this project rebuilds.

`notebooks` is Adam at 5e-5 for seven epochs and 2e-5 for two more, in batches of 8 without an early stop, with that
system's augmentation, its two ways to fill a square and its beam search. `ours` keeps the aspect ratio, moves and leans
the ink, follows a cosine, stops early, and reads greedily, verbatim.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from stackmix.train.fitting import augment, learning_rate
from stackmix.train.shaping import Fit, ink_for, on_white, shaped
from stackmix.types import Image

MARGIN = 0.15  # of a word's width, on both sides, for what augmentation moves out


@dataclass(frozen=True, slots=True)
class Habits:
    """How a model reads. fit: as in `shaping.py`. longest: numbers of a text, its end included.

    beams and what follows: of beam search; one beam is greedy. letters, words: slope and offset of the confidences.
    """

    fit: Fit = "kept"
    longest: int = 64
    beams: int = 1
    length_penalty: float = 1.0
    no_repeat: int = 0
    letters: tuple[float, float] = (1.0, 0.0)
    words: tuple[float, float] = (1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. name: ours or notebooks. mix: the share of stacked words, 0..1. batch: in all processes together.

    epochs: passes over the real data. patience: epochs without a better CER before the stop. rate: the highest.
    """

    name: str = "ours"
    epochs: int = 15
    batch: int = 8
    seed: int = 0
    mix: float = 0.0
    patience: int = 3
    rate: float = 5e-5

    def rate_at(self, update: int, per_epoch: int) -> float:
        """The learning rate of an update."""
        if self.name == "notebooks":
            return self.rate if update < 7 * per_epoch else 0.4 * self.rate
        return self.rate * learning_rate(update / (per_epoch * self.epochs))

    def habits(self, languages: Iterable[str], longest: int, places: int) -> Habits:
        """How a model of this recipe reads. longest: numbers of the longest label; places: that the model can say."""
        if self.name == "notebooks":
            fit: Fit = "dark" if "ru" in languages else "squashed"
            return Habits(fit, min(64, places), beams=4, length_penalty=2.0, no_repeat=3)
        return Habits("kept", min(longest + longest // 2 + 2, places))


def ours(anew: bool = False, **options: float) -> Recipe:
    """Our own recipe. anew: for random weights, which bear ten times the rate."""
    return Recipe(**{"rate": 5e-4 if anew else 5e-5, **options})  # type: ignore[arg-type]


def notebooks(anew: bool = False, **options: float) -> Recipe:
    """The recipe of the contest system, the same for random weights."""
    return Recipe(**{"name": "notebooks", "epochs": 9, "patience": 9, **options})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Shaping:
    """An image as a square with the recipe's augmentation: a `Shape` of `mixing.py`."""

    fit: Fit
    size: int

    def __call__(self, image: Image, rng: np.random.Generator) -> Image:
        if self.fit == "kept":
            return on_white(bent(ink_for(image, self.size), rng), self.size)
        from stackmix.train.augmentation import seed_pipeline

        pipeline = seed_pipeline(self.size)
        for step in pipeline.transforms:  # with one seed for all, those with a blot would be those that are turned
            step.set_random_seed(int(rng.integers(2**31)))
        square: Image = pipeline(image=shaped(image, self.fit, self.size))["image"]
        return square


def bent(ink: Image, rng: np.random.Generator) -> Image:
    """(H, w') ink with another slant, size, margin and stroke width, and stretched along the line."""
    side = 4 + round(MARGIN * ink.shape[1])
    wide = cv2.copyMakeBorder(ink, 0, 0, side, side, cv2.BORDER_CONSTANT, value=0)
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    moved = augment(torch.from_numpy(wide)[None].float() / 255, generator)[0]
    own = (moved * 255).clamp(0, 255).round().to(torch.uint8).numpy()
    left, right = rng.integers(side, size=2)
    return own[:, left : own.shape[1] - right]

"""One run of the ablation: a CTC reader trained on rounds of images until its validation CER stands still.

The schedule is planned for so many updates: a rise, then a half cosine down to a floor, on which the rate stays. A run
makes all planned updates and goes on until the best validation CER is older than a fifth of all updates made, but never
beyond MOST times the plan. A checkpoint is written after every round.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from stackmix.train.ctc import CTCConfig, CTCModel
from stackmix.train.fitting import Fitting, Recipe, learning_rate
from stackmix.train.packing import Packed

COLUMNS = 2048  # of a batch, about 17 words: half of what `stackmix train` takes gets further on few words
RATE = 2e-3
FLOOR = 0.03  # of the peak rate
PATIENCE = 0.2  # of the updates made
MOST = 1.3  # times the planned updates


class Run(Fitting):
    """`Run(feed, real, val, settings, seed, folder).run(tick)` -> the model that was best on the validation words.

    feed: the images of round n, after a share of the planned updates. real: the real words, which give the alphabet.
    settings: `updates`, those planned, and what else a checkpoint must agree with. start: a model to go on from, at
    half of the rate. most: times the planned updates at which it ends at the latest.
    """

    def __init__(
        self,
        feed: Callable[[int, float], Packed],
        real: Packed,
        val: Packed,
        settings: dict[str, Any],
        seed: int,
        folder: Path,
        start: CTCModel | None = None,
        most: float = MOST,
    ) -> None:
        rate, head = (RATE, "recurrent") if start is None else (RATE / 2, start.config.head)
        super().__init__(real, val, Recipe(head=head, seed=seed, rate=rate), folder, start)
        self.feed, self.settings, self.updates, self.most = feed, settings, int(settings["updates"]), most

    def run(self, tick: Callable[[int, str], None]) -> CTCModel:
        """Train until `finished`; `tick(images, message)` is called after every update."""
        while not finished(self.progress.update, self.best_update(), self.updates, self.most):
            self._round(tick)
        self.model.load_state_dict(self.best)
        return self.model.eval().cpu()

    def best_update(self) -> int:
        """After how many updates the validation CER was lowest."""
        best = min(self.progress.history, key=lambda row: row["cer"], default=None)
        return 0 if best is None else int(best["update"])

    def _round(self, tick: Callable[[int, str], None]) -> None:
        done = self.progress
        number = len(done.history)
        self.use(self.feed(number, done.update / self.updates))
        for indices in self.train.batches(COLUMNS, np.random.default_rng([self.recipe.seed, number])):
            self.step(indices)
            tick(len(indices), f"loss {done.losses[-1]:.3f} CER {done.best_cer:.3f}")
        self.judge()

    def share_of_rate(self) -> float:
        """As in `Fitting`, but down to the floor."""
        share = self.progress.update / self.updates
        return FLOOR if share > 1 else learning_rate(share) * (1 - FLOOR) + FLOOR

    def _data(self) -> dict[str, Any]:
        return {**self.settings, "alphabet": self.model.config.alphabet}


def finished(update: int, best: int, planned: int, most: float = MOST) -> bool:
    """Whether a run ends: after the plan, once its best update is older than a fifth of all, or at `most` plans."""
    return update >= most * planned or (update >= planned and update - best >= PATIENCE * update)


def without_head(reader: CTCModel) -> CTCModel:
    """The convolutions of a recurrent reader with their own classes: an aligner, which sees little beyond a letter."""
    config: CTCConfig = replace(reader.config, head="conv")
    aligner = CTCModel(config)
    state = {name: value for name, value in reader.state_dict().items() if not name.startswith(("head.", "classes."))}
    aligner.load_state_dict({name.replace("shortcut.", "classes."): value for name, value in state.items()})
    return aligner.eval()

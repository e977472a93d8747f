"""Training of the light word finder: from random weights, resumable to the bit, the best validation F1 kept.

Every random number is a function of (seed, update), so a checkpoint needs no generator states.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stackmix.staging import whole_folder
from stackmix.train.core_maps import NEAR, paint, words_of
from stackmix.train.cores import STEP, CoreConfig, CoreModel
from stackmix.train.fitting import CHECKPOINT, learning_rate
from stackmix.train.page_pool import Inked, crop, gather_pages, held_out
from stackmix.train.word_scoring import Counts, score, total
from stackmix.types import DataError

if TYPE_CHECKING:
    from tqdm import tqdm

CROP = 320  # pixels of a training crop's side
BATCH = 6  # crops in one update
ROUND = 60  # updates between two looks at the validation pages, each with a checkpoint
LOOKED_AT = 24  # validation pages for the early stop
REACH_WEIGHT = 1.0  # of the error of log(1 + reach), beside the error of the cores


@dataclass(frozen=True, slots=True)
class WordRecipe:
    """How to train: rounds of ROUND updates, peak learning rate, seed, rounds without a better F1 before the stop."""

    rounds: int = 16
    rate: float = 3e-3
    seed: int = 0
    patience: int = 6


@dataclass(slots=True)
class WordProgress:
    """What a checkpoint keeps beside the weights: the best F1 so far, and one row for each round."""

    best_f1: float = -1.0
    stale: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


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


def f1_on(model: CoreModel, found: list[Inked]) -> Counts:
    """Words found on pages at working size, against the true ones."""
    return total(
        score([w.polygon for w in words_of(*model.look(p.ink), STEP, model.config.threshold)], p.polygons, p.ignored)
        for p in found
    )


class CoreFitting:
    """One training run: `CoreFitting(train, val, recipe, folder).run(tick)` returns the best model.

    folder: where the checkpoint lies; `restore()` goes on from it.
    """

    def __init__(self, train: list[Inked], val: list[Inked], recipe: WordRecipe, folder: Path) -> None:
        self.train, self.recipe, self.folder = train, recipe, folder
        self.val = val[:: -(-len(val) // LOOKED_AT)] if val else []
        if not train or not val:
            raise DataError(f"{len(train)} training and {len(val)} validation pages: at least one of each is needed")
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.manual_seed(recipe.seed)
        self.model = CoreModel(CoreConfig()).to(self.device)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=recipe.rate, weight_decay=1e-2)
        self.progress = WordProgress()
        self.best: dict[str, Tensor] = {}

    def run(self, tick: Callable[[int, str], object]) -> CoreModel:
        """Train to the end or the early stop; `tick(crops, message)` is called after every update."""
        while len(self.progress.history) < self.recipe.rounds and self.progress.stale < self.recipe.patience:
            self._round(tick)
        self.model.load_state_dict(self.best)
        return self.model.eval().cpu()

    def _round(self, tick: Callable[[int, str], object]) -> None:
        done, losses = self.progress, []
        for update in range(len(done.history) * ROUND, (len(done.history) + 1) * ROUND):
            losses.append(self._step(update))
            tick(BATCH, f"round {len(done.history) + 1} loss {losses[-1]:.3f} best F1 {max(done.best_f1, 0):.3f}")
        f1 = f1_on(self.model, self.val).f1
        done.history.append({"loss": float(np.mean(losses)), "f1": f1})
        done.stale += 1
        if f1 > done.best_f1:
            done.best_f1, done.stale = f1, 0
            self.best = {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}
        self._save()

    def _batch(self, update: int) -> tuple[Tensor, ...]:
        """Ink, core, reach and weight of an update's crops: a function of the seed and the update."""
        rng = np.random.default_rng([self.recipe.seed, update])
        crops = [crop(self.train[rng.integers(len(self.train))], CROP, rng) for _ in range(BATCH)]
        maps = [paint(c.polygons, c.ignored, c.ink.shape, STEP) for c in crops]
        ink = torch.from_numpy(np.stack([c.ink for c in crops])).to(self.device).float() / 255
        return ink, *(torch.from_numpy(np.stack(part)).to(self.device) for part in zip(*maps, strict=True))

    def _step(self, update: int) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate * learning_rate(update / (self.recipe.rounds * ROUND))
        self.model.train()
        ink, core, reach, weight = self._batch(update)
        loss = loss_of(self.model(ink), core, reach, weight)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()
        return float(loss.detach())

    def _about(self) -> dict[str, Any]:
        """What a checkpoint must agree on with the run that goes on from it."""
        words = sum(len(page.polygons) for page in self.train)
        return {**asdict(self.recipe), "pages": len(self.train), "words": words}

    def _save(self) -> None:
        """Write the checkpoint under a passing name, then rename it: the last good one is never damaged."""
        state = {
            "about": self._about(),
            "progress": asdict(self.progress),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
        }
        path = self.folder / CHECKPOINT
        passing = path.with_suffix(".new")
        try:
            torch.save(state, passing)
        except RuntimeError as error:  # torch hides a full disk in a RuntimeError
            passing.unlink(missing_ok=True)
            raise OSError(f"{path} cannot be written ({error}): free some space, then go on with --resume") from None
        passing.replace(path)

    def restore(self) -> None:
        """Go on from the checkpoint in the folder, if there is one; DataError where it is of another run."""
        path = self.folder / CHECKPOINT
        if not path.exists():
            return
        state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        now, then = self._about(), state["about"]
        if changed := [f"{k} {then.get(k)} -> {v}" for k, v in now.items() if then.get(k) != v]:
            named = ", ".join(changed)
            raise DataError(f"{path} is of another run ({named}): repeat its options, or remove {self.folder}")
        self.progress = WordProgress(**state["progress"])
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best = state["best"]

    def write_history(self, folder: Path) -> None:
        """Write training.json: the recipe and, for each round, loss and validation F1."""
        content = {**self._about(), "val_pages": len(self.val), "history": self.progress.history}
        (folder / "training.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")


def train_light(folders: list[Path], out: Path, recipe: WordRecipe, *, resume: bool, bar: "tqdm[Any]") -> str:
    """Train a light word finder into the folder `out`; returns a line on how it went."""
    with whole_folder(out, resumable=True, resume=resume) as folder:
        bar.set_description("reading")
        train, val, left_out = gather_pages(folders, CoreConfig().side, bar.update)
        train, val, how = held_out(train, val)
        fitting = CoreFitting(train, val, recipe, folder)
        fitting.restore()
        bar.unit = "crop"
        bar.reset(total=recipe.rounds * ROUND * BATCH)
        bar.update(len(fitting.progress.history) * ROUND * BATCH)

        def tick(crops: int, message: str) -> None:
            bar.set_description(message, refresh=False)
            bar.update(crops)

        model = fitting.run(tick)
        model.save_pretrained(folder)
        fitting.write_history(folder)
        (folder / CHECKPOINT).unlink()
    counts = f"trained on {len(train):,} pages" + (f"; left out: {len(left_out)} broken or without a word" if left_out else "")
    return f"word F1 {fitting.progress.best_f1:.3f} on {len(fitting.val):,} pages of {how}, {counts}"

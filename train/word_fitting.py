"""Training of word finders, whatever their way: resumable to the bit, the best validation F1 kept.

A way brings a `Learner`; rounds, early stop and checkpoints are the same for all. Every random number is a function of
(seed, update), so a checkpoint needs no generator states.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from stackmix.staging import whole_folder
from stackmix.train.checkpointing import agree, write_checkpoint
from stackmix.train.fitting import CHECKPOINT, learning_rate
from stackmix.train.page_pool import Inked, gather_pages, held_out
from stackmix.train.word_scoring import score, total
from stackmix.types import DataError

if TYPE_CHECKING:
    from tqdm import tqdm

    from stackmix.train.finding import Found

ROUND = 60  # updates between two looks at the validation pages, each with a checkpoint
LOOKED_AT = 24  # validation pages for the early stop


@dataclass(frozen=True, slots=True)
class WordRecipe:
    """How to train: rounds of ROUND updates, seed, rounds without a better F1 before the stop."""

    rounds: int = 24
    seed: int = 0
    patience: int = 8


@dataclass(slots=True)
class WordProgress:
    """What a checkpoint keeps beside the weights: the best F1 so far, and one row for each round."""

    best_f1: float = -1.0
    stale: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


class Learner(Protocol):
    """A way to find words as training sees it. rate: the peak learning rate."""

    rate: float

    @property
    def model(self) -> nn.Module:
        """What is trained."""

    def loss(self, train: list[Inked], rng: np.random.Generator) -> Tensor:
        """The loss of one update's crops."""

    def words(self, page: Inked) -> "list[Found]":
        """The words of a page at working size, in its pixels."""

    def save_pretrained(self, folder: Path) -> None:
        """Write the model folder."""


class WordFitting:
    """One training run: `WordFitting(learner, train, val, recipe, folder).run(tick)` leaves the best weights.

    folder: where the checkpoint lies; `restore()` goes on from it.
    """

    def __init__(
        self, learner: Learner, train: list[Inked], val: list[Inked], recipe: WordRecipe, folder: Path
    ) -> None:
        if not train or not val:
            raise DataError(f"{len(train)} training and {len(val)} validation pages: at least one of each is needed")
        self.learner, self.train, self.recipe, self.folder = learner, train, recipe, folder
        self.val = val[:: -(-len(val) // LOOKED_AT)]
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = learner.model.to(self.device)
        learnt = [value for value in self.model.parameters() if value.requires_grad]
        self.optimizer = torch.optim.AdamW(learnt, lr=learner.rate, weight_decay=1e-2)
        self.progress = WordProgress()
        self.best: dict[str, Tensor] = {}

    def run(self, tick: Callable[[int, str], object]) -> None:
        """Train to the end or the early stop; `tick(1, message)` is called after every update."""
        while len(self.progress.history) < self.recipe.rounds and self.progress.stale < self.recipe.patience:
            self._round(tick)
        self.model.load_state_dict(self.best)
        self.model.eval().cpu()

    def _round(self, tick: Callable[[int, str], object]) -> None:
        done, losses = self.progress, list[float]()
        for update in range(len(done.history) * ROUND, (len(done.history) + 1) * ROUND):
            losses.append(self._step(update))
            tick(1, f"round {len(done.history) + 1} loss {losses[-1]:.3f} best F1 {max(done.best_f1, 0):.3f}")
        self.model.eval()
        counts = (score([w.polygon for w in self.learner.words(p)], p.polygons, p.ignored) for p in self.val)
        f1 = total(counts).f1
        done.history.append({"loss": float(np.mean(losses)), "f1": f1})
        done.stale += 1
        if f1 > done.best_f1:
            done.best_f1, done.stale = f1, 0
            self.best = {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}
        self._save()

    def _step(self, update: int) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = self.learner.rate * learning_rate(update / (self.recipe.rounds * ROUND))
        self.model.train()
        torch.manual_seed(self.recipe.seed * 1_000_003 + update)
        loss = self.learner.loss(self.train, np.random.default_rng([self.recipe.seed, update]))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()
        return float(loss.detach())

    def _about(self) -> dict[str, Any]:
        """What a checkpoint must agree on with the run that goes on from it."""
        words = sum(len(page.polygons) for page in self.train)
        return {**asdict(self.recipe), "way": type(self.learner).__name__, "pages": len(self.train), "words": words}

    def _save(self) -> None:
        """Write the checkpoint: the last good one is never damaged."""
        state = {
            "about": self._about(),
            "progress": asdict(self.progress),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
        }
        write_checkpoint(self.folder / CHECKPOINT, state)

    def restore(self) -> None:
        """Go on from the checkpoint in the folder, if there is one; DataError where it is of another run."""
        path = self.folder / CHECKPOINT
        if not path.exists():
            return
        state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        agree(path, state["about"], self._about())
        self.progress = WordProgress(**state["progress"])
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best = state["best"]

    def write_history(self, folder: Path) -> None:
        """Write training.json: the recipe and, for each round, loss and validation F1."""
        content = {**self._about(), "val_pages": len(self.val), "history": self.progress.history}
        (folder / "training.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")


def _learner(way: str, weights: str, seed: int) -> tuple[Learner, int]:
    """The learner of a way, its weights drawn by the seed, and the longer side of the pages that it learns from."""
    torch.manual_seed(seed)
    if way == "light":
        from stackmix.train.core_learning import CoreLearner
        from stackmix.train.cores import SIDE

        return CoreLearner(), SIDE
    from stackmix.train.mask_learning import MaskLearner
    from stackmix.train.mask_rcnn import SIDE as MASK_SIDE

    return MaskLearner(weights), MASK_SIDE


def train_words(
    folders: list[Path], out: Path, recipe: WordRecipe, *, way: str, weights: str, resume: bool, bar: "tqdm[Any]"
) -> str:
    """Train a word finder into the folder `out`; returns a line on how it went. `bar` shows reading, then training."""
    with whole_folder(out, resumable=True, resume=resume) as folder:
        learner, side = _learner(way, weights, recipe.seed)
        bar.set_description("reading")
        train, val, left_out = gather_pages(folders, side, bar.update)
        train, val, how = held_out(train, val)
        fitting = WordFitting(learner, train, val, recipe, folder)
        fitting.restore()
        bar.unit = "update"
        bar.reset(total=recipe.rounds * ROUND)
        bar.update(len(fitting.progress.history) * ROUND)

        def tick(updates: int, message: str) -> None:
            bar.set_description(message, refresh=False)
            bar.update(updates)

        fitting.run(tick)
        learner.save_pretrained(folder)
        fitting.write_history(folder)
        (folder / CHECKPOINT).unlink()
    summary = (
        f"word F1 {fitting.progress.best_f1:.3f} on {len(fitting.val):,} pages of {how}, trained on {len(train):,}"
    )
    return summary + (f"; left out: {len(left_out)} broken or without a word" if left_out else "")

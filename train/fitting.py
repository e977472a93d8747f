"""Training of CTC models: from random weights or an older model, resumable to the bit, the best validation CER kept.

Every random number is a function of (seed, update): the order of the batches, the augmentation and the dropout. So a
checkpoint needs no generator states, and a resumed run computes the very updates that the uninterrupted one would have.
"""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stackmix.staging import whole_folder
from stackmix.train.calibrating import calibrate
from stackmix.train.checkpointing import agree, write_checkpoint
from stackmix.train.ctc import COLUMNS, STRIDE, CTCConfig, CTCModel, languages_of, read
from stackmix.train.ctc_reading import calibrate_reading
from stackmix.train.gathering import gather
from stackmix.train.packing import HEIGHT, Packed, padded_width
from stackmix.train.scoring import cer
from stackmix.train.splitting import held_out
from stackmix.types import BLANK, DataError

if TYPE_CHECKING:
    from tqdm import tqdm

CHECKPOINT = "checkpoint.pt"
CHECKPOINT_EVERY = 250  # updates
SHORTCUT_WEIGHT = 0.3  # of the convolutions' own loss where the head is recurrent


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train: passes over the data, peak learning rate, seed, epochs without a better CER before the stop."""

    head: str = "conv"
    epochs: int = 14
    rate: float = 2e-3
    seed: int = 0
    patience: int = 5


@dataclass(slots=True)
class Progress:
    """What a checkpoint keeps beside the weights: updates done, the best CER so far, and one row for each epoch.

    losses: of the updates of the epoch that is under way.
    """

    update: int = 0
    best_cer: float = math.inf
    stale: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)


def augment(ink: Tensor, generator: torch.Generator) -> Tensor:
    """Random slant, rotation, size, place, elastic stretch along the line and stroke width of (B, H, W) ink in 0..1."""
    count, height, width = ink.shape

    def draw(low: float, high: float, *shape: int) -> Tensor:
        return (torch.rand(count, *(shape or (1, 1)), generator=generator) * (high - low) + low).to(ink.device)

    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    x, y = (x - width / 2).to(ink.device), (y - height / 2).to(ink.device)
    nodes = max(3, width // 16)
    stretch = functional.interpolate(draw(-2.5, 2.5, 1, nodes), size=width, mode="linear", align_corners=True)
    from_x = x * draw(0.85, 1.15) + y * draw(-0.4, 0.4) + draw(-3, 3) + stretch
    from_y = y * draw(0.85, 1.2) + x * draw(-0.04, 0.04) + draw(-2, 2)
    grid = torch.stack([from_x * (2 / width), from_y * (2 / height)], dim=-1)
    moved = functional.grid_sample(ink[:, None], grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    thick, thin = functional.max_pool2d(moved, 3, 1, 1), -functional.max_pool2d(-moved, 3, 1, 1)
    weight = draw(-0.6, 0.6, 1, 1, 1)
    return torch.where(weight > 0, torch.lerp(moved, thick, weight), torch.lerp(moved, thin, -weight))[:, 0]


class Fitting:
    """One training run: `Fitting(train, val, recipe, folder).run()` returns the best model.

    folder: where the checkpoint lies; `restore()` goes on from it. init: a model to start from, its alphabet widened.
    """

    def __init__(self, train: Packed, val: Packed, recipe: Recipe, folder: Path, init: CTCModel | None = None) -> None:
        self.train, self.val, self.recipe, self.folder = train, val, recipe, folder
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.manual_seed(recipe.seed)
        letters = set("".join([*train.texts.tolist(), *val.texts.tolist(), init.config.alphabet if init else ""]))
        alphabet = "".join(sorted(letters))
        self.model = CTCModel(CTCConfig(alphabet, recipe.head, train.height, languages_of(alphabet)))
        if init is not None:
            _inherit(self.model, init)
        self.use(train)
        if not len(self.train) or not len(self.val):
            counts = f"{len(self.train)} training and {len(self.val)} validation images"
            raise DataError(f"{counts}: at least one of each is needed")
        self.model.to(self.device)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=recipe.rate, weight_decay=1e-2)
        self.progress = Progress()
        self.best: dict[str, Tensor] = {}

    def use(self, train: Packed) -> None:
        """Train on these images from now on, but for those with more letters than frames."""
        self.train, self.too_long = _alignable(train)
        self.per_epoch = len(self.train.batches(COLUMNS))
        self.labels = [_encode(text, self.model.config.alphabet) for text in self.train.texts.tolist()]

    def run(self, tick: Callable[[int, str], None]) -> CTCModel:
        """Train to the end or the early stop; `tick(images, message)` is called after every update."""
        while len(self.progress.history) < self.recipe.epochs and self.progress.stale < self.recipe.patience:
            self._epoch(tick)
        self.model.load_state_dict(self.best)
        return self.model.eval().cpu()

    def _epoch(self, tick: Callable[[int, str], None]) -> None:
        done, epoch = self.progress, len(self.progress.history)
        batches = self.train.batches(COLUMNS, np.random.default_rng([self.recipe.seed, epoch]))
        for indices in batches[done.update - epoch * self.per_epoch :]:
            self.step(indices)
            if done.update % CHECKPOINT_EVERY == 0:
                self.save()
            so_far = f"loss {done.losses[-1]:.3f} CER {done.best_cer:.3f}"
            tick(len(indices), f"epoch {epoch + 1}/{self.recipe.epochs} {so_far}")
        self.judge()

    def step(self, indices: np.ndarray) -> None:
        """One update on images of one padded width."""
        self.progress.losses.append(self._step(indices))
        self.progress.update += 1

    def judge(self) -> None:
        """End an epoch: read the validation images, keep the model if none was better, write the checkpoint."""
        done = self.progress
        error = cer(read(self.model, self.val), self.val.texts.tolist())
        loss = float(np.mean(done.losses))
        done.history.append({"epoch": len(done.history) + 1, "update": done.update, "loss": loss, "cer": error})
        done.losses = []
        done.stale += 1
        if error < done.best_cer:
            done.best_cer, done.stale = error, 0
            self.best = {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}
        self.save()

    def _step(self, indices: np.ndarray) -> float:
        update = self.progress.update
        torch.manual_seed(self.recipe.seed * 1_000_003 + update + 1)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate * self.share_of_rate()
        self.model.train()
        ink = torch.from_numpy(self.train.batch(indices)).to(self.device).float() / 255
        generator = torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + update + 1)
        branches = self.model.branches(augment(ink, generator))
        labels = [self.labels[i] for i in indices]
        lengths, flat = torch.tensor([len(x) for x in labels]), torch.cat(labels).to(self.device)
        frames = torch.full((len(indices),), branches[0].shape[1])
        losses = [functional.ctc_loss(x.transpose(0, 1), flat, frames, lengths, BLANK) for x in branches]
        loss = losses[0] + SHORTCUT_WEIGHT * sum(losses[1:])
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()
        return float(losses[0].detach())

    def share_of_rate(self) -> float:
        """Share of the peak rate at which the next update is made."""
        return learning_rate(self.progress.update / (self.per_epoch * self.recipe.epochs))

    def images_done(self) -> int:
        """Images seen so far, for a progress bar."""
        return round(self.progress.update / self.per_epoch * len(self.train))

    def save(self) -> None:
        """Write the checkpoint; the last good one is never damaged."""
        state = {
            "recipe": asdict(self.recipe),
            "data": self._data(),
            "progress": asdict(self.progress),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
        }
        write_checkpoint(self.folder / CHECKPOINT, state)

    def _data(self) -> dict[str, Any]:
        columns = int(self.train.widths.sum())
        return {"images": len(self.train), "columns": columns, "alphabet": self.model.config.alphabet}

    def restore(self) -> None:
        """Go on from the checkpoint in the folder, if there is one; DataError where it is of another run."""
        path = self.folder / CHECKPOINT
        if not path.exists():
            return
        state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        agree(path, {**state["recipe"], **state.get("data", {})}, {**asdict(self.recipe), **self._data()})
        self.progress = Progress(**state["progress"])
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best = state["best"]

    def write_history(self, folder: Path) -> None:
        """Write training.json: the recipe and, for each epoch, loss and validation CER."""
        content = {
            "recipe": asdict(self.recipe),
            "train_images": len(self.train),
            "val_images": len(self.val),
            "too_long": self.too_long,
            "history": self.progress.history,
        }
        (folder / "training.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")


def train_ctc(data: list[Path], out: Path, recipe: Recipe, *, init: Path | None, resume: bool, bar: "tqdm[Any]") -> str:
    """Train a CTC model into the folder `out`; returns a line on how it went. `bar` shows decoding, then training."""
    old = CTCModel.from_pretrained(init) if init else None
    with whole_folder(out, resumable=True, resume=resume) as folder:
        bar.set_description("reading")
        packed, broken = gather(data, old.config.height if old else HEIGHT, bar.update)
        train, val, how = held_out(packed)
        fitting = Fitting(train, val, recipe, folder, old)
        fitting.restore()
        bar.reset(total=len(fitting.train) * recipe.epochs)
        bar.update(fitting.images_done())

        def tick(images: int, message: str) -> None:
            bar.set_description(message, refresh=False)
            bar.update(images)

        model = fitting.run(tick)
        calibration, reading = calibrate(model, val), calibrate_reading(model, val)
        model.config = replace(model.config, calibration=calibration, reading=reading)
        model.save_pretrained(folder)
        fitting.write_history(folder)
        (folder / CHECKPOINT).unlink()
    left_out = f"; left out: {len(broken)} broken, {fitting.too_long} with more letters than frames"
    return f"CER {fitting.progress.best_cer:.3f} on {len(val):,} images of {how}, trained on {len(fitting.train):,}" + (
        left_out if broken or fitting.too_long else ""
    )


def learning_rate(share: float) -> float:
    """Share of the peak rate after a share 0..1 of all updates: a rise over the first 8 %, then a half cosine to 0."""
    return share / 0.08 if share < 0.08 else 0.5 + 0.5 * math.cos(math.pi * (share - 0.08) / 0.92)


def _encode(text: str, alphabet: str) -> Tensor:
    return torch.tensor([alphabet.index(c) + 1 for c in text], dtype=torch.int64)


def _alignable(packed: Packed) -> tuple[Packed, int]:
    """The images with frames enough for their texts (a repeated letter needs a blank between), and how many without."""
    frames = np.array([padded_width(int(w)) // STRIDE for w in packed.widths])
    needed = np.array([len(t) + sum(a == b for a, b in pairwise(t)) for t in packed.texts.tolist()])
    keep = frames >= needed if len(packed) else np.zeros(0, bool)
    return packed.take(keep), int((~keep).sum())


def _inherit(model: CTCModel, old: CTCModel) -> None:
    """Take over the weights of another model; letters it did not know keep their random rows."""
    if (old.config.head, old.config.height) != (model.config.head, model.config.height):
        theirs = f"a {old.config.head} model of height {old.config.height}"
        raise DataError(f"--init holds {theirs}: train with the same head")
    state = model.state_dict()
    ours = [0, *(model.config.alphabet.index(c) + 1 for c in old.config.alphabet)]
    for name, value in old.state_dict().items():
        if name.startswith(("classes.", "shortcut.")):
            state[name][ours] = value
        else:
            state[name] = value
    model.load_state_dict(state)

"""Training of TrOCR models in any number of processes, resumable to the bit, the best validation CER kept.

The processes of a launcher (`python -m torch.distributed.run`) share each batch, and the loss is a mean over the labels
of all of them, so two processes learn what one would. Every random number is a function of (seed, update, process), so
a checkpoint needs no generator states.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from torch import Tensor
from torch.nn import functional

from stackmix.train.characters import Vocabulary
from stackmix.train.checkpointing import agree, write_checkpoint
from stackmix.train.mixing import Mixture, Schedule, Share, load
from stackmix.train.pictures import Pictures
from stackmix.train.recipes import Recipe, Shaping
from stackmix.train.scoring import edit_distance
from stackmix.train.shaping import pixels
from stackmix.train.streaming import StackedWords
from stackmix.train.trocr import TrOCR
from stackmix.types import DataError, Image

CHECKPOINT = "checkpoint.pt"
CHECKPOINT_EVERY = 500  # updates
NOTHING = -100  # the label of a place behind a text's end


@dataclass(slots=True)
class Progress:
    """What a checkpoint keeps beside the weights: updates done, all losses, the best CER, a row for each epoch."""

    update: int = 0
    best_cer: float = math.inf
    stale: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)


class Fitting:
    """One training run: `Fitting(model, train, val, recipe, folder).run(tick)` returns the best model.

    folder: where the checkpoint lies; `restore()` goes on from it. stacked: what to mix in. workers: of the loader.
    """

    def __init__(
        self,
        model: TrOCR,
        train: Pictures,
        val: Pictures,
        recipe: Recipe,
        folder: Path,
        *,
        stacked: StackedWords | None = None,
        workers: int = 0,
        accelerator: Accelerator | None = None,
    ) -> None:
        if not len(train) or not len(val):
            raise DataError(f"{len(train)} training and {len(val)} validation images: at least one of each is needed")
        self.model, self.val, self.recipe, self.folder, self.workers = model, val, recipe, folder, workers
        self.accelerator = accelerator or accelerate()
        if recipe.batch < self.accelerator.num_processes:
            counts = f"a batch of {recipe.batch} for {self.accelerator.num_processes} processes"
            raise DataError(f"{counts}: give --batch one image for each at least")
        self.schedule = Schedule(len(train), recipe.batch, recipe.mix if stacked else 0.0, recipe.seed)
        if stacked and not self.schedule.stacked:
            raise DataError(f"--mix {recipe.mix} of a batch of {recipe.batch} is no word: give a larger --batch")
        self.mixture = Mixture(train, stacked, Shaping(model.habits.fit, model.size), recipe.seed)
        adam = torch.optim.Adam if recipe.name == "notebooks" else torch.optim.AdamW
        optimizer = adam(model.network.parameters(), lr=recipe.rate)
        self.network, self.optimizer = self.accelerator.prepare(model.network, optimizer)
        self.progress = Progress()
        self.best: dict[str, Tensor] = {}

    def run(self, tick: Callable[[int, str], None]) -> TrOCR:
        """Train to the end or the early stop; `tick(images, message)` is called after every update."""
        done, per_epoch = self.progress, self.schedule.per_epoch
        total = per_epoch * self.recipe.epochs
        rank, processes = self.accelerator.process_index, self.accelerator.num_processes
        share = Share(self.schedule, done.update, total, rank, processes)
        batches = iter(load(self.mixture, share, self.workers))
        while len(done.history) < self.recipe.epochs and done.stale < self.recipe.patience:
            while done.update < (len(done.history) + 1) * per_epoch:
                done.losses.append(self._step(next(batches)))
                done.update += 1
                if done.update % CHECKPOINT_EVERY == 0:
                    self.save()
                told = f"epoch {len(done.history) + 1}/{self.recipe.epochs} loss {done.losses[-1]:.3f}"
                tick(self.recipe.batch, f"{told} CER {done.best_cer:.3f}")
            self._judge()
        self.model.network.load_state_dict(self.best)
        self.model.network.eval()
        return self.model

    def _step(self, batch: list[tuple[Image, str]]) -> float:
        """One update; the loss of all processes is returned."""
        update, accelerator = self.progress.update, self.accelerator
        torch.manual_seed((self.recipe.seed * 1_000_003 + update + 1) * 1_009 + accelerator.process_index)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate_at(update, self.schedule.per_epoch)
        self.network.train()
        images = pixels([square for square, _ in batch], self.model.size).to(accelerator.device)
        texts = [text for _, text in batch]
        heard, said = (x.to(accelerator.device) for x in labels(self.model.vocabulary, texts))
        logits = self.network(pixel_values=images, decoder_input_ids=heard).logits.float().flatten(0, 1)
        count = accelerator.reduce((said != NOTHING).sum(), "sum")
        wrong = functional.cross_entropy(logits, said.flatten(), ignore_index=NOTHING, reduction="sum")
        loss = wrong / count
        accelerator.backward(loss * accelerator.num_processes)  # gradients are averaged over the processes
        accelerator.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return float(accelerator.reduce(loss.detach(), "sum"))

    def _judge(self) -> None:
        """Read the validation images, each process its share, and keep the best weights."""
        done, accelerator = self.progress, self.accelerator
        own = np.arange(len(self.val)) % accelerator.num_processes == accelerator.process_index
        part = self.val.take(own)
        read = [reading.text for reading in self.model.read(part.images())]
        edits = sum(edit_distance(a, b) for a, b in zip(read, part.texts.tolist(), strict=True))
        sums = torch.tensor([edits, sum(map(len, part.texts.tolist()))], device=accelerator.device)
        edits, letters = accelerator.reduce(sums, "sum").tolist()
        error, loss = edits / letters, float(np.mean(done.losses[-self.schedule.per_epoch :]))
        done.history.append({"epoch": len(done.history) + 1, "loss": loss, "cer": error})
        done.stale += 1
        if error < done.best_cer:
            done.best_cer, done.stale = error, 0
            self.best = {name: value.detach().cpu().clone() for name, value in self.model.network.state_dict().items()}
        self.save()

    def save(self) -> None:
        """Write the checkpoint, in the first process; the last good one is never damaged."""
        if not self.accelerator.is_main_process:
            return
        state = {
            "about": self._about(),
            "progress": asdict(self.progress),
            "model": self.model.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
        }
        write_checkpoint(self.folder / CHECKPOINT, state)

    def _about(self) -> dict[str, Any]:
        texts = self.mixture.pictures.texts.tolist()
        stacked = self.mixture.stacked
        order = stacked.order if stacked else None
        mixed = {"corpus": len(order.corpus.items), "library": order.library.name} if order else {}
        data = {"images": len(texts), "letters": sum(map(len, texts)), "pieces": self.model.vocabulary.size, **mixed}
        return {**asdict(self.recipe), **data, "processes": self.accelerator.num_processes}

    def restore(self) -> None:
        """Go on from the checkpoint in the folder, if there is one; DataError where it is of another run."""
        path = self.folder / CHECKPOINT
        if not path.exists():
            return
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        agree(path, state["about"], self._about())
        self.progress = Progress(**state["progress"])
        self.model.network.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best = state["best"]


def accelerate() -> Accelerator:
    """One process of a run: on its GPU, in bf16 where that has it, or on the CPU."""
    cuda = torch.cuda.is_available()
    precision = "bf16" if cuda and torch.cuda.is_bf16_supported() else "no"
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)  # a pooler that nobody asks
    return Accelerator(mixed_precision=precision, cpu=not cuda, kwargs_handlers=[unused])


def labels(vocabulary: Vocabulary, texts: list[str]) -> tuple[Tensor, Tensor]:
    """(B, L) what the decoder hears, the start and the text, and (B, L) what it is to say, the text and the end."""
    numbers = [vocabulary.encode(text) for text in texts]
    longest = max(map(len, numbers))
    heard = [[vocabulary.start, *own[:-1]] + [vocabulary.pad] * (longest - len(own)) for own in numbers]
    return torch.tensor(heard), torch.tensor([own + [NOTHING] * (longest - len(own)) for own in numbers])

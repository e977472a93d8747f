"""Training of language models: from ImageNet's weights or random ones, resumable, the best validation accuracy kept.

The language of a sample is that of its folder where one is named (`kk=samples/kazakh`), or else that of its text's
script: Cyrillic is ru, Latin en, and a text of neither or both is left out. As in `fitting.py` every random number is
a function of (seed, update).
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch.nn import functional

from stackmix.staging import whole_folder
from stackmix.train.checkpointing import agree, write_checkpoint
from stackmix.train.fitting import CHECKPOINT, augment, held_out, learning_rate
from stackmix.train.gathering import gather
from stackmix.train.language import COLUMNS, HEIGHT, LanguageConfig, LanguageModel
from stackmix.train.packing import Packed, merged
from stackmix.train.voting import language_of
from stackmix.types import DataError

if TYPE_CHECKING:
    from tqdm import tqdm


class Source(NamedTuple):
    """A sample folder, or an `.npz` of packed images; language: of all of it, "" where the texts' scripts decide."""

    path: Path
    language: str = ""

    @classmethod
    def parse(cls, given: str) -> "Source":
        """`kk=samples/kazakh` names a language; what exists under its whole name is a folder."""
        language, sign, path = given.partition("=")
        return cls(Path(path), language) if sign and language and not Path(given).exists() else cls(Path(given))


@dataclass(frozen=True, slots=True)
class LanguageRecipe:
    """How to train: weights are what the network starts from, narrow divides its channels."""

    weights: str = "pretrained"
    narrow: int = 1
    epochs: int = 4
    seed: int = 0

    @property
    def rate(self) -> float:
        """The highest learning rate: random weights take larger steps than those that know something already."""
        return 2e-3 if self.weights == "none" else 3e-4


class Labelled(NamedTuple):
    """Training and validation images, whose `texts` are their languages; and how many were left out, and broken."""

    train: Packed
    val: Packed
    left_out: int
    broken: list[str]


def gather_languages(data: list[Source], tick: Callable[[int], object]) -> Labelled:
    """The train and val splits of all data; a writer is never on both sides (`fitting.held_out`).

    Raises DataError for a test split, and where there are not at least two languages.
    """
    trains, vals, left_out = [], [], 0
    broken: list[str] = []
    for source in data:
        packed, bad = gather([source.path], HEIGHT, tick)
        if packed.height != HEIGHT:
            raise DataError(f"{source.path} has images of {packed.height} rows, not {HEIGHT}: give its sample folder")
        languages = np.array([source.language or language_of(text) for text in packed.texts.tolist()], str)
        known = replace(packed, texts=languages).take(languages != "")
        train, val, _ = held_out(known)
        trains.append(train)
        vals.append(val)
        left_out, broken = left_out + len(packed) - len(known), broken + bad
    found = Labelled(merged(trains), merged(vals), left_out, broken)
    names = sorted(set(found.train.texts.tolist()))
    if len(names) < 2:
        cure = "give data of two at least; kk=FOLDER names the language of a folder"
        raise DataError(f"all training words are {names[0] if names else 'of no language'}: {cure}")
    if not len(found.val):
        raise DataError("there is not one validation image: add a val split or more data")
    return found


class LanguageFitting:
    """One training run: `LanguageFitting(labelled, recipe, folder).run(tick)` returns the best model."""

    def __init__(self, data: Labelled, recipe: LanguageRecipe, folder: Path) -> None:
        self.data, self.recipe, self.folder = data, recipe, folder
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.manual_seed(recipe.seed)
        names = sorted({*data.train.texts.tolist(), *data.val.texts.tolist()})
        self.model = LanguageModel(LanguageConfig(tuple(names), data.train.height, recipe.narrow))
        self.model.take_weights(recipe.weights)
        self.model.to(self.device)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=recipe.rate, weight_decay=1e-2)
        self.labels = torch.tensor([names.index(name) for name in data.train.texts.tolist()], device=self.device)
        shares = torch.bincount(self.labels, minlength=len(names)).clamp(min=1)
        self.weights = (len(self.labels) / len(names) / shares).float()  # a language counts as much as another
        self.history: list[dict[str, float]] = []
        self.best: dict[str, Any] = {}

    def run(self, tick: Callable[[int, str], None]) -> LanguageModel:
        """Train to the end; `tick(images, message)` is called after every update."""
        while len(self.history) < self.recipe.epochs:
            self._epoch(tick)
        self.model.load_state_dict(self.best)
        return self.model.eval().cpu()

    def _epoch(self, tick: Callable[[int, str], None]) -> None:
        epoch, losses = len(self.history), []
        batches = self.data.train.batches(COLUMNS, np.random.default_rng([self.recipe.seed, epoch]))
        for number, indices in enumerate(batches):
            losses.append(self._step(indices, epoch * len(batches) + number, len(batches) * self.recipe.epochs))
            tick(len(indices), f"epoch {epoch + 1}/{self.recipe.epochs} loss {losses[-1]:.3f}")
        accuracy = self.accuracy()
        if not self.best or accuracy > max(row["accuracy"] for row in self.history):
            self.best = {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}
        self.history.append({"epoch": epoch + 1, "loss": float(np.mean(losses)), "accuracy": accuracy})
        self.save()

    def _step(self, indices: np.ndarray, update: int, total: int) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate * learning_rate((update + 1) / total)
        self.model.train()
        ink = torch.from_numpy(self.data.train.batch(indices)).to(self.device).float() / 255
        generator = torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + update + 1)
        logits = self.model(augment(ink, generator))
        loss = functional.cross_entropy(logits, self.labels[torch.from_numpy(indices)], self.weights)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def accuracy(self) -> float:
        """Share of validation words whose language is right, each language counting alike."""
        names = np.array(self.model.config.languages)
        right = names[self.model.chances(self.data.val).argmax(axis=1)] == self.data.val.texts
        return float(np.mean([right[self.data.val.texts == name].mean() for name in set(self.data.val.texts.tolist())]))

    def save(self) -> None:
        """Write the checkpoint of a finished epoch."""
        state = {"run": self._run(), "history": self.history, "best": self.best}
        state |= {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        write_checkpoint(self.folder / CHECKPOINT, state)

    def restore(self) -> None:
        """Go on behind the last finished epoch, if there is one; DataError where it is of another run."""
        path = self.folder / CHECKPOINT
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        agree(path, state["run"], self._run())
        self.history, self.best = state["history"], state["best"]
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])

    def _run(self) -> dict[str, Any]:
        columns = int(self.data.train.widths.sum())
        names = " ".join(self.model.config.languages)
        return asdict(self.recipe) | {"images": len(self.data.train), "columns": columns, "languages": names}


def train_language(data: list[Source], out: Path, recipe: LanguageRecipe, *, resume: bool, bar: "tqdm[Any]") -> str:
    """Train a language model into the folder `out`; returns a line on how it went."""
    with whole_folder(out, resumable=True, resume=resume) as folder:
        trial = LanguageModel(LanguageConfig(("",), narrow=recipe.narrow))
        trial.take_weights(recipe.weights)  # what is wrong with them is told before the images are decoded
        bar.set_description("reading")
        found = gather_languages(data, bar.update)
        fitting = LanguageFitting(found, recipe, folder)
        fitting.restore()
        bar.reset(total=len(found.train) * recipe.epochs)
        bar.update(len(found.train) * len(fitting.history))

        def tick(images: int, message: str) -> None:
            bar.set_description(message, refresh=False)
            bar.update(images)

        fitting.run(tick).save_pretrained(folder)
        content = {"recipe": asdict(recipe), "train_images": len(found.train), "val_images": len(found.val)}
        content |= {"left_out": found.left_out, "history": fitting.history}
        text = json.dumps(content, indent=1) + "\n"
        (folder / "training.json").write_text(text, encoding="utf-8", newline="\n")
        (folder / CHECKPOINT).unlink()
    best = max(row["accuracy"] for row in fitting.history)
    languages = ", ".join(fitting.model.config.languages)
    skipped = f"; left out: {found.left_out:,} without a language, {len(found.broken):,} broken"
    about = f"{languages}: {best:.3f} of the words of {len(found.val):,} validation images right, languages alike"
    return f"{about}, trained on {len(found.train):,}" + (skipped if found.left_out or found.broken else "")

"""CTC models: a compact convolutional aligner whose letters fire where they stand, and a recurrent reader on top of it.

The convolutions see 28 normalised columns, little more than two letters, so a letter cannot fire far from its ink,
while a recurrent head moves its spikes as it likes and reads better. `emission` = log_softmax over blank and alphabet,
one frame every `STRIDE` normalised columns (Graves et al. 2006, Connectionist Temporal Classification). A recurrent
model learns with a shortcut past its head, which gives the convolutions a loss of their own (Retsinas et al. 2022,
arXiv 2404.11339).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from stackmix.train import model_files
from stackmix.train.packing import HEIGHT, PAD, Normalised, Packed
from stackmix.types import BLANK, DataError, Image

torch.set_flush_denormal(True)  # Adam's fading moments turn denormal, a hundred times slower on a CPU

STRIDE = 2  # normalised columns per frame
HEADS = ("conv", "recurrent")
COLUMNS = 4096  # columns in one batch: about 40 words


@dataclass(frozen=True, slots=True)
class CTCConfig:
    """config.json of a CTC model. alphabet: class k is alphabet[k - 1], class 0 is blank.

    calibration: slope and offset of an aligned letter's confidence (`stackmix.train.calibrating`). reading: those of a
    letter that was read freely, and of a whole text (`stackmix.train.ctc_reading`).
    """

    alphabet: str
    head: str = "conv"
    height: int = HEIGHT
    languages: tuple[str, ...] = ()
    calibration: tuple[float, float] = (1.0, 0.0)
    reading: tuple[tuple[float, float], tuple[float, float]] = ((1.0, 0.0), (1.0, 0.0))
    kind: str = "ctc"


class Emission(NamedTuple):
    """log_probs (T, C) float32 of one image; frame t covers source columns left + t * step .. left + (t + 1) * step."""

    log_probs: NDArray[np.float32]
    left: float
    step: float


def languages_of(alphabet: str) -> tuple[str, ...]:
    """Languages by script: Cyrillic letters are ru, Latin ones en."""
    found = {"ru" for c in alphabet if "а" <= c.lower() <= "я"} | {"en" for c in alphabet if "a" <= c.lower() <= "z"}
    return tuple(sorted(found))


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class _Recurrent(nn.Module):
    """Two bidirectional LSTM layers: (B, 256, T) -> (B, 256, T)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, width // 2, num_layers=2, bidirectional=True, batch_first=True, dropout=0.3)

    def forward(self, x: Tensor) -> Tensor:
        return self.lstm(x.transpose(1, 2))[0].transpose(1, 2)


class CTCModel(nn.Module):
    """`model(ink)` -> (B, T, C) log-probabilities of (B, height, W) ink in 0..1."""

    def __init__(self, config: CTCConfig) -> None:
        super().__init__()
        if config.head not in HEADS:
            raise DataError(f"head {config.head!r} is not one of {', '.join(HEADS)}")
        self.config = config
        self.trunk = nn.Sequential(
            nn.Conv2d(1, 32, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            _block(32, 48),
            nn.MaxPool2d((2, 1)),
            _block(48, 64),
            _block(64, 64),
            nn.MaxPool2d((2, 1)),
            _block(64, 128),
            _block(128, 128),
        )
        self.trunk.to(memory_format=torch.channels_last)  # twice as fast on a CPU
        rows = config.height // 8
        self.collapse = nn.Sequential(nn.Conv2d(128, 256, (rows, 1), bias=False), nn.BatchNorm2d(256), nn.ReLU())
        self.context = nn.Sequential(nn.Conv1d(256, 256, 3, padding=1, bias=False), nn.BatchNorm1d(256), nn.ReLU())
        self.head = _Recurrent(256) if config.head == "recurrent" else nn.Identity()
        self.dropout = nn.Dropout(0.3)
        self.classes = nn.Linear(256, len(config.alphabet) + 1)
        if config.head == "recurrent":
            self.shortcut = nn.Linear(256, len(config.alphabet) + 1)

    def forward(self, ink: Tensor) -> Tensor:
        return self._classify(self.classes, self.head(self.features(ink)))

    def features(self, ink: Tensor) -> Tensor:
        """(B, 256, T) of (B, height, W) ink."""
        return self.context(self.collapse(self.trunk(ink[:, None])).squeeze(2))

    def branches(self, ink: Tensor) -> list[Tensor]:
        """Log-probabilities of the head and, where that is recurrent, of the shortcut past it, which training needs."""
        x = self.features(ink)
        found = [self._classify(self.classes, self.head(x))]
        return [*found, self._classify(self.shortcut, x)] if isinstance(self.head, _Recurrent) else found

    def _classify(self, classes: nn.Module, x: Tensor) -> Tensor:
        return functional.log_softmax(classes(self.dropout(x).transpose(1, 2)), dim=-1)

    def save_pretrained(self, folder: Path) -> None:
        """Write config.json and model.safetensors."""
        model_files.save(folder, self.config, self)

    @classmethod
    def from_pretrained(cls, folder: Path) -> "CTCModel":
        """Open a folder of `save_pretrained`; DataError says what is missing or of another kind."""
        with model_files.reading(folder, "CTC model", "stackmix train ctc"):
            config = model_files.config(folder, "ctc")
            config["languages"] = tuple(config["languages"])
            config["calibration"] = tuple(config.get("calibration", (1.0, 0.0)))  # older folders have none
            letters, text = config.get("reading", ((1.0, 0.0), (1.0, 0.0)))
            config["reading"] = (tuple(letters), tuple(text))
            model = cls(CTCConfig(**config))
            model_files.load(folder, model)
        return model.eval()

    def emissions(self, images: Iterable[Image], *, ahead: int = 2048) -> Iterator[Emission]:
        """Emissions of images in order, computed in batches of one width over `ahead` images at a time."""
        from stackmix.train.normalising import normalise

        window: list[Normalised] = []
        for image in images:
            window.append(normalise(image, self.config.height))
            if len(window) == ahead:
                yield from self.emit(window)
                window = []
        yield from self.emit(window)

    def emit(self, window: list[Normalised]) -> list[Emission]:
        """The emissions of normalised images, in order, computed in batches of one width."""
        packed = Packed.of(((n, "", "", "") for n in window), self.config.height)
        found: list[Emission | None] = [None] * len(window)
        for indices, log_probs in predict(self, packed):
            for i, row in zip(indices, log_probs, strict=True):
                scale = window[i].scale
                found[i] = Emission(row, -PAD / scale, STRIDE / scale)
        return [emission for emission in found if emission is not None]


@torch.inference_mode()
def predict(model: CTCModel, packed: Packed) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yield (indices, log_probs (B, T, C)) for every batch of a packed data set, in order of width."""
    device = next(model.parameters()).device
    model.eval()
    for indices in packed.batches(COLUMNS):
        ink = torch.from_numpy(packed.batch(indices)).to(device).float() / 255
        yield indices, model(ink).float().cpu().numpy()


def greedy(log_probs: NDArray[np.float32], alphabet: str) -> str:
    """Best class of each frame, repeats merged, blanks dropped: (T, C) -> text."""
    return "".join(alphabet[c - 1] for c, _ in groupby(log_probs.argmax(axis=1)) if c != BLANK)


def read(model: CTCModel, packed: Packed) -> list[str]:
    """Greedy texts of a packed data set, in its order."""
    texts = [""] * len(packed)
    for indices, log_probs in predict(model, packed):
        for i, row in zip(indices, log_probs, strict=True):
            texts[i] = greedy(row, model.config.alphabet)
    return texts

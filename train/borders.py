"""Where letters part: a small network that knows no alphabet, only how one letter ends and the next begins.

It reads the ink of a whole word or line at three scales and brings the coarse view back to every pixel (Ronneberger,
Fischer and Brox 2015, U-Net). It says for each pixel whether two letters part left of it, and for each column whether
the border at mid x-height lies there; which of the places is which letter's border is the aligner's business. It is
trained on words set with handwriting faces, whose borders are known (`stackmix.train.bordering`).
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import stackmix
from stackmix.geometry import slant_and_stroke
from stackmix.seams import UNIT, BorderMap
from stackmix.train import model_files
from stackmix.train.ctc import COLUMNS
from stackmix.train.packing import HEIGHT, PAD, Normalised, Packed

SHIPPED = Path(stackmix.__file__).parent / "models" / "borders"
CHANNELS = (32, 64, 96)  # at a half, a quarter and an eighth of the size


@dataclass(frozen=True, slots=True)
class BorderConfig:
    """config.json of a border model. widths: the usual width of a letter, in x-heights."""

    widths: dict[str, float] = field(default_factory=dict)
    height: int = HEIGHT
    kind: str = "borders"


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class BorderModel(nn.Module):
    """`model(ink)` -> logits of (B, height, W) partings and (B, W) borders, for (B, height, W) ink in 0..1.

    W: a multiple of 8.
    """

    def __init__(self, config: BorderConfig | None = None) -> None:
        super().__init__()
        self.config = config or BorderConfig()
        half, quarter, eighth = CHANNELS
        first = nn.Conv2d(1, half, 4, stride=2, padding=1, bias=False)
        self.at_half = nn.Sequential(first, nn.BatchNorm2d(half), nn.ReLU(inplace=True), _block(half, half))
        self.at_quarter = nn.Sequential(_block(half, quarter, 2), _block(quarter, quarter))
        self.at_eighth = nn.Sequential(_block(quarter, eighth, 2), _block(eighth, eighth), _block(eighth, eighth))
        self.to_quarter = _block(quarter + eighth, quarter)
        self.to_half = _block(half + quarter, half)
        self.partings = nn.Conv2d(half, 4, 3, padding=1)  # the four pixels of one at half size
        collapse = nn.Conv2d(half, 64, (self.config.height // 2, 1), bias=False)
        self.collapse = nn.Sequential(collapse, nn.BatchNorm2d(64), nn.ReLU(inplace=True))
        self.columns = nn.Conv1d(64, 2, 3, padding=1)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, ink: Tensor) -> tuple[Tensor, Tensor]:
        half = self.at_half(ink[:, None])
        quarter = self.at_quarter(half)
        eighth = self.at_eighth(quarter)
        quarter = self.to_quarter(torch.cat([quarter, functional.interpolate(eighth, scale_factor=2)], dim=1))
        half = self.to_half(torch.cat([half, functional.interpolate(quarter, scale_factor=2)], dim=1))
        columns = self.columns(self.collapse(half).squeeze(2)).transpose(1, 2).flatten(1)
        return functional.pixel_shuffle(self.partings(half), 2)[:, 0], columns

    def save_pretrained(self, folder: Path) -> None:
        """Write config.json and model.safetensors."""
        model_files.save(folder, self.config, self)

    @classmethod
    def from_pretrained(cls, folder: Path) -> "BorderModel":
        """Open a folder of `save_pretrained`; DataError says what is missing or of another kind."""
        with model_files.reading(folder, "border model", "python -m stackmix.train.bordering"):
            model = cls(BorderConfig(**model_files.config(folder, "borders")))
            model_files.load(folder, model)
        return model.eval()

    def emit(self, window: list[Normalised]) -> list[BorderMap]:
        """The border maps of normalised images, in order, computed in batches of one width."""
        packed = Packed.of(((n, "", "", "") for n in window), self.config.height)
        found: dict[int, BorderMap] = {}
        for indices in packed.batches(COLUMNS):
            inks = packed.batch(indices)
            partings, columns = (_costs(x) for x in self._logits(inks))
            for i, parting, column, ink in zip(indices.tolist(), partings, columns, inks, strict=True):
                own, (_, scale, shift, skew) = slice(PAD, PAD + int(packed.widths[i]) + 1), window[i]
                lean = slant_and_stroke(window[i].ink)[0]
                costs = parting[:, own].copy(), column[own].copy()
                found[i] = BorderMap(*costs, ink[:, own].copy(), scale, shift, lean, skew)
        return [found[i] for i in range(len(window))]

    @torch.inference_mode()
    def _logits(self, ink: np.ndarray) -> tuple[Tensor, Tensor]:
        device = next(self.parameters()).device
        self.eval()
        partings, columns = self(torch.from_numpy(ink).to(device).float() / 255)
        return partings, columns


def _costs(logits: Tensor) -> np.ndarray:
    """Minus the log-probability, in uint8 steps of 1 / UNIT nats."""
    return (functional.softplus(-logits) * UNIT).round().clamp(0, 255).to(torch.uint8).cpu().numpy()

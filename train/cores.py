"""The light word finder: a small convolutional network says where words have their cores and how far they reach.

The page is scaled to one size, its paper divided out, and read at four scales that are brought back together at half
size (Ronneberger, Fischer and Brox 2015, U-Net). What its maps mean stands in `stackmix.train.core_maps`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from stackmix import images
from stackmix.train import model_files
from stackmix.train.core_maps import words_of
from stackmix.train.finding import Found, config_of, in_page
from stackmix.types import Image

SIDE = 1024  # pixels of the longer side that a page is scaled down to
STEP = 2  # pixels of that page for one of the maps
MULTIPLE = 16  # of both sides of what the network sees
CHANNELS = (16, 32, 64, 128)  # at a half, a quarter, an eighth and a sixteenth of the size


@dataclass(frozen=True, slots=True)
class CoreConfig:
    """config.json of a light word finder. threshold: the core value from which on there is a word."""

    side: int = SIDE
    threshold: float = 0.5
    way: str = "light"
    kind: str = "words"


def shrink(page: Image, side: int) -> tuple[Image, float]:
    """Ink of a page, 0 for paper and 255 for black, scaled down to `side` at most; and the scale.

    The paper's brightness, that of the lightest pixels around, is divided out, so shadows are no ink.
    """
    height, width = page.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grey = images.grey(cv2.resize(page, size, interpolation=cv2.INTER_AREA) if scale < 1 else page)
    paper = cv2.blur(cv2.dilate(cv2.medianBlur(grey, 3), np.ones((15, 15), np.uint8)), (31, 31))
    light = cv2.divide(grey, np.maximum(paper, 1), scale=255)
    return np.asarray(255 - light, np.uint8), scale


def _block(inputs: int, outputs: int, stride: int = 1, apart: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=apart, dilation=apart, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class CoreModel(nn.Module):
    """`model(ink)` -> (B, 5, H / 2, W / 2) for (B, H, W) ink in 0..1: logits of cores, log(1 + reach) of four sides.

    H, W: multiples of 16.
    """

    def __init__(self, config: CoreConfig | None = None) -> None:
        super().__init__()
        self.config = config or CoreConfig()
        half, quarter, eighth, last = CHANNELS
        first = nn.Conv2d(1, half, 4, stride=2, padding=1, bias=False)
        self.at_half = nn.Sequential(first, nn.BatchNorm2d(half), nn.ReLU(inplace=True), _block(half, half))
        self.at_quarter = nn.Sequential(_block(half, quarter, 2), _block(quarter, quarter))
        self.at_eighth = nn.Sequential(_block(quarter, eighth, 2), _block(eighth, eighth), _block(eighth, eighth))
        wide = (_block(last, last, apart=apart) for apart in (1, 2, 4, 1))  # a gap is wide or not by the line it is in
        self.at_last = nn.Sequential(_block(eighth, last, 2), *wide)
        self.to_eighth = _block(eighth + last, eighth)
        self.to_quarter = _block(quarter + eighth, quarter)
        self.to_half = _block(half + quarter, half)
        self.maps = nn.Conv2d(half, 5, 3, padding=1)
        nn.init.constant_(self.maps.bias[:1], -2.0)  # type: ignore[index]  # few pixels are cores
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # twice as fast on a CPU

    def forward(self, ink: Tensor) -> Tensor:
        half = self.at_half(ink[:, None])
        quarter = self.at_quarter(half)
        eighth = self.at_eighth(quarter)
        eighth = self.to_eighth(torch.cat([eighth, _doubled(self.at_last(eighth))], dim=1))
        quarter = self.to_quarter(torch.cat([quarter, _doubled(eighth)], dim=1))
        return self.maps(self.to_half(torch.cat([half, _doubled(quarter)], dim=1)))

    def find(self, page: Image) -> list[Found]:
        """The words of a page of any size."""
        ink, scale = shrink(page, self.config.side)
        core, reach = self.look(ink)
        return in_page(words_of(core, reach, STEP, self.config.threshold), page, scale)

    def find_all(self, pages: Sequence[Image]) -> list[list[Found]]:
        """The words of several pages, one after the other: on a CPU four at once took 1.3 times as long."""
        return [self.find(page) for page in pages]

    @torch.inference_mode()
    def look(self, ink: Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Core (h, w) 0..1 and reach (4, h, w) in map pixels of (H, W) ink; paper is added right and below."""
        height, width = ink.shape
        padded = np.pad(ink, ((0, -height % MULTIPLE), (0, -width % MULTIPLE)))
        self.eval()
        device = next(self.parameters()).device
        maps = self(torch.from_numpy(padded).to(device)[None].float() / 255)[0].float().cpu()
        maps = maps[:, : -(-height // STEP), : -(-width // STEP)]
        return torch.sigmoid(maps[0]).contiguous().numpy(), torch.expm1(maps[1:].clamp(0, 8)).contiguous().numpy()

    def save_pretrained(self, folder: Path) -> None:
        """Write config.json and model.safetensors."""
        model_files.save(folder, self.config, self)

    @classmethod
    def from_pretrained(cls, folder: Path) -> "CoreModel":
        """Open a folder of `save_pretrained`; DataError says what is missing or of another kind."""
        with model_files.reading(folder, "word finder", "stackmix train words"):
            model = cls(CoreConfig(**config_of(folder, "light")))
            model_files.load(folder, model)
        return model.eval()


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2)

"""Which language a word is in: a ResNet-34 (He et al. 2016, Deep Residual Learning) over its normalised image.

The network takes images of any width and averages over their length. `narrow` divides the channels of its blocks, for
a model of a few megabytes; pretrained weights fit the full width alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.models import ResNet34_Weights
from torchvision.models.resnet import BasicBlock, ResNet

from stackmix.train import model_files
from stackmix.train.normalising import normalise
from stackmix.train.packing import Packed
from stackmix.train.pretrained import state_of
from stackmix.train.voting import WIDEST, Vote, majority, widest
from stackmix.types import DataError, Image

HEIGHT = 64  # rows of a word
BLOCKS = [3, 4, 6, 3]
CHANNELS = 512  # of the last block
COLUMNS = 4096  # in one batch: about 25 words
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's channels
NARROWS = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class LanguageConfig:
    """config.json of a language model. languages: class k is languages[k]."""

    languages: tuple[str, ...]
    height: int = HEIGHT
    narrow: int = 1
    kind: str = "language"


class _Narrow(ResNet):
    """A ResNet-34 whose blocks have a share of their channels."""

    def __init__(self, narrow: int) -> None:
        self.narrow = narrow
        super().__init__(BasicBlock, BLOCKS)

    def _make_layer(self, block: Any, planes: int, blocks: int, stride: int = 1, dilate: bool = False) -> nn.Sequential:
        return super()._make_layer(block, planes // self.narrow, blocks, stride, dilate)


class LanguageModel(nn.Module):
    """`model(ink)` -> (B, languages) logits of (B, height, W) ink in 0..1; `vote(images)` -> the page's language."""

    mean: Tensor
    spread: Tensor

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        if config.narrow not in NARROWS:
            raise DataError(f"narrow {config.narrow} is not one of {', '.join(map(str, NARROWS))}")
        self.config = config
        self.net = _Narrow(config.narrow)
        self.net.fc = nn.Linear(CHANNELS // config.narrow, len(config.languages))
        for name, values in (("mean", MEAN), ("spread", SPREAD)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)

    def forward(self, ink: Tensor) -> Tensor:
        paper = (1 - ink)[:, None].expand(-1, 3, -1, -1)
        return self.net((paper - self.mean) / self.spread)

    def take_weights(self, weights: str) -> None:
        """Start from ImageNet ("pretrained"), from a file of a ResNet-34, or stay random ("none").

        Raises DataError where the weights cannot be fetched, or do not fit.
        """
        if weights == "none":
            return
        if self.config.narrow != 1:
            raise DataError(
                f"weights of a ResNet-34 do not fit a narrow one ({self.config.narrow}): add --weights none"
            )
        state = state_of(weights, ResNet34_Weights.IMAGENET1K_V1)
        ours = {name: value for name, value in state.items() if not name.startswith("fc.")}
        try:
            left = self.net.load_state_dict(ours, strict=False)
        except RuntimeError as error:
            raise DataError(f"--weights {weights} is no ResNet-34: {str(error).splitlines()[-1].strip()}") from None
        if left.unexpected_keys or set(left.missing_keys) != {"fc.weight", "fc.bias"}:
            odd = next(iter([*left.unexpected_keys, *left.missing_keys]))
            raise DataError(f"--weights {weights} is no ResNet-34: {odd} is too many or missing")

    def save_pretrained(self, folder: Path) -> None:
        """Write config.json and model.safetensors."""
        model_files.save(folder, self.config, self)

    @classmethod
    def from_pretrained(cls, folder: Path) -> "LanguageModel":
        """Open a folder of `save_pretrained`; DataError says what is missing or of another kind."""
        with model_files.reading(folder, "language model", "stackmix train language"):
            config = model_files.config(folder, "language")
            model = cls(LanguageConfig(**config | {"languages": tuple(config["languages"])}))
            model_files.load(folder, model)
        return model.eval()

    @torch.inference_mode()
    def chances(self, packed: Packed) -> NDArray[np.float32]:
        """(N, languages) probabilities of normalised images, in their order."""
        device = next(self.parameters()).device
        self.eval()
        found = np.zeros((len(packed), len(self.config.languages)), np.float32)
        for indices in packed.batches(COLUMNS):
            ink = torch.from_numpy(packed.batch(indices)).to(device).float() / 255
            found[indices] = self(ink).softmax(dim=1).float().cpu().numpy()
        return found

    def vote(self, images: Iterable[Image], count: int = WIDEST) -> Vote | None:
        """The language of most of the `count` widest word images; None where there are none."""
        height = self.config.height
        rows = ((normalise(image, height), "", "", "") for image in widest(images, count))
        best = self.chances(Packed.of(rows, height)).argmax(axis=1)
        return majority([self.config.languages[k] for k in best])

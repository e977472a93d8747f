"""Words by Mask R-CNN (He et al. 2017, arXiv 1703.06870): torchvision's, on windows of a page scaled down, stitched.

A photo 4,000 pixels long is read at a quarter of its size, a smaller page at whatever makes it as long as that one.
Anchors are low and wide, as words are; there are as many as COCO's weights have, so these can be the start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN, MaskRCNN_ResNet50_FPN_Weights
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.ops import FrozenBatchNorm2d

from stackmix.train import model_files
from stackmix.train.cores import shrink
from stackmix.train.finding import Found, config_of, in_page
from stackmix.train.outlining import outlines
from stackmix.train.pretrained import state_of
from stackmix.train.stitching import corners, stitch
from stackmix.types import DataError, Image

SIDE = 1024  # pixels of the longer side that a page is scaled down to
WINDOW = 256
OVERLAP = 64  # pixels that neighbouring windows share
ANCHORS = (12, 24, 48, 96, 192)  # pixels, one size for each level of the pyramid
RATIOS = (0.2, 0.4, 1.0)  # height to width
MOST = 200  # words in a window
LEAST = 0.5  # score of a word, and of a pixel of its mask
SPECK = 12  # pixels under which there is no word
BATCH = 4  # windows at once: 200 masks of a window are 50 MB


@dataclass(frozen=True, slots=True)
class MaskConfig:
    """config.json of a Mask R-CNN word finder. frozen: its batch norms came with their weights and were not trained."""

    side: int = SIDE
    window: int = WINDOW
    overlap: int = OVERLAP
    frozen: bool = True
    way: str = "mask-rcnn"
    kind: str = "words"


def around(backbone: nn.Module, window: int) -> MaskRCNN:
    """Mask R-CNN with one class on a backbone with five levels, for windows that are not resized."""
    anchors = AnchorGenerator(tuple((size,) for size in ANCHORS), (RATIOS,) * len(ANCHORS))
    sizes = {"min_size": window, "max_size": window}
    return MaskRCNN(backbone, 2, **sizes, rpn_anchor_generator=anchors, box_detections_per_img=MOST)


def network(config: MaskConfig) -> MaskRCNN:
    """ResNet-50 with a feature pyramid, all of it to be trained, or, with frozen norms, its upper three parts."""
    norm, parts = (FrozenBatchNorm2d, 3) if config.frozen else (nn.BatchNorm2d, 5)
    backbone = resnet_fpn_backbone(backbone_name="resnet50", weights=None, norm_layer=norm, trainable_layers=parts)
    return around(backbone, config.window)


def starting(weights: str) -> "MaskFinder":
    """A finder to train: with torchvision's COCO weights (`pretrained`), random ones (`none`), or those of a file."""
    if weights == "none":
        return MaskFinder(MaskConfig(frozen=False))
    state, finder = state_of(weights, MaskRCNN_ResNet50_FPN_Weights.DEFAULT), MaskFinder(MaskConfig())
    own = finder.network.state_dict()
    fitting = {name: value for name, value in state.items() if name not in own or value.shape == own[name].shape}
    if not any(name.startswith("backbone.body.") for name in fitting):
        raise DataError(f"--weights {weights} holds no Mask R-CNN of torchvision: give its file, pretrained or none")
    finder.network.load_state_dict(fitting, strict=False)  # all but the two layers that tell COCO's 91 classes
    return finder


class MaskFinder(nn.Module):
    """A word finder around torchvision's network; `network` is another one in tests."""

    def __init__(self, config: MaskConfig, network_: MaskRCNN | None = None) -> None:
        super().__init__()
        self.config = config
        self.network = network_ or network(config)

    def find(self, page: Image) -> list[Found]:
        """The words of a page of any size."""
        return self.find_all([page])[0]

    def find_all(self, pages: Sequence[Image]) -> list[list[Found]]:
        """The words of pages of any sizes."""
        small = [shrink(page, self.config.side) for page in pages]
        looked = self.look([ink for ink, _ in small])
        return [in_page(*one) for one in zip(looked, pages, [scale for _, scale in small], strict=True)]

    @torch.inference_mode()
    def look(self, inks: Sequence[Image]) -> list[list[Found]]:
        """The words of (H, W) inks at working size, in their pixels; a batch may hold windows of several inks."""
        size, device = self.config.window, next(self.parameters()).device
        places = [corners((ink.shape[0], ink.shape[1]), size, self.config.overlap) for ink in inks]
        windows = [np.zeros((len(own), size, size), np.int32) for own in places]
        scores: list[list[float]] = [[0.0] for _ in inks]
        every = [(page, k) for page, own in enumerate(places) for k in range(len(own))]
        self.eval()
        for start in range(0, len(every), BATCH):
            batch = every[start : start + BATCH]
            parts = [tensor_of(_part(inks[page], places[page][k], size)).to(device) for page, k in batch]
            for (page, k), found in zip(batch, self.network(parts), strict=True):
                _pieces(found, windows[page][k], scores[page])
        return [self._words(*own) for own in zip(inks, places, windows, scores, strict=True)]

    def _words(
        self, ink: Image, places: NDArray[np.int64], windows: NDArray[np.int32], scores: list[float]
    ) -> list[Found]:
        """The words of the pieces in an ink's windows. scores: of each piece, with one for none before them."""
        stitched = stitch(windows, places, (ink.shape[0], ink.shape[1]), self.config.overlap, len(scores) - 1)
        best = np.zeros(int(stitched.word_of.max(initial=0)) + 1)
        np.maximum.at(best, stitched.word_of, np.array(scores))
        sizes = np.bincount(stitched.labels.ravel(), minlength=len(best))
        lines = outlines(np.where(sizes < SPECK, 0, np.arange(len(best), dtype=np.int32))[stitched.labels])
        return [Found(polygon, float(best[word])) for word, polygon in lines.items()]

    def save_pretrained(self, folder: Path) -> None:
        """Write config.json and model.safetensors."""
        model_files.save(folder, self.config, self.network)

    @classmethod
    def from_pretrained(cls, folder: Path, network_: MaskRCNN | None = None) -> "MaskFinder":
        """Open a folder of `save_pretrained`; DataError says what is missing or of another kind."""
        with model_files.reading(folder, "word finder", "stackmix train words --way mask-rcnn"):
            finder = cls(MaskConfig(**config_of(folder, "mask-rcnn")), network_)
            model_files.load(folder, finder.network)
        return finder.eval()


def tensor_of(ink: Image) -> Tensor:
    """(3, H, W) in 0..1, white paper, as torchvision's detectors take it."""
    return torch.from_numpy(255 - ink).float().div(255).expand(3, -1, -1)


def _part(ink: Image, place: NDArray[np.int64], size: int) -> Image:
    y, x = place.tolist()
    part = ink[y : y + size, x : x + size]
    return np.pad(part, ((0, size - part.shape[0]), (0, size - part.shape[1])))


def _pieces(found: dict[str, Tensor], window: NDArray[np.int32], scores: list[float]) -> None:
    """Draw what was found in a window, the surest on top, numbered on from what was found before."""
    sure = (found["scores"] >= LEAST).nonzero()[:, 0].flip(0)  # the network sorts by falling score
    for k in sure.tolist():
        mask = found["masks"][k, 0].cpu().numpy() >= LEAST
        window[mask] = len(scores)
        scores.append(float(found["scores"][k]))


def targets_of(polygons: list[NDArray[np.float32]], size: int) -> dict[str, Tensor]:
    """Boxes, labels and masks of words in a window, as torchvision takes them; words of no area are left out."""
    masks = []
    for polygon in polygons:
        mask = np.zeros((size, size), np.uint8)
        cv2.fillPoly(mask, [np.round(polygon).astype(np.int32)], 1)
        ys, xs = np.nonzero(mask)
        if len(ys) and np.ptp(ys) and np.ptp(xs):
            masks.append((mask, (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)))
    boxes = torch.tensor(np.array([box for _, box in masks]).reshape(-1, 4), dtype=torch.float32)
    pictures = np.stack([mask for mask, _ in masks]) if masks else np.zeros((0, size, size), np.uint8)
    return {"boxes": boxes, "labels": torch.ones(len(masks), dtype=torch.int64), "masks": torch.from_numpy(pictures)}

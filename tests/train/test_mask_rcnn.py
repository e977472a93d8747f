"""Mask R-CNN: it fits a handful of windows, stitches what it finds, and says in one line what is wrong with weights."""

from collections import OrderedDict
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from urllib.error import URLError

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN, MaskRCNN_ResNet50_FPN_Weights

from stackmix.train import mask_learning
from stackmix.train.finding import open_finder
from stackmix.train.mask_learning import MaskLearner
from stackmix.train.mask_rcnn import MaskConfig, MaskFinder, around, network, starting, targets_of
from stackmix.train.page_pool import Inked, inked
from stackmix.train.word_fitting import WordFitting, WordRecipe
from stackmix.train.word_scoring import score
from stackmix.types import DataError, Page

SMALL = MaskConfig(side=360, window=128, overlap=32, frozen=False)


class Tiny(nn.Module):
    """Five levels of 32 channels out of five convolutions, in place of ResNet-50 and its pyramid."""

    out_channels = 32

    def __init__(self) -> None:
        super().__init__()
        sizes = [(3, 2), *[(32, 2)] * 5]
        blocks = [nn.Sequential(nn.Conv2d(n, 32, 3, s, 1), nn.GroupNorm(4, 32), nn.ReLU()) for n, s in sizes]
        self.stem, self.levels = blocks[0], nn.ModuleList(blocks[1:])

    def forward(self, x: Tensor) -> OrderedDict[str, Tensor]:
        x, found = self.stem(x), OrderedDict[str, Tensor]()
        for number, level in enumerate(self.levels):
            found[str(number)] = x = level(x)
        return found


def tiny() -> MaskFinder:
    torch.manual_seed(0)
    small = around(Tiny(), SMALL.window)
    small.roi_heads.fg_bg_sampler.batch_size_per_image, small.roi_heads.detections_per_img = 24, 12  # quick
    return MaskFinder(SMALL, small)


def test_targets_are_boxes_and_masks_of_words_in_the_window() -> None:
    words = [np.array(p, np.float32) for p in ([(2, 3), (9, 3), (9, 7), (2, 7)], [(-5, 0), (1, 0), (1, 4), (-5, 4)])]
    outside = np.array([(40, 40), (50, 40), (50, 45), (40, 45)], np.float32)
    found = targets_of([*words, outside], 16)
    assert found["boxes"].tolist() == [[2, 3, 10, 8], [0, 0, 2, 5]]
    assert (
        found["masks"].shape == (2, 16, 16) and found["masks"][0].sum() == 8 * 5 and found["labels"].tolist() == [1, 1]
    )
    assert targets_of([], 16)["boxes"].shape == (0, 4) and targets_of([], 16)["masks"].shape == (0, 16, 16)


class Sure(nn.Module):
    """A network that finds the words of a page that it knows, window by window, cut at their borders."""

    def __init__(self, page: Inked) -> None:
        super().__init__()
        self.page, self.weight = page, nn.Parameter(torch.zeros(1))

    def forward(self, windows: list[Tensor]) -> list[dict[str, Tensor]]:
        found = []
        for window in windows:
            y, x = self._place(window)
            moved = [polygon - np.array([x, y], np.float32) for polygon in self.page.polygons]
            target = targets_of(moved, window.shape[1])
            masks = target["masks"][:, None].float() * 0.9
            found.append({"masks": masks, "scores": torch.linspace(0.9, 0.6, len(masks))})
        return found

    def _place(self, window: Tensor) -> tuple[int, int]:
        """Where a window lies, by its ink."""
        ink, size = np.pad(self.page.ink, (0, 200)), window.shape[1]
        own = (255 - window[0] * 255).round().numpy().astype(np.uint8)
        for y in range(0, self.page.ink.shape[0], size - SMALL.overlap):
            for x in range(0, self.page.ink.shape[1], size - SMALL.overlap):
                if (ink[y : y + size, x : x + size] == own).all():
                    return y, x
        raise AssertionError("no such window")


def test_what_windows_show_is_stitched_to_the_words_of_the_page(drawn_page: Callable[..., Page]) -> None:
    page = inked(drawn_page(5), SMALL.side)
    words = [polygon for polygon, sign in zip(page.polygons, page.ignored, strict=True) if not sign]
    sure = MaskFinder(SMALL, Sure(page._replace(polygons=words)))  # type: ignore[arg-type]
    (found,) = sure.look([page.ink])
    counts = score([word.polygon for word in found], words, [False] * len(words))
    assert counts.right == counts.true == counts.found == len(words)
    assert all(0.6 <= word.score <= 0.9 + 1e-6 for word in found)


class Blots(nn.Module):
    """A network that finds the connected ink of each window, and counts its windows."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.batches = nn.Parameter(torch.zeros(1)), list[int]()

    def forward(self, windows: list[Tensor]) -> list[dict[str, Tensor]]:
        self.batches.append(len(windows))
        found = []
        for window in windows:
            count, labels = cv2.connectedComponents((window[0] < 0.5).numpy().astype(np.uint8))
            masks = torch.from_numpy(labels)[None, None] == torch.arange(1, count)[:, None, None, None]
            found.append({"masks": masks.float(), "scores": torch.linspace(0.9, 0.6, count - 1)})
        return found


def test_windows_of_several_pages_go_through_the_network_together(drawn_page: Callable[..., Page]) -> None:
    pages = [drawn_page(1).image, drawn_page(2, shape=(250, 300)).image, np.zeros((1, 1), np.uint8)]
    together, apart = (MaskFinder(SMALL, Blots()) for _ in range(2))  # type: ignore[arg-type]
    found, alone = together.find_all(pages), [apart.find(page) for page in pages]
    assert [len(words) for words in found] == [len(words) for words in alone] and len(found[0]) > 20 < len(found[1])
    for one, other in zip(chain(*found), chain(*alone), strict=True):
        assert (one.polygon == other.polygon).all() and one.score == other.score
    assert set(together.network.batches[:-1]) == {4} and len(together.network.batches) < len(apart.network.batches)


def test_a_tiny_one_fits_a_handful_of_windows(
    drawn_page: Callable[..., Page], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss on four windows falls by half, and most of the words of each are found."""
    monkeypatch.setattr(MaskLearner, "rate", 2e-3)
    monkeypatch.setattr(mask_learning, "BATCH", 1)
    windows = [inked(drawn_page(seed, shape=(128, 128)), SMALL.side) for seed in (5, 6, 7, 8)]
    monkeypatch.setattr(mask_learning, "crop", lambda page, size, rng: page)
    learner = MaskLearner("none", tiny())
    run = WordFitting(learner, windows, windows, WordRecipe(rounds=4), tmp_path)
    losses = [run._step(update) for update in range(160)]
    assert np.mean(losses[-12:]) < 0.5 * np.mean(losses[:4])
    learner.model.eval()
    for page in windows:
        counts = score([word.polygon for word in learner.words(page)], page.polygons, page.ignored)
        assert counts.right >= 0.5 * counts.true, counts


def test_a_folder_opens_as_the_same_finder(tmp_path: Path) -> None:
    finder = tiny()
    finder.save_pretrained(tmp_path / "words")
    opened = MaskFinder.from_pretrained(tmp_path / "words", around(Tiny(), SMALL.window))
    assert opened.config == SMALL
    state = opened.network.state_dict()
    assert all((state[name] == value).all() for name, value in finder.network.state_dict().items())
    with pytest.raises(DataError, match="is no word finder folder"):
        open_finder(tmp_path / "words")  # the weights of a tiny network are not ResNet-50's


@pytest.mark.parametrize(
    "page",
    [
        np.full((1, 1), 255, np.uint8),
        np.full((300, 200, 3), 255, np.uint8),
        np.random.default_rng(0).integers(0, 256, (300, 200), np.uint8),
    ],
    ids=["1x1", "blank", "noise"],
)
def test_odd_pages_have_words_inside_or_none(page: np.ndarray) -> None:
    for word in tiny().find(page):
        assert word.polygon.min() >= 0 and (word.polygon <= np.array([page.shape[1], page.shape[0]])).all()


def test_weights_start_from_a_file_of_torchvision(tmp_path: Path) -> None:
    """A state made here has COCO's 91 classes; all but the layers that tell them is taken over."""
    given = network(MaskConfig()).state_dict()
    given["roi_heads.box_predictor.cls_score.weight"] = torch.zeros(91, 1024)
    torch.save(given, tmp_path / "coco.pth")
    own = starting(str(tmp_path / "coco.pth")).network.state_dict()
    assert (own["backbone.body.conv1.weight"] == given["backbone.body.conv1.weight"]).all()
    assert own["roi_heads.box_predictor.cls_score.weight"].shape == (2, 1024)


def test_wrong_weights_end_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.pth").write_bytes(b"no weights")
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    torch.save(torch.zeros(1), tmp_path / "tensor.pth")

    def unreachable(*_: object, **__: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr(MaskRCNN_ResNet50_FPN_Weights, "get_state_dict", unreachable)
    for weights, message in {
        "broken.pth": "cannot be read",
        "missing.pth": "cannot be read",
        "tensor.pth": "holds no state of a network",
        "other.pth": "holds no Mask R-CNN of torchvision",
    }.items():
        with pytest.raises(DataError, match=message):
            starting(str(tmp_path / weights))
    with pytest.raises(DataError, match=r"cannot be fetched .*fetch it elsewhere and give --weights FILE"):
        starting("pretrained")


def test_resnet_is_the_network_of_users() -> None:
    assert isinstance(starting("none").network, MaskRCNN)
    assert sum(value.numel() for value in network(MaskConfig()).parameters()) > 43_000_000

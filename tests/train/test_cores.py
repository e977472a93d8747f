"""The light finder: shapes, folders, and pages of every kind, from blank to huge."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from stackmix.train.cores import CoreConfig, CoreModel, shrink
from stackmix.train.finding import open_finder
from stackmix.train.outlining import crosses
from stackmix.types import DataError, Image


@pytest.fixture(scope="module")
def model() -> CoreModel:
    torch.manual_seed(0)
    return CoreModel().eval()


def noise(height: int, width: int, *colours: int) -> Image:
    return np.random.default_rng(0).integers(0, 256, (height, width, *colours), np.uint8)


def test_shadows_are_no_ink_and_strokes_are() -> None:
    shadow = np.linspace(90, 250, 400)[None, :] * np.ones((300, 1))
    page = shadow.copy()
    page[100:104, 50:350] *= 0.3
    ink, scale = shrink(page.astype(np.uint8), 1024)
    assert scale == 1 and ink[101, 60:340].min() > 140
    assert np.delete(ink, np.s_[97:107], axis=0).max() < 40


def test_pages_are_scaled_down_and_never_up() -> None:
    ink, scale = shrink(np.full((3000, 1500, 3), 200, np.uint8), 1024)
    assert ink.shape == (1024, 512) and scale == 1024 / 3000 and ink.max() == 0
    assert shrink(np.full((9, 7), 200, np.uint8), 1024)[0].shape == (9, 7)


def test_maps_are_half_the_size_of_the_ink(model: CoreModel) -> None:
    for shape in ((1, 1), (33, 50), (64, 48)):
        core, reach = model.look(np.zeros(shape, np.uint8))
        size = (-(-shape[0] // 2), -(-shape[1] // 2))
        assert core.shape == size and reach.shape == (4, *size)
        assert core.min() >= 0 and core.max() <= 1 and reach.min() >= 0


@pytest.mark.parametrize(
    "page",
    [np.full((1, 1), 255, np.uint8), np.zeros((1, 1, 3), np.uint8), noise(200, 300), noise(90, 70, 3), noise(2, 3000)],
    ids=["1x1", "1x1 black", "noise", "colour noise", "strip"],
)
def test_any_page_gives_words_inside_it(model: CoreModel, page: Image) -> None:
    for word in model.find(page):
        assert word.polygon.dtype == np.float32 and word.polygon.min() >= 0 and 0 < word.score <= 1
        assert (word.polygon <= np.array([page.shape[1], page.shape[0]])).all()
        assert np.isfinite(word.polygon).all()


def test_a_scan_of_200_megapixels_is_found_on_a_small_copy(model: CoreModel) -> None:
    ink, scale = shrink(np.full((20_000, 10_000), 255, np.uint8), model.config.side)
    assert ink.shape == (1024, 512) and scale == 1024 / 20_000
    assert shrink(np.full((50_000, 40), 255, np.uint8), 1024)[0].shape == (1024, 1)


def test_words_of_outlines_never_cross(model: CoreModel) -> None:
    torch.manual_seed(1)
    wild = CoreModel(CoreConfig(threshold=0.1)).eval()
    found = wild.find(noise(256, 256))
    assert all(not crosses(word.polygon.astype(np.float64)) for word in found)


def test_a_folder_opens_as_the_same_finder(model: CoreModel, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path / "words")
    config = json.loads((tmp_path / "words" / "config.json").read_text(encoding="utf-8"))
    assert config["kind"] == "words" and config["way"] == "light"
    opened = open_finder(tmp_path / "words")
    assert isinstance(opened, CoreModel)
    page = noise(64, 64)
    assert (opened.look(page)[0] == model.look(page)[0]).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is no word finder folder"),
        ("[]", "is no word finder folder"),
        ('{"kind": "ctc"}', "holds a model of kind 'ctc', not words"),
        ('{"kind": "words", "way": "third"}', "finds words by way 'third', not one of light, mask-rcnn"),
        ('{"kind": "words", "way": "light"}', "is no word finder folder .*stackmix train words"),
        ('{"kind": "words", "way": "light", "no": 1}', "is no word finder folder"),
        ('{"kind": "words", "way": "mask-rcnn", "no": 1}', "is no word finder folder"),
    ],
)
def test_folders_of_another_kind_are_refused(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        open_finder(tmp_path)

"""Border models: maps lie where the image's columns are, do not depend on company, and folders open again."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from stackmix.seams import BorderMap
from stackmix.train.borders import BorderConfig, BorderModel
from stackmix.train.normalising import normalise
from stackmix.types import DataError

WIDTHS = {"a": 1.2, "ж": 1.75, ".": 0.3}


@pytest.fixture(scope="module")
def model() -> BorderModel:
    """A model of random weights that says something, and whose normalisation has seen some ink."""
    torch.manual_seed(5)
    model = BorderModel(BorderConfig(WIDTHS))
    with torch.no_grad():
        model.train()(torch.rand(4, 32, 64))
        model.partings.weight.mul_(30)
        model.columns.weight.mul_(30)
    return model.eval()


def maps_of(model: BorderModel, images: list[np.ndarray]) -> list[BorderMap]:
    return model.emit([normalise(image, model.config.height) for image in images])


def assert_same(a: BorderMap, b: BorderMap) -> None:
    """Costs are rounded, so sums in another order may move one by a step."""
    assert (a.scale, a.shift, a.lean) == (b.scale, b.shift, b.lean)
    for one, other in ((a.partings, b.partings), (a.columns, b.columns)):
        assert one.shape == other.shape and np.abs(one.astype(int) - other).max() <= 1


@pytest.mark.parametrize("width", [16, 32, 48, 80, 256, 320])
def test_logits_of_every_pixel_and_every_column(model: BorderModel, width: int) -> None:
    with torch.inference_mode():
        partings, columns = model(torch.rand(3, 32, width))
    assert partings.shape == (3, 32, width) and columns.shape == (3, width)
    assert torch.isfinite(partings).all() and torch.isfinite(columns).all()


@pytest.mark.parametrize("unit", [8, 20, 60])
def test_maps_cover_the_image(model: BorderModel, draw: Callable, unit: int) -> None:
    images = [draw(word, unit=unit).image for word in ("a", "gone", "bad gone page")]
    for image, found in zip(images, maps_of(model, images), strict=True):
        normalised = normalise(image, 32)
        assert (found.scale, found.shift) == (normalised.scale, normalised.shift)
        width = round(image.shape[1] * found.scale)
        assert found.partings.shape == (32, width + 1) and found.columns.shape == (width + 1,)
        assert np.array_equal(found.ink[:, :-1], normalised.ink) and not found.ink[:, -1].any()
        assert found.partings.dtype == found.columns.dtype == np.uint8
        assert found.partings.std() > 1 and found.columns.std() > 0.5
        assert found.lean == pytest.approx(0, abs=0.21)


def test_map_does_not_depend_on_batch_mates(model: BorderModel, draw: Callable) -> None:
    images = [draw(w, unit=unit).image for w in ("a", "bad", "gone", "on-page. bad", "age") for unit in (12, 30)]
    together, backwards = maps_of(model, images), maps_of(model, images[::-1])[::-1]
    for k, image in enumerate(images):
        (alone,) = maps_of(model, [image])
        assert_same(together[k], alone)
        assert_same(backwards[k], alone)
    assert maps_of(model, []) == []


def test_a_mark_changes_the_map_where_it_lies(model: BorderModel) -> None:
    """Ink put at a column changes most the columns of the map that stand for it: scale and margin are right."""
    base = np.full((40, 400), 255, np.uint8)
    base[15:30, 20:380:20] = 0
    (before,) = maps_of(model, [base])
    for column in (60, 200, 320):
        image = base.copy()
        image[15:30, column + 8 : column + 12] = 0
        (after,) = maps_of(model, [image])
        assert after.scale == before.scale
        change = np.abs(after.partings.astype(int) - before.partings).sum(axis=0)
        centre = (change * np.arange(len(change))).sum() / change.sum()
        assert centre / after.scale == pytest.approx(column + 10, abs=8)


def test_folder_opens_to_the_same_model(model: BorderModel, draw: Callable, tmp_path: Path) -> None:
    folder = tmp_path / "границы"
    model.save_pretrained(folder)
    opened = BorderModel.from_pretrained(folder)
    assert opened.config == model.config and opened.config.widths == WIDTHS and not opened.training
    (a,), (b,) = (maps_of(m, [draw("gone").image]) for m in (model, opened))
    assert np.array_equal(a.partings, b.partings) and np.array_equal(a.columns, b.columns)
    assert json.loads((folder / "config.json").read_text(encoding="utf-8"))["kind"] == "borders"


def test_folders_that_hold_no_such_model_are_named(model: BorderModel, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent is no border model folder.*python -m stackmix.train.bordering"):
        BorderModel.from_pretrained(tmp_path / "absent")
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    for content in ({**config, "kind": "ctc"}, {**config, "new": 1}, {**config, "height": 64}, {}, []):
        (folder / "config.json").write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(DataError, match=r"no border model folder|of kind '?(ctc|None)'?, not borders"):
            BorderModel.from_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert BorderModel.from_pretrained(folder).config == model.config
    weights = (folder / "model.safetensors").read_bytes()
    for broken in (b"", weights[: len(weights) // 2]):
        (folder / "model.safetensors").unlink()
        (folder / "model.safetensors").write_bytes(broken)
        with pytest.raises(DataError, match="no border model folder"):
            BorderModel.from_pretrained(folder)

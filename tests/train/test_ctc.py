"""CTC models: what they emit does not depend on company, frames lie where the columns are, folders open again."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby, product
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stackmix.train.ctc import STRIDE, CTCConfig, CTCModel, greedy, languages_of, predict, read
from stackmix.train.normalising import normalise, pack
from stackmix.train.packing import PAD, padded_width
from stackmix.types import DataError

WORDS = ["a", "bad", "gone", "on-page.", "do", "peg", "bad gone", "age"]


def model_of(head: str = "conv", alphabet: str = " -.abdegnop") -> CTCModel:
    """A model of random weights whose normalisation has seen some ink."""
    torch.manual_seed(3)
    model = CTCModel(CTCConfig(alphabet, head, 32, languages_of(alphabet)))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
        model.classes.weight.mul_(30)
        model.train()(torch.rand(2, 32, 64))
    return model.eval()


@pytest.fixture(scope="module", params=["conv", "recurrent"])
def model(request: pytest.FixtureRequest) -> CTCModel:
    return model_of(request.param)


def test_log_probabilities_of_every_frame(model: CTCModel, draw: Callable) -> None:
    for emission in model.emissions([draw("bad").image]):
        assert emission.log_probs.dtype == np.float32
        assert emission.log_probs.shape[1] == len(model.config.alphabet) + 1
        assert np.allclose(np.exp(emission.log_probs).sum(axis=1), 1, atol=1e-4)


def test_emission_does_not_depend_on_batch_mates(model: CTCModel, draw: Callable) -> None:
    images = [draw(word, unit=unit).image for word in WORDS for unit in (12, 30)]
    together = list(model.emissions(iter(images)))
    by_threes = list(model.emissions(images, ahead=3))
    backwards = list(model.emissions(images[::-1]))[::-1]
    assert len(together) == len(images)
    for k, image in enumerate(images):
        (alone,) = model.emissions([image])
        for other in (together[k], by_threes[k], backwards[k]):
            assert (other.left, other.step) == (alone.left, alone.step)
            assert other.log_probs.shape == alone.log_probs.shape
            assert np.allclose(other.log_probs, alone.log_probs, atol=1e-4)
    assert not np.allclose(together[2].log_probs.mean(0), together[4].log_probs.mean(0), atol=1e-4)


def test_no_images_no_emissions(model: CTCModel) -> None:
    assert list(model.emissions([])) == []


@pytest.mark.parametrize("unit", [8, 20, 75])
def test_frames_cover_the_image(model: CTCModel, draw: Callable, unit: int) -> None:
    for word in WORDS:
        image = draw(word, unit=unit).image
        (emission,) = model.emissions([image])
        ink, scale, *_ = normalise(image, 32)
        assert len(emission.log_probs) == padded_width(ink.shape[1]) // STRIDE
        assert emission.left == pytest.approx(-PAD / scale) and emission.step == pytest.approx(STRIDE / scale)
        assert emission.left < 0 and emission.left + emission.step * len(emission.log_probs) > image.shape[1]


def test_a_mark_moves_the_frames_that_lie_on_it() -> None:
    """Ink put at a column changes most the frames whose columns hold it: `left` and `step` are right."""
    model = model_of("conv")
    base = np.full((40, 300), 255, np.uint8)
    base[15:30, 20:280:20] = 0
    (before,) = model.emissions([base])
    for column in (60, 150, 230):
        image = base.copy()
        image[15:30, column + 8 : column + 12] = 0
        (after,) = model.emissions([image])
        change = np.abs(after.log_probs - before.log_probs).sum(axis=1)
        centre = (change * np.arange(len(change))).sum() / change.sum()
        assert after.left + after.step * (centre + 0.5) == pytest.approx(column + 10, abs=10)


def test_what_is_far_away_does_not_matter() -> None:
    """The convolutional model sees 28 normalised columns, so its letters cannot fire far from their ink."""
    model = model_of("conv")
    rng = np.random.default_rng(0)
    ink = torch.from_numpy(rng.random((1, 32, 128), dtype=np.float32))
    other = ink.clone()
    other[..., 80:] = 0
    with torch.inference_mode():
        a, b = (model(x)[0].numpy() for x in (ink, other))
    changed = np.flatnonzero(np.abs(a - b).max(axis=1) > 1e-5)
    assert 80 - 28 / 2 - 2 <= changed[0] * STRIDE <= 80


@given(st.lists(st.integers(0, 2), min_size=1, max_size=7))
def test_greedy_merges_and_drops(classes: list[int]) -> None:
    log_probs = np.log(np.eye(3, dtype=np.float32)[classes] + 1e-3)
    assert greedy(log_probs, "ab") == "".join("ab"[c - 1] for c, _ in groupby(classes) if c)


def test_read_keeps_the_order(model: CTCModel, sample_of: Callable) -> None:
    packed = pack([sample_of(word, unit=unit) for word, unit in product(WORDS, (10, 25))], 32)
    texts = read(model, packed)
    rows = {i: row for indices, batch in predict(model, packed) for i, row in zip(indices.tolist(), batch, strict=True)}
    assert texts == [greedy(rows[i], model.config.alphabet) for i in range(len(packed))]
    assert len(set(texts)) > 1


def test_folder_opens_to_the_same_model(model: CTCModel, draw: Callable, tmp_path: Path) -> None:
    folder = tmp_path / "модель"
    model.save_pretrained(folder)
    opened = CTCModel.from_pretrained(folder)
    assert opened.config == model.config and not opened.training
    image = draw("gone").image
    (a,), (b,) = model.emissions([image]), opened.emissions([image])
    assert np.array_equal(a.log_probs, b.log_probs)
    assert json.loads((folder / "config.json").read_text(encoding="utf-8"))["kind"] == "ctc"


def test_calibration_is_kept_and_an_older_folder_has_none(tmp_path: Path) -> None:
    model = model_of()
    model.config = replace(model.config, calibration=(0.7, -0.25))
    model.save_pretrained(tmp_path)
    assert CTCModel.from_pretrained(tmp_path).config == model.config
    path = tmp_path / "config.json"
    older = {k: v for k, v in json.loads(path.read_text(encoding="utf-8")).items() if k != "calibration"}
    path.write_text(json.dumps(older), encoding="utf-8")
    assert CTCModel.from_pretrained(tmp_path).config == replace(model.config, calibration=(1.0, 0.0))


def test_emissions_of_images_are_those_of_their_normalised_ink(model: CTCModel, draw: Callable) -> None:
    images = [draw(word, unit=unit).image for word in WORDS for unit in (12, 30)]
    emitted = model.emit([normalise(image, 32) for image in images])
    for one, other in zip(emitted, model.emissions(images), strict=True):
        assert (one.left, one.step) == (other.left, other.step) and np.array_equal(one.log_probs, other.log_probs)
    assert model.emit([]) == []


def test_folders_that_hold_no_such_model_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent is no CTC model folder.*stackmix train ctc"):
        CTCModel.from_pretrained(tmp_path / "absent")
    folder = tmp_path / "model"
    model_of().save_pretrained(folder)
    weights, text = (folder / "model.safetensors").read_bytes(), (folder / "config.json").read_text(encoding="utf-8")
    config = json.loads(text)
    wrong = [
        {**config, "kind": "trocr"},
        {**config, "alphabet": "ab"},
        {**config, "head": "attention"},
        {**config, "new": 1},
        {k: v for k, v in config.items() if k != "languages"},
        [],
    ]
    for content in wrong:
        (folder / "config.json").write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(DataError, match=r"no CTC model folder|of kind|head"):
            CTCModel.from_pretrained(folder)
    for data in (b"{", b"", '{"kind": "ctc", "alphabet": "я"}'.encode("cp1251")):
        (folder / "config.json").write_bytes(data)
        with pytest.raises(DataError, match="no CTC model folder"):
            CTCModel.from_pretrained(folder)
    (folder / "config.json").write_text(text, encoding="utf-8")
    for broken in (b"", weights[: len(weights) // 2], None):
        (folder / "model.safetensors").unlink()
        if broken is not None:
            (folder / "model.safetensors").write_bytes(broken)
        with pytest.raises(DataError, match="no CTC model folder"):
            CTCModel.from_pretrained(folder)
        (folder / "model.safetensors").write_bytes(weights)
    assert CTCModel.from_pretrained(folder).config.kind == "ctc"


@pytest.mark.parametrize(
    ("alphabet", "languages"), [("ab", ("en",)), ("Ёж", ("ru",)), ("яz", ("en", "ru")), ("1.", ())]
)
def test_languages_by_script(alphabet: str, languages: tuple[str, ...]) -> None:
    assert languages_of(alphabet) == languages

"""The CTC reader: one interface, the images' order, greedy by default, confidences in 0..1 that were fitted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stackmix.train import ctc_reading
from stackmix.train.ctc import CTCConfig, CTCModel, read
from stackmix.train.ctc_reading import CTCReader, Search, calibrate_reading
from stackmix.train.fitting import Fitting, Recipe
from stackmix.train.fusing import fused
from stackmix.train.ngram import NGram
from stackmix.train.normalising import pack
from stackmix.train.packing import Packed
from stackmix.train.reading import Reader, Reading
from stackmix.types import DataError, Image

WORDS = ["bad", "gone", "dab", "nod", "bog", "peg", "age", "on", "abba", "deed", "pond", "a"]


@pytest.fixture(scope="module")
def words(sample_of: Callable) -> Packed:
    return pack([sample_of(word, unit=14) for word in WORDS], 32)


@pytest.fixture(scope="module")
def images(sample_of: Callable) -> list[Image]:
    return [sample_of(word, unit=14).image for word in WORDS]


@pytest.fixture(scope="module")
def model(words: Packed, tmp_path_factory: pytest.TempPathFactory) -> CTCModel:
    """A model that has learnt a little: some words right, some wrong."""
    fit = Fitting(words, words, Recipe(head="recurrent", epochs=30), tmp_path_factory.mktemp("fit"))
    return fit.run(lambda *_: None)


def same(found: list[Reading], other: list[Reading]) -> bool:
    """Whether readings are the same up to the last digits of a sum."""
    numbers = [[a.confidence, *a.letters] for a in found], [[a.confidence, *a.letters] for a in other]
    return [a.text for a in found] == [a.text for a in other] and all(map(np.allclose, *numbers))


def test_greedy_readings_are_those_of_the_model(model: CTCModel, words: Packed, images: list[Image]) -> None:
    reader: Reader = CTCReader(model)
    found = reader.read(iter(images))
    assert [reading.text for reading in found] == read(model, words)
    assert any(reading.text for reading in found)
    for reading in found:
        assert len(reading.letters) == len(reading.text)
        assert all(0 <= chance <= 1 for chance in (reading.confidence, *reading.letters))


def test_order_and_company_do_not_matter(model: CTCModel, images: list[Image], monkeypatch: pytest.MonkeyPatch) -> None:
    reader = CTCReader(model)
    together = reader.read(images)
    assert same(reader.read(images[::-1])[::-1], together)
    assert all(same(reader.read([image]), [one]) for image, one in zip(images[:4], together[:4], strict=True))
    monkeypatch.setattr(ctc_reading, "AHEAD", 5)
    assert same(reader.read(images), together)
    assert reader.read([]) == []


def test_odd_images_are_read_too(model: CTCModel) -> None:
    odd = [np.full(shape, 200, np.uint8) for shape in ((1, 1), (40, 1), (1, 90), (300, 20, 3))]
    odd.append(np.zeros((30, 60), np.uint8))
    assert [len(r.letters) == len(r.text) for r in CTCReader(model).read(odd)] == [True] * 5


def test_fused_network_says_the_same(model: CTCModel, words: Packed) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    small = fused(model)
    ink = torch.from_numpy(words.batch(np.array([0]))).float() / 255
    with torch.inference_mode():
        assert torch.allclose(small(ink), model(ink), atol=1e-4)
    assert not [m for m in small.modules() if isinstance(m, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d)]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_beam_and_ngram_read_better_texts(model: CTCModel, words: Packed, images: list[Image]) -> None:
    """The n-gram model knows the words; with all weight on it nothing else is read."""
    ngram = NGram.learn(WORDS, 4)
    pressed = CTCReader(model, Search(beam=8, ngram=ngram, weight=5.0)).read(images)
    plain = CTCReader(model).read(images)
    assert sum(ngram.log_prob(r.text) for r in pressed) > sum(ngram.log_prob(r.text) for r in plain)
    beam = CTCReader(model, Search(beam=8)).read(images)
    curves = calibrate_reading(model, words, Search(beam=8, ngram=ngram))
    fitted = CTCReader(model, Search(beam=8, ngram=ngram), curves).read(images)
    right = np.mean([reading.text == word for reading, word in zip(fitted, WORDS, strict=True)])
    assert np.mean([reading.confidence for reading in fitted]) == pytest.approx(right, abs=0.02)
    assert all(len(reading.letters) == len(reading.text) for reading in beam + pressed)


def test_confidences_are_calibrated_and_kept(
    model: CTCModel, words: Packed, images: list[Image], tmp_path: Path
) -> None:
    curves = calibrate_reading(model, words)
    assert np.isfinite(curves).all() and curves != ((1.0, 0.0), (1.0, 0.0))
    tuned = CTCModel(replace(model.config, reading=curves))
    tuned.load_state_dict(model.state_dict())
    tuned.eval().save_pretrained(tmp_path)
    found = CTCReader.from_pretrained(tmp_path).read(images)
    assert same(found, CTCReader(tuned).read(images)) and not same(found, CTCReader(model).read(images))
    right = np.array([reading.text == word for reading, word in zip(found, WORDS, strict=True)])
    sure = np.array([reading.confidence for reading in found])
    assert sure.mean() == pytest.approx(right.mean(), abs=0.02)  # what the likeliest curve has on its own data


def test_a_model_that_reads_nothing_still_calibrates(words: Packed) -> None:
    torch.manual_seed(0)
    model = CTCModel(CTCConfig("abdegnop"))
    with torch.no_grad():
        model.classes.bias[0] = 50.0
    assert np.isfinite(calibrate_reading(model.eval(), words)).all()
    assert {reading.text for reading in CTCReader(model).read_packed(words)} == {""}


def test_other_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no CTC model folder"):
        CTCReader.from_pretrained(tmp_path / "none")
    with pytest.raises(DataError, match="beam 0"):
        Search(beam=0)

"""The language classifier: its votes, its folder, what it starts from, and training on a few drawn words."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.models import resnet34
from tqdm import tqdm

from stackmix.train import language_fitting
from stackmix.train.fitting import CHECKPOINT
from stackmix.train.language import LanguageConfig, LanguageModel
from stackmix.train.language_fitting import (
    LanguageFitting,
    LanguageRecipe,
    Source,
    gather_languages,
    train_language,
)
from stackmix.train.normalising import pack
from stackmix.train.voting import Vote
from stackmix.types import DataError

EN, RU = ["bad", "gone", "peg", "dab"], ["бур", "руб", "убур", "рур"]
TINY = LanguageRecipe(weights="none", narrow=8, epochs=2)


@pytest.fixture
def model() -> LanguageModel:
    torch.manual_seed(0)
    return LanguageModel(LanguageConfig(("en", "ru"), narrow=8)).eval()


@pytest.fixture
def data(folder_of: Callable, sample_of: Callable, tmp_path: Path) -> Path:
    """Words of two languages, and one of neither."""
    found = [sample_of(word, "anna") for word in [*EN, *RU, ","] for _ in range(2)]
    found += [sample_of(word, "boris", split="val") for word in ("bog", "бру", "12")]
    return folder_of(tmp_path / "слова", found)


def quiet(_: int, __: str) -> None:
    pass


def test_vote_is_that_of_the_widest_words(
    model: LanguageModel, draw: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [draw(word).image for word in ("a", "bad", "gone", "on-page")]
    votes = iter([[0.1, 0.9], [0.6, 0.4], [0.2, 0.8]])
    sizes: list[int] = []

    def scripted(self: LanguageModel, packed: object) -> np.ndarray:
        sizes.append(len(packed))  # type: ignore[arg-type]
        return np.array([next(votes) for _ in range(len(packed))])  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(LanguageModel, "chances", scripted)
        assert model.vote(images, count=3) == Vote("ru", pytest.approx(2 / 3))
    assert sizes == [3] and model.vote([]) is None
    found = model.vote([*images, np.full((1, 1), 9, np.uint8)])
    assert found is not None and found.language in ("en", "ru") and 0.5 <= found.share <= 1


def test_chances_do_not_depend_on_company(model: LanguageModel, sample_of: Callable) -> None:
    words = pack([sample_of(word, unit=unit) for word in EN for unit in (10, 25)], 64)
    together = model.chances(words)
    assert np.allclose(together.sum(axis=1), 1, atol=1e-5)
    for k in range(len(words)):
        assert np.allclose(model.chances(words.take(np.arange(len(words)) == k)), together[k], atol=1e-4)


def test_folder_opens_to_the_same_model(model: LanguageModel, sample_of: Callable, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path / "язык")
    opened, words = LanguageModel.from_pretrained(tmp_path / "язык"), pack([sample_of("bad")], 64)
    assert opened.config == model.config and np.array_equal(opened.chances(words), model.chances(words))
    path = tmp_path / "язык" / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    assert config["kind"] == "language" and config["languages"] == ["en", "ru"]
    for content in ({**config, "kind": "ctc"}, {**config, "narrow": 3}, {**config, "languages": ["en"]}, []):
        path.write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(DataError, match=r"of kind 'ctc'|narrow 3|no language model"):
            LanguageModel.from_pretrained(tmp_path / "язык")
    with pytest.raises(DataError, match=r"no language model.*stackmix train language"):
        LanguageModel.from_pretrained(tmp_path / "none")


def test_weights_pretrained_from_a_file_and_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fetched weights are torchvision's own file, which is put where torch would keep it."""
    torch.manual_seed(5)
    state = resnet34().state_dict()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    cached = tmp_path / "hub" / "checkpoints" / "resnet34-b627a593.pth"
    cached.parent.mkdir(parents=True)
    torch.save(state, cached)
    for weights in ("pretrained", str(cached)):
        model = LanguageModel(LanguageConfig(("en", "kk", "ru")))
        model.take_weights(weights)
        assert torch.equal(model.net.state_dict()["layer3.1.conv2.weight"], state["layer3.1.conv2.weight"])
        assert model.net.fc.out_features == 3
    cached.unlink()
    monkeypatch.setattr("torch.hub.urlopen", lambda *_, **__: (_ for _ in ()).throw(OSError("no network")))
    with pytest.raises(DataError, match=r"resnet34-\w+\.pth cannot be fetched.*--weights none"):
        model.take_weights("pretrained")


def test_weights_that_do_not_fit_are_named(model: LanguageModel, tmp_path: Path) -> None:
    full = LanguageModel(LanguageConfig(("en", "ru")))
    wrong = tmp_path / "w.pth"
    with pytest.raises(DataError, match="do not fit a narrow one"):
        model.take_weights("pretrained")
    with pytest.raises(DataError, match="cannot be read"):
        full.take_weights(str(wrong))
    wrong.write_bytes(b"not weights")
    with pytest.raises(DataError, match=r"w\.pth cannot be read"):
        full.take_weights(str(wrong))
    for state in ({"a": torch.zeros(1)}, {"conv1.weight": torch.zeros(2, 2)}, torch.zeros(3)):
        torch.save(state, wrong)
        with pytest.raises(DataError, match=r"w\.pth (is no ResNet-34|holds no state)"):
            full.take_weights(str(wrong))


def test_languages_come_from_scripts_or_from_the_folder(data: Path) -> None:
    by_script = gather_languages([Source(data)], lambda n: None)
    assert sorted(by_script.train.texts.tolist()) == ["en"] * 8 + ["ru"] * 8 and by_script.left_out == 3
    assert sorted(by_script.val.texts.tolist()) == ["en", "ru"]
    named = gather_languages([Source(data), Source(data, "kk")], lambda n: None)
    assert named.train.texts.tolist().count("kk") == 18 and named.left_out == 3
    with pytest.raises(DataError, match="all training words are kk: give data of two"):
        gather_languages([Source(data, "kk")], lambda n: None)
    assert Source.parse(f"kk={data}") == Source(data, "kk") and Source.parse(str(data)) == Source(data)
    odd = data.with_name("a=b")
    odd.mkdir()
    assert Source.parse(str(odd)) == Source(odd)


def test_test_splits_are_refused(folder_of: Callable, sample_of: Callable, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "d", [sample_of("bad", split="test")])
    with pytest.raises(DataError, match="kept for testing"):
        gather_languages([Source(folder)], lambda n: None)


def test_loss_falls_and_the_same_seed_is_the_same_model(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language_fitting, "COLUMNS", 400)
    found = gather_languages([Source(data)], lambda n: None)
    fit = LanguageFitting(found, replace(TINY, epochs=14), tmp_path)
    fit.run(quiet)
    assert fit.history[-1]["loss"] < 0.9 * fit.history[0]["loss"]
    first, again = (LanguageFitting(found, TINY, tmp_path) for _ in range(2))
    weights = [fit.run(quiet).state_dict() for fit in (first, again)]
    assert first.history == again.history and [row["epoch"] for row in first.history] == [1, 2]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_training_goes_on_behind_the_last_epoch(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_fitting, "COLUMNS", 400)
    with tqdm(disable=True) as bar:
        told = train_language([Source(data)], tmp_path / "whole", TINY, resume=False, bar=bar)
        assert told.startswith("en, ru: ") and "trained on 16; left out: 3 without a language" in told
        step, calls = LanguageFitting._step, 0

        def dying(fit: LanguageFitting, *args: object) -> float:
            nonlocal calls
            calls += 1
            if calls == 12:
                raise KeyboardInterrupt
            return step(fit, *args)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(LanguageFitting, "_step", dying)
            with pytest.raises(KeyboardInterrupt):
                train_language([Source(data)], tmp_path / "out", TINY, resume=False, bar=bar)
        assert (tmp_path / "out.partial" / CHECKPOINT).exists()
        with pytest.raises(DataError, match="seed 0 -> 5"):
            train_language([Source(data)], tmp_path / "out", replace(TINY, seed=5), resume=True, bar=bar)
        train_language([Source(data)], tmp_path / "out", TINY, resume=True, bar=bar)
    names = ["config.json", "model.safetensors", "training.json"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert LanguageModel.from_pretrained(tmp_path / "out").config.languages == ("en", "ru")


def test_full_disk_leaves_the_last_checkpoint(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = LanguageFitting(gather_languages([Source(data)], lambda n: None), TINY, tmp_path)
    fit.save()
    before = (tmp_path / CHECKPOINT).read_bytes()

    def full(state: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError("PytorchStreamWriter failed writing file")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="free some space"):
        fit.save()
    assert (tmp_path / CHECKPOINT).read_bytes() == before
    assert [path.name for path in tmp_path.glob("*.new")] == []

"""Training on a few drawn words: it learns, stops, goes on to the bit, and refuses what does not belong together."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tqdm import tqdm

from stackmix.train import fitting
from stackmix.train.ctc import CTCModel
from stackmix.train.fitting import CHECKPOINT, Fitting, Recipe, augment, held_out, learning_rate, train_ctc
from stackmix.train.normalising import pack
from stackmix.train.packing import Normalised, Packed
from stackmix.types import DataError

WORDS = ["bad", "gone", "dab", "nod", "bog", "peg", "age", "on", "abba", "deed", "pond", "a"]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches so small that an epoch of a few words has several updates."""
    monkeypatch.setattr(fitting, "COLUMNS", 300)


@pytest.fixture(scope="module")
def data(sample_of: Callable) -> tuple[Packed, Packed]:
    train = pack([sample_of(word, unit=14) for word in WORDS], 32)
    return train, pack([sample_of(word, unit=14) for word in WORDS[:4]], 32)


def quiet(_: int, __: str) -> None:
    pass


def weights(model: CTCModel) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in model.state_dict().items()}


def stopper(after: int) -> Callable[[int, str], None]:
    """A tick that interrupts the run after so many updates."""
    seen = 0

    def tick(_: int, __: str) -> None:
        nonlocal seen
        seen += 1
        if seen == after:
            raise KeyboardInterrupt

    return tick


@pytest.mark.parametrize("head", ["conv", "recurrent"])
def test_loss_falls(data: tuple[Packed, Packed], tmp_path: Path, head: str) -> None:
    fit = Fitting(*data, Recipe(head=head, epochs=4), tmp_path)
    fit.run(quiet)
    losses = [row["loss"] for row in fit.progress.history]
    assert len(losses) == 4 and losses[-1] < 0.8 * losses[0]
    assert fit.progress.losses == [] and all(np.isfinite(losses))


def test_same_seed_same_weights_and_another_seed_others(data: tuple[Packed, Packed], tmp_path: Path) -> None:
    first, again, other = (Fitting(*data, Recipe(epochs=1, seed=s), tmp_path).run(quiet) for s in (1, 1, 2))
    assert weights(first) == weights(again) != weights(other)


def test_every_epoch_sees_every_image_in_another_order(
    data: tuple[Packed, Packed], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def record(fit: Fitting, indices: np.ndarray) -> float:
        seen.extend(indices.tolist())
        return 1.0

    monkeypatch.setattr(Fitting, "_step", record)
    Fitting(*data, Recipe(epochs=3), tmp_path).run(quiet)
    epochs = np.array(seen).reshape(3, len(WORDS)).tolist()
    assert all(sorted(epoch) == list(range(len(WORDS))) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]


def test_other_images_can_be_trained_on_from_an_epoch_on(data: tuple[Packed, Packed], tmp_path: Path) -> None:
    fit = Fitting(*data, Recipe(epochs=1), tmp_path)
    few = data[0].take(np.arange(len(data[0])) < 5)
    fit.use(few)
    fit.run(quiet)
    assert fit.train.texts.tolist() == WORDS[:5] and len(fit.labels) == 5
    assert fit.progress.history[-1]["update"] == fit.progress.update == len(few.batches(300))


@pytest.mark.parametrize("every", [2, 1000])
def test_resumed_run_is_the_uninterrupted_one(
    data: tuple[Packed, Packed], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    monkeypatch.setattr(fitting, "CHECKPOINT_EVERY", every)
    recipe = Recipe(epochs=2)
    (tmp_path / "whole").mkdir()
    whole = Fitting(*data, recipe, tmp_path / "whole")
    wanted = weights(whole.run(quiet))
    folder = tmp_path / f"every {every}"
    folder.mkdir()
    for stop in (3, whole.per_epoch):  # inside the first epoch, then after a last update
        fit = Fitting(*data, recipe, folder)
        fit.restore()
        with pytest.raises(KeyboardInterrupt):
            fit.run(stopper(stop))
    fit = Fitting(*data, recipe, folder)
    fit.restore()
    assert (fit.progress.update > 0) == (every < 1000)
    found = fit.run(quiet)
    assert weights(found) == wanted
    assert fit.progress == whole.progress
    assert fit.images_done() == recipe.epochs * len(fit.train)


def test_interrupt_between_last_update_and_validation(
    data: tuple[Packed, Packed], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "CHECKPOINT_EVERY", 1)
    fit = Fitting(*data, Recipe(epochs=1), tmp_path)
    with pytest.raises(KeyboardInterrupt):
        fit.run(stopper(fit.per_epoch))
    fit = Fitting(*data, Recipe(epochs=1), tmp_path)
    fit.restore()
    fit.run(quiet)
    assert np.isfinite(fit.progress.history[0]["loss"]) and fit.progress.update == fit.per_epoch


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 4}, "seed 0 -> 4"),
        ({"epochs": 9}, "epochs 1 -> 9"),
        ({"rate": 0.5}, "rate"),
        ({"patience": 2}, "patience"),
    ],
)
def test_checkpoint_of_other_options_is_refused(
    data: tuple[Packed, Packed], tmp_path: Path, change: dict[str, float], named: str
) -> None:
    recipe = Recipe(epochs=1)
    Fitting(*data, recipe, tmp_path).save()
    with pytest.raises(DataError, match=named):
        Fitting(*data, replace(recipe, **change), tmp_path).restore()


def test_checkpoint_of_other_data_is_refused(data: tuple[Packed, Packed], sample_of: Callable, tmp_path: Path) -> None:
    train, val = data
    Fitting(train, val, Recipe(), tmp_path).save()
    fewer = train.take(np.arange(len(train)) > 0)
    with pytest.raises(DataError, match=f"images {len(train)} -> {len(fewer)}"):
        Fitting(fewer, val, Recipe(), tmp_path).restore()
    letters = replace(train, texts=np.char.replace(train.texts, "a", "я"))
    with pytest.raises(DataError, match="alphabet"):
        Fitting(letters, val, Recipe(), tmp_path).restore()


def test_early_stop_keeps_the_best(
    data: tuple[Packed, Packed], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = iter([0.9, 0.5, 0.7, 0.5, 0.6, 0.1])  # 0.5 again is no better
    states: list[dict[str, bytes]] = []
    fit = Fitting(*data, Recipe(epochs=6, patience=3), tmp_path)

    def scripted(*_: object) -> float:
        states.append(weights(fit.model))
        return next(errors)

    monkeypatch.setattr(fitting, "cer", scripted)
    best = fit.run(quiet)
    assert [row["cer"] for row in fit.progress.history] == [0.9, 0.5, 0.7, 0.5, 0.6]
    assert fit.progress.best_cer == 0.5
    assert weights(best) == states[1] != states[-1]


def test_init_widens_the_alphabet_and_keeps_the_old_rows(
    data: tuple[Packed, Packed], sample_of: Callable, tmp_path: Path
) -> None:
    train, val = data
    for head in ("conv", "recurrent"):
        old = Fitting(train, val, Recipe(head=head), tmp_path).model
        fresh = pack([sample_of(word) for word in ("ёж", "Bad", "c")], 32)
        new = Fitting(fresh, val, Recipe(head=head, seed=1), tmp_path, old).model
        assert new.config.alphabet == "".join(sorted(set(old.config.alphabet) | set("ёжBadc")))
        assert new.config.languages == ("en", "ru")
        before, after = old.state_dict(), new.state_dict()
        rows = [0, *(new.config.alphabet.index(c) + 1 for c in old.config.alphabet)]
        for name in before:
            kept = after[name][rows] if name.startswith(("classes", "shortcut")) else after[name]
            assert torch.equal(kept, before[name]), name
        others = sorted(set(range(len(new.config.alphabet) + 1)) - set(rows))
        assert len(others) == 4 and after["classes.weight"][others].abs().sum() > 0


def test_init_of_another_head_is_refused(data: tuple[Packed, Packed], tmp_path: Path) -> None:
    old = Fitting(*data, Recipe(head="recurrent"), tmp_path).model
    with pytest.raises(DataError, match="recurrent model of height 32"):
        Fitting(*data, Recipe(head="conv"), tmp_path, old)


def test_texts_with_more_letters_than_frames_are_left_out(data: tuple[Packed, Packed], tmp_path: Path) -> None:
    train, val = data
    ink = Normalised(np.zeros((32, 8), np.uint8), 1.0, 0)  # padded to 16 columns: 8 frames
    short = Packed.of([(ink, t, "w", "train") for t in ("abdegnop", "abdegnopa", "aabbdde", "aaaab", "aaaaa")], 32)
    fit = Fitting(short, val, Recipe(), tmp_path)
    assert fit.train.texts.tolist() == ["abdegnop", "aaaab"] and fit.too_long == 3
    with pytest.raises(DataError, match="0 training and 4 validation"):
        Fitting(short.take(np.array([False, True, True, False, True])), val, Recipe(), tmp_path)
    with pytest.raises(DataError, match="and 0 validation"):
        Fitting(train, val.take(np.zeros(len(val), bool)), Recipe(), tmp_path)


def labelled(writers: list[str], splits: list[str]) -> Packed:
    ink = Normalised(np.zeros((32, 8), np.uint8), 1.0, 0)
    return Packed.of([(ink, f"{k}", w, s) for k, (w, s) in enumerate(zip(writers, splits, strict=True))], 32)


def test_validation_is_the_val_split_where_there_is_one() -> None:
    train, val, how = held_out(labelled(["a", "b", "c", "d"], ["train", "val", "test", "train"]))
    assert train.texts.tolist() == ["0", "3"] and val.texts.tolist() == ["1"] and how == "the val split"


@pytest.mark.parametrize("count", [10, 11, 30])
def test_writers_are_held_out_whole(count: int) -> None:
    train, val, how = held_out(labelled([f"w{k % count:02d}" for k in range(5 * count)], ["train"] * (5 * count)))
    assert not set(train.writers) & set(val.writers) and "writer" in how
    assert len(set(val.writers)) == -(-count // 10) and len(train) + len(val) == 5 * count


def test_few_or_unknown_writers_give_every_tenth_image() -> None:
    train, val, how = held_out(labelled([""] * 30, ["train"] * 30))
    assert val.texts.tolist() == ["0", "10", "20"] and len(train) == 27 and "image" in how


def test_augmented_ink_stays_ink() -> None:
    ink = torch.zeros(6, 32, 96)
    ink[:, 10:22, 20:70:6] = 1
    one, again, other = (augment(ink, torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert one.shape == ink.shape and one.min() >= 0 and one.max() <= 1
    mass = one.sum(dim=(1, 2)) / ink.sum(dim=(1, 2))
    assert ((mass > 0.3) & (mass < 3)).all() and mass.std() > 0.01


def test_learning_rate_rises_then_falls_to_nothing() -> None:
    rates = [learning_rate(share / 1000) for share in range(1001)]
    assert rates[0] == 0 and rates[-1] == pytest.approx(0, abs=1e-9) and max(rates) == pytest.approx(1, abs=1e-3)
    peak = int(np.argmax(rates))
    assert peak == 80 and (np.diff(rates[: peak + 1]) > 0).all() and (np.diff(rates[peak:]) < 0).all()


def test_training_from_folder_to_folder(folder_of: Callable, sample_of: Callable, tmp_path: Path) -> None:
    found = [sample_of(word, "anna") for word in WORDS] + [sample_of("bad", "boris", split="val")]
    data, out = folder_of(tmp_path / "образцы", found), tmp_path / "модели" / "m"
    with tqdm(disable=True) as bar:
        told = train_ctc([data], out, Recipe(epochs=2), init=None, resume=False, bar=bar)
        assert sorted(p.name for p in out.iterdir()) == ["config.json", "model.safetensors", "training.json"]
        assert told.endswith(f"on 1 images of the val split, trained on {len(WORDS)}")
        about = json.loads((out / "training.json").read_text(encoding="utf-8"))
        assert [row["epoch"] for row in about["history"]] == [1, 2] and about["train_images"] == len(WORDS)
        assert CTCModel.from_pretrained(out).config.alphabet == "".join(sorted(set("".join(WORDS))))
        slope, offset = json.loads((out / "config.json").read_text(encoding="utf-8"))["calibration"]
        assert np.isfinite((slope, offset)).all() and (slope, offset) != (1.0, 0.0)
        assert CTCModel.from_pretrained(out).config.calibration == (slope, offset)
        assert CTCModel.from_pretrained(out).config.reading != ((1.0, 0.0), (1.0, 0.0))
        with pytest.raises(DataError, match="exists already"):
            train_ctc([data], out, Recipe(epochs=1), init=None, resume=False, bar=bar)
        tuned = tmp_path / "tuned"
        new = folder_of(tmp_path / "new", [sample_of(word) for word in ("as", "ёж", "он")])
        train_ctc([new], tuned, Recipe(epochs=1), init=out, resume=False, bar=bar)
        assert set("ёжон" + "".join(WORDS)) <= set(CTCModel.from_pretrained(tuned).config.alphabet)


def test_interrupted_training_goes_on_and_finishes(
    folder_of: Callable, sample_of: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "CHECKPOINT_EVERY", 1)
    data = folder_of(tmp_path / "data", [sample_of(word) for word in WORDS])
    with tqdm(disable=True) as bar:
        train_ctc([data], tmp_path / "whole", Recipe(epochs=1), init=None, resume=False, bar=bar)
        with monkeypatch.context() as patch:
            step, calls = Fitting._step, iter([False, True])

            def dying(fit: Fitting, indices: np.ndarray) -> float:
                if next(calls):
                    raise KeyboardInterrupt
                return step(fit, indices)

            patch.setattr(Fitting, "_step", dying)
            with pytest.raises(KeyboardInterrupt):
                train_ctc([data], tmp_path / "out", Recipe(epochs=1), init=None, resume=False, bar=bar)
        assert (tmp_path / "out.partial" / CHECKPOINT).exists() and not (tmp_path / "out").exists()
        with pytest.raises(DataError, match="--resume"):
            train_ctc([data], tmp_path / "out", Recipe(epochs=1), init=None, resume=False, bar=bar)
        with pytest.raises(DataError, match="seed 0 -> 5"):
            train_ctc([data], tmp_path / "out", Recipe(epochs=1, seed=5), init=None, resume=True, bar=bar)
        train_ctc([data], tmp_path / "out", Recipe(epochs=1), init=None, resume=True, bar=bar)
    for name in ("config.json", "model.safetensors", "training.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name

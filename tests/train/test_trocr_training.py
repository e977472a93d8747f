"""TrOCR from sample folders to model folders: it learns, stops, goes on to the bit, and refuses what cannot work."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tqdm import tqdm

from stackmix import images
from stackmix.corpus import Corpus
from stackmix.generating import Order
from stackmix.train import trocr_fitting, trocr_training
from stackmix.train.recipes import Recipe, notebooks
from stackmix.train.trocr import TrOCR, open_model
from stackmix.train.trocr_training import train_trocr
from stackmix.types import DataError

WORDS = ["bad", "gone", "dab", "nod", "bog", "peg", "age", "on", "abba", "deed", "pond", "a"]
SHORT = Recipe(epochs=2, batch=4, rate=1e-2)


@pytest.fixture
def data(folder_of: Callable, sample_of: Callable, tmp_path: Path) -> Path:
    found = [sample_of(word, "anna", unit=14) for word in WORDS]
    return folder_of(tmp_path / "слова", found + [sample_of(word, "boris", split="val", unit=14) for word in WORDS[:3]])


@pytest.fixture
def init(tiny_trocr: Callable[..., TrOCR], tmp_path: Path) -> str:
    """The folder of a tiny model that knows no letter yet."""
    tiny_trocr().save_pretrained(tmp_path / "init")
    return str(tmp_path / "init")


def train(data: Path, out: Path, recipe: Recipe = SHORT, **how: object) -> dict:
    with tqdm(disable=True) as bar:
        train_trocr([data], out, recipe, bar=bar, **how)  # type: ignore[arg-type]
    about: dict = json.loads((out / "training.json").read_text(encoding="utf-8"))
    return about


def test_from_folder_to_folder(data: Path, init: str, tmp_path: Path) -> None:
    about = train(data, tmp_path / "out", replace(SHORT, epochs=12, patience=12), init=init)
    losses = about["losses"]
    assert len(losses) == 12 * 3 and np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])
    assert [row["epoch"] for row in about["history"]] == list(range(1, 13))
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        *("config.json", "generation_config.json", "model.safetensors", "training.json")
    ]
    config = json.loads((tmp_path / "out" / "config.json").read_text(encoding="utf-8"))
    assert (config["kind"], config["languages"], config["height"]) == ("trocr", ["en"], 96)
    assert set(config["alphabet"]) == set("".join(WORDS))
    model = TrOCR.from_pretrained(tmp_path / "out")
    assert model.habits.letters != (1.0, 0.0) and np.isfinite(model.habits.letters + model.habits.words).all()


def test_same_seed_same_losses_and_another_seed_others(data: Path, init: str, tmp_path: Path) -> None:
    first, again, other = (
        train(data, tmp_path / name, replace(SHORT, seed=seed), init=init)["losses"]
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == again != other
    assert (tmp_path / "a" / "model.safetensors").read_bytes() == (tmp_path / "b" / "model.safetensors").read_bytes()


@pytest.mark.parametrize("every", [2, 1000])
def test_resumed_run_is_the_uninterrupted_one(
    data: Path, init: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    monkeypatch.setattr(trocr_fitting, "CHECKPOINT_EVERY", every)
    whole = train(data, tmp_path / "whole", init=init)
    step, seen = trocr_fitting.Fitting._step, 0

    def dying(fit: trocr_fitting.Fitting, batch: list) -> float:
        nonlocal seen
        seen += 1
        if seen in (3, 6):
            raise KeyboardInterrupt
        return step(fit, batch)

    monkeypatch.setattr(trocr_fitting.Fitting, "_step", dying)
    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "out", init=init)
    if every < 1000:
        with pytest.raises(DataError, match="add --resume"):
            train(data, tmp_path / "out", init=init)
        with pytest.raises(DataError, match=r"seed 0 -> 5.*repeat its options"):
            train(data, tmp_path / "out", replace(SHORT, seed=5), init=init, resume=True)
    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "out", init=init, resume=True)
    resumed = train(data, tmp_path / "out", init=init, resume=True)
    assert resumed == whole
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_a_full_disk_leaves_the_last_checkpoint(
    data: Path, init: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second checkpoint finds the disk full half-way; the run then goes on from the first."""
    whole = train(data, tmp_path / "whole", init=init)
    save, calls = torch.save, iter([False, True])

    def full(state: object, path: Path) -> None:
        if next(calls):
            path.write_bytes(b"half of it")
            raise RuntimeError("PytorchStreamWriter failed writing file data/12: file write failed")
        save(state, path)

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.raises(
            OSError, match=r"checkpoint\.pt cannot be written .*free some space, then go on with --resume"
        ):
            train(data, tmp_path / "out", init=init)
    assert [p.name for p in (tmp_path / "out.partial").iterdir()] == ["checkpoint.pt"]
    assert torch.load(tmp_path / "out.partial" / "checkpoint.pt", weights_only=True)["progress"]["update"] == 3
    assert train(data, tmp_path / "out", init=init, resume=True) == whole


def test_early_stop_keeps_the_best(data: Path, init: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edits = iter([9, 9, 9, 1, 1, 1, 5, 5, 5, 1, 1, 1, 7, 7, 7])  # of three validation words in each epoch
    monkeypatch.setattr(trocr_fitting, "edit_distance", lambda a, b: next(edits))
    states = []
    judge = trocr_fitting.Fitting._judge

    def watched(fit: trocr_fitting.Fitting) -> None:
        judge(fit)
        states.append({name: value.clone() for name, value in fit.model.network.state_dict().items()})

    monkeypatch.setattr(trocr_fitting.Fitting, "_judge", watched)
    about = train(data, tmp_path / "out", replace(SHORT, epochs=9, patience=2), init=init)
    letters = sum(map(len, WORDS[:3]))
    assert [row["cer"] for row in about["history"]] == [27 / letters, 3 / letters, 15 / letters, 3 / letters]
    found = TrOCR.from_pretrained(tmp_path / "out").network.state_dict()
    assert all(torch.equal(found[name], value) for name, value in states[1].items())
    assert not all(torch.equal(found[name], value) for name, value in states[-1].items())


def test_the_recipe_of_the_notebooks(data: Path, init: str, tmp_path: Path) -> None:
    about = train(data, tmp_path / "out", notebooks(epochs=1, batch=4), init=init)
    assert about["recipe"]["name"] == "notebooks"
    habits = TrOCR.from_pretrained(tmp_path / "out").habits
    assert (habits.fit, habits.longest, habits.beams, habits.length_penalty, habits.no_repeat) == (
        *("squashed", 64, 4, 2.0, 3),
    )
    recipe = notebooks()
    assert [recipe.rate_at(u, 10) for u in (0, 69, 70, 89)] == pytest.approx([5e-5, 5e-5, 2e-5, 2e-5])
    assert notebooks().habits(["ru"], 9, 100).fit == "dark"


def test_stacked_words_are_mixed_in(data: Path, init: str, library_folder: Path, tmp_path: Path) -> None:
    order = Order(library_folder, Corpus(["dog", "bag", "open"]), seed=3, height=128)
    mixed = train(data, tmp_path / "out", replace(SHORT, mix=0.5), init=init, order=order)
    assert len(mixed["losses"]) == 2 * len(WORDS) // 2  # half of each batch of four is real
    assert train(data, tmp_path / "again", replace(SHORT, mix=0.5), init=init, order=order) == mixed
    with pytest.raises(DataError, match=r"--mix 0\.1 of a batch of 4 is no word"):
        train(data, tmp_path / "none", replace(SHORT, mix=0.1), init=init, order=order)


def test_labels_that_cannot_be_learnt_end_in_one_line(
    data: Path, init: str, folder_of: Callable, sample_of: Callable, tmp_path: Path
) -> None:
    long = folder_of(tmp_path / "long", [sample_of("ab" * 80, unit=8), sample_of("a"), sample_of("b")])
    with pytest.raises(DataError, match=r"the label 'abab.*\.\.\. is 161 pieces long and the model says 126: split"):
        train(long, tmp_path / "out", init=init)
    lines = (data / "train" / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    row = json.loads(lines[0]) | {"text": " "}
    (data / "train" / "metadata.jsonl").write_text("\n".join([json.dumps(row), *lines[1:]]) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"0\.png has an empty label: give it a text"):
        train(data, tmp_path / "out", init=init)
    assert not (tmp_path / "out").exists() and not (tmp_path / "out.partial").exists()


def test_data_that_does_not_do_ends_in_one_line(
    folder_of: Callable, sample_of: Callable, init: str, tmp_path: Path
) -> None:
    for split, told in (("val", "has no split 'train', only val"), ("test1", "kept for testing and never trained on")):
        with pytest.raises(DataError, match=told):
            train(folder_of(tmp_path / split, [sample_of("bad", split=split)]), tmp_path / "out", init=init)
    with pytest.raises(DataError, match="0 training and 1 validation images"):
        train(folder_of(tmp_path / "one", [sample_of("bad")]), tmp_path / "out", init=init)


def test_broken_and_thin_images_are_left_out_and_named(data: Path, init: str, tmp_path: Path) -> None:
    (data / "train" / "0.png").write_bytes(b"nothing")
    images.write(data / "train" / "1.png", np.zeros((30, 1), np.uint8))
    with tqdm(disable=True) as bar:
        told = train_trocr([data], tmp_path / "out", replace(SHORT, epochs=1), init=init, bar=bar)
    assert told.endswith(f"trained on {len(WORDS) - 2}; left out: 2")
    first, second = json.loads((tmp_path / "out" / "training.json").read_text(encoding="utf-8"))["left_out"]
    assert "0.png" in first and "one pixel wide or high" in second


def test_two_processes_learn_what_one_would(data: Path, init: str, tmp_path: Path) -> None:
    """Started as the documentation says; without dropout the losses differ by rounding alone."""
    config = json.loads((Path(init) / "config.json").read_text(encoding="utf-8"))
    config["decoder"] |= {"dropout": 0.0, "attention_dropout": 0.0, "activation_dropout": 0.0}
    (Path(init) / "config.json").write_text(json.dumps(config), encoding="utf-8")
    recipe = replace(SHORT, epochs=2, batch=4, rate=5e-5)
    torch.manual_seed(recipe.seed)
    trocr_training.made_ready(open_model(init), WORDS, recipe, False).save_pretrained(tmp_path / "start")
    alone = train(data, tmp_path / "alone", recipe, init=init)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "stackmix"]
    options = ["--out", str(tmp_path / "two"), "--init", init, "--epochs", "2", "--batch", "4"]
    run = subprocess.run(
        [*command, "train", "trocr", str(data), *options],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("trained on") == 1
    two = json.loads((tmp_path / "two" / "training.json").read_text(encoding="utf-8"))
    assert len(two["losses"]) == 6
    assert two["losses"] == pytest.approx(alone["losses"], abs=2e-3)
    start = TrOCR.from_pretrained(tmp_path / "start").network.state_dict()
    one, both = (TrOCR.from_pretrained(tmp_path / name).network.state_dict() for name in ("alone", "two"))
    moved = sum(float((one[name] - start[name]).abs().sum()) for name in start)
    apart = sum(float((one[name] - both[name]).abs().sum()) for name in start)
    assert apart < 0.05 * moved and moved > 0

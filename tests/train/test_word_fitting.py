"""Training of word finders on drawn pages: it learns, repeats itself, goes on to the bit, and refuses other runs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tqdm import tqdm

from stackmix.train import core_learning, word_fitting
from stackmix.train.core_learning import CoreLearner, batch, loss_of
from stackmix.train.cores import CoreModel
from stackmix.train.finding import open_finder
from stackmix.train.page_pool import Inked, inked
from stackmix.train.word_fitting import WordFitting, WordRecipe, train_words
from stackmix.train.word_scoring import score
from stackmix.types import DataError, Page

Drawn = Callable[..., Page]
Write = Callable[[Path, list[Page]], Path]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small crops and short rounds."""
    monkeypatch.setattr(core_learning, "CROP", 96)
    monkeypatch.setattr(core_learning, "BATCH", 3)
    monkeypatch.setattr(word_fitting, "ROUND", 4)


@pytest.fixture(scope="module")
def pool(drawn_page: Drawn) -> list[Inked]:
    return [inked(drawn_page(seed), 360) for seed in range(6)]


def fitting(pool: list[Inked], folder: Path, rounds: int, seed: int = 0) -> WordFitting:
    torch.manual_seed(seed)
    return WordFitting(CoreLearner(), pool[:5], pool[5:], WordRecipe(rounds, seed), folder)


def quiet(_: int, __: str) -> None:
    pass


def weights(model: torch.nn.Module) -> dict[str, bytes]:
    return {name: value.contiguous().numpy().tobytes() for name, value in model.state_dict().items()}


def test_a_finder_learns_drawn_words(
    drawn_page: Drawn, write_pages: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From nothing to most words of a page that it never saw, through the folder that training leaves."""
    monkeypatch.setattr(core_learning, "CROP", 128)
    monkeypatch.setattr(core_learning, "BATCH", 3)
    data = write_pages(tmp_path / "pages", [drawn_page(k, "val" if k == 9 else "train") for k in range(10)])
    with tqdm(disable=True) as bar:
        recipe = WordRecipe(rounds=2)
        text = train_words([data], tmp_path / "words", recipe, way="light", weights="none", resume=False, bar=bar)
    page = drawn_page(77)
    found = open_finder(tmp_path / "words").find(page.image)
    truth = [region.polygon for region in page.regions]
    counts = score([word.polygon for word in found], truth, [region.text == "," for region in page.regions])
    assert counts.f1 > 0.8
    assert text.startswith("word F1 ") and "1 pages of the val split, trained on 9" in text
    assert not (tmp_path / "words" / "checkpoint.pt").exists() and (tmp_path / "words" / "training.json").exists()


@pytest.mark.usefixtures("small")
def test_a_run_that_is_cut_off_goes_on_to_the_bit(pool: list[Inked], tmp_path: Path) -> None:
    (tmp_path / "cut").mkdir()
    whole = fitting(pool, tmp_path, 3)
    whole.run(quiet)
    updates = 0

    def stop(count: int, _: str) -> None:
        nonlocal updates
        updates += count
        if updates == 7:  # in the second round
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitting(pool, tmp_path / "cut", 3).run(stop)
    again = fitting(pool, tmp_path / "cut", 3)
    again.restore()
    assert len(again.progress.history) == 1
    again.run(quiet)
    assert again.progress.history == whole.progress.history
    assert weights(again.model) == weights(whole.model)


@pytest.mark.usefixtures("small")
def test_the_seed_makes_the_run(pool: list[Inked], tmp_path: Path) -> None:
    runs = [fitting(pool, tmp_path, 1, seed) for seed in (1, 1, 2)]
    for run in runs:
        run.run(quiet)
    losses = [run.progress.history[0]["loss"] for run in runs]
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.usefixtures("small")
def test_a_checkpoint_of_another_run_is_refused(pool: list[Inked], tmp_path: Path) -> None:
    fitting(pool, tmp_path, 1).run(quiet)
    with pytest.raises(DataError, match=r"is of another run \(rounds 1 -> 2\): repeat its options, or remove"):
        fitting(pool, tmp_path, 2).restore()
    with pytest.raises(DataError, match="pages 5 -> 4"):
        WordFitting(CoreLearner(), pool[:4], pool[5:], WordRecipe(1), tmp_path).restore()


@pytest.mark.usefixtures("small")
def test_training_stops_when_nothing_gets_better(
    pool: list[Inked], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CoreLearner, "words", lambda *_: [])
    run = WordFitting(CoreLearner(), pool[:5], pool[5:], WordRecipe(20, patience=2), tmp_path)
    run.run(quiet)
    assert len(run.progress.history) == 3 and run.progress.best_f1 == 0


def test_without_validation_pages_there_is_no_run(pool: list[Inked], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1 training and 0 validation pages: at least one of each"):
        WordFitting(CoreLearner(), pool[:1], [], WordRecipe(), tmp_path)


@pytest.mark.usefixtures("small")
def test_perfect_maps_have_next_to_no_loss_and_signs_none(pool: list[Inked]) -> None:
    _, core, reach, weight = batch(pool, np.random.default_rng(0))
    maps = torch.cat([(core[:, None] * 2 - 1) * 20, torch.log1p(reach)], dim=1)
    assert loss_of(maps, core, reach, weight) < 1e-3
    wrong = maps.clone()
    wrong[:, 0][weight == 0] = 20
    assert (weight == 0).any() and loss_of(wrong, core, reach, weight) < 1e-3
    assert loss_of(torch.zeros_like(maps), core, reach, weight) > 1


def test_every_weight_learns(pool: list[Inked]) -> None:
    model = CoreModel()
    ink, *maps = batch(pool, np.random.default_rng(1))
    loss_of(model(ink), *maps).backward()
    assert all(value.grad is not None and value.grad.abs().sum() > 0 for value in model.parameters())

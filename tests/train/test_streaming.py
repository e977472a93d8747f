"""Words stacked in a training loop: the same as `generate` writes, whatever the loader does."""

from dataclasses import replace
from operator import itemgetter
from pathlib import Path

import numpy as np
import pytest
from torch.utils.data import DataLoader

from stackmix import samples
from stackmix.corpus import Corpus
from stackmix.generating import Order, generate
from stackmix.library import LetterLibrary
from stackmix.rendering import Look
from stackmix.train.streaming import StackedWords
from stackmix.types import DataError, Word


def plain(word: Word) -> tuple[str, list[int], bytes]:
    return word.text, word.borders.tolist(), word.image.tobytes()


@pytest.fixture(scope="module")
def order(library_folder: Path) -> Order:
    return Order(library_folder, Corpus(["bad", "gone", "on-page.", "dog bag"]), seed=4, height=32)


def test_items_are_the_samples_that_generate_writes(order: Order, tmp_path: Path) -> None:
    found = StackedWords(order, 30)
    generate(found.order, tmp_path / "out", tick=lambda n: None)
    rows = samples.rows(tmp_path / "out", "train")
    assert len(found) == len(rows) == 30
    for i in (29, 0, 7):
        assert (found[i].text, found[i].borders.tolist()) == (rows[i]["text"], rows[i]["borders"])


def test_any_number_of_workers_gives_the_same(order: Order) -> None:
    """Spawned workers, as on Windows; each opens the library for itself."""
    look = Look(("lined",), ("blue",))
    order = Order(order.library, order.corpus, seed=4, height=32, look=look)
    alone = StackedWords(order, 12)
    alone[0]  # an open library is not sent to the workers
    loader = DataLoader(alone, batch_size=1, num_workers=2, multiprocessing_context="spawn", collate_fn=itemgetter(0))
    assert [plain(word) for word in loader] == [plain(alone[i]) for i in range(12)]
    assert StackedWords(order, 12, plain)[5] == plain(alone[5])


def test_items_beyond_the_end_are_refused(order: Order) -> None:
    found = StackedWords(order, 3)
    for i in (3, -1):
        with pytest.raises(IndexError, match=rf"item {i} does not lie in 0\.\.2"):
            found[i]
    assert [word.text for word in found] == ["bad", "gone", "on-page."]


def test_letters_of_a_test_split_are_refused(tiny_library: LetterLibrary, tmp_path: Path) -> None:
    replace(tiny_library, split="test").save(tmp_path)
    with pytest.raises(DataError, match="letters of the test split"):
        StackedWords(Order(tmp_path, Corpus(["bad"])), 1)[0]
    assert np.array_equal(tiny_library.writers, LetterLibrary.load(tmp_path).writers)

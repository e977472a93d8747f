"""Statistics: counts against plain counting, histograms that lose nothing, and a picture that shows them."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix import inspection, plots
from stackmix.plots import COLOURS, PANEL, SAD, overview, sheet, short, stacked
from stackmix.statistics import RARE, Count, count, histogram, lines, together

TEXTS = {"train": ["bad", "gone", "bad"], "test": ["on-page.", "gob"], "test2": ["do,"]}


@pytest.fixture
def folder(sample_of: Callable, folder_of: Callable, tmp_path: Path) -> Path:
    found = [
        sample_of(text, writer="anna" if split == "train" else "", id=f"{split}{k}", split=split)
        for split, texts in TEXTS.items()
        for k, text in enumerate(texts)
    ]
    return folder_of(tmp_path / "образцы", found)


def test_counts_are_those_of_plain_counting(folder: Path) -> None:
    found = count(folder)
    assert list(found) == ["train", "test", "test2"]
    for split, texts in TEXTS.items():
        one = found[split]
        assert one.samples == len(texts) and one.characters == Counter("".join(texts))
        assert one.lengths == Counter(map(len, texts)) and one.sources == {"drawn": len(texts)}
        assert one.writers == ({"anna": 3} if split == "train" else {})
        assert len(one.sizes) == len(texts) and not one.bad
    whole = together(found.values())
    everything = "".join(text for texts in TEXTS.values() for text in texts)
    assert whole.samples == 6 and whole.characters == Counter(everything)


def test_lines_name_what_is_rare_new_and_broken(folder: Path) -> None:
    (folder / "test" / "4.png").write_bytes(b"none")
    said = lines(count(folder))
    assert said[0].split() == ["split", "samples", "characters", "writers", "letters", "a", "sample", "width", "height"]
    assert said[1].split()[:4] == ["train", "3", "10", "1"] and "3-4 (3)" in said[1]
    assert said[2].split()[:4] == ["test", "2", "11", "unknown"]
    assert said[4].split()[:3] == ["all", "6", "24"]
    assert "fewer than 20 times: ',' 1, '-' 1" in said[5]
    assert said[6].startswith("in test and not in train: '-' '.' 'p'")
    assert "1 pictures can't be opened: 4.png" in said[-1]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=60), st.integers(1, 40))
def test_a_histogram_loses_nothing(values: list[int], bins: int) -> None:
    totals, edges = histogram(np.array(values), bins)
    assert totals.sum() == len(values) and len(totals) <= bins + 1 and len(edges) == len(totals) + 1
    assert (np.diff(edges) == edges[1] - edges[0]).all() and float(edges[0]).is_integer()


@pytest.fixture
def own_captions(library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "SHIPPED", library_folder)
    monkeypatch.setattr(inspection, "CAPTION_HAND", "anna")


def test_bars_are_as_high_as_their_numbers() -> None:
    values = {"a": np.array([1, 1, 1, 1, 2, 2]), "b": np.array([1, 1, 1, 1])}
    picture = stacked("what", values, {"a": COLOURS[0], "b": COLOURS[1]}, 400)
    rows = {name: (picture == colour).all(axis=2) for name, colour in zip("ab", COLOURS, strict=False)}
    first = rows["a"].any(axis=0).argmax() + 3
    a, b = rows["a"][:, first].sum(), rows["b"][:, first].sum()
    assert picture.shape == (PANEL, 400, 3) and abs(a - b) <= 1
    second = len(rows["a"][0]) - rows["a"].any(axis=0)[::-1].argmax() - 3
    assert rows["a"][:, second].sum() * 2 == pytest.approx(a, abs=2) and not rows["b"][:, second].any()


def test_rare_characters_are_red_and_unknown_ones_have_their_code(own_captions: None) -> None:
    often, rare = Count(characters=Counter({"b": RARE})), Count(characters=Counter({"b": RARE - 1}))
    for one, red in ((often, False), (rare, True)):
        assert (sheet({"train": one}) == SAD).all(axis=2).any() == red
    strange = sheet({"train": Count(characters=Counter({"Ж": 30}))})  # the tiny library lacks it
    blank = sheet({"train": Count(characters=Counter({" ": 30}))})
    assert strange.shape == blank.shape and (strange != blank).any()


def test_the_overview_has_statistics_and_samples(own_captions: None, folder: Path) -> None:
    ticks: list[None] = []
    found = overview(folder, 0, lambda: ticks.append(None))
    assert len(ticks) == 6 and found.about.splitlines() == lines(count(folder))
    plotted = sheet(count(folder))
    assert np.array_equal(found.image[: len(plotted)], plotted) and len(found.image) > len(plotted) + 3 * 72


def test_a_split_without_rows_or_writers_is_drawn(own_captions: None, folder_of: Callable, sample_of: Callable) -> None:
    assert sheet({"train": Count()}).shape[1] == plots.WIDTH


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0"), (950, "950"), (1200, "1.2k"), (9949, "9.9k"), (33_600, "34k"), (5.61e6, "5.6M")]
)
def test_short_numbers(number: float, said: str) -> None:
    assert short(number) == said and len(said) <= 4

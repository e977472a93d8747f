"""Ink on paper: black on white to the byte, ink that only darkens, ruling at the baseline, bytes of the seed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix import images
from stackmix.inks import INKS, pen
from stackmix.laying import Sheet, lay
from stackmix.library import LetterLibrary
from stackmix.looks import look_of, looks_of
from stackmix.papers import OWN, PAPERS, from_folder, sheets
from stackmix.rendering import Look, Renderer, Source
from stackmix.types import DataError

HEIGHT, X_HEIGHT, BASELINE = 32, 9.0, 21
GREY = np.array([0.299, 0.587, 0.114])
SOURCE = Source(
    np.linspace(150, 240, 96).reshape(4, 8, 3).round().astype(np.uint8), np.array([60, 40, 90], np.uint8), 2.0
)


def some_cover(height: int = HEIGHT, width: int = 80, seed: int = 0) -> np.ndarray:
    """Blocks of every cover among much bare paper."""
    rng = np.random.default_rng(seed)
    return (rng.integers(0, 256, (height, width)) * (rng.random((height, width)) < 0.3)).astype(np.uint8)


@pytest.fixture(scope="module")
def renderers() -> Callable[..., Renderer]:
    made: dict[tuple[str, str, bool], Renderer] = {}

    def renderer(paper: str, ink: str, colour: bool = True) -> Renderer:
        key = (paper, ink, colour)
        if key not in made:
            made[key] = Renderer(Look((paper,), (ink,), colour), HEIGHT, X_HEIGHT, BASELINE, 3)
        return made[key]

    return renderer


def test_black_on_white_is_the_cover_itself() -> None:
    cover = np.arange(256, dtype=np.uint8).reshape(16, 16)
    alone = Renderer(Look(), HEIGHT, X_HEIGHT, BASELINE, 0)
    assert np.array_equal(alone.render(cover, np.random.default_rng(1)), 255 - cover)
    one_of_several = Renderer(Look(("white",), ("black", "black")), HEIGHT, X_HEIGHT, BASELINE, 0)
    assert one_of_several.render(cover, np.random.default_rng(1)).ndim == 2
    among_others = Renderer(Look(("white", "white"), ("black", "blue")), HEIGHT, X_HEIGHT, BASELINE, 0)
    found = [among_others.render(cover, np.random.default_rng(i)) for i in range(12)]
    assert all(image.shape == (16, 16, 3) for image in found)
    assert any((image == (255 - cover)[..., None]).all() for image in found)


def test_the_kernel_follows_the_formula() -> None:
    """On even paper with an even pen of one colour, against the formula in floating point."""
    cover = np.arange(256, dtype=np.uint8).reshape(16, 16)
    level, colour = np.uint8(200), np.array([[10, 60, 200]], np.float32)
    sheet = Sheet(np.full((16, 16, 3), level), np.zeros(0, np.float32), 0.0, np.full((2, 3), 255, np.float32), 0.0)
    even = pen("blue", X_HEIGHT, np.random.default_rng(0))
    even = even._replace(colours=colour, cover=np.full_like(even.cover, 255), force=(1.0, 1.0), spread=0.0)
    empty = np.zeros((0, 0, 3), np.uint8)
    found = lay(cover, sheet, even, empty, np.zeros(3, np.uint8), 8.0, X_HEIGHT, np.uint64(5))
    wanted = level * (1 - cover[..., None] / 255 * (1 - colour[0] / 255))
    assert np.abs(found - wanted).max() <= 1


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("ink", INKS)
@pytest.mark.parametrize("paper", PAPERS)
def test_ink_only_darkens_its_paper(renderers: Callable, paper: str, ink: str, colour: bool) -> None:
    renderer, cover = renderers(paper, ink, colour), some_cover()
    for seed in range(5):
        bare = renderer.render(np.zeros_like(cover), np.random.default_rng(seed), SOURCE)
        laid = renderer.render(cover, np.random.default_rng(seed), SOURCE)
        assert laid.dtype == np.uint8 and laid.shape[:2] == cover.shape
        assert (laid.ndim == 3) == (renderer.channels == 3)
        assert (laid <= bare).all()
        assert np.array_equal(laid[cover == 0], bare[cover == 0])  # no edge, no halo: paper is paper
        dark = cover > 200
        assert laid[dark].mean() + 15 < bare[dark].mean()


@pytest.mark.parametrize("paper", PAPERS)
def test_the_bytes_are_those_of_the_seed_alone(renderers: Callable, paper: str) -> None:
    """Another renderer, other words before: the same bytes; another seed of the word or the run: others."""
    cover, again = some_cover(), Renderer(Look((paper,), ("violet",)), HEIGHT, X_HEIGHT, BASELINE, 3)
    first = renderers(paper, "violet").render(cover, np.random.default_rng([3, 7]), SOURCE)
    again.render(some_cover(seed=4), np.random.default_rng([3, 6]), SOURCE)
    assert again.render(cover, np.random.default_rng([3, 7]), SOURCE).tobytes() == first.tobytes()
    assert again.render(cover, np.random.default_rng([3, 8]), SOURCE).tobytes() != first.tobytes()
    other = Renderer(Look((paper,), ("violet",)), HEIGHT, X_HEIGHT, BASELINE, 4)
    assert other.render(cover, np.random.default_rng([3, 7]), SOURCE).tobytes() != first.tobytes()


def test_a_paper_is_the_same_beside_others() -> None:
    alone = Renderer(Look(("lined",), ("blue",)), HEIGHT, X_HEIGHT, BASELINE, 3)
    beside = Renderer(Look(("squared", "lined"), ("red", "blue")), HEIGHT, X_HEIGHT, BASELINE, 3)
    assert np.array_equal(alone.papers[0][0].pixels, beside.papers[1][0].pixels)
    assert np.array_equal(alone.pens[0].cover, beside.pens[1].cover)


@settings(max_examples=80, deadline=None)
@given(
    height=st.integers(1, 120),
    width=st.one_of(st.integers(1, 40), st.integers(700, 2000)),
    paper=st.sampled_from(PAPERS),
    ink=st.sampled_from(INKS),
    colour=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_words_of_any_size(
    renderers: Callable, height: int, width: int, paper: str, ink: str, colour: bool, seed: int
) -> None:
    cover = some_cover(height, width, seed)
    before = cover.copy()
    laid = renderers(paper, ink, colour).render(cover, np.random.default_rng(seed), SOURCE)
    assert laid.shape[:2] == (height, width)
    assert np.array_equal(cover, before)


@pytest.mark.parametrize("paper", ["lined", "squared", "slanted"])
def test_writing_stands_on_a_line(paper: str) -> None:
    """The darkest row of bare paper near the baseline is the baseline itself, within a pixel or two."""
    height, x_height, baseline = 128, 36.0, 84
    renderer = Renderer(Look((paper,), ("blue",)), height, x_height, baseline, 1)
    for seed in range(24):
        bare = renderer.render(np.zeros((height, 40), np.uint8), np.random.default_rng(seed)).astype(float)
        rows = np.median(bare @ GREY, axis=1)
        near = rows[baseline - 8 : baseline + 9]
        assert abs(int(near.argmin()) - 8) <= 4
        assert near.min() < np.median(rows) - 4


def test_oblique_lines_lean_as_in_a_school_book() -> None:
    """Along a line 65 degrees from the horizontal some columns are much darker than others; upright, hardly any."""
    page = sheets("slanted", (240, 900), 30.0, np.random.default_rng(2))[0].pixels @ GREY
    y = np.arange(240)

    def contrast(lean: float) -> float:
        sums = [page[y, np.round(x - lean * y).astype(int)].mean() for x in range(300, 780)]
        return float(np.median(sums) - np.min(sums))

    assert contrast(1 / np.tan(np.deg2rad(65))) > 2 * max(contrast(0.0), contrast(-1 / np.tan(np.deg2rad(65))))


def test_own_paper_and_ink_are_those_of_the_source(renderers: Callable) -> None:
    cover = np.zeros((HEIGHT, 160), np.uint8)
    cover[8:24, 40:120] = 255
    laid = renderers(OWN, "as-written").render(cover, np.random.default_rng(3), SOURCE).astype(float)
    cell = laid[:8, :20].mean(axis=(0, 1))
    assert np.abs(cell - SOURCE.paper[0, 0]).max() < 4
    inked = laid[16:24, 60:100].mean(axis=(0, 1)) / SOURCE.paper[2, 3:5].mean(axis=0)
    assert np.abs(255 * inked - SOURCE.colour).max() < 30
    with pytest.raises(DataError, match="need the source"):
        renderers(OWN, "as-written").render(cover, np.random.default_rng(3))


@pytest.mark.parametrize("sigma", [1.0, 3.0, 6.0])
def test_the_grain_of_a_source_is_measured_and_laid_on_again(renderers: Callable, draw: Callable, sigma: float) -> None:
    cover = 255 - draw("grain", margin=20).image
    rng = np.random.default_rng(4)
    image = np.clip(210 - 0.7 * cover + rng.normal(0, sigma, cover.shape), 0, 255).round().astype(np.uint8)
    look = look_of(image)
    assert abs(look.grain - sigma) < 0.25 * sigma + 0.2
    assert np.abs(look.paper.astype(float) - 210).max() < 4
    bare = renderers(OWN, "black", False).render(np.zeros((HEIGHT, 200), np.uint8), rng, look)
    assert 0.5 * sigma < (bare - bare.mean()).std() < 2 * sigma


def test_how_a_library_looks(sample_of: Callable) -> None:
    library = LetterLibrary.build([sample_of("bad", "anna", paper=200), sample_of("peg", "anna", paper=140)], "train")
    looks = looks_of(library)
    assert looks.papers.shape == (2, 4, 8, 3) and looks.colours.shape == (2, 3) and looks.grains.shape == (2,)
    assert np.abs(looks.source(0).paper.astype(float) - 200).max() < 3
    assert np.abs(looks.source(1).paper.astype(float) - 140).max() < 3
    assert looks.colours.max() < 20 and looks.grains.max() < 1


def test_photos_of_a_folder_are_paper_and_broken_ones_are_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images.write(tmp_path / "лист.png", rng.integers(180, 200, (20, 30, 3), dtype=np.uint8))
    images.write(tmp_path / "wide.png", rng.integers(100, 120, (40, 4000), dtype=np.uint8))
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    skipped: list[str] = []
    found = from_folder(tmp_path, skipped)
    assert [photo.shape for photo in found] == [(20, 2048, 3), (20, 30, 3)]
    assert len(skipped) == 1 and "broken.jpg" in skipped[0]
    renderer = Renderer(Look((str(tmp_path),), ("black",)), HEIGHT, X_HEIGHT, BASELINE, 0)
    assert renderer.skipped == skipped
    tones = {
        round(float(renderer.render(np.zeros((HEIGHT, 300), np.uint8), np.random.default_rng(i)).mean()), -1)
        for i in range(12)
    }
    assert min(tones) < 130 and max(tones) > 160


def test_wrong_looks_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no paper 'papyrus'"):
        Look(("papyrus",))
    with pytest.raises(DataError, match="no ink 'green': take one of black"):
        Look(inks=("green",))
    with pytest.raises(DataError, match="there is no ink"):
        Look(inks=())
    (tmp_path / "note.txt").write_text("no picture")
    with pytest.raises(DataError, match="holds no photo of paper"):
        Renderer(Look((str(tmp_path),)), HEIGHT, X_HEIGHT, BASELINE, 0)

"""Racks and stacked words: sizes and lines, borders, whose ink is where, and that the same seed writes the same."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.joining import GAP, WANDER
from stackmix.library import LetterLibrary
from stackmix.synthesis import Stacker
from stackmix.types import DataError, Sample, Word

TEXTS = st.lists(st.text("abdegnop-.,B", min_size=1, max_size=9), min_size=1, max_size=4).map(" ".join)


@pytest.fixture(scope="module")
def stacker(tiny_library: LetterLibrary) -> Stacker:
    return Stacker(tiny_library, 64)


def spelled(word: Word, library: LetterLibrary) -> str:
    """The letters that the sources say, one word after the other without spaces."""
    texts = dict(zip(library.ids, library.texts, strict=True))
    return "".join(texts[id][first : first + n] for id, first, n, _ in word.pieces)


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.integers(0, 2**32))
def test_pieces_spell_the_text_and_borders_rise(stacker: Stacker, text: str, seed: int) -> None:
    library = stacker.library
    word = stacker.stack(text, np.random.default_rng(seed))
    assert word.text == text
    assert spelled(word, library) == text.replace(" ", "")
    assert word.image.shape[0] == 64 and word.image.dtype == np.uint8 and word.image.ndim == 2
    assert word.borders.shape == (len(text) + 1,)
    assert (np.diff(word.borders) >= 1).all()
    assert word.borders[0] >= 0 and word.borders[-1] <= word.image.shape[1]
    owner = dict(zip(library.ids, library.writers, strict=True))
    for id, first, n, writer in word.pieces:
        assert writer == library.writer_names[owner[id]]
        assert 1 <= n <= 8 and first >= 0
    for k, letter in enumerate(text):
        cell = 255 - word.image[:, word.borders[k] : word.borders[k + 1]]
        if letter == " ":
            assert cell[:, 1:-1].sum() == 0  # a border may lie in the soft edge of a stroke
            assert cell.shape[1] >= 0.9 * GAP[0] * stacker.rack.x_height - 1
        else:
            assert (cell > 96).any()


@settings(max_examples=40, deadline=None)
@given(TEXTS, st.integers(0, 2**32))
def test_every_letter_is_its_source_and_nothing_else(upright: Stacker, text: str, seed: int) -> None:
    """Parted letters come out as they stand on the rack, pixel by pixel, and all ink is theirs."""
    library, rack = upright.library, upright.rack
    word = upright.stack(text, np.random.default_rng(seed))
    ink = 255 - word.image
    letters = [(library.ids.index(id), first + j) for id, first, n, _ in word.pieces for j in range(n)]
    places = [k for k, letter in enumerate(text) if letter != " "]
    words = stands_of(word, upright)
    assert len(words) == 1 + text.count(" ") and max(map(abs, words)) <= WANDER * rack.x_height + 0.5
    total = 0
    for k, (sample, position) in zip(places, letters, strict=True):
        letter = int(library.starts[sample]) + position
        _, width, top, rows = rack.letters[letter].tolist()
        wanted = np.zeros((rack.height, width), np.uint8)
        wanted[top : top + rows] = 255 - rack.outline(letter).T
        reach = 2 if text[k] in ".,-" else 1
        cell = ink[:, max(0, word.borders[k] - reach) : word.borders[k + 1] + reach]
        assert wanted.shape[1] <= cell.shape[1]
        down = words[text[:k].count(" ")]
        wanted = np.roll(wanted, down, axis=0)
        assert any(
            np.array_equal(cell[:, x : x + wanted.shape[1]], wanted) for x in range(cell.shape[1] - wanted.shape[1] + 1)
        )
        total += int(wanted.sum(dtype=np.int64))
    assert int(ink.sum(dtype=np.int64)) == total


def stands_of(word: Word, stacker: Stacker) -> list[int]:
    """How many rows each word stands below the baseline: where its box begins, against its letters' outlines."""
    library, found, place = stacker.library, [], 0
    for box, own in zip(word.boxes.tolist(), word.text.split(" "), strict=True):
        tops, letters = [], 0
        while letters < len(own):
            id, first, n, _ = word.pieces[place]
            start = int(library.starts[library.ids.index(id)]) + first
            tops += stacker.rack.letters[start : start + n, 2].tolist()
            place, letters = place + 1, letters + n
        found.append(box[1] - min(tops))
    return found


@pytest.fixture(scope="module")
def upright(sample_of: Callable) -> Stacker:
    """Letters well apart whose lines are given, so that nothing but their own ink may come out."""
    words = ["bad", "gone", "Bean", "on-page.", "do,", "pa", "be", "nod", "a", "age,", "no.", "bog", "peg-", "B."]
    samples = [sample_of(w, writer, gap=10) for writer in ("anna", "boris") for w in words]
    samples = [replace(s, scores=None) for s in samples]
    geometry = np.tile(np.array([46, 0, 20, 0, 3], np.float32), (len(samples), 1))
    return Stacker(LetterLibrary.of(samples, "train", geometry), 64)


def test_paper_of_the_sources_never_shows(sample_of: Callable) -> None:
    samples = [sample_of(w, "anna", paper=paper) for w in ("bad", "gone", "peg") for paper in (140, 200)]
    samples = [replace(s, id=f"{s.id}{i}") for i, s in enumerate(samples)]
    stacker = Stacker(LetterLibrary.build(samples, "train"), 64)
    for seed in range(20):
        word = stacker.stack("bade gone", np.random.default_rng(seed))
        ink = 255 - word.image
        assert (ink[: round(0.05 * 64)] == 0).all()  # above the ascenders
        assert set(np.unique(ink[:, ink.max(axis=0) < 96]).tolist()) <= set(range(90))
        assert (ink == 0).mean() > 0.6


def test_strokes_that_were_joined_run_through(sample_of: Callable) -> None:
    samples = [sample_of(w, "anna", gap=6, joined=True) for w in ("abba", "bad", "dab", "nab", "ban", "and")]
    stacker = Stacker(LetterLibrary.build(samples, "train"), 64)
    texts = dict(zip(stacker.library.ids, stacker.library.texts, strict=True))
    broken, seen = 0, 0
    for seed in range(30):
        word = stacker.stack("bandana", np.random.default_rng(seed))
        seams = np.cumsum([n for _, _, n, _ in word.pieces])[:-1]
        middle = (255 - word.image)[stacker.rack.baseline - 14 : stacker.rack.baseline - 4]
        for seam, (before, after) in zip(seams, pairwise(word.pieces), strict=True):
            if before[1] + before[2] < len(texts[before[0]]) and after[1] > 0:  # both sides were cut out of a stroke
                column = word.borders[seam]
                broken += not (middle[:, column - 2 : column + 2].max(axis=0) > 96).all()
                seen += 1
    assert seen > 20
    assert broken == 0


@pytest.mark.parametrize("height", [16, 17, 40, 100, 256])
def test_words_of_any_height(tiny_library: LetterLibrary, height: int) -> None:
    stacker = Stacker(tiny_library, height)
    widths = []
    for seed in range(10):
        word = stacker.stack("Bean, dog.", np.random.default_rng(seed))
        assert word.image.shape[0] == height
        assert (np.diff(word.borders) >= 1).all() and word.borders[-1] <= word.image.shape[1]
        widths.append(word.image.shape[1] / height)
    assert 2.5 < np.mean(widths) < 5  # ten letters, each about an x-height wide, whatever the height


def test_same_seed_same_bytes_and_another_seed_another_word(stacker: Stacker) -> None:
    words = [stacker.stack("bond-page gone", np.random.default_rng(seed)) for seed in (7, 7, 8)]
    assert words[0].image.tobytes() == words[1].image.tobytes() and words[0].pieces == words[1].pieces
    assert np.array_equal(words[0].borders, words[1].borders)
    assert words[0].pieces != words[2].pieces


@pytest.mark.parametrize("text", ["a", "B", ".", "-", "a ,"])
def test_shortest_texts(stacker: Stacker, text: str) -> None:
    word = stacker.stack(text, np.random.default_rng(0))
    assert word.text == text and len(word.borders) == len(text) + 1
    assert (word.image < 128).any()


def test_white_space_is_folded(stacker: Stacker) -> None:
    word = stacker.stack("  do\t\n bad ", np.random.default_rng(0))
    assert word.text == "do bad" and len(word.borders) == 7


@pytest.mark.parametrize(
    ("text", "missing"), [("bоd", "о"), ("q", "q"), ("ab😀 z", "z 😀"), ("", "letters"), (" \t", "letters")]
)
def test_missing_letters_are_named(stacker: Stacker, text: str, missing: str) -> None:
    with pytest.raises(DataError, match=f"has no {missing}"):
        stacker.stack(text, np.random.default_rng(0))


def test_letter_that_only_another_hand_has_comes_from_there(stacker: Stacker) -> None:
    library = stacker.library
    boris = library.writer_names.index("boris")
    word = stacker.stack("Bond", np.random.default_rng(1), hand=boris)
    writers = [(w, first) for _, first, _, w in word.pieces]
    assert spelled(word, library) == "Bond"
    assert writers[0][0] == "anna" and {w for w, _ in writers[1:]} == {"boris"}


def test_drawn_hand_writes_the_whole_word(stacker: Stacker) -> None:
    seen = set()
    for seed in range(40):
        word = stacker.stack("dog-band", np.random.default_rng(seed))
        hands = {writer for *_, writer in word.pieces}
        assert len(hands) == 1
        seen |= hands
    assert seen == {"anna", "boris"}
    assert {w for s in range(20) for *_, w in stacker.stack("Be", np.random.default_rng(s)).pieces} == {"anna"}


def test_a_line_of_two_hundred_letters(stacker: Stacker) -> None:
    text = " ".join(["gone bad, on-page Bean."] * 9)
    word = stacker.stack(text, np.random.default_rng(3))
    assert len(text) > 200 and len(word.borders) == len(text) + 1
    assert (np.diff(word.borders) >= 1).all()
    assert spelled(word, stacker.library) == text.replace(" ", "")


def test_library_of_one_letter(sample_of: Callable) -> None:
    stacker = Stacker(LetterLibrary.build([sample_of("a", writer="")], "train"), 32)
    word = stacker.stack("aaaa a", np.random.default_rng(0))
    assert word.pieces == (("-a", 0, 1, ""),) * 5
    assert len(word.borders) == 7 and (np.diff(word.borders) >= 1).all()


def test_blank_sample_in_a_library_is_no_trouble(sample_of: Callable) -> None:
    good = sample_of("ab")
    blank = replace(sample_of("ab", id="blank"), image=np.full_like(good.image, 255))
    stacker = Stacker(LetterLibrary.build([good, blank], "train"), 64)
    for seed in range(5):
        assert len(stacker.stack("abba", np.random.default_rng(seed)).borders) == 5


def sheared(sample: Sample, slant: float) -> Sample:
    """Lean a drawn sample of x-height 20 about the middle of its x-height, where borders are measured."""
    height, width = sample.image.shape
    matrix = np.array([[1, -slant, slant * (6 + 1.5 * 20) + 40], [0, 1, 0]], np.float32)
    image = cv2.warpAffine(sample.image, matrix, (width + 80, height), borderValue=255)
    borders = sample.borders + 40
    borders[0], borders[-1] = np.flatnonzero((image < 128).any(axis=0))[[0, -1]] + [0, 1]
    return replace(sample, image=image, borders=borders)


def ink_of_letters(stacker: Stacker, sample: int) -> list[int]:
    """Ink of each letter of a racked sample."""
    first, last = stacker.library.starts[sample : sample + 2].tolist()
    return [int((255 - stacker.rack.outline(k)).sum(dtype=np.int64)) for k in range(first, last)]


@pytest.mark.parametrize("slant", [-0.3, 0.5, 0.9])
def test_leaning_letters_come_whole(sample_of: Callable, slant: float) -> None:
    """No ascender is cut off by a border or by the image's edge, and no sliver of a neighbour comes along."""
    samples = [sheared(sample_of(w, gap=14), slant) for w in ("bdb", "dad", "gdg", "pdp", "kpk", "bgb")]
    library = LetterLibrary.build(samples, "train")
    assert np.abs(library.geometry[:, 3] - slant).max() < 0.11
    stacker = Stacker(library, 64)
    ink = {id: ink_of_letters(stacker, k) for k, id in enumerate(library.ids)}
    for seed in range(25):
        rng = np.random.default_rng(seed)
        word = stacker.stack("".join(rng.choice(list("abdgkp"), 5)), rng)
        wanted = sum(sum(ink[id][first : first + n]) for id, first, n, _ in word.pieces)
        assert (255 - word.image).sum(dtype=np.int64) == pytest.approx(wanted, rel=0.01)
        assert word.image[:, [0, -1]].min() == 255


def test_longest_bounds_the_pieces(stacker: Stacker) -> None:
    lengths = {}
    for longest in (1, 2, 3, 8):
        words = [stacker.stack("page gone", np.random.default_rng(s), longest=longest) for s in range(15)]
        lengths[longest] = {n for word in words for *_, n, _ in word.pieces}
        assert all(spelled(word, stacker.library) == "pagegone" for word in words)
    assert lengths[1] == {1} and max(lengths[2]) <= 2 and max(lengths[3]) <= 3 and max(lengths[8]) > 3


@pytest.mark.parametrize("text", ["bad", "gone", "page-", "nod", "on-page."])
def test_shunned_samples_lend_no_letter_to_their_own_text(stacker: Stacker, text: str) -> None:
    """Two samples of every text are in the library, one by each hand; neither lends a letter."""
    texts = dict(zip(stacker.library.ids, stacker.library.texts, strict=True))
    lent = 0
    for seed in range(40):
        word = stacker.stack(text, np.random.default_rng(seed), shun=True)
        assert text not in {texts[id] for id, *_ in word.pieces}
        assert spelled(word, stacker.library) == text
        lent += text in {texts[id] for id, *_ in stacker.stack(text, np.random.default_rng(seed)).pieces}
    assert (lent > 0) == (text in stacker.library.texts)


def test_letters_of_shunned_samples_alone_cannot_be_stacked(stacker: Stacker) -> None:
    with pytest.raises(DataError, match="'Bean' cannot be written out of samples with other texts"):
        stacker.stack("Bean", np.random.default_rng(0), shun=True)  # no other sample has a B
    assert stacker.stack("Bead", np.random.default_rng(0), shun=True).text == "Bead"


def test_a_letter_mostly_in_shunned_samples_is_found_in_the_others(sample_of: Callable) -> None:
    samples = [sample_of("aba", id=f"shunned{k}") for k in range(30)] + [sample_of("bag"), sample_of("gab")]
    stacker = Stacker(LetterLibrary.build(samples, "train"), 32)
    for seed in range(10):
        word = stacker.stack("aba", np.random.default_rng(seed), shun=True)
        assert {id for id, *_ in word.pieces} <= {"w-bag", "w-gab"}

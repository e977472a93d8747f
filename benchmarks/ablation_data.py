"""What the arms of the ablation are trained and judged on: real words, libraries cut from them, texts, images.

Everything that an arm sees is made anew for each round and is a function of (seed, round, image): real words are taken
in turn, stacked words are stacked, marks are laid on the image itself; then, in every arm alike, a quarter of the
images are laid on drawn paper, and all are normalised and blurred a little.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from restacking import cut_all

from stackmix import samples
from stackmix.blots.sprinkling import Sprinkle
from stackmix.ink import ink_of
from stackmix.library import LetterLibrary
from stackmix.paper import on_paper
from stackmix.synthesis import Stacker
from stackmix.train.borders import SHIPPED, BorderModel
from stackmix.train.ctc import CTCModel
from stackmix.train.normalising import normalise
from stackmix.train.packing import HEIGHT, Normalised, Packed
from stackmix.types import Image, Sample

STACKED = 128  # rows of a stacked word: at 64 its strokes come out softer than those of real words
ROUND = 4000  # images between two looks at the validation words
OWN = 0.3  # share of the texts that are those of the real training words: digits and punctuation are among them
COMMON = 50_000  # words of a language, the most frequent ones
FLATTER = 0.75  # power of a word's frequency
CAPITAL, CAPITALS = 0.12, 0.02  # share of these words that begin with a capital, and that are all capitals
PAPER = 0.25  # share of the images that are laid on drawn paper
FAINT = 32  # ink that does not count as the end of a word
BLUR = 0.8  # widest standard deviation of the blur, in pixels of the normalised image


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to train. title: on the plot. real: with real words. stacked: the library of stacked ones, or ""."""

    title: str
    real: bool = True
    stacked: str = ""
    blots: bool = False


START = "start"
ARMS = {
    START: Arm("what all go on from"),
    "real": Arm("real words only"),
    "blots": Arm("+ blots", blots=True),
    "published": Arm("+ StackMix as published", stacked="published"),
    "ours": Arm("+ our stacking and blots", stacked="ours", blots=True),
    "stacking": Arm("+ our stacking alone", stacked="ours"),
    "synthetic": Arm("our stacked words only", real=False, stacked="ours", blots=True),
}


@dataclass(frozen=True, slots=True)
class Making:
    """How images are made. share: of stacked ones among an arm's, at the first update and from the last planned one on.

    hand, temperature: as in `Stacker.stack`, for ours. blots: share of the images that are marked.
    """

    share: tuple[float, float] = (0.6, 0.3)
    hand: Literal["one", "mixed"] = "mixed"
    temperature: float = 2.0
    blots: float = 0.1


@dataclass(frozen=True, slots=True)
class Words:
    """Real words: those that are trained on, and the validation and test words of other writers and other texts."""

    train: list[Sample]
    val: list[Sample]
    test: list[Sample]


def copied(sample: str) -> str:
    """The text that a form copies, of the id of one of its words: copied("a01-020u-03-04") -> "a01-020"."""
    return re.sub(r"(?<=\d)[a-z]$", "", sample.rsplit("-", 2)[0])


def gather_words(data: Path, count: int | None, val: int) -> Words:
    """The words of a sample folder: `count` training words drawn by lot (None: all), about `val` validation words.

    Validation and test words whose form copies a text that a training form copies too are left out.
    """
    train = list(samples.read(data, "train", []))
    known = {copied(sample.id) for sample in train}
    tests = (name for name in samples.splits_of(data) if name.startswith("test"))
    judged = [list(samples.read(data, split, [])) for split in ("val", next(tests))]
    others = [[sample for sample in own if copied(sample.id) not in known] for own in judged]
    return Words(_drawn(train, count), _drawn(others[0], val), others[1])


def _drawn(found: list[Sample], count: int | None) -> list[Sample]:
    if count is None or count >= len(found):
        return found
    chosen = np.random.default_rng(0).choice(len(found), count, replace=False)
    return [found[i] for i in sorted(chosen.tolist())]


def cut_libraries(words: list[Sample], reader: CTCModel, aligner: CTCModel) -> dict[str, LetterLibrary]:
    """The letters of the training words: cut as published, by the reader's own runs, and by us with an aligner."""
    borders = BorderModel.from_pretrained(SHIPPED)
    greedy = cut_all(words, reader, borders)["greedy midpoints"]
    ours = cut_all(words, aligner, borders)["ours"]
    equal = [replace(sample, scores=None) for sample in greedy]  # any letter is as good as another
    return {way: LetterLibrary.build(own, words[0].split) for way, own in (("published", equal), ("ours", ours))}


class Texts:
    """Texts to stack, drawn by their chances: `Texts(own, alphabet).draw(rng)` -> "under".

    A share OWN are those of the real training words. The others are words of a frequency list (wordfreq), not running
    text: no line of a test form is among them.
    """

    def __init__(self, own: Iterable[str], alphabet: Iterable[str], listed: list[tuple[str, float]]) -> None:
        """alphabet: letters that can be stacked. listed: words with their frequencies."""
        have = set(alphabet)
        self.have = have
        self.own = [text for text in own if set(text) <= have]
        self.listed = [word for word, _ in listed if set(word) <= have]
        chances = (frequency**FLATTER for word, frequency in listed if set(word) <= have)
        self.rising = np.array(list(accumulate(chances)))

    def draw(self, rng: np.random.Generator) -> str:
        if rng.random() < OWN or not self.listed:
            return self.own[rng.integers(len(self.own))]
        word = self.listed[int(np.searchsorted(self.rising, rng.random() * self.rising[-1]))]
        dice = rng.random()
        written = word.upper() if dice < CAPITALS else word.capitalize() if dice < CAPITALS + CAPITAL else word
        return written if set(written) <= self.have else word


def frequent(language: str) -> list[tuple[str, float]]:
    """The most frequent words of a language with their frequencies, letters and apostrophes only."""
    from wordfreq import top_n_list, word_frequency

    words = [word for word in top_n_list(language, COMMON) if word.replace("'", "").isalpha()]
    return [(word, word_frequency(word, language)) for word in words]


class Feed:
    """The images of an arm: `Feed(...)(3, 0.1)` packs those of round 3, a tenth of all planned updates being done."""

    def __init__(
        self, arm: Arm, words: list[Sample], library: LetterLibrary | None, listed: Any, making: Making, seed: int
    ) -> None:
        self.arm, self.words, self.making, self.seed = arm, words, making, seed
        self.stacker = Stacker(library, STACKED) if library else None
        alphabet = library.index.alphabet if library else ""
        self.texts = Texts((word.text for word in words), alphabet, listed)
        self.sprinkle = Sprinkle(making.blots) if arm.blots else None

    def __call__(self, number: int, done: float) -> Packed:
        return Packed.of(self._rows(number, done), HEIGHT)

    def _rows(self, number: int, done: float) -> Iterator[tuple[Normalised, str, str, str]]:
        first, last = self.making.share
        share = 0.0 if not self.stacker else 1.0 if not self.arm.real else first + (last - first) * min(done, 1.0)
        stacked = round(ROUND * share)
        turn = self._turn(number, ROUND - stacked)
        for i in range(ROUND):
            rng = np.random.default_rng([self.seed, number, i])
            image, text = self._stacked(rng) if i < stacked else self._real(turn[i - stacked])
            if self.sprinkle:
                image = self.sprinkle(image, rng)
            weather = np.random.default_rng([self.seed, number, i, 1])  # the same for image i of every arm
            yield weathered(image, weather), text, "", "train"

    def _turn(self, number: int, count: int) -> NDArray[np.int64]:
        """Real words for a round, each as often as any other give or take one."""
        rng = np.random.default_rng([self.seed, number])
        whole = [rng.permutation(len(self.words)) for _ in range(-(-count // len(self.words)))]
        return np.concatenate(whole)[:count] if whole else np.zeros(0, np.int64)

    def _real(self, i: int) -> tuple[Image, str]:
        return self.words[i].image, self.words[i].text

    def _stacked(self, rng: np.random.Generator) -> tuple[Image, str]:
        assert self.stacker is not None
        text, making = self.texts.draw(rng), self.making
        if self.arm.stacked == "published":
            return _boxed(self.stacker.stack(text, rng, choice="random").image), text
        return _boxed(self.stacker.stack(text, rng, hand=making.hand, temperature=making.temperature).image), text


def all_marked(words: Iterable[Sample]) -> list[Sample]:
    """Words with a blot or a strike-out on each that is large enough for one, always the same."""
    marks = Sprinkle(1.0)
    return [replace(word, image=marks(word.image, np.random.default_rng(i))) for i, word in enumerate(words)]


def _boxed(image: Image) -> Image:
    """The columns from the first to the last ink: so do the boxes of real words end."""
    columns = np.flatnonzero((ink_of(image) > FAINT).any(axis=0))
    return image[:, columns[0] : columns[-1] + 1] if len(columns) else image


def weathered(image: Image, rng: np.random.Generator) -> Normalised:
    """An image at times laid on drawn paper, normalised, blurred a little."""
    paper = rng.random() < PAPER
    fixed = normalise(on_paper(image, image.shape[0] / 3, rng) if paper else image, HEIGHT)
    sigma = rng.uniform(0, BLUR)
    return fixed._replace(ink=cv2.GaussianBlur(fixed.ink, (0, 0), sigma)) if sigma > BLUR / 4 else fixed

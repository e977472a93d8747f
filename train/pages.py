"""Whole pages read: find the words, tell the language, read them, put them in order.

    PageReader.from_pretrained(Path("models"))(image) -> Page

A word is cut along its polygon with a margin of paper around it, a share of the page's median word height, which
`fit_margin` chooses on validation pages. A page is in one language, by a vote of its widest words.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

import stackmix
from stackmix import images
from stackmix.datasets import cropping
from stackmix.ordering import read_order
from stackmix.train.finding import Finder, Found, open_finder
from stackmix.train.language import LanguageModel
from stackmix.train.model_folders import Entry, scan
from stackmix.train.opening import open_reader
from stackmix.train.reading import Reader, Reading
from stackmix.train.scoring import cer
from stackmix.train.voting import Vote, vote_by_reader
from stackmix.types import DataError, Image, Page, Region

STARTERS = Path(stackmix.__file__).parent / "models" / "starter"  # those that ship, made by examples/starters.py
READERS = ("ctc", "trocr")
SETTINGS = "pages.json"  # beside the model folders: {"margin": 0.1}
MARGIN = 0.1  # of the median word height
LARGEST = 2_000_000  # pixels of a word's picture, which is scaled down beyond: readers take some 100 rows of it
MARGINS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3)  # that are tried on validation pages


class Cut(NamedTuple):
    """What was found on a page: the words in reading order, their lines, and their pictures."""

    found: list[Found]
    lines: list[int]
    crops: list[Image]


class PageReader:
    """`PageReader.from_pretrained(folder)(image)` -> Page whose regions are the words in reading order.

    readers: by language, each may stand under several. voter: tells a page's language; None where there is one reader.
    """

    def __init__(
        self,
        finder: Finder,
        readers: dict[str, Reader],
        voter: LanguageModel | Reader | None = None,
        margin: float = MARGIN,
    ) -> None:
        if not readers:
            raise DataError("there is no reader: train one with `stackmix train ctc` or `stackmix train trocr`")
        self.finder, self.readers, self.voter, self.margin = finder, readers, voter, margin

    @classmethod
    def from_pretrained(cls, folder: Path, language_by: str = "model", language: str | None = None) -> "PageReader":
        """Open a folder of model folders: one of kind words, readers, and one of kind language where readers differ.

        language_by: model or reader, which needs a reader of several languages. language: of all pages, no vote then.
        Raises DataError naming what is missing.
        """
        found = scan(folder)
        if "words" not in found:
            raise DataError(f"{folder} holds no word finder: make one with `stackmix train words`")
        entries = _reader_entries(found, folder, language)
        opened = {entry.path: open_reader(entry.path) for entry in entries}
        readers = {name: opened[entry.path] for entry in entries for name in entry.languages}
        readers = {language: readers[language]} if language else readers
        voter: LanguageModel | Reader | None = None
        if len(readers) > 1 and language_by == "reader":
            several = [opened[entry.path] for entry in entries if len(entry.languages) > 1]
            if not several:
                raise DataError(f"{folder} holds no reader of several languages to vote with: take --language-by model")
            voter = several[0]
        elif len(readers) > 1:
            if "language" not in found:
                raise DataError(f"{folder} holds no language model: train one, or choose with --language")
            voter = LanguageModel.from_pretrained(found["language"][0].path)
        return cls(open_finder(found["words"][0].path), readers, voter, _margin_of(folder))

    def __call__(self, image: Image, name: str = "") -> Page:
        """Read one page, (H, W) or (H, W, 3) uint8; name: the id of the page."""
        return self.read([(name, image)])[0]

    def read(self, pages: Sequence[tuple[str, Image]]) -> list[Page]:
        """Read several pages at once, their windows and words together, which fills batches better."""
        found = self.finder.find_all([image for _, image in pages])
        cuts = [self.cut(image, words) for (_, image), words in zip(pages, found, strict=True)]
        languages = [self._language(cut.crops) for cut in cuts]
        readings = self._readings(cuts, languages)
        return [
            Page(image, _regions(cut, language, read), name)
            for (name, image), cut, language, read in zip(pages, cuts, languages, readings, strict=True)
        ]

    def cut(self, image: Image, found: list[Found]) -> Cut:
        """Order the words found on a page and cut them out; what is off the page or bare is left out."""
        if not found:
            return Cut([], [], [])
        heights = [float(np.ptp(word.polygon[:, 1])) for word in found]
        around = round(self.margin * float(np.median(heights)))
        grey = images.grey(image)
        crops = [_shrunk(cropping.cut(grey, word.polygon, around)) for word in found]
        kept = [k for k, crop in enumerate(crops) if crop.size]
        order = read_order([found[k].polygon for k in kept])
        sequence = [kept[k] for k in order.order.tolist()]
        return Cut([found[k] for k in sequence], order.lines[order.order].tolist(), [crops[k] for k in sequence])

    def _language(self, crops: list[Image]) -> str:
        """The page's language; of several readers the first one's where nothing tells."""
        vote: Vote | None = None
        if isinstance(self.voter, LanguageModel):
            vote = self.voter.vote(crops)
        elif self.voter is not None:
            vote = vote_by_reader(self.voter, crops)
        if vote is not None and vote.language in self.readers:
            return vote.language
        return next(iter(self.readers))

    def _readings(self, cuts: list[Cut], languages: list[str]) -> list[list[Reading]]:
        """The readings of each page's words; each reader reads the words of all of its pages at once."""
        found: list[list[Reading]] = [[] for _ in cuts]
        for language in dict.fromkeys(languages):
            own = [k for k, other in enumerate(languages) if other == language]
            left = iter(self.readers[language].read([crop for k in own for crop in cuts[k].crops]))
            for k in own:
                found[k] = [next(left) for _ in cuts[k].crops]
        return found


def _shrunk(crop: Image) -> Image:
    """A word's picture of LARGEST pixels at most: one word may fill a page of 60 million."""
    scale = (LARGEST / max(crop.size, 1)) ** 0.5
    size = (max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale)))
    return cv2.resize(crop, size, interpolation=cv2.INTER_AREA) if scale < 1 else crop


def _regions(cut: Cut, language: str, readings: list[Reading]) -> tuple[Region, ...]:
    return tuple(
        Region(word.polygon, reading.text, line=line, language=language, confidence=reading.confidence)
        for word, line, reading in zip(cut.found, cut.lines, readings, strict=True)
    )


def _reader_entries(found: dict[str, list[Entry]], folder: Path, language: str | None) -> list[Entry]:
    """The readers to open; DataError where none is there, or none for the language, or two kinds have the same one."""
    entries = [entry for kind in READERS for entry in found.get(kind, []) if entry.languages]
    if not entries:
        raise DataError(f"{folder} holds no reader that names its languages: make one with `stackmix train ctc`")
    names = [name for entry in entries for name in entry.languages]
    if language is not None:
        entries = [entry for entry in entries if language in entry.languages]
        if not entries:
            raise DataError(f"{folder} holds no reader for {language}, only for {', '.join(sorted(set(names)))}")
        names = [language] * len(entries)
    if twice := [name for name in names if names.count(name) > 1]:
        both = " and ".join(entry.path.name for entry in entries if twice[0] in entry.languages)
        raise DataError(f"{folder} holds two readers for {twice[0]}, {both}: take one away")
    return entries


def _margin_of(folder: Path) -> float:
    path = folder / SETTINGS
    if not path.exists():
        return MARGIN
    try:
        margin = float(json.loads(path.read_text(encoding="utf-8"))["margin"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} names no margin ({error}): remove it, or fit it again") from None
    return margin


def fit_margin(reader: Reader, pages: Iterable[Page]) -> float:
    """The margin of MARGINS at which the true words of validation pages are read with the least character error rate.

    The words' true polygons are cut, so that what the finder misses does not count.
    """
    found = ((page, [r for r in page.regions if r.category == "pupil_text" and r.text]) for page in pages)
    kept = [(page, words) for page, words in found if words]
    if not kept:
        raise DataError("no validation page has texts to fit the margin of words on")
    errors = []
    for margin in MARGINS:
        crops, texts = [], []
        for page, words in kept:
            around = round(margin * float(np.median([np.ptp(word.polygon[:, 1]) for word in words])))
            grey = images.grey(page.image)
            crops += [cropping.cut(grey, word.polygon, around) for word in words]
            texts += [word.text for word in words]
        errors.append(cer([reading.text for reading in reader.read(crops)], texts))
    return MARGINS[int(np.argmin(errors))]

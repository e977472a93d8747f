"""The language of a page by a vote of its widest words: of a classifier, or of the letters that a reader reads in them.

Wide words have many letters to tell by. A page of the school notebooks is in one language.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stackmix.train.ctc import languages_of
from stackmix.train.reading import Reader
from stackmix.types import Image

WIDEST = 19  # words that the classifier votes with, as the contest system of docs/evaluating.md had it
READ = 5  # words that a reader votes with


class Vote(NamedTuple):
    """A language, and its share of the votes, 0..1."""

    language: str
    share: float


def widest(images: Iterable[Image], count: int) -> list[Image]:
    """The `count` widest images, widest first."""
    return sorted(images, key=lambda image: -image.shape[1])[:count]


def language_of(text: str) -> str:
    """ru for a text with Cyrillic letters alone, en for Latin ones, "" for neither or both."""
    found = languages_of(text)
    return found[0] if len(found) == 1 else ""


def majority(votes: Sequence[str]) -> Vote | None:
    """The commonest vote, of equals the one that was cast first; None where there is none."""
    if not votes:
        return None
    language, count = Counter(votes).most_common(1)[0]
    return Vote(language, count / len(votes))


def vote_by_reader(reader: Reader, images: Iterable[Image], count: int = READ) -> Vote | None:
    """The script of most letters in the `count` widest words, as a reader of several scripts reads them."""
    letters = "".join(reading.text for reading in reader.read(widest(images, count)))
    return majority([language for letter in letters if (language := language_of(letter))])

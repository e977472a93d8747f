"""The texts to write: read a corpus, give each character a sign the library has, and even out rare letters.

A corpus is UTF-8, one text a line. Characters that the library lacks fall back to the nearest sign it has (a curly
quote to a straight one, a long dash to a short one); what is still missing is named before anything is written.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stackmix.types import DataError

FALLBACKS: dict[str, list[str]] = {
    "\u00a0": [" "],
    "\u202f": [" "],
    "\u2009": [" "],
    "“": ['"', "«", "''"],
    "”": ['"', "»", "''"],
    "„": ['"', "«", "''"],
    "‟": ['"', "«", "''"],
    "«": ["“", '"', "''"],
    "»": ["”", '"', "''"],
    '"': ["“", "«", "''"],
    "’": ["'", "‘"],
    "‘": ["'", "’"],
    "ʼ": ["'", "’"],
    "'": ["’", "‘"],
    "—": ["–", "-"],
    "–": ["—", "-"],
    "―": ["—", "–", "-"],
    "−": ["–", "-", "—"],
    "‑": ["-"],
    "‐": ["-"],
    "-": ["‐", "–"],
    "…": ["..."],
}


class MissingCharacters(DataError):
    """Characters that the corpus needs and the library lacks. needed: character -> number of items that need it."""

    def __init__(self, needed: dict[str, int]) -> None:
        self.needed = needed
        rare_last = sorted(needed.items(), key=lambda i: (-i[1], i[0]))
        named = ", ".join(f"{c!r} ({n} item{'s' * (n != 1)})" for c, n in rare_last)
        super().__init__(
            f"the library has no {named}: --skip-missing leaves these items out, --library DIR takes another library"
        )


@dataclass(slots=True)
class Corpus:
    """items: texts as they will be written. replaced: (character, sign) -> times.

    skipped: character that the library lacks -> items left out for it; skipped_items: all of them, each once.
    """

    items: list[str]
    replaced: Counter[tuple[str, str]] = field(default_factory=Counter)
    skipped: dict[str, int] = field(default_factory=dict)
    skipped_items: int = 0


def read(path: Path, unit: str = "word") -> list[str]:
    """The texts of a UTF-8 file in NFC, white space folded: one a line, or one a word.

    Raises DataError for a file that is not there, is not UTF-8 (naming the byte), or holds no text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"corpus {path}: {error.strerror}") from None
    if (bad := _foreign_byte(data)) is not None:
        line = data[:bad].count(b"\n") + 1
        raise DataError(
            f"corpus {path}: byte 0x{data[bad]:02x} at offset {bad} (line {line}) is not UTF-8 text: "
            "save it as UTF-8, or convert it with `iconv -f CP1251 -t UTF-8`"
        )
    text = data.decode("utf-8-sig")
    lines = [" ".join(line.split()) for line in unicodedata.normalize("NFC", text).splitlines()]
    items = [item for line in lines for item in (line.split() if unit == "word" else [line]) if item]
    if not items:
        raise DataError(f"corpus {path} is empty: give it one text a line")
    return items


def _foreign_byte(data: bytes) -> int | None:
    """Offset of the first byte that no UTF-8 text has; UTF-16 is valid UTF-8 at times, but full of bytes 0 to 8."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    control = re.search(rb"[\x00-\x08]", data)
    return control.start() if control else None


def fit(items: Sequence[str], alphabet: Collection[str], *, skip_missing: bool = False) -> Corpus:
    """Replace signs that the alphabet lacks by the nearest it has.

    Items that cannot be written raise MissingCharacters, or are left out and counted with skip_missing; DataError where
    nothing is left.
    """
    have = set(alphabet) | {" "}
    table = {c: sign for c, signs in FALLBACKS.items() if c not in have if (sign := _nearest(signs, have)) is not None}
    corpus = Corpus([])
    needed: Counter[str] = Counter()
    for item in items:
        missing = {c for c in item if c not in have and c not in table}
        if missing:
            needed.update(missing)
            corpus.skipped_items += 1
            continue
        corpus.replaced.update((c, table[c]) for c in item if c in table)
        corpus.items.append("".join(table.get(c, c) for c in item))
    corpus.skipped = dict(needed)
    if needed and not skip_missing:
        raise MissingCharacters(corpus.skipped)
    if not corpus.items:
        raise DataError(f"none of the corpus's {len(items)} items can be written: {MissingCharacters(corpus.skipped)}")
    return corpus


def _nearest(signs: list[str], have: set[str]) -> str | None:
    return next((sign for sign in signs if set(sign) <= have), None)


def balance(items: Sequence[str], rounds: int = 30) -> NDArray[np.float64]:
    """(N,) chances of drawing each item that even the characters' shares out; they sum to 1.

    Each round multiplies an item's chance by how rare its characters are under the chances so far, tempered so that no
    single item takes over (iterative proportional fitting with a square root).
    """
    letters = sorted({c for item in items for c in item if c != " "})
    place = {c: k for k, c in enumerate(letters)}
    rows = np.repeat(np.arange(len(items)), [sum(c != " " for c in item) for item in items])
    codes = np.array([place[c] for item in items for c in item if c != " "], np.int64)
    lengths = np.maximum(np.bincount(rows, minlength=len(items)), 1)
    chance = np.full(len(items), 1 / len(items))
    for _ in range(rounds):
        share = np.bincount(codes, weights=chance[rows], minlength=len(letters))
        rarity = np.log(share.mean() / share)
        chance *= np.exp(0.5 * np.bincount(rows, weights=rarity[codes], minlength=len(items)) / lengths)
        chance = np.maximum(chance / chance.sum(), 1e-3 / len(items))
        chance /= chance.sum()
    return chance

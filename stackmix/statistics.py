"""What a sample folder holds, counted: samples, characters, lengths, sizes, writers and sources of each split.

Only the headers of pictures are read, so that counting costs no decoding.
"""

import io
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures
from PIL import UnidentifiedImageError

from stackmix import samples

FIRST = ("train", "val", "test")  # the order of splits; others follow by name
RARE = 20  # times under which a character is rare
NAMED = 20  # rare characters at most in a line


@dataclass(slots=True)
class Count:
    """One split, or several together. sizes: (width, height) of each picture that can be opened; bad: those that can't.

    writers: samples of each known writer. lengths: samples of each number of characters.
    """

    samples: int = 0
    characters: Counter[str] = field(default_factory=Counter)
    lengths: Counter[int] = field(default_factory=Counter)
    writers: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)

    def add(self, row: dict[str, Any], file: Path | io.BytesIO) -> None:
        """Count one metadata row; file: its encoded picture."""
        text = unicodedata.normalize("NFC", row["text"])
        self.samples += 1
        self.characters.update(text)
        self.lengths[len(text)] += 1
        self.writers.update(filter(None, [row.get("writer")]))
        self.sources[row.get("source") or ""] += 1
        try:
            with Pictures.open(file) as picture:
                self.sizes.append(picture.size)
        except (OSError, UnidentifiedImageError, ValueError, Pictures.DecompressionBombError):
            self.bad.append(row["file_name"])

    def quantiles(self, values: Iterable[float]) -> tuple[int, int, int]:
        """Least, median and most of some values; zeros where there are none."""
        found = np.fromiter(values, float)
        return tuple(int(v) for v in np.percentile(found, [0, 50, 100])) if len(found) else (0, 0, 0)  # type: ignore[return-value]

    @property
    def spans(self) -> dict[str, tuple[int, int, int]]:
        """Least, median and most of the texts' lengths and of the pictures' widths and heights."""
        return {
            "length": self.quantiles(self.lengths.elements()),
            "width": self.quantiles(width for width, _ in self.sizes),
            "height": self.quantiles(height for _, height in self.sizes),
        }


def count(folder: Path, tick: Callable[[], object] = lambda: None) -> dict[str, Count]:
    """Each split of a sample folder, train, val and test first; DataError for a folder that is none."""
    found = {}
    for split in sorted(samples.splits_of(folder), key=lambda s: (FIRST.index(s) if s in FIRST else len(FIRST), s)):
        found[split] = Count()
        for row in samples.rows(folder, split):
            found[split].add(row, samples.stream(folder, split, row))
            tick()
    return found


def together(counts: Iterable[Count]) -> Count:
    """All splits as one."""
    whole = Count()
    for one in counts:
        whole.samples += one.samples
        whole.characters += one.characters
        whole.lengths += one.lengths
        whole.writers += one.writers
        whole.sources += one.sources
        whole.sizes += one.sizes
        whole.bad += one.bad
    return whole


def histogram(values: NDArray[np.integer], bins: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """How many values fall into each of at most `bins` steps of whole numbers, and the (bins+1,) edges of the steps.

    The last step takes in all above the 99th percentile, so that a few giants don't flatten the rest.
    """
    low, high = int(values.min()), int(np.percentile(values, 99, method="higher"))
    step = max(1, -(-(high - low + 1) // bins))
    edges = np.arange(low, high + step + 1, step, dtype=np.float64)
    return np.histogram(np.minimum(values, edges[-1] - 0.5), edges)[0], edges


def lines(counts: dict[str, Count]) -> list[str]:
    """The counts for people: a table of the splits, then what is rare, empty or broken."""
    rows = [_row(split, one) for split, one in counts.items()]
    whole = together(counts.values())
    if len(counts) > 1:
        rows.append(_row("all", whole))
    heads = ("split", "samples", "characters", "writers", "letters a sample", "width", "height")
    table = [heads, *rows]
    widths = [max(len(row[k]) for row in table) for k in range(len(heads))]
    found = [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in table]
    return ["  ".join(cells) for cells in found] + _remarks(counts, whole)


def _row(split: str, one: Count) -> tuple[str, ...]:
    spans = ["-".join(map(str, (low, high))) + f" ({middle})" for low, middle, high in one.spans.values()]
    return split, f"{one.samples:,}", f"{one.characters.total():,}", f"{len(one.writers) or 'unknown'}", *spans


def _remarks(counts: dict[str, Count], whole: Count) -> list[str]:
    found = [f"{len(whole.characters)} different characters; fewer than {RARE} times: {_few(whole.characters)}"]
    first, *others = counts
    for split in others:
        if new := counts[split].characters.keys() - counts[first].characters.keys():
            found.append(f"in {split} and not in {first}: {' '.join(map(repr, sorted(new)[:NAMED]))}")
    named = ", ".join(f"{name or 'unnamed'} {n:,}" for name, n in whole.sources.most_common())
    found.append(f"sources: {named}")
    if whole.bad:
        found.append(f"{len(whole.bad):,} pictures can't be opened: {whole.bad[0]}")
    return found


def _few(characters: Counter[str]) -> str:
    rare = sorted((n, c) for c, n in characters.items() if n < RARE)
    more = f" and {len(rare) - NAMED} more" if len(rare) > NAMED else ""
    return (", ".join(f"{c!r} {n}" for n, c in rare[:NAMED]) or "none") + more

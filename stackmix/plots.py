"""A sample folder's statistics as a picture: splits, characters, lengths, writers and sizes as bars.

Bars of histograms are parted by split, in the splits' colours. Characters stand on a logarithmic scale, so that one
that occurs twice is seen beside one that occurs ten thousand times; rare ones are red.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix.inspection import CAPTION, PLAIN, WIDTH, CaptionWriter, Sheet, samples_sheet
from stackmix.statistics import RARE, Count, count, histogram, lines, together
from stackmix.types import Image

COLOURS = ((90, 130, 200), (235, 160, 70), (110, 175, 110), (190, 110, 180), (120, 120, 120), (90, 180, 190))
SAD, GRID, SOFT = (210, 60, 60), (232, 235, 240), (140, 145, 160)
EDGE = 14  # columns and rows around a panel
CELL = 24  # columns of a character's bar
BARS = 110  # rows of a character's highest bar
PANEL = 250  # rows of a histogram with its title
LEFT, TOP, FOOT = 56, 30, 26  # of a histogram, around its bars
BINS = 40


def sheet(counts: dict[str, Count]) -> Image:
    """(H, WIDTH, 3) picture of the counts of each split."""
    whole = together(counts.values())
    half = WIDTH // 2
    rows = [
        _splits(counts),
        _characters(whole),
        np.concatenate([_lengths(counts, half), _writers(whole, WIDTH - half)], axis=1),
        np.concatenate([_sizes(counts, 0, "width", half), _sizes(counts, 1, "height", WIDTH - half)], axis=1),
    ]
    return np.concatenate(rows)


def _white(rows: int, columns: int) -> Image:
    return np.full((rows, columns, 3), 255, np.uint8)


def _say(image: Image, text: str, x: int, y: int, colour: tuple[int, int, int] = PLAIN, size: float = 0.42) -> None:
    """Write ASCII with its left bottom corner at (x, y)."""
    cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


def _broad(text: str, size: float = 0.42) -> int:
    return cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)[0][0]


def colours(counts: dict[str, Count]) -> dict[str, tuple[int, int, int]]:
    """The colour of each split."""
    return {split: COLOURS[k % len(COLOURS)] for k, split in enumerate(counts)}


def _splits(counts: dict[str, Count]) -> Image:
    """One bar of all samples, parted by split, and a line that names the parts."""
    out = _white(76, WIDTH)
    total = max(1, sum(one.samples for one in counts.values()))
    room, x, said = WIDTH - 2 * EDGE, 0, EDGE
    for split, colour in colours(counts).items():
        part = counts[split].samples
        cv2.rectangle(out, (EDGE + x * room // total, 14), (EDGE + (x + part) * room // total - 1, 36), colour, -1)
        x += part
        text = f"{split}: {part:,} samples, {part / total:.1%}"
        cv2.rectangle(out, (said, 50), (said + 10, 60), colour, -1)
        _say(out, text, said + 16, 60)
        said += _broad(text) + 40
    return out


def _characters(whole: Count) -> Image:
    """A bar for each character, the most frequent first, with the character beneath and its number above."""
    found = whole.characters.most_common()
    title = _white(24, WIDTH)
    _say(title, f"{len(found)} characters, {whole.characters.total():,} in all; red: fewer than {RARE}", EDGE, 16)
    writer, per_row = CaptionWriter(), (WIDTH - 2 * EDGE) // CELL
    most = np.log10(1 + found[0][1]) if found else 1.0
    rows = [_bars(found[k : k + per_row], float(most), writer) for k in range(0, len(found), per_row)]
    return np.concatenate([title, *rows])


def _bars(found: list[tuple[str, int]], most: float, writer: CaptionWriter) -> Image:
    foot = 16 + round(BARS * float(np.log10(1 + found[0][1])) / most)
    out = _white(foot + CAPTION + 8, WIDTH)
    cv2.line(out, (EDGE, foot), (WIDTH - EDGE, foot), GRID)
    for k, (character, times) in enumerate(found):
        x = EDGE + k * CELL
        top = foot - max(1, round(BARS * float(np.log10(1 + times)) / most))
        cv2.rectangle(out, (x + 4, top), (x + CELL - 5, foot - 1), SAD if times < RARE else COLOURS[0], -1)
        number = short(times)
        _say(out, number, x + (CELL - _broad(number, 0.3)) // 2, top - 4, SOFT, 0.3)
        sign = _sign(character, writer)
        place = x + (CELL - sign.shape[1]) // 2
        out[foot + 4 : foot + 4 + sign.shape[0], place : place + sign.shape[1]] = sign
    return out


def _sign(character: str, writer: CaptionWriter) -> Image:
    """A character as a label of at most CELL columns; its code point where the captions' hand lacks it."""
    if writer.knows(character):
        image = writer.write(character)
        inked = np.flatnonzero((image < 200).any(axis=(0, 2)))
        image = image[:, inked[0] : inked[-1] + 1] if len(inked) else image
        scale = min(1.0, (CELL - 2) / image.shape[1])
        size = (max(1, round(image.shape[1] * scale)), round(image.shape[0] * scale))
        return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    out = _white(CAPTION, CELL)
    code = f"{ord(character):04x}"
    for line, text in enumerate(["space"] if character == " " else [code[:-2], code[-2:]]):
        _say(out, text, (CELL - _broad(text, 0.28)) // 2, 14 + 12 * line, SOFT, 0.28)
    return out


def short(number: float) -> str:
    """A number in at most four signs: 950, 1.2k, 34k, 5.6M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.1f}{letter}" if number < 9.95 * size else f"{number / size:.0f}{letter}"
    return f"{number:.0f}"


def _lengths(counts: dict[str, Count], width: int) -> Image:
    values = {split: np.array(list(one.lengths.elements()), np.int64) for split, one in counts.items()}
    return stacked("characters in a text", values, colours(counts), width)


def _sizes(counts: dict[str, Count], axis: int, name: str, width: int) -> Image:
    values = {split: np.array([size[axis] for size in one.sizes], np.int64) for split, one in counts.items()}
    return stacked(f"{name} of a picture, pixels", values, colours(counts), width)


def stacked(
    title: str, values: Mapping[str, NDArray[np.integer]], colour: dict[str, tuple[int, int, int]], width: int
) -> Image:
    """(PANEL, width, 3) a histogram of all values, each bar parted by split; "nothing" where there are no values."""
    out = _white(PANEL, width)
    _say(out, title, EDGE, 18)
    everything = np.concatenate(list(values.values()))
    if not len(everything):
        _say(out, "nothing", LEFT, PANEL // 2, SOFT)
        return out
    totals, edges = histogram(everything, BINS)
    parts = [(np.histogram(np.minimum(own, edges[-1] - 0.5), edges)[0], colour[split]) for split, own in values.items()]
    high = _frame(out, int(totals.max()))
    places = np.linspace(LEFT, width - EDGE, len(edges)).astype(int)
    for k, (left, right) in enumerate(pairwise(places.tolist())):
        below = 0
        for own, shade in parts:
            top, foot = high(below + int(own[k])), high(below)
            if own[k]:
                cv2.rectangle(out, (left + 1, min(top, foot - 1)), (right - 1, foot - 1), shade, -1)
            below += int(own[k])
    _ticks(out, places, edges, more=bool(everything.max() >= edges[-1]))
    return out


def _frame(out: Image, most: int) -> Callable[[int], int]:
    """Draw lines at none, half and all of the highest bar; returns the row of a number."""
    foot, room = PANEL - FOOT, PANEL - FOOT - TOP - 6

    def row(number: int) -> int:
        return foot - round(room * number / max(1, most))

    for number in dict.fromkeys((0, most // 2, most)):
        cv2.line(out, (LEFT, row(number)), (out.shape[1] - EDGE, row(number)), GRID)
        _say(out, short(number), LEFT - 6 - _broad(short(number), 0.36), row(number) + 4, SOFT, 0.36)
    return row


def _ticks(out: Image, places: NDArray[np.int_], edges: NDArray[np.float64], more: bool) -> None:
    """The numbers under a histogram; the last bar says where it takes in all above."""
    step = max(1, len(edges) // 8)
    for k in range(0, len(edges) - 1 - more, step):
        _say(out, f"{edges[k]:.0f}", int(places[k]), PANEL - 9, SOFT, 0.36)
    if more:
        text = f"{edges[-2]:.0f}+"
        x = out.shape[1] - EDGE - _broad(text, 0.36)
        out[PANEL - FOOT + 2 :, x - 8 :] = 255
        _say(out, text, x, PANEL - 9, SOFT, 0.36)


def _writers(whole: Count, width: int) -> Image:
    """Samples of each writer, the most first; a bar for several where there are many."""
    out = _white(PANEL, width)
    many = len(whole.writers)
    _say(out, f"samples of each of {many:,} writers" if many else "writers are not known", EDGE, 18)
    if not many:
        return out
    found = np.array(sorted(whole.writers.values(), reverse=True))
    high, bars = _frame(out, int(found[0])), min(many, (width - LEFT - EDGE) // 2)
    places = np.linspace(LEFT, width - EDGE, bars + 1).astype(int)
    for own, (left, right) in zip(np.array_split(found, bars), pairwise(places.tolist()), strict=True):
        cv2.rectangle(out, (left + (right - left > 3), high(int(own.mean()))), (right - 1, PANEL - FOOT - 1), SOFT, -1)
    for text, x in _ends(("1", LEFT), (f"{many:,}", width - EDGE - _broad(f"{many:,}", 0.36))):
        _say(out, text, x, PANEL - 9, SOFT, 0.36)
    return out


def _ends(first: tuple[str, int], last: tuple[str, int]) -> Iterable[tuple[str, int]]:
    return (first,) if first[0] == last[0] else (first, last)


def overview(folder: Path, seed: int = 0, tick: Callable[[], object] = lambda: None) -> Sheet:
    """A sample folder's sheet: its statistics, then random samples; its line about it are the counts in words."""
    counts = count(folder, tick)
    samples = samples_sheet(folder, np.random.default_rng(seed))
    return Sheet(np.concatenate([sheet(counts), samples]), "\n".join(lines(counts)))

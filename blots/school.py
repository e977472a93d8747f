"""What pupils cross out and teachers mark on a page, as plain masks: the page knows where the words are.

`stackmix generate --unit page` is given `SchoolMarks`; the core knows no `blots` and calls its methods.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackmix.blots import correcting, striking
from stackmix.blots.functional import Path
from stackmix.blots.laying import mark
from stackmix.blots.ranges import chance
from stackmix.blots.striking import Span, Target
from stackmix.blots.writing import BLACK, Line, Writing

STRIKES = (("single", 0.45), ("double", 0.2), ("zigzag", 0.13), ("wave", 0.1), ("crossed", 0.12))  # how often each
TEACHERS = (("underline", 0.6), ("tick", 0.2), ("bracket", 0.2))
ROOM = 4  # x-heights around a word that its marks stay within

Placed = tuple[NDArray[np.uint8], int, int]  # cover (h, w); its corner from the word's left end on its baseline


@dataclass(frozen=True)
class SchoolMarks:
    """strikes: the chance that a word is written wrong first and crossed out. teacher: that a page has been corrected.

    `SchoolMarks().strike(120, 26, 0.3, 3, rng)` -> a strike-out over a word 120 pixels wide, of x-height 26.
    """

    strikes: float = 0.02
    teacher: float = 0.5

    def __post_init__(self) -> None:
        chance("strikes", self.strikes)
        chance("teacher", self.teacher)

    def strike(self, width: float, x_height: float, slant: float, stroke: float, rng: np.random.Generator) -> Placed:
        """A strike-out over a word; slant: columns to the right per row upwards, stroke: the pen's width."""
        base = ROOM * x_height
        span = Span(base, base + width, base, x_height, 0.0, slant)
        paths = striking.DRAWN[_one_of(STRIKES, rng)](span, rng.uniform(0.9, 1.2) * stroke, rng)
        return _placed(paths, width, x_height)

    def correct(self, width: float, x_height: float, stroke: float, rng: np.random.Generator) -> Placed:
        """A teacher's line under a word, a tick at its end or a bracket beside it."""
        base = ROOM * x_height
        line = Line(base - 1.7 * x_height, base - x_height, base, base + 0.6 * x_height, 0.0, ((_whole(base, width)),))
        target, writing = Target(line, base, base + width), Writing(BLACK, 255, 128, 0.3, stroke, (line,))
        shape = int(2 * base), int(width + 2 * base)
        paths = correcting.DRAWN[_one_of(TEACHERS, rng)](target, writing, shape, rng.uniform(1, 1.5) * stroke, rng)
        return _placed(paths, width, x_height)


def _whole(base: float, width: float) -> tuple[int, int]:
    return round(base), round(base + width)


def _one_of(kinds: tuple[tuple[str, float], ...], rng: np.random.Generator) -> str:
    names, shares = zip(*kinds, strict=True)
    return str(names[min(int(np.searchsorted(np.cumsum(shares), rng.random())), len(names) - 1)])


def _placed(paths: list[Path], width: float, x_height: float) -> Placed:
    base = ROOM * x_height
    found = mark(paths, (int(2 * base), int(width + 2 * base)), BLACK, 1.0)
    left, top, right, _ = found.box
    cover = np.ascontiguousarray(found.mask()[:, : right - left])
    return cover, round(left - base), round(top - base)

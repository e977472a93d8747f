"""Scores of whole pages: the school-notebook contest's, the F1 of words found, and the error rate of a page's text.

The contest's: in the order of the truth, each true word takes the free prediction whose polygon has the largest IoU
above 0 with its own, and their texts are compared; a true word without one is compared with "", and so is a prediction
left over with an empty truth. A page's CER is the sum of edits over the sum of true lengths; the score is the mean over
pages weighted by their numbers of pairs. A polygon that crosses itself or encloses nothing has IoU 0 with any other.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from stackmix.distances import edits
from stackmix.types import Region

FOUND = 0.5  # IoU from which a word counts as found


def overlaps(true: Sequence[Region], found: Sequence[Region]) -> NDArray[np.float64]:
    """(N, M) intersection over union of every true polygon with every found one, 0 for an invalid one."""
    table = np.zeros((len(true), len(found)))
    left, right = (np.array([_shape(region.polygon) for region in side], object) for side in (true, found))
    if not len(left) or not len(right):
        return table
    tree = shapely.STRtree(right)
    rows, columns = tree.query(left, predicate="intersects")
    both = shapely.area(shapely.intersection(left[rows], right[columns]))
    table[rows, columns] = both / (shapely.area(left[rows]) + shapely.area(right[columns]) - both)
    return table


def _shape(points: NDArray[np.float32]) -> Any:
    """A polygon, None where it is invalid, which overlaps with nothing."""
    shape = shapely.Polygon(points.astype(np.float64)) if len(points) >= 3 else None
    return shape if shape is not None and shape.is_valid and shape.area > 0 else None


def contest_pairs(true: Sequence[Region], found: Sequence[Region]) -> list[tuple[str, str]]:
    """(true text, read text) of every comparison that the contest makes on a page."""
    table = overlaps(true, found)
    free, pairs = np.ones(len(found), bool), []
    for region, row in zip(true, table, strict=True):
        own = np.where(free, row, 0)
        best = int(own.argmax()) if len(own) else 0
        if len(own) and own[best] > 0:
            free[best] = False
            pairs.append((region.text, found[best].text))
        else:
            pairs.append((region.text, ""))
    return pairs + [("", region.text) for region, left in zip(found, free, strict=True) if left]


def most_pairs(possible: NDArray[np.bool_]) -> dict[int, int]:
    """A largest one-to-one matching where `possible` (N, M) is true, as column -> row (Kuhn 1955)."""
    taken: dict[int, int] = {}

    def place(row: int, seen: set[int]) -> bool:
        for column in np.flatnonzero(possible[row]).tolist():
            if column not in seen:
                seen.add(column)
                if column not in taken or place(taken[column], seen):
                    taken[column] = row
                    return True
        return False

    for row in range(len(possible)):
        place(row, set())
    return taken


class PageScore(NamedTuple):
    """One page: pairs compared, their edits and true characters; words found right, true and predicted; text edits."""

    pairs: int
    edits: int
    characters: int
    right: int
    words: int
    predictions: int
    text_edits: int
    text_length: int

    @property
    def cer(self) -> float:
        """The contest's error rate of the page; without a true character every edit counts as one whole."""
        return self.edits / max(1, self.characters)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall of words found; 1 where there is nothing to find and nothing found."""
        return 2 * self.right / (self.words + self.predictions) if self.words + self.predictions else 1.0


def score(true: Sequence[Region], found: Sequence[Region], ignored: Sequence[Region] = ()) -> PageScore:
    """Score one page; ignored: what F1 asks neither to find nor to leave alone. Texts go in the regions' order."""
    pairs = contest_pairs(true, found)
    wrong = int(edits([read for _, read in pairs], [text for text, _ in pairs]).sum())
    matched = most_pairs(overlaps(true, found) >= FOUND)
    rest = [region for j, region in enumerate(found) if j not in matched]
    excused = int((overlaps(ignored, rest) >= FOUND).any(axis=0).sum()) if ignored else 0
    text, read = (" ".join(region.text for region in side if region.text) for side in (true, found))
    return PageScore(
        pairs=len(pairs),
        edits=wrong,
        characters=sum(len(region.text) for region in true),
        right=len(matched),
        words=len(true),
        predictions=len(found) - excused,
        text_edits=int(edits([read], [text])[0]),
        text_length=len(text),
    )

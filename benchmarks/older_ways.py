"""How letters are cut elsewhere: the two ways that ours is measured against."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stackmix.train.ctc import Emission, greedy
from stackmix.types import BLANK, Alignment


def greedy_midpoints(emission: Emission, text: str, alphabet: str) -> NDArray[np.float64] | None:
    """(L-1,) columns amid the blank between runs of the best class; None where the runs don't read as the text.

    How StackMix's authors cut (Shonenkov et al. 2021), but that their last letter is never cut and here it is.
    """
    if greedy(emission.log_probs, alphabet) != text:
        return None
    best = emission.log_probs.argmax(axis=1)
    edges = np.flatnonzero(np.diff(best)) + 1
    runs = [run for run in zip([0, *edges], [*edges, len(best)], strict=True) if best[run[0]] != BLANK]
    between = np.array([(end + begin) / 2 for (_, end), (begin, _) in pairwise(runs)])
    return emission.left + emission.step * between


def forced_midpoints(emission: Emission, alignment: Alignment) -> NDArray[np.float64]:
    """(L-1,) columns amid the frames of neighbours in the best path of the text."""
    return emission.left + emission.step * (alignment.stops[:-1] + alignment.starts[1:]) / 2

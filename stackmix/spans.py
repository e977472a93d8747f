"""Which frames each letter covers: the aligner's letters, the border map's borders and usual widths, weighed together.

A segment model (Ostendorf, Digalakis and Kimball 1996) on top of CTC: letter k in frames s..t costs

    - max over s..t of (log p(letter k) - log p(blank)), + cost of a border before t, + WIDTH * log(width / usual) ** 2

since all other frames are blank whichever way the letters lie. The exact cheapest row of segments is searched near the
frames that forced alignment found. So a letter that fired in its neighbour is put right by its borders and its width.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

WIDTH = 4.0  # nats for a letter e times as wide, or as narrow, as it usually is beside the others of its word
BORDER = 1.0  # weight of the border map
SUREST = 8.0  # nats that no letter's absence can cost more than


@njit(cache=True, nogil=True)
def spans_of(
    log_probs: NDArray[np.float32],
    labels: NDArray[np.int32],
    borders: NDArray[np.float64],
    widths: NDArray[np.float64],
    lows: NDArray[np.int64],
    highs: NDArray[np.int64],
) -> NDArray[np.int64]:
    """(L+1,) first frame of each letter, and the end of the last; the first is 0 and the last is T.

    log_probs: (T, C). labels: (L,). borders: (T+1,) cost in nats of a border before each frame. widths: (L,) usual
    frames of each letter. lows, highs: (L+1,) the frames, both included, among which border k is looked for; both rise.
    """
    count = len(labels)
    most = 0
    for k in range(count + 1):
        most = max(most, highs[k] - lows[k] + 1)
    logs = np.log(np.arange(1, len(log_probs) + 1))
    best = np.full((count + 1, most), np.inf)
    back = np.zeros((count + 1, most), np.int64)
    best[0, 0] = 0.0
    for k in range(count):
        usual = np.log(widths[k])
        for t in range(max(lows[k + 1], lows[k] + 1), highs[k + 1] + 1):
            fires, least, start = -np.inf, np.inf, lows[k]
            for s in range(t - 1, lows[k] - 1, -1):
                fires = max(fires, log_probs[s, labels[k]] - log_probs[s, 0])
                if s > highs[k] or best[k, s - lows[k]] == np.inf:
                    continue
                odd = logs[t - s - 1] - usual
                cost = best[k, s - lows[k]] - max(fires, -SUREST) + WIDTH * odd * odd
                if cost < least:
                    least, start = cost, s
            best[k + 1, t - lows[k + 1]] = least + BORDER * borders[t]
            back[k + 1, t - lows[k + 1]] = start
    found = np.empty(count + 1, np.int64)
    found[count] = highs[count]
    for k in range(count, 0, -1):
        found[k - 1] = back[k, found[k] - lows[k]]
    return found

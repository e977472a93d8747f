"""Character error rate: edit distances over true lengths, summed over a whole data set."""

from collections.abc import Sequence

from stackmix.distances import edits


def cer(read: Sequence[str], true: Sequence[str]) -> float:
    """Sum of edit distances over the sum of true lengths (not a mean of means)."""
    return int(edits(read, true).sum()) / max(sum(map(len, true)), 1)

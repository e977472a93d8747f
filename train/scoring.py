"""Character error rate: edit distances (Levenshtein 1966, by rapidfuzz) over true lengths, summed over a data set."""

from collections.abc import Sequence

from rapidfuzz.distance.Levenshtein import distance as edit_distance


def cer(read: Sequence[str], true: Sequence[str]) -> float:
    """Sum of edit distances over the sum of true lengths (not a mean of means)."""
    return sum(edit_distance(r, t) for r, t in zip(read, true, strict=True)) / max(sum(map(len, true)), 1)

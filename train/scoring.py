"""Character error rate: edit distances (Levenshtein 1966) over true lengths, summed over a whole data set."""

from collections.abc import Sequence


def edit_distance(a: str, b: str) -> int:
    """Fewest insertions, deletions and substitutions that turn a into b: edit_distance("cat", "art") == 2."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        corner, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (x != y))
    return row[-1]


def cer(read: Sequence[str], true: Sequence[str]) -> float:
    """Sum of edit distances over the sum of true lengths (not a mean of means)."""
    length = sum(map(len, true))
    return sum(edit_distance(r, t) for r, t in zip(read, true, strict=True)) / max(length, 1)

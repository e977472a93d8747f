"""Whose ink it is: every inked pixel of a sample belongs to one letter, so that a piece has its own outline.

The seams part the letters first. Then a connected blob of ink that reaches over a border with a small part of
itself, small for the letter beyond it too (the bar of a `t`, the tail of a `y`), is given whole to the letter that most
of it lies in. A stroke that truly joins two letters stays parted at their border.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

WRAP = 256  # letters are numbered modulo this
FAINT = 24  # ink from this value on hangs together
OF_BLOB, OF_LETTER = 0.35, 0.3  # a part smaller than these shares is an overhang
SCRAP = 0.15  # of a letter's ink: a smaller part that hangs on a neighbour only is a scrap of it


@njit(cache=True, nogil=True)
def owners_of(columns: NDArray[np.uint8], seams: NDArray[np.int16]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """owners (W, H): letter of each inked pixel modulo WRAP. extents (L, 2): first, end column of its ink.

    columns: (W, H) ink, column by column. seams: (L+1, H), the column at which each border parts it, by row.
    """
    owners = np.zeros(columns.shape, np.uint8)
    letters = len(seams) - 1
    runs, mass, pairs = _runs(columns, seams, owners)
    blob_of = _united(len(runs), pairs)
    count = blob_of.max() + 1 if len(runs) else 0
    of_blob = np.zeros((count, letters))
    for r in range(len(runs)):
        of_blob[blob_of[r], runs[r, 3]] += mass[r]
    home = _homes(of_blob)
    for r in range(len(runs)):
        runs[r, 3] = home[blob_of[r], runs[r, 3]]
    _hand_back_scraps(runs, mass, pairs, letters)
    extents = np.empty((letters, 2), np.int32)
    for letter in range(letters):  # one without ink is empty
        extents[letter, 0], extents[letter, 1] = seams[letter + 1].max(), seams[letter].min()
    for r in range(len(runs)):
        c, letter = runs[r, 0], runs[r, 3]
        owners[c, runs[r, 1] : runs[r, 2]] = letter % WRAP
        extents[letter, 0] = min(extents[letter, 0], c)
        extents[letter, 1] = max(extents[letter, 1], c + 1)
    return owners, extents


@njit(cache=True, nogil=True)
def _runs(
    columns: NDArray[np.uint8], seams: NDArray[np.int16], owners: NDArray[np.uint8]
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]]:
    """Upright runs of ink within one letter's seams: (R, 4) column, first row, end row, letter; their ink (R,); and
    (P, 2) pairs of runs that touch, at a corner at least. Fills `owners` with the letters by the seams alone.
    """
    width, height = columns.shape
    # room for the most there can be; growing arrays inside the loop would cost more than all else
    runs, mass = np.empty((width * height, 4), np.int32), np.empty(width * height)
    pairs, touching = np.empty((4 * width * height, 2), np.int32), 0
    letter = np.zeros(height, np.int64)  # at this column of each row; the outer two reach on outwards
    until = np.full(height, width, np.int64)  # the column at which its letter ends
    if len(seams) > 2:
        until[:] = seams[1]
    count, before, begin = 0, 0, 0  # runs before..begin are of the column before
    for c in range(width):
        before, begin = begin, count
        end, own = -1, np.int64(-1)  # of the last run
        for y in range(height):
            ink = columns[c, y]
            if ink == 0:
                continue
            while until[y] <= c:
                letter[y] += 1
                until[y] = seams[letter[y] + 1, y] if letter[y] < len(seams) - 2 else width
            owners[c, y] = letter[y] % WRAP
            if ink < FAINT:
                continue
            if end != y or own != letter[y]:
                own = letter[y]
                runs[count, 0], runs[count, 1], runs[count, 3], mass[count] = c, y, own, 0
                count += 1
            end = y + 1
            runs[count - 1, 2] = end
            mass[count - 1] += ink
        first = before
        for r in range(begin, count):
            while first < begin and runs[first, 2] < runs[r, 1]:
                first += 1
            other = first
            beneath = r > begin and runs[r - 1, 2] == runs[r, 1]
            while beneath or (other < begin and runs[other, 1] <= runs[r, 2]):
                pairs[touching, 0], pairs[touching, 1] = r, r - 1 if beneath else other
                touching += 1
                other += 0 if beneath else 1
                beneath = False
    return runs[:count], mass[:count], pairs[:touching]


@njit(cache=True, nogil=True)
def _united(count: int, pairs: NDArray[np.int32]) -> NDArray[np.int32]:
    """(count,) number of the set that each item is in once pairs are united: union-find (Tarjan 1975)."""
    parent = np.arange(count).astype(np.int32)
    for p in range(len(pairs)):
        a, b = pairs[p, 0], pairs[p, 1]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        parent[max(a, b)] = min(a, b)
    made = 0
    number = np.empty(count, np.int32)
    for i in range(count):  # a parent comes before its children
        if parent[i] == i:
            number[i] = made
            made += 1
        else:
            number[i] = number[parent[i]]
    return number


@njit(cache=True, nogil=True)
def _hand_back_scraps(
    runs: NDArray[np.int32], mass: NDArray[np.float64], pairs: NDArray[np.int32], letters: int
) -> None:
    """Give each connected part of a letter that is a scrap of it to the letter it touches most, in place."""
    same, many = np.empty_like(pairs), 0
    for p in range(len(pairs)):
        a, b = pairs[p, 0], pairs[p, 1]
        if runs[a, 3] == runs[b, 3]:
            same[many, 0], same[many, 1] = a, b
            many += 1
    if many == len(pairs):
        return
    part_of = _united(len(runs), same[:many])
    count = part_of.max() + 1
    total, of_part = np.zeros(letters), np.zeros(count)
    touched = np.zeros((count, letters), np.int32)
    for r in range(len(runs)):
        total[runs[r, 3]] += mass[r]
        of_part[part_of[r]] += mass[r]
    for p in range(len(pairs)):
        a, b = pairs[p, 0], pairs[p, 1]
        if runs[a, 3] != runs[b, 3]:
            rows = max(1, min(runs[a, 2], runs[b, 2]) - max(runs[a, 1], runs[b, 1]))
            touched[part_of[a], runs[b, 3]] += rows
            touched[part_of[b], runs[a, 3]] += rows
    for r in range(len(runs)):
        part = part_of[r]
        if of_part[part] < SCRAP * total[runs[r, 3]] and touched[part].max() > 0:
            runs[r, 3] = np.argmax(touched[part])


@njit(cache=True, nogil=True)
def _homes(mass: NDArray[np.float64]) -> NDArray[np.int32]:
    """(blobs, letters) the letter that a blob's part in each letter belongs to."""
    count, letters = mass.shape
    total = np.zeros(letters)  # mass.sum(axis=0) takes numba eight seconds to compile
    for blob in range(count):
        for letter in range(letters):
            total[letter] += mass[blob, letter]
    home = np.empty((count, letters), np.int32)
    for blob in range(count):
        most = np.argmax(mass[blob])
        whole = mass[blob].sum()
        for letter in range(letters):
            part = mass[blob, letter]
            overhang = part < OF_BLOB * whole and part < OF_LETTER * total[letter] and abs(letter - most) <= 2
            home[blob, letter] = most if overhang else letter
    return home

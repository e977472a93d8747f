"""Whose ink it is: every inked pixel of a sample belongs to one letter, so that a piece has its own outline.

The seams part the letters first. Then a connected blob of ink that reaches over a border with a small part of
itself, small for the letter beyond it too (the bar of a `t`, the tail of a `y`), is given whole to the letter that most
of it lies in. A stroke that truly joins two letters stays parted at their border.
"""

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

JOINED = 128  # set in `owners` where the blob of ink belongs to several letters
FAINT = 24  # ink from this value on hangs together
OF_BLOB, OF_LETTER = 0.35, 0.3  # a part smaller than these shares is an overhang
SCRAP = 0.15  # of a letter's ink: a smaller part that hangs on a neighbour only is a scrap of it


def owners_of(
    columns: NDArray[np.uint8], seams: NDArray[np.int16], owners: NDArray[np.uint8] | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """owners (W, H): letter of each inked pixel modulo 128, plus JOINED. extents (L, 2): first, end column of its ink.

    columns: (W, H) ink, column by column. seams: (L+1, H), the column at which each border parts it, by row. owners:
    zeros to write into.
    """
    count, blobs = cv2.connectedComponents((columns >= FAINT).view(np.uint8), connectivity=8)
    owners = np.zeros(columns.shape, np.uint8) if owners is None else owners
    return owners, _owners(columns, blobs, count, seams, owners)


@njit(cache=True, nogil=True)
def _owners(
    columns: NDArray[np.uint8],
    blobs: NDArray[np.int32],
    count: int,
    seams: NDArray[np.int16],
    owners: NDArray[np.uint8],
) -> NDArray[np.int32]:
    width, height = columns.shape
    letters = len(seams) - 1
    mass = np.zeros((count, letters))
    letter_of = np.full((width, height), -1, np.int32)
    current = np.zeros(height, np.int32)  # the letter at this column of each row; the outer two reach on outwards
    for c in range(width):
        for y in range(height):
            if columns[c, y] > 0:
                while current[y] < letters - 1 and seams[current[y] + 1, y] <= c:
                    current[y] += 1
                owners[c, y] = current[y] % JOINED
                if blobs[c, y] > 0:
                    letter_of[c, y] = current[y]
                    mass[blobs[c, y], current[y]] += columns[c, y]
    home, joined = _homes(mass)
    parted = np.zeros((width, height), np.bool_)
    for c in range(width):
        for y in range(height):
            if letter_of[c, y] >= 0:
                letter_of[c, y] = home[blobs[c, y], letter_of[c, y]]
                parted[c, y] = joined[blobs[c, y]]
    if joined.any():
        _hand_back_scraps(letter_of, parted, columns, letters)
    extents = np.empty((letters, 2), np.int32)
    for letter in range(letters):  # one without ink is empty
        extents[letter, 0], extents[letter, 1] = seams[letter + 1].max(), seams[letter].min()
    for c in range(width):
        for y in range(height):
            letter = letter_of[c, y]
            if letter >= 0:
                extents[letter, 0] = min(extents[letter, 0], c)
                extents[letter, 1] = max(extents[letter, 1], c + 1)
                owners[c, y] = letter % JOINED + JOINED * parted[c, y]
    return extents


@njit(cache=True, nogil=True)
def _hand_back_scraps(
    letter_of: NDArray[np.int32], parted: NDArray[np.bool_], columns: NDArray[np.uint8], letters: int
) -> None:
    """Flood each letter's parts of parted blobs; give those that are scraps to the letter they touch most, in place."""
    width, height = letter_of.shape
    total = np.zeros(letters)
    for c in range(width):
        for y in range(height):
            if letter_of[c, y] >= 0:
                total[letter_of[c, y]] += columns[c, y]
    seen = ~parted
    stack = np.empty(width * height, np.int64)
    for start in range(width * height):
        if seen[start // height, start % height]:
            continue
        letter = letter_of[start // height, start % height]
        mass, count, top = 0.0, 0, 1
        touched = np.zeros(letters, np.int32)
        stack[0] = start
        seen[start // height, start % height] = True
        while count < top:  # stack[:count] is done, stack[count:top] waits
            c, y = stack[count] // height, stack[count] % height
            mass += columns[c, y]
            count += 1
            for i in range(max(0, c - 1), min(width, c + 2)):
                for j in range(max(0, y - 1), min(height, y + 2)):
                    other = letter_of[i, j]
                    if other == letter and not seen[i, j]:
                        seen[i, j] = True
                        stack[top] = i * height + j
                        top += 1
                    elif other >= 0 and other != letter:
                        touched[other] += 1
        if mass < SCRAP * total[letter] and touched.max() > 0:
            for k in range(count):
                letter_of[stack[k] // height, stack[k] % height] = np.argmax(touched)


@njit(cache=True, nogil=True)
def _homes(mass: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """(blobs, letters) the letter that a blob's part in each letter belongs to; (blobs,) 1 where several own it."""
    count, letters = mass.shape
    total = np.zeros(letters)  # mass.sum(axis=0) takes numba eight seconds to compile
    for blob in range(count):
        for letter in range(letters):
            total[letter] += mass[blob, letter]
    home = np.empty((count, letters), np.int32)
    joined = np.zeros(count, np.uint8)
    for blob in range(count):
        most = np.argmax(mass[blob])
        whole = mass[blob].sum()
        for letter in range(letters):
            part = mass[blob, letter]
            overhang = part < OF_BLOB * whole and part < OF_LETTER * total[letter] and abs(letter - most) <= 2
            home[blob, letter] = most if overhang else letter
            if part > 0 and not overhang and letter != most:
                joined[blob] = 1
    return home, joined

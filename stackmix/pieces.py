"""Every piece of 1..8 letters in a library, found in constant time.

A letter is one byte (its place in the library's alphabet, from 1), so a piece of up to 8 letters is exactly one uint64
and no two pieces share a key. Keys are sorted; behind each lie its entries, sorted by writer; a hash table leads from a
key to its place (open addressing; multiplicative hashing, Knuth 1973, section 6.4).
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.types import MAX_PIECE, DataError

SPACE = 0  # code of white space and of anything outside the alphabet; never part of a piece
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class PieceIndex:
    """alphabet: letter of code k is alphabet[k - 1]. keys: (K,) uint64, rising. starts: (K+1,) first entry of each key.

    entry_sample, entry_position, entry_writer: (E,) where each instance of a piece begins and whose hand it is.
    slots: (2**bits,) place of a key in `keys` + 1, 0 where empty. table: (0x110000,) code of each character.
    """

    alphabet: str
    table: NDArray[np.uint8]
    keys: NDArray[np.uint64]
    starts: NDArray[np.int32]
    entry_sample: NDArray[np.int32]
    entry_position: NDArray[np.int16]
    entry_writer: NDArray[np.int32]
    slots: NDArray[np.int32]

    @classmethod
    def of(cls, texts: list[str], writers: NDArray[np.int32], usable: NDArray[np.bool_] | None = None) -> "PieceIndex":
        """Index the pieces of texts; `usable` marks, among the letters of all texts, those that may be part of one.

        A letter without one usable instance is not in the alphabet.
        """
        letters = "".join(texts)
        keep = np.ones(len(letters), bool) if usable is None else usable
        good = {letter for letter, kept in zip(letters, keep.tolist(), strict=True) if kept}
        alphabet = "".join(sorted(letter for letter in good if not letter.isspace()))
        if len(alphabet) > 255:
            raise DataError(f"a library holds at most 255 letters, not {len(alphabet)}: make one for each script")
        table = np.zeros(0x110000, np.uint8)
        table[np.array([ord(letter) for letter in alphabet], np.int64)] = np.arange(1, len(alphabet) + 1)
        codes = _encode(letters, table)
        starts = np.concatenate([[0], np.cumsum([len(t) for t in texts])]).astype(np.int64)
        codes[~keep] = SPACE
        lengths = np.diff(starts)
        sample = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
        position = (np.arange(len(codes)) - np.repeat(starts[:-1], lengths)).astype(np.int16)
        keys, entries = _all_keys(codes, position, np.repeat(lengths, lengths))
        order = np.lexsort((entries, writers[sample[entries]], keys))
        keys, entries = keys[order], entries[order]
        first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, np.int64)
        return cls(
            alphabet,
            table,
            keys[first],
            np.append(first, len(keys)).astype(np.int32),
            sample[entries],
            position[entries],
            writers[sample[entries]].astype(np.int32),
            _hash_table(keys[first]),
        )

    def encode(self, text: str) -> NDArray[np.uint8]:
        """(L,) codes of a text; white space and unknown letters are SPACE."""
        return _encode(text, self.table)

    def find(self, piece: str) -> slice:
        """The entries of a piece; an empty slice where the library has none."""
        codes = self.encode(piece)
        if not 0 < len(codes) <= MAX_PIECE or (codes == SPACE).any():
            return slice(0, 0)
        place = find_key(np.uint64(key_of(codes, 0, len(codes))), self.keys, self.slots)  # numba hands back a plain int
        return slice(0, 0) if place < 0 else slice(int(self.starts[place]), int(self.starts[place + 1]))

    def counts(self) -> dict[str, int]:
        """How many instances of each single letter the library has."""
        return {letter: len(range(*self.find(letter).indices(len(self.entry_sample)))) for letter in self.alphabet}


def _encode(text: str, table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return table[np.frombuffer(text.encode("utf-32-le"), np.uint32)]


def _all_keys(
    codes: NDArray[np.uint8], position: NDArray[np.int16], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Keys of every piece of 1..8 letters and the flat index of its first letter."""
    keys, entries = [], []
    key = np.zeros(len(codes), np.uint64)
    alive = np.arange(len(codes))
    for length in range(1, MAX_PIECE + 1):
        alive = alive[position[alive] + length <= lengths[alive]]
        last = codes[alive + length - 1]
        alive = alive[last != SPACE]
        key[alive] = (key[alive] << np.uint64(8)) | codes[alive + length - 1]
        keys.append(key[alive].copy())
        entries.append(alive)
    return np.concatenate(keys), np.concatenate(entries)


@njit(cache=True, inline="always")
def key_of(codes: NDArray[np.uint8], start: int, length: int) -> np.uint64:
    """The key of codes[start : start + length]."""
    key = np.uint64(0)
    for k in range(start, start + length):
        key = (key << np.uint64(8)) | np.uint64(codes[k])
    return key


@njit(cache=True)
def _hash_table(keys: NDArray[np.uint64]) -> NDArray[np.int32]:
    size = 4
    while size < 2 * len(keys):
        size *= 2
    slots = np.zeros(size, np.int32)
    mask = np.uint64(size - 1)
    for place in range(len(keys)):
        slot = ((keys[place] * _GOLDEN) >> np.uint64(32)) & mask
        while slots[slot] != 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = place + 1
    return slots


@njit(cache=True, inline="always")
def find_key(key: np.uint64, keys: NDArray[np.uint64], slots: NDArray[np.int32]) -> int:
    """The place of a key in `keys`, -1 where it is not there."""
    mask = np.uint64(len(slots) - 1)
    slot = ((key * _GOLDEN) >> np.uint64(32)) & mask
    while slots[slot] != 0:
        place = slots[slot] - 1
        if keys[place] == key:
            return place
        slot = (slot + np.uint64(1)) & mask
    return -1

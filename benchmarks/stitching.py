"""How fast windows become one map, and labels polygons; and what memory ten thousand pieces take.

    python benchmarks/stitching.py

Each line is JSON. The peer joins in the obvious way: a dense matrix of pieces by pieces, filled one piece at a time by
np.unique, and np.where over the whole page for each that is renamed; for outlines, cv2.findContours on a mask of the
whole page for each label. Both give the same map, which is checked. Times are medians of the process's own CPU time.
"""

import json
import time
import tracemalloc
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix.train.outlining import outlines
from stackmix.train.stitching import corners, stitch

SHAPE = (1512, 1912)
SIZE, OVERLAP = 256, 32
Windows = tuple[NDArray[np.int32], NDArray[np.int64], int]


def page(shape: tuple[int, int], high: int, wide: int) -> NDArray[np.int32]:
    """A map of words as ellipses in rows, `high` x `wide` pixels to each."""
    labels, number = np.zeros(shape, np.int32), 0
    for y in range(high // 2, shape[0] - high // 2, high):
        for x in range(wide // 2, shape[1] - wide // 2, wide):
            number += 1
            cv2.ellipse(labels, (x, y), (wide * 2 // 5, high * 2 // 5), 3, 0, 360, number, -1)
    return labels


def cut(labels: NDArray[np.int32]) -> Windows:
    """The windows of a map, their pieces numbered through."""
    places, pieces = corners(labels.shape, SIZE, OVERLAP), 0
    windows = np.zeros((len(places), SIZE, SIZE), np.int32)
    for window, (y, x) in zip(windows, places.tolist(), strict=True):
        part = labels[y : y + SIZE, x : x + SIZE]
        values, inverse = np.unique(part, return_inverse=True)
        numbers = np.where(values > 0, np.cumsum(values > 0) + pieces, 0)
        window[: part.shape[0], : part.shape[1]] = numbers[inverse].reshape(part.shape)
        pieces += int((values > 0).sum())
    return windows, places, pieces


def obvious(windows: NDArray[np.int32], places: NDArray[np.int64], shape: tuple[int, int], pieces: int) -> NDArray:
    """The same map by a dense matrix of contacts and one pass over the page for each piece that is renamed."""
    labels, contact = np.zeros(shape, np.int32), np.zeros((pieces + 1, pieces + 1), np.int64)
    for window, (y, x) in zip(windows, places.tolist(), strict=True):
        part = labels[y : y + SIZE, x : x + SIZE]
        own = window[: part.shape[0], : part.shape[1]]
        for piece in np.unique(own[own > 0]):
            older, counts = np.unique(part[own == piece], return_counts=True)
            contact[older, piece] += counts
        part[part == 0] = own[part == 0]
    word = np.arange(pieces + 1)
    for older, piece in np.argwhere(contact[1:, 1:] > 0) + 1:
        word[word == word[piece]] = word[older]
    for piece in range(1, pieces + 1):
        labels = np.where(labels == piece, word[piece] + pieces, labels)
    return labels


def contours(labels: NDArray[np.int32]) -> list[NDArray[np.int32]]:
    """Outlines by a mask of the whole page for each label."""
    found = []
    for label in np.unique(labels[labels > 0]):
        lines, _ = cv2.findContours((labels == label).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        found.append(cv2.approxPolyDP(max(lines, key=cv2.contourArea), 1.0, True))
    return found


def milliseconds(work: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return 1000 * float(np.median(taken))


def peak(work: Callable[[], object]) -> float:
    """Most memory taken while working, in MB."""
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def report(figure: str, value: float, unit: str, peer: str, peer_value: float) -> None:
    line = {"figure": figure, "value": round(value, 2), "unit": unit, "peer": peer, "peer_value": round(peer_value, 2)}
    print(json.dumps(line | {"ratio": round(peer_value / value, 1)}), flush=True)


def main() -> None:
    cv2.setNumThreads(1)
    labels = page(SHAPE, 70, 150)
    windows, places, pieces = cut(labels)
    stitched = stitch(windows, places, SHAPE, OVERLAP, pieces).labels
    other = obvious(windows, places, SHAPE, pieces)
    for one in (other, labels):
        pairs = {*zip(stitched.ravel().tolist(), one.ravel().tolist(), strict=True)}
        assert len(pairs) == len(np.unique(stitched)) == len(np.unique(one))
    ours = milliseconds(lambda: stitch(windows, places, SHAPE, OVERLAP, pieces), 21)
    theirs = milliseconds(lambda: obvious(windows, places, SHAPE, pieces), 3)
    what = f"stitching a {SHAPE[0]}x{SHAPE[1]} map of {pieces} pieces, {labels.max()} words"
    report(what, ours, "ms", "dense matrix, np.unique and np.where a piece", theirs)
    outlines(stitched)
    ours, theirs = milliseconds(lambda: outlines(stitched), 11), milliseconds(lambda: contours(stitched), 3)
    report(f"outlines of {labels.max()} words of it", ours, "ms", "cv2.findContours on a mask a word", theirs)
    windows, places, pieces = cut(page((3024, 3824), 32, 48))
    shape = (3024, 3824)
    ours = peak(lambda: stitch(windows, places, shape, OVERLAP, pieces)) - np.prod(shape) * 4 / 1e6
    report(f"memory for {pieces} pieces, beside the map", ours, "MB", "dense matrix", 8 * (pieces + 1) ** 2 / 1e6)
    taken = milliseconds(lambda: stitch(windows, places, shape, OVERLAP, pieces), 5)
    what = f"stitching a {shape[0]}x{shape[1]} map of {pieces} pieces"
    print(json.dumps({"figure": what, "value": round(taken, 2), "unit": "ms"}))


if __name__ == "__main__":
    main()

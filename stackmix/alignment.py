"""Finds the frames of each letter: the best path of a text through a CTC model's log-probabilities.

CTC (Graves et al. 2006) writes a text of L letters as any row of T classes that reads as the text once repeats are
merged and blanks dropped. The states of such rows are the L letters and the L+1 blanks between them, and Viterbi finds
the likeliest row exactly (sums in float32):

    letter[t, k] = p[t, text[k]] + max(letter[t-1, k], blank[t-1, k], letter[t-1, k-1] unless it is the same letter)
    blank[t, k]  = p[t, BLANK]   + max(blank[t-1, k], letter[t-1, k-1])

Letters and blanks lie in rows of their own, so that the loop over k has no branch and compiles to vector code. Only
the sums of the last frame are kept, and for each state a byte that says which way was best: they fit into the cache
that the sums of all frames would not.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.types import BLANK, Alignment, DataError

LANES = 8  # states are padded to a multiple of this, the float32 lanes of AVX2, and leave no scalar rest
ABOVE_ZERO = np.float32(1e-3)  # a log-probability may round to this, not more
NEVER = np.float32(-np.inf)
# Ways into a state at one frame. Into letter k: from itself, or MOVED: from blank k, or SKIPPED: from letter k-1. Into
# blank k: from itself, or SPOKE: from letter k-1.
STAYED, MOVED, SKIPPED, SPOKE = np.uint8(0), np.uint8(1), np.uint8(2), np.uint8(4)

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Classes = NDArray[np.uint32]  # unsigned: numba then need not look for negative indices


class AlignmentError(DataError):
    """A text that cannot be aligned, in one line with the numbers or letters that are in the way."""


@lru_cache(maxsize=16)
def _classes(alphabet: str) -> dict[str, int]:
    return {letter: alphabet.index(letter) + 1 for letter in alphabet}


def encode(text: str, alphabet: str) -> Ints:
    """Classes of a text's letters: `encode("aba", "ab")` -> [1, 2, 1]; class 0 is the blank.

    Raises AlignmentError naming the letters that the alphabet lacks.
    """
    classes = _classes(alphabet)
    unknown = sorted(set(text) - classes.keys())
    if unknown:
        raise AlignmentError(
            f"{text!r} has letters outside the model's alphabet: {' '.join(map(repr, unknown))}; "
            "fine-tune the model on an alphabet with them, or leave the text out"
        )
    return np.array([classes[letter] for letter in text], np.int32)


def frames_needed(labels: Ints) -> int:
    """The fewest frames of a text: one for each letter and a blank between equal neighbours."""
    return len(labels) + int(np.count_nonzero(labels[1:] == labels[:-1]))


def align(log_probs: Floats, labels: Ints) -> Alignment:
    """Align one text: log_probs (T, C) float32, labels (L,) int32 in 1..C-1 as `encode` gives them.

    Ties go one way: followed back from the last frame, a path ends in the letter rather than in the blank after it,
    and stays in its state rather than coming from a blank, and from a blank rather than from the letter before.
    Raises AlignmentError for too few frames, no letters, labels out of range, wrong shapes or dtypes, values that are
    no log-probabilities, and a text of probability 0.
    """
    found = align_batch([log_probs], [labels])[0]
    if isinstance(found, AlignmentError):
        raise found
    return found


def align_batch(
    log_probs: Floats | Sequence[Floats], labels: Sequence[Ints], lengths: Sequence[int] | Longs | None = None
) -> list[Alignment | AlignmentError]:
    """Align many texts as `align` does; the error of one that cannot be aligned stands in its place.

    log_probs: (B, T, C) float32, fastest when contiguous, or B arrays (T_i, C_i). lengths: the frames to use of each,
    all when None. Raises AlignmentError only where the batch as a whole is wrong.
    """
    count = len(log_probs)
    if len(labels) != count or (lengths is not None and np.shape(lengths) != (count,)):
        of = "no" if lengths is None else np.shape(lengths)
        raise AlignmentError(f"{count} emissions, {len(labels)} texts and {of} lengths: give one of each for each item")
    flat, begins, classes, available = _pack(log_probs)
    wanted = available if lengths is None else np.asarray(lengths)
    if count and wanted.dtype.kind not in "iu":
        raise AlignmentError(f"lengths are {wanted.dtype}: give whole numbers of frames")
    frames = np.where((wanted >= 0) & (wanted <= available), wanted, 0).astype(np.int64)

    empty = np.zeros(0, np.int32)
    texts = [item if _is_array(item, 1, np.int32) else empty for item in labels]
    edges = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    widths = (np.diff(edges) // LANES + 1) * LANES  # above L: the blank after the last letter has a place too
    room = int(np.max(frames * widths, initial=0))
    joined = np.concatenate([*texts, empty])
    (starts, stops), scores, totals = _align(flat, begins, frames, classes, joined, edges, widths, room)
    cut = edges.tolist()
    return [
        Alignment(starts[a:b], stops[a:b], scores[a:b], total)
        if total == total  # NaN where the kernel found no path
        else AlignmentError(_why(log_probs[i], labels[i], int(wanted[i])))
        for i, (a, b, total) in enumerate(zip(cut, cut[1:], totals.tolist(), strict=False))
    ]


def _is_array(value: object, ndim: int, dtype: type) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == ndim and value.dtype == dtype


def _pack(log_probs: Floats | Sequence[Floats]) -> tuple[Floats, Longs, Longs, Longs]:
    """All values in one row, and for each item where it begins in it, its classes and its frames (0 for a bad item)."""
    if isinstance(log_probs, np.ndarray):
        if not _is_array(log_probs, 3, np.float32):
            raise AlignmentError(f"log_probs is {_kind(log_probs)}: give (B, T, C) float32 or a list of (T, C)")
        count, frames, classes = log_probs.shape
        each = np.ones(count, np.int64)
        begins = (np.cumsum(each) - 1) * (frames * classes)
        return np.ascontiguousarray(log_probs).reshape(-1), begins, each * classes, each * frames
    items = [item if _is_array(item, 2, np.float32) else np.zeros((0, 1), np.float32) for item in log_probs]
    shapes = np.array([item.shape for item in items], np.int64).reshape(-1, 2)
    begins = np.cumsum(shapes.prod(1)) - shapes.prod(1)
    flat = [item.reshape(-1) for item in items]
    return np.concatenate(flat or [np.zeros(0, np.float32)]), begins, shapes[:, 1].copy(), shapes[:, 0].copy()


def _kind(value: object) -> str:
    return f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__


def _why(log_probs: Floats, labels: Ints, frames: int) -> str:
    """Why the kernel found no path, in one line."""
    if not _is_array(log_probs, 2, np.float32):
        return f"log_probs is {_kind(log_probs)}: give (T, C) float32"
    if not _is_array(labels, 1, np.int32):
        return f"labels is {_kind(labels)}: give (L,) int32, as encode() does"
    if not 0 <= frames <= len(log_probs):
        return f"a length of {frames} frames does not lie in 0..{len(log_probs)}, the frames there are"
    if not len(labels):
        return "the text is empty: leave it out"
    wrong = labels[(labels <= BLANK) | (labels >= log_probs.shape[1])]
    if len(wrong):
        return f"label {wrong[0]} does not lie in 1..{log_probs.shape[1] - 1}, the letters of the model"
    if frames < frames_needed(labels):
        repeats = frames_needed(labels) - len(labels)
        return (
            f"{frames} frames are too few for {len(labels)} letters with {repeats} repeats, which need "
            f"{frames_needed(labels)}: check that text and image belong together, or widen the image"
        )
    odd = np.argwhere(~(log_probs[:frames] <= ABOVE_ZERO))
    if len(odd):
        frame, label = odd[0]
        return f"log_probs[{frame}, {label}] is {log_probs[frame, label]}, no log-probability: give log_softmax values"
    return f"no path: each way to write {len(labels)} letters in {frames} frames has probability 0 (-inf)"


@njit(cache=True)
def _fill(rows: Floats, classes: Classes, toll: Floats, steps: Bytes, length: int) -> tuple[bool, float, float]:
    """Best ways into all states, as sums of MOVED, SKIPPED and SPOKE, into steps (T, K); is it sound; the best sums of
    the paths that end in the last letter, and in the blank after it.

    rows: (T, C). classes: (K,), padded with blanks. toll: (K,), -inf where letter k-1 -> k needs a blank, else 0.
    Sound are values that are log-probabilities: NaN and inf stay in their state to the last frame (a maximum of x and
    NaN returns its second argument), and any other sum above 0 comes from a value above 0.
    """
    letters, blanks = np.full(len(classes) + 1, NEVER, np.float32), np.full(len(classes), NEVER, np.float32)
    letters_now, blanks_now = letters.copy(), blanks.copy()  # letter k at k+1, so that -1 may be asked for
    own = np.empty(len(classes), np.float32)
    letters[1], blanks[0] = rows[0, classes[0]], rows[0, BLANK]
    for t in range(1, len(rows)):
        for k in range(len(classes)):
            own[k] = rows[t, classes[k]]
        pause, step = rows[t, BLANK], steps[t]
        for k in range(len(classes)):
            last, same, blank = letters[k], letters[k + 1], blanks[k]
            skip = last + toll[k]
            best = skip if skip > blank else blank
            letters_now[k + 1] = own[k] + (best if best > same else same)
            blanks_now[k] = pause + (last if last > blank else blank)
            way = (MOVED if best > same else STAYED) + (SKIPPED if skip > blank else STAYED)
            step[k] = way + (SPOKE if last > blank else STAYED)
        letters, letters_now = letters_now, letters
        blanks, blanks_now = blanks_now, blanks
    limit = len(rows) * ABOVE_ZERO
    sound = True
    for k in range(length + 1):
        sound &= letters[k] <= limit and blanks[k] <= limit
    return sound, letters[length], blanks[length]


@njit(cache=True)
def _trace(rows: Floats, classes: Classes, steps: Bytes, in_letter: bool, spans: Ints, scores: Floats) -> float:
    """Follow the best path back, fill spans (2, L) and scores (L,), and return the path's log-probability."""
    starts, stops = spans
    final, k = len(rows) - 1, len(starts)  # blank k comes before letter k, blank L after the last letter
    if in_letter:
        k -= 1
        stops[k] = final + 1
    scores[:] = 0
    total = 0.0
    for t in range(final, -1, -1):
        value = rows[t, classes[k]] if in_letter else rows[t, BLANK]
        total += value
        if in_letter:
            starts[k] = t
            scores[k] += value
        if t == 0:
            break
        step = steps[t, k]
        if in_letter and not step & MOVED:
            continue
        in_letter = step & (SKIPPED if in_letter else SPOKE) != 0
        if in_letter:
            k -= 1
            stops[k] = t
    for k in range(len(starts)):
        scores[k] = min(np.exp(scores[k] / (stops[k] - starts[k])), 1)
    return total


@njit(cache=True)
def _align(
    flat: Floats, begins: Longs, frames: Longs, classes: Longs, labels: Ints, edges: Longs, widths: Longs, room: int
) -> tuple[Ints, Floats, NDArray[np.float64]]:
    """Spans (2, letters) and scores of all letters, and each item's log-probability, NaN where it has no path.

    Item i: values flat[begins[i]:] as (frames[i], classes[i]), text labels[edges[i]:edges[i+1]], widths[i] states of a
    kind. room: the most states times frames of an item, for the steps of all items in turn.
    """
    spans, scores = np.empty((2, len(labels)), np.int32), np.empty(len(labels), np.float32)
    totals = np.full(len(frames), np.nan)
    step_room = np.empty(room, np.uint8)
    for i in range(len(frames)):
        T, C, K, a, b = frames[i], classes[i], widths[i], edges[i], edges[i + 1]
        text, toll = np.zeros(K, np.uint32), np.zeros(K, np.float32)
        needed, known = b - a, b > a
        for k in range(b - a):
            known &= BLANK < labels[a + k] < C
            text[k] = labels[a + k]
            if k > 0 and text[k] == text[k - 1]:
                toll[k] = NEVER
                needed += 1
        if not known or needed > T:
            continue
        rows = flat[begins[i] : begins[i] + T * C].reshape(T, C)
        steps = step_room[: T * K].reshape(T, K)
        sound, spoken, paused = _fill(rows, text, toll, steps, b - a)
        if sound and max(spoken, paused) > NEVER:
            totals[i] = _trace(rows, text, steps, spoken >= paused, spans[:, a:b], scores[a:b])
    return spans, scores, totals

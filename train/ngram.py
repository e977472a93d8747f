"""A character n-gram model of a corpus, for a reader that may lean on what texts usually look like.

Witten-Bell smoothing (Witten and Bell 1991, The Zero-Frequency Problem; interpolated as in Chen and Goodman 1999): of
a context h that was followed N times by T different characters, the shorter context h' has the weight of T more:

    P(c | h) = (N(h c) + T(h) * P(c | h')) / (N(h) + T(h))

down to the empty context, and to equal chances below it. The contexts are the states of an automaton with one row of
log-probabilities each, so that a beam search only looks up. One file:

    python -m stackmix.train.ngram corpus.txt --out en.npz
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from stackmix import corpus
from stackmix.staging import write_whole
from stackmix.types import DataError

START, END = "\x02", "\x03"  # before and behind a text; no text has them
ORDER = 5


@dataclass(frozen=True, slots=True)
class NGram:
    """`NGram.learn(["dog", "do"], order=3).log_prob("dog")`; state 0 is the beginning of a text.

    log_probs (S, A + 2) float32: columns are the end, the letters of the alphabet, and any other character. following
    (S, A + 2) int32: the state behind a letter.
    """

    alphabet: str
    order: int
    log_probs: NDArray[np.float32]
    following: NDArray[np.int32]

    @classmethod
    def learn(cls, texts: Iterable[str], order: int = ORDER) -> "NGram":
        """Count the texts, each a whole word or line; order: characters counted together, 1 or more."""
        counts = _counts(texts, order)
        alphabet = "".join(sorted(counts[""].keys() - {END}))
        contexts = sorted(counts, key=lambda h: (h != START, len(h), h))
        if order == 1:
            contexts = [""]
        states = {context: number for number, context in enumerate(contexts)}
        columns = {END: 0, **{letter: k for k, letter in enumerate(alphabet, 1)}}
        chances = np.zeros((len(states), len(alphabet) + 2))
        following = np.zeros(chances.shape, np.int32)
        for context in sorted(states, key=len):
            row = np.zeros(len(alphabet) + 2)
            row[[columns[c] for c in counts[context]]] = list(counts[context].values())
            shorter = chances[states[context[1:]]] if context else np.full(len(row), 1 / len(row))
            kinds = len(counts[context])
            chances[states[context]] = (row + kinds * shorter) / (row.sum() + kinds)
        for context, number in states.items():
            for k, letter in enumerate(alphabet, 1):
                following[number, k] = states[_known(context + letter, states, order)]
            following[number, -1] = states[""]
        return cls(alphabet, order, np.log(chances).astype(np.float32), following)

    def log_prob(self, text: str) -> float:
        """Natural logarithm of the chance of a whole text, its end included."""
        state, total = 0, 0.0
        for letter in text:
            column = self.alphabet.find(letter) + 1 or len(self.alphabet) + 1
            total += float(self.log_probs[state, column])
            state = int(self.following[state, column])
        return total + float(self.log_probs[state, 0])

    def tables(self, alphabet: str) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Log-probabilities and following states (S, C) for a reader whose class k is alphabet[k - 1]."""
        columns = [0, *(self.alphabet.find(letter) + 1 or len(self.alphabet) + 1 for letter in alphabet)]
        return np.ascontiguousarray(self.log_probs[:, columns]), np.ascontiguousarray(self.following[:, columns])

    def save(self, path: Path) -> None:
        """Write one `.npz`."""
        data = BytesIO()
        np.savez_compressed(data, **{name: getattr(self, name) for name in self.__slots__})
        write_whole(path, data.getvalue())

    @classmethod
    def load(cls, path: Path) -> "NGram":
        """Open a file of `save`; DataError names it where it is none."""
        try:
            with np.load(path) as data:
                return cls(str(data["alphabet"]), int(data["order"]), data["log_probs"], data["following"])
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            cure = f"make one with `python -m stackmix.train.ngram CORPUS --out {path.name}`"
            raise DataError(f"{path} is no n-gram model ({error}): {cure}") from None


def _counts(texts: Iterable[str], order: int) -> dict[str, Counter[str]]:
    """How often each character follows each context of up to order - 1 characters."""
    if order < 1:
        raise DataError(f"order {order} is under 1")
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for text in texts:
        line = START + text + END
        for k in range(1, len(line)):
            for length in range(min(order, k + 1)):
                counts[line[k - length : k]][line[k]] += 1
    if not counts:
        raise DataError("an n-gram model needs at least one text")
    return counts


def _known(context: str, states: dict[str, int], order: int) -> str:
    """The longest end of a context that is a state."""
    context = context[max(0, len(context) - order + 1) :]
    while context not in states:
        context = context[1:]
    return context


def main() -> None:
    """Learn a character n-gram model from a corpus, one text a line."""
    parser = argparse.ArgumentParser(prog="python -m stackmix.train.ngram", description=main.__doc__)
    parser.add_argument("corpus", type=Path, help="a UTF-8 text file")
    parser.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    parser.add_argument("--order", type=int, default=ORDER, help="characters counted together")
    parser.add_argument("--lines", action="store_true", help="for readers of lines; otherwise for single words")
    options = parser.parse_args()
    if options.out.suffix != ".npz":
        parser.error(f"--out {options.out} does not end in .npz")
    try:
        model = NGram.learn(corpus.read(options.corpus, "line" if options.lines else "word"), options.order)
        model.save(options.out)
    except (DataError, OSError) as error:
        sys.exit(f"stackmix: {error}")
    print(f"{options.out}: order {model.order}, {len(model.alphabet)} characters, {len(model.log_probs):,} contexts")


if __name__ == "__main__":
    main()

"""Reading with a CTC model: texts, and confidences that were fitted on validation writers.

A letter's raw score is the geometric mean probability of its own frames on the text's best path, a text's is
p(text | emission), summed over all of its paths. Each goes through a logistic curve (`calibrating.py`) that training
fits: the chance that the letter stands there in truth, and the chance that the whole text is right.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stackmix.alignment import align_batch, encode
from stackmix.cutting import calibrated
from stackmix.train.calibrating import Curve, fit_logistic, read_right
from stackmix.train.ctc import CTCModel, greedy, predict
from stackmix.train.decoding import search, text_log_prob
from stackmix.train.fusing import fused
from stackmix.train.ngram import NGram
from stackmix.train.normalising import normalise
from stackmix.train.packing import Packed
from stackmix.train.reading import Reading
from stackmix.types import Alignment, Image

AHEAD = 2048  # images that are held at a time, so that those of one width are read together


@dataclass(frozen=True, slots=True)
class Search:
    """How texts are found: the best path alone (beam 1), or the best text of a beam, with an n-gram model's advice.

    weight: of the n-gram model's log-probability; bonus: for each letter, which makes up for what that model takes. Both
    were chosen on words of the writers that an IAM aligner was validated with.
    """

    beam: int = 1
    ngram: NGram | None = None
    weight: float = 0.6
    bonus: float = 2.0


GREEDY = Search()


class CTCReader:
    """`CTCReader.from_pretrained(folder).read(images)` -> a Reading for each image, in their order."""

    def __init__(self, model: CTCModel, how: Search = GREEDY) -> None:
        """how: greedy unless told otherwise, so that output stays verbatim."""
        self.model, self.how = fused(model), how
        classes = len(model.config.alphabet) + 1
        self.weight, self.bonus = (how.weight, how.bonus) if how.ngram else (0.0, 0.0)
        self.tables = np.zeros((1, classes), np.float32), np.zeros((1, classes), np.int32)
        if how.ngram:
            self.tables = how.ngram.tables(model.config.alphabet)

    @classmethod
    def from_pretrained(cls, folder: Path, how: Search = GREEDY) -> "CTCReader":
        """Open a folder of `stackmix train ctc`; DataError says what is missing or of another kind."""
        return cls(CTCModel.from_pretrained(folder), how)

    def read(self, images: Iterable[Image]) -> list[Reading]:
        """Read word or line images in batches of one width."""
        found: list[Reading] = []
        height, left = self.model.config.height, iter(images)
        while window := [(normalise(image, height), "", "", "") for image in islice(left, AHEAD)]:
            found += self.read_packed(Packed.of(window, height))
        return found

    def read_packed(self, packed: Packed) -> list[Reading]:
        """Read images that are normalised already."""
        found = [Reading("", 0.0, ())] * len(packed)
        letters, words = self.model.config.reading
        for indices, log_probs in predict(self.model, packed):
            texts = [self.text(row) for row in log_probs]
            raw, whole = raw_scores(log_probs, texts, self.model.config.alphabet)
            sure = calibrated(whole, words)
            for i, text, scores, confidence in zip(indices.tolist(), texts, raw, sure.tolist(), strict=True):
                found[i] = Reading(text, confidence, tuple(calibrated(scores, letters).tolist()))
        return found

    def text(self, log_probs: NDArray[np.float32]) -> str:
        """The text of one emission (T, C)."""
        alphabet = self.model.config.alphabet
        if self.how.beam == 1 and not self.how.ngram:
            return greedy(log_probs, alphabet)
        labels = search(log_probs, self.how.beam, *self.tables, self.weight, self.bonus)
        return "".join(alphabet[c - 1] for c in labels)


def raw_scores(
    log_probs: NDArray[np.float32], texts: list[str], alphabet: str
) -> tuple[list[NDArray[np.float32]], NDArray[np.float32]]:
    """Scores of each text's letters, and of the texts as wholes: log_probs (B, T, C) -> B arrays (L,), and (B,)."""
    labels = [encode(text, alphabet) for text in texts]
    whole = np.exp([text_log_prob(row, label) for row, label in zip(log_probs, labels, strict=True)])
    aligned = align_batch(log_probs, labels)
    empty = np.zeros(0, np.float32)  # a text without letters does not align
    return [one.scores if isinstance(one, Alignment) else empty for one in aligned], whole.astype(np.float32)


def calibrate_reading(model: CTCModel, val: Packed) -> tuple[Curve, Curve]:
    """The curves of letters' and of texts' scores, from the greedy readings of a packed validation set."""
    scores, right, wholes, exact = [], [], [], []
    for indices, log_probs in predict(model, val):
        texts = [greedy(row, model.config.alphabet) for row in log_probs]
        raw, whole = raw_scores(log_probs, texts, model.config.alphabet)
        true = [str(val.texts[i]) for i in indices]
        scores += raw
        right += [read_right(text, truth) for text, truth in zip(texts, true, strict=True)]
        wholes.append(whole)
        exact.append(np.array(texts) == np.array(true))
    letters = fit_logistic(np.concatenate(scores), np.concatenate(right))
    return letters, fit_logistic(np.concatenate(wholes), np.concatenate(exact))

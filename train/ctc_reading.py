"""Reading with a CTC model: texts, and confidences that were fitted on validation writers.

A letter's raw score is the geometric mean probability of its own frames on the text's best path. A text's is
p(text | emission), summed over all of its paths, or with an n-gram model the text's share among those in the beam. Each
goes through a logistic curve (`calibrating.py`) that training fits for greedy reading, and `calibrate_reading` for any:
the chance that the letter stands there in truth, and the chance that the whole text is right.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

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
from stackmix.types import Alignment, DataError, Image

AHEAD = 2048  # images that are held at a time, so that those of one width are read together


@dataclass(frozen=True, slots=True)
class Search:
    """How texts are found: the best path alone (beam 1), or the best text of a beam, with an n-gram model's advice.

    weight: of the n-gram model's log-probability; bonus: for each letter, which makes up for what that model takes.
    Both were chosen on words of validation writers of IAM, read by the aligner.
    """

    beam: int = 1
    ngram: NGram | None = None
    weight: float = 0.6
    bonus: float = 2.0

    def __post_init__(self) -> None:
        if self.beam < 1:
            raise DataError(f"beam {self.beam} is under 1")


GREEDY = Search()


class Raw(NamedTuple):
    """A text with the scores of the whole and of its letters (L,), all 0..1."""

    text: str
    whole: float
    letters: NDArray[np.float32]


class CTCReader:
    """`CTCReader.from_pretrained(folder).read(images)` -> a Reading for each image, in their order."""

    def __init__(self, model: CTCModel, how: Search = GREEDY, curves: tuple[Curve, Curve] | None = None) -> None:
        """how: greedy unless told otherwise, so that output stays verbatim. curves: the model's own where None."""
        self.model, self.how = fused(model), how
        self.curves = model.config.reading if curves is None else curves
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
        letters, words = self.curves
        raw = self.raw(packed)
        sure = calibrated(np.array([one.whole for one in raw], np.float32), words).tolist()
        return [
            Reading(one.text, confidence, tuple(calibrated(one.letters, letters).tolist()))
            for one, confidence in zip(raw, sure, strict=True)
        ]

    def raw(self, packed: Packed) -> list[Raw]:
        """Texts with scores that no curve has changed."""
        found = [Raw("", 0.0, np.zeros(0, np.float32))] * len(packed)
        alphabet = self.model.config.alphabet
        for indices, log_probs in predict(self.model, packed):
            texts, shares = zip(*map(self._best, log_probs), strict=True)
            labels = [encode(text, alphabet) for text in texts]
            aligned = align_batch(log_probs, labels)
            for k, i in enumerate(indices.tolist()):
                one = aligned[k]
                if isinstance(one, Alignment):  # a text without letters does not align
                    found[i] = found[i]._replace(letters=one.scores)
                whole = shares[k] if self.how.ngram else np.exp(text_log_prob(log_probs[k], labels[k]))
                found[i] = found[i]._replace(text=texts[k], whole=float(whole))
        return found

    def _best(self, log_probs: NDArray[np.float32]) -> tuple[str, float]:
        """The text of one emission (T, C), and its share among those in the beam, 1 where that is but one."""
        alphabet = self.model.config.alphabet
        if self.how.beam == 1 and not self.how.ngram:
            return greedy(log_probs, alphabet), 1.0
        labels, share = search(log_probs, self.how.beam, *self.tables, self.weight, self.bonus)
        return "".join(alphabet[c - 1] for c in labels), share


def calibrate_reading(model: CTCModel, val: Packed, how: Search = GREEDY) -> tuple[Curve, Curve]:
    """The curves of letters' and of texts' scores, from a packed validation set read in the given way."""
    raw, true = CTCReader(model, how).raw(val), val.texts.tolist()
    scores = np.concatenate([one.letters for one in raw])
    right = np.concatenate([read_right(one.text, text) for one, text in zip(raw, true, strict=True)])
    exact = np.array([one.text == text for one, text in zip(raw, true, strict=True)])
    return fit_logistic(scores, right), fit_logistic(np.array([one.whole for one in raw]), exact)

"""Whether a letter's confidence can be trusted: what a reader that never saw them makes of sure and unsure letters.

    python benchmarks/confidence.py samples/iam --aligner models/aligner --reader models/reader [--sheets FOLDER]

The words of the val split are aligned and scored; their writers are in neither model's training data, though the
aligner's calibration was fitted on them: the calibration figures therefore fit it again on every other writer and judge
the rest. A word's confidence is the product of its letters'. The words are sorted by it, the surest KEPT of them are
kept, and the reader's readings of kept and dropped words are compared letter by letter.
"""

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from stackmix import images, samples
from stackmix.alignment import Alignment, AlignmentError, align_batch, encode
from stackmix.cutting import calibrated, word_score
from stackmix.inspection import flow
from stackmix.reliability import expected_error
from stackmix.train.calibrating import fit_logistic, read_right
from stackmix.train.ctc import CTCModel, greedy, read
from stackmix.train.normalising import pack
from stackmix.train.scoring import cer
from stackmix.types import Image, Sample

KEPT = (0.85, 0.9, 0.95)
SHOWN = 80  # words on a sheet
CELL = 64  # rows of a word on it


class Scored(NamedTuple):
    """A word with the raw scores (L,) of its letters and which of them aligner and reader read right, (L,) each."""

    sample: Sample
    raw: NDArray[np.float32]
    own: NDArray[np.bool_]
    right: NDArray[np.bool_]
    read: str


def score(words: list[Sample], aligner: CTCModel, reader: CTCModel) -> list[Scored]:
    """Align and read every word; one that cannot be aligned is left out."""
    readings = read(reader, pack(words, reader.config.height))
    found = []
    emissions = aligner.emissions(word.image for word in tqdm(words, desc="aligning"))
    for word, emission, reading in zip(words, emissions, readings, strict=True):
        try:
            (alignment,) = align_batch([emission.log_probs], [encode(word.text, aligner.config.alphabet)])
        except AlignmentError:
            continue
        if isinstance(alignment, Alignment):
            own = read_right(word.text, greedy(emission.log_probs, aligner.config.alphabet))
            found.append(Scored(word, alignment.scores, own, read_right(word.text, reading), reading))
    return found


def joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts)


def report(figure: str, value: float, **more: Any) -> None:
    """One JSON line."""
    print(json.dumps({"figure": figure, "value": round(value, 4), **more}), flush=True)


def calibration(found: list[Scored]) -> None:
    """Expected calibration error on writers that the curve was not fitted on, against both readings."""
    names = sorted({s.sample.writer for s in found})
    fitted = [s for s in found if s.sample.writer in names[::2]]
    judged = [s for s in found if s.sample.writer in names[1::2]]
    curve = fit_logistic(joined([s.raw for s in fitted]), joined([s.own for s in fitted]))
    letters = [calibrated(s.raw, curve) for s in judged]
    words = np.array([word_score(s) for s in letters])
    about = {"unit": "expected calibration error, 10 bins", "writers": len(names[1::2]), "words": len(judged)}
    own, right = joined([s.own for s in judged]), joined([s.right for s in judged])
    raw = joined([s.raw for s in judged])
    report("letters, uncalibrated, aligner's own free reading", expected_error(raw, own), **about)
    report("letters, aligner's own free reading", expected_error(joined(letters), own), **about)
    report("letters, the reader's reading", expected_error(joined(letters), right), **about)
    report("words, aligner's own free reading", expected_error(words, np.array([s.own.all() for s in judged])), **about)
    report("words, the reader's reading", expected_error(words, np.array([s.right.all() for s in judged])), **about)


def kept_and_dropped(found: list[Scored], confidence: NDArray[np.float64]) -> None:
    """How kept and dropped words and letters are read."""
    order = np.argsort(-confidence, kind="stable")
    for share in KEPT:
        count = int(np.ceil(share * len(found)))
        for name, chosen in (("kept", order[:count]), ("dropped", order[count:])):
            part = [found[i] for i in chosen]
            right = float(joined([s.right for s in part]).mean())
            error = cer([s.read for s in part], [s.sample.text for s in part])
            about = {"unit": "share of letters read right", "cer": round(error, 4), "words": len(part)}
            threshold = float(f"{confidence[order[count - 1]]:.2g}")
            report(f"surest {share:.0%} of words, {name}", right, **about, threshold=threshold)


def sheet(found: list[Scored], order: NDArray[np.int64]) -> Image:
    """Words in the given order, with nothing added."""
    import cv2

    cells = []
    for i in order[:SHOWN]:
        picture = images.grey(found[i].sample.image)
        width = max(1, round(picture.shape[1] * CELL / picture.shape[0]))
        small = cv2.resize(picture, (width, CELL), interpolation=cv2.INTER_AREA)
        cells.append(np.repeat(small[..., None], 3, axis=2))
    return flow(cells)


def main() -> None:
    """Score, compare, draw; one JSON line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="a sample folder with a val split")
    parser.add_argument("--aligner", type=Path, required=True)
    parser.add_argument("--reader", type=Path, required=True)
    parser.add_argument("--sheets", type=Path, help="folder for best.png and worst.png")
    options = parser.parse_args()
    aligner, reader = CTCModel.from_pretrained(options.aligner), CTCModel.from_pretrained(options.reader)
    found = score(list(samples.read(options.data, "val", [])), aligner, reader)
    confidence = np.array([word_score(calibrated(s.raw, aligner.config.calibration)) for s in found])
    calibration(found)
    kept_and_dropped(found, confidence)
    if options.sheets:
        options.sheets.mkdir(parents=True, exist_ok=True)
        order = np.argsort(-confidence, kind="stable")
        for name, way in (("best", order), ("worst", order[::-1])):
            (options.sheets / f"{name}.png").write_bytes(images.encode(sheet(found, way), ".png"))


if __name__ == "__main__":
    main()

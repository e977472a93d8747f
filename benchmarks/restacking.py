"""What cut letters are good for: real words rebuilt out of other writers' letters, and read.

    python benchmarks/restacking.py samples/iam --aligner models/aligner --reader models/reader [--sheet sheet.png]

Every word of the val split is rebuilt out of pieces of at most 1, 2, 3 and a drawn 2 to 8 letters, never from a sample
with the same text, from a library of other writers of that split: its writers are dealt into two halves, and each half
is rebuilt out of the other. Aligner and reader were trained on the writers of the train split only. The figure is the
reader's character error rate on the rebuilt words over its rate on the same words as they were written, for three ways
of cutting the same emissions (as in benchmarks/cutting.py; the same stacking for all): 1 would be perfect.

Then, for each of the five writers with most words, and for the five of the val split: a library of 200 words of that
hand, and the hand's other words rebuilt from it. The reader was trained on the first five's own words, so the figures
of the val writers are the ones to go by.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import older_ways
from numpy.typing import NDArray
from tqdm import tqdm

from stackmix import images, samples
from stackmix.alignment import AlignmentError, align_batch, encode
from stackmix.cutting import calibrated, cut_one
from stackmix.distances import edits
from stackmix.inspection import flow
from stackmix.library import LetterLibrary
from stackmix.synthesis import Stacker
from stackmix.train.aligning import emitted
from stackmix.train.borders import SHIPPED, BorderModel
from stackmix.train.ctc import CTCModel, read
from stackmix.train.normalising import pack
from stackmix.train.scoring import cer
from stackmix.types import SEAM_ROWS, DataError, Sample

HEIGHT = 64
LONGEST = {"1": 1, "2": 2, "3": 3, "free": None}
HANDS, OF_HAND = 5, 200


def straight(sample: Sample, inner: NDArray[np.float64], scores: NDArray[np.float32]) -> Sample | None:
    """A sample cut along columns; None where borders do not rise."""
    borders = np.round(np.concatenate([[0], inner, [sample.image.shape[1]]])).astype(np.int32)
    if (np.diff(borders) < 1).any():
        return None
    seams = np.repeat(borders[:, None], SEAM_ROWS, axis=1).astype(np.int16)
    return replace(sample, borders=borders, scores=scores, seams=seams)


def cut_all(found: Iterable[Sample], aligner: CTCModel, borders: BorderModel) -> dict[str, list[Sample]]:
    """Every sample that can be aligned, cut in each way that can use it."""
    cuts: dict[str, list[Sample]] = {}
    alphabet, widths = aligner.config.alphabet, borders.config.widths
    for sample, emission, border_map in emitted(aligner, borders, iter(found), lambda n: None):
        try:
            labels = encode(sample.text, alphabet)
            (alignment,) = align_batch([emission.log_probs], [labels])
            if isinstance(alignment, AlignmentError):
                raise alignment
            calibration = aligner.config.calibration
            ours = cut_one(sample, alignment, labels, emission, border_map, widths, calibration)
        except AlignmentError:
            continue
        scores = calibrated(alignment.scores, calibration)
        forced = straight(sample, older_ways.forced_midpoints(emission, alignment), scores)
        inner = older_ways.greedy_midpoints(emission, sample.text, alphabet)
        read_right = None if inner is None else straight(sample, inner, scores)
        for way, own in (("greedy midpoints", read_right), ("forced midpoints", forced), ("ours", ours)):
            if own is not None:
                cuts.setdefault(way, []).append(own)
    return cuts


def rebuild(
    words: list[Sample], library: LetterLibrary, longest: int | None, hand: int | Literal["one"] = "one"
) -> list[Sample | None]:
    """Each word stacked anew out of a library; None where that lacks a letter."""
    stacker = Stacker(library, HEIGHT)
    made: list[Sample | None] = []
    for i, word in enumerate(words):
        for attempt in range(5):  # another hand may have letters that the first has only in the very same text
            rng = np.random.default_rng([i, attempt])
            try:
                image = stacker.stack(word.text, rng, hand=hand, longest=longest, shun=True).image
            except DataError:
                continue
            made.append(replace(word, image=image, borders=None, scores=None, seams=None))
            break
        else:
            made.append(None)
    return made


def read_all(reader: CTCModel, words: list[Sample]) -> list[str]:
    """Greedy readings."""
    return read(reader, pack(words, reader.config.height))


def figure(name: str, words: list[Sample], real: list[str], made: list[Sample | None], reader: CTCModel) -> None:
    """One JSON line: CER on rebuilt words, on the same words as written, and their ratio with a bootstrap interval."""
    kept = [k for k, sample in enumerate(made) if sample is not None]
    texts, was_read = [words[k].text for k in kept], [real[k] for k in kept]
    rebuilt = read_all(reader, [sample for sample in made if sample is not None])
    wrong = np.stack([edits(rebuilt, texts), edits(was_read, texts)], axis=1)
    draws = np.random.default_rng(0).integers(len(wrong), size=(1000, len(wrong)))
    ratios = wrong[draws, 0].sum(axis=1) / np.maximum(wrong[draws, 1].sum(axis=1), 1)
    low, high = np.percentile(ratios, [2.5, 97.5])
    was = cer(was_read, texts)
    row: dict[str, Any] = {
        "figure": name,
        "value": round(cer(rebuilt, texts) / max(was, 1e-9), 3),
        "unit": "CER rebuilt / CER real",
        "interval": [round(float(low), 3), round(float(high), 3)],
        "cer_rebuilt": round(cer(rebuilt, texts), 4),
        "cer_real": round(was, 4),
        "words": len(kept),
        "not_rebuilt": len(words) - len(kept),
    }
    print(json.dumps(row), flush=True)


def halves(words: list[Sample]) -> list[tuple[list[Sample], set[str]]]:
    """The words of every other writer, and the writers of the other half."""
    names = sorted({word.writer for word in words})
    parts = set(names[::2]), set(names[1::2])
    return [([w for w in words if w.writer in own], other) for own, other in (parts, parts[::-1])]


def hands(data: Path, splits: list[str], aligner: CTCModel, borders: BorderModel, reader: CTCModel) -> Iterator[Sample]:
    """Figures for libraries of a few hundred words of one writer, the writers with most words; some rebuilt words."""
    rows = Counter((split, row["writer"]) for split in splits for row in samples.rows(data, split))
    for (split, writer), count in rows.most_common(HANDS):
        words = [s for s in samples.read(data, split, []) if s.writer == writer]
        cut = cut_all(words[:OF_HAND], aligner, borders)["ours"]
        library = LetterLibrary.build(cut, split)
        rest = words[OF_HAND:]
        made = rebuild(rest, library, None, hand=0)
        name = f"hand {writer} ({split}), library of {len(cut)} of {count} words, {len(library.index.alphabet)} letters"
        figure(name, rest, read_all(reader, rest), made, reader)
        yield from [m for m in made if m is not None][:20]


def sheet(words: Iterable[Sample]) -> bytes:
    """A PNG of words in rows."""
    return images.encode(flow(np.repeat(word.image[..., None], 3, axis=2) for word in words), ".png")


def main() -> None:
    """Cut, rebuild, read, print one JSON line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="a sample folder with a val split")
    parser.add_argument("--aligner", type=Path, required=True)
    parser.add_argument("--reader", type=Path, required=True)
    parser.add_argument("--borders", type=Path, default=SHIPPED)
    parser.add_argument("--sheet", type=Path, help="a picture of rebuilt words, two letters at most in a piece")
    options = parser.parse_args()
    aligner, reader = CTCModel.from_pretrained(options.aligner), CTCModel.from_pretrained(options.reader)
    borders = BorderModel.from_pretrained(options.borders)
    words = list(samples.read(options.data, "val", []))
    cuts = cut_all(tqdm(words, desc="cutting"), aligner, borders)
    parts = halves(words)
    real = [read_all(reader, part) for part, _ in parts]
    whole, was_read = [*parts[0][0], *parts[1][0]], [*real[0], *real[1]]
    in_two: dict[str, list[Sample | None]] = {}
    for way, cut in cuts.items():
        libraries = [LetterLibrary.build([s for s in cut if s.writer in others], "val") for _, others in parts]
        for name, longest in LONGEST.items():
            made = [rebuild(part, library, longest) for (part, _), library in zip(parts, libraries, strict=True)]
            rebuilt = [*made[0], *made[1]]
            what = f"re-stacked, {way}, pieces of at most {name}"
            figure(what, whole, was_read, rebuilt, reader)
            if name == "2":
                in_two[way] = rebuilt
            if options.sheet and way == "ours" and name == "2":
                options.sheet.write_bytes(sheet(m for m in rebuilt[::40] if m is not None))
    common = [all(made) for made in zip(*([m is not None for m in own] for own in in_two.values()), strict=True)]
    for way, rebuilt in in_two.items():
        shared = [m if both else None for m, both in zip(rebuilt, common, strict=True)]
        figure(f"re-stacked, {way}, pieces of at most 2, words that every way rebuilt", whole, was_read, shared, reader)
    for splits in (["train", "val"], ["val"]):
        drawn = list(hands(options.data, splits, aligner, borders, reader))
        if options.sheet:
            name = f"{options.sheet.stem}-hands-{'-'.join(splits)}.png"
            options.sheet.with_name(name).write_bytes(sheet(drawn))


if __name__ == "__main__":
    main()

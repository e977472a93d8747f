"""From a sample folder to a letter library: emissions of an aligner, forced alignment, cutting, measuring, indexing."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import tee
from pathlib import Path

from stackmix import samples
from stackmix.cutting import cut
from stackmix.library import LetterLibrary
from stackmix.staging import whole_folder, write_whole
from stackmix.train.ctc import CTCModel, Emission
from stackmix.types import DataError, Sample

REPORT = "report.json"


def pairs(
    model: CTCModel, found: Iterator[Sample], tick: Callable[[int], object]
) -> Iterator[tuple[Sample, Emission]]:
    """Each sample with its emission, in order."""
    ours, images = tee(found)
    for sample, emission in zip(ours, model.emissions(s.image for s in images), strict=True):
        tick(1)
        yield sample, emission


def cut_folder(data: Path, split: str, model: Path, out: Path, *, tick: Callable[[int], object]) -> str:
    """Make the letter library `out` of one split of a sample folder; returns a line on what became of it.

    Samples that are broken or cannot be aligned are left out and listed in report.json.
    """
    aligner = CTCModel.from_pretrained(model)
    broken: list[str] = []
    skipped: list[tuple[str, str]] = []
    with whole_folder(out) as folder:
        found = samples.read(data, split, broken)
        kept = list(cut(pairs(aligner, found, tick), aligner.config.alphabet, skipped))
        if not kept:
            why = broken[0] if broken else ": ".join(skipped[0]) if skipped else "it is empty"
            raise DataError(f"{data}: not one sample of the {split} split could be cut ({why})")
        library = LetterLibrary.build(kept, split)
        library.save(folder)
        report = {
            "samples": len(library),
            "letters": int(library.starts[-1]),
            "writers": len(library.writer_names),
            "split": split,
            "counts": library.index.counts(),
            "broken": broken,
            "not_aligned": [{"id": i, "why": why} for i, why in skipped],
        }
        write_whole(folder / REPORT, (json.dumps(report, ensure_ascii=False, indent=1) + "\n").encode())
    left_out = Counter({"broken": len(broken), "not aligned": len(skipped)})
    named = ", ".join(f"{n} {why}" for why, n in left_out.items() if n) or "none"
    what = f"{len(library):,} samples, {library.starts[-1]:,} letters of {len(library.writer_names)} writers"
    return f"{what}; left out: {named}"

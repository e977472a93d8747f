"""From a sample folder to a letter library: emissions of an aligner, forced alignment, cutting, measuring, indexing."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from stackmix import samples
from stackmix.cutting import cut, surest
from stackmix.library import LetterLibrary
from stackmix.rejects import Rejects, letters_of, unknown, without
from stackmix.seams import BorderMap
from stackmix.staging import whole_folder, write_whole
from stackmix.train.borders import SHIPPED, BorderModel
from stackmix.train.ctc import CTCModel, Emission
from stackmix.train.normalising import normalise
from stackmix.types import DataError, Sample, is_test

REPORT = "report.json"
AHEAD = 512


def emitted(
    model: CTCModel, borders: BorderModel, found: Iterator[Sample], tick: Callable[[int], object]
) -> Iterator[tuple[Sample, Emission, BorderMap]]:
    """Each sample with its emission and border map, in order; computed in batches of one width, AHEAD at a time."""
    while window := list(islice(found, AHEAD)):
        normalised = [normalise(sample.image, model.config.height) for sample in window]
        yield from zip(window, model.emit(normalised), borders.emit(normalised), strict=True)
        tick(len(window))


def refuse_test(data: Path, split: str) -> None:
    """DataError where a split is kept for testing: what is stacked from its letters would be trained on."""
    if is_test(split):
        why = f"the {split} split is kept for testing, and what is stacked from its letters would be trained on"
        raise DataError(f"{data}: {why}: cut --split train")


def cut_folder(
    data: Path,
    split: str,
    model: Path,
    out: Path,
    *,
    keep: float = 1.0,
    rejects: Rejects = frozenset(),
    tick: Callable[[int], object],
) -> str:
    """Make the letter library `out` of one split of a sample folder; returns a line on what became of it.

    Samples that are broken or cannot be aligned, and all but the surest share `keep`, are left out and listed in
    report.json; rejected letters are kept with score 0, which is never stacked. Raises DataError for a test split.
    """
    refuse_test(data, split)
    aligner, borders = CTCModel.from_pretrained(model), BorderModel.from_pretrained(SHIPPED)
    broken: list[str] = []
    skipped: list[tuple[str, str]] = []
    with whole_folder(out) as folder:
        found = samples.read(data, split, broken)
        made = emitted(aligner, borders, found, tick)
        kept = list(cut(made, aligner.config.alphabet, borders.config.widths, skipped, aligner.config.calibration))
        if not kept:
            why = broken[0] if broken else ": ".join(skipped[0]) if skipped else "it is empty"
            raise DataError(f"{data}: not one sample of the {split} split could be cut ({why})")
        kept, unsure = surest(kept, keep)
        library = without(LetterLibrary.build(kept, split), rejects)
        strange = unknown(rejects, letters_of(library))
        library.save(folder)
        report = {
            "samples": len(library),
            "letters": int(library.starts[-1]),
            "writers": len(library.writer_names),
            "split": split,
            "counts": library.index.counts(),
            "rejected": len(rejects) - len(strange),
            "rejects_not_here": strange,
            "broken": broken,
            "unsure": [sample.id for sample in unsure],
            "not_aligned": [{"id": i, "why": why} for i, why in skipped],
        }
        write_whole(folder / REPORT, (json.dumps(report, ensure_ascii=False, indent=1) + "\n").encode())
    left_out = Counter({"broken": len(broken), "not aligned": len(skipped), "unsure": len(unsure)})
    named = ", ".join(f"{n} {why}" for why, n in left_out.items() if n) or "none"
    what = f"{len(library):,} samples, {library.starts[-1]:,} letters of {len(library.writer_names)} writers"
    rejected = f"; letters rejected: {len(rejects) - len(strange):,}" if rejects else ""
    return f"{what}; left out: {named}{rejected}"

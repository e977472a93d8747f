"""How well whole pages were read: predictions put to the pages of the truth, scored, and told."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stackmix import contest, pages
from stackmix.findings import share, table
from stackmix.intervals import DRAWS, LEVEL, ratios
from stackmix.page_scoring import PageScore, score
from stackmix.types import DataError, Region

Words = tuple[Region, ...]
WORST = 10  # pages that are told


class TruePage(NamedTuple):
    """The words of a page; ignored: words whose text is not known. writer: "" where unknown."""

    words: Words
    ignored: Words
    writer: str = ""


def truth(path: Path, split: str | None) -> dict[str, TruePage]:
    """The pages of a page folder's split, or of a contest file, by the image's name."""
    if not path.is_dir():
        if split is not None:
            raise DataError(f"{path} is a contest file without splits: leave --split {split} out")
        return {name: TruePage(words, ()) for name, words in contest.read(path).items()}
    splits = pages.splits_of(path)
    if split is None and len(splits) > 1:
        raise DataError(f"{path} has the splits {', '.join(splits)}: choose one with --split")
    split = split or splits[0]
    if split not in splits:
        raise DataError(f"{path} has no split {split!r}, only {', '.join(splits)}")
    found = {}
    for row in pages.annotations(path / f"{pages.PREFIX}{split}.json"):
        found[row.name] = true_page(row.regions, row.writer)
    return found


def true_page(regions: Iterable[Region], writer: str = "") -> TruePage:
    """What is to be read of a page's regions: the pupil's words."""
    words = [region for region in regions if region.category == "pupil_text"]
    known = tuple(region for region in words if region.text)
    return TruePage(known, tuple(region for region in words if not region.text), writer)


class Compared(NamedTuple):
    """The score of each page of the truth; missing: pages without predictions, unknown: predictions for other pages."""

    scores: dict[str, PageScore]
    writers: dict[str, str]
    missing: list[str]
    unknown: list[str]


def compare(true: dict[str, TruePage], read: dict[str, Words]) -> Compared:
    """Score every page; one without predictions counts as read empty. DataError where not one has any."""
    if not true.keys() & read.keys():
        names = f"{next(iter(read), '')!r} beside {next(iter(true), '')!r}"
        raise DataError(f"no prediction is for a page of the truth ({names}): the images' names must be the same")
    scores = {name: score(page.words, read.get(name, ()), page.ignored) for name, page in true.items()}
    writers = {name: page.writer for name, page in true.items()}
    return Compared(scores, writers, [n for n in true if n not in read], [n for n in read if n not in true])


def evaluate(found: Compared) -> dict[str, Any]:
    """The figures of all pages as they go into a report, with bootstrap intervals over writers or pages."""
    names, own = list(found.scores), list(found.scores.values())
    writers = set(found.writers.values())
    by_writer = "" not in writers and len(writers) > 1
    tops = [(page.pairs * page.cer, 2 * page.right, page.text_edits) for page in own]
    bottoms = [(page.pairs, page.words + page.predictions, page.text_length) for page in own]
    groups = [found.writers[name] if by_writer else name for name in names]
    measures = ratios(np.array(tops, float), np.array(bottoms, float), groups)
    figures = dict(zip(("contest_score", "word_f1", "page_cer"), (m._asdict() for m in measures), strict=True))
    right, words, predictions = (sum(getattr(p, name) for p in own) for name in ("right", "words", "predictions"))
    rows = [
        {"file_name": n, "cer": p.cer, "f1": p.f1, "words": p.words, "predictions": p.predictions}
        for n, p in found.scores.items()
    ]
    return {
        "pages": len(own),
        "words": words,
        "predictions": predictions,
        "intervals": {"level": LEVEL, "draws": DRAWS, "drawn": "writers" if by_writer else "pages"},
        **figures,
        "word_precision": right / max(1, predictions),
        "word_recall": right / max(1, words),
        "by_page": sorted(rows, key=lambda row: (-row["cer"], row["file_name"])),
        "missing": found.missing,
        "unknown": found.unknown,
    }


def lines(report: dict[str, Any]) -> list[str]:
    """The report of pages for people."""
    head = f"{report['pages']:,} pages, {report['words']:,} words, {report['predictions']:,} predictions"
    drawn = f"{report['intervals']['level']:.0%} intervals, {report['intervals']['drawn']} drawn anew"
    names = {"contest_score": "contest score (CER)", "word_f1": "word F1 at IoU .5", "page_cer": "CER of page texts"}
    rows = [(text, *(share(report[name][part]) for part in ("value", "low", "high"))) for name, text in names.items()]
    rows += [(f"word {n}", share(report[f"word_{n}"]), "", "") for n in ("precision", "recall")]
    worst = [
        (row["file_name"], share(row["cer"]), share(row["f1"]), f"{row['words']:,}", f"{row['predictions']:,}")
        for row in report["by_page"][:WORST]
    ]
    heads = ("worst pages", "CER", "F1", "words", "predictions")
    return [f"{head}; {drawn}", *table(("", "", "low", "high"), rows), "", *table(heads, worst)]

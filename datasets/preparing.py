"""Write samples of any recipe into a sample folder, with a card for people and a report of everything left out.

    samples/iam/README.md            the splits by name, their counts, where they come from
    samples/iam/report.json          {"splits": {"train": {"samples": 20, ...}}, "skipped": {"no box": 1}, ...}
    samples/iam/train/metadata.jsonl, samples/iam/train/0000/a01-000u-00-00.png

A recipe is a generator of `Sample`; it names what it leaves out in the `Report` that it is given.
"""

import errno
import json
import re
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from stackmix import images, samples
from stackmix.staging import whole_folder
from stackmix.types import DataError, Sample

FIRST = ("train", "val", "test")  # the order of splits in card, report and summary; others follow by name


@dataclass(slots=True)
class Tally:
    """What one split holds: its samples, the letters of their texts, and the writers where they are known."""

    samples: int = 0
    characters: int = 0
    writers: set[str] = field(default_factory=set)
    alphabet: set[str] = field(default_factory=set)

    def add(self, sample: Sample) -> None:
        self.samples += 1
        self.characters += len(sample.text)
        self.alphabet.update(sample.text)
        if sample.writer:
            self.writers.add(sample.writer)

    def row(self) -> dict[str, Any]:
        """The counts as report.json holds them."""
        return {
            "samples": self.samples,
            "writers": len(self.writers),
            "characters": self.characters,
            "alphabet": "".join(sorted(self.alphabet)),
        }


@dataclass(slots=True)
class Report:
    """What a run kept, left out and found worth saying: `report.skip("no box", "b03-114-03-01")`."""

    skipped: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    splits: dict[str, Tally] = field(default_factory=dict)

    def skip(self, reason: str, item: str) -> None:
        """Leave one item out for a reason; the reason is short, so that its items can be counted."""
        self.skipped.setdefault(reason, []).append(item)

    def note(self, text: str) -> None:
        """Keep a sentence that belongs into the report and the card."""
        self.notes.append(text)

    def order(self) -> list[str]:
        """The splits: train, val, test, then the others by name."""
        return sorted(self.splits, key=lambda s: (FIRST.index(s) if s in FIRST else len(FIRST), s))

    def json(self) -> str:
        """report.json: counts of each split, notes, how many were left out for each reason, and which."""
        content = {
            "splits": {split: self.splits[split].row() for split in self.order()},
            "notes": self.notes,
            "skipped": {reason: len(items) for reason, items in self.skipped.items()},
            "skipped_items": self.skipped,
        }
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"

    def summary(self, noun: str) -> str:
        """One line: `20 train, 3 val, 2 test words (5 skipped: 4 no box, 1 no ink; listed in report.json)`."""
        kept = ", ".join(f"{self.splits[split].samples:,} {split}" for split in self.order())
        total = sum(map(len, self.skipped.values()))
        return f"{kept} {noun}" + (f" ({total:,} skipped: {self.reasons()}; listed in report.json)" if total else "")

    def reasons(self) -> str:
        """How many were left out for each reason: `4 no box, 1 no ink`."""
        return ", ".join(f"{len(items):,} {reason}" for reason, items in self.skipped.items())


def prepare(
    found: Iterable[Sample],
    out: Path,
    *,
    title: str,
    body: str,
    report: Report,
    licence: str | None = None,
    progress: bool = False,
) -> None:
    """Write every sample of `found` into the sample folder `out`, which appears only when it is whole.

    body: the card's text about source and licence. report: the one the recipe skips into; counts are added to it.
    Raises DataError where `out` exists or nothing is left to write, OSError naming `out` where the disk is full.
    """
    try:
        with whole_folder(out) as folder:
            _write(tqdm(found, desc=out.name, unit=" images", mininterval=0.5, disable=not progress), folder, report)
            if not report.splits:
                raise DataError(f"{out}: no sample is left to write (skipped: {report.reasons() or 'nothing'})")
            text = "\n\n".join([_table(report), *report.notes, body.strip()])
            (folder / "README.md").write_bytes(samples.card(title, report.order(), text, licence).encode())
            (folder / "report.json").write_bytes(report.json().encode())
    except OSError as error:
        if error.errno == errno.ENOSPC and error.filename is None:  # writing to an open file does not name it
            error.filename = str(out)
        raise


def _write(found: Iterable[Sample], folder: Path, report: Report) -> None:
    """Write images and metadata rows, a sub-folder for each split; a second sample of the same id is skipped."""
    ids: set[str] = set()
    places: set[str] = set()
    with ExitStack() as stack:
        files: dict[str, TextIO] = {}
        for sample in found:
            if sample.id in ids:
                report.skip("id seen before", sample.id)
                continue
            ids.add(sample.id)
            if sample.split not in files:
                files[sample.split] = stack.enter_context(_metadata(folder, sample.split))
            tally = report.splits.setdefault(sample.split, Tally())
            name = samples.place(tally.samples, sample.id, ".png")
            if f"{sample.split}/{name}".lower() in places:  # another id that differs only by case or punctuation
                name = samples.place(tally.samples, f"{sample.id}.{tally.samples}", ".png")
            places.add(f"{sample.split}/{name}".lower())
            path = folder / sample.split / name
            if tally.samples % samples.PER_FOLDER == 0:
                path.parent.mkdir(exist_ok=True)
            images.write(path, sample.image)
            files[sample.split].write(samples.dump(samples.record(sample, name)))
            tally.add(sample)


def _metadata(folder: Path, split: str) -> TextIO:
    """Open metadata.jsonl of a new split; its name becomes a folder and a split on the Hub, so it is checked."""
    if not re.fullmatch(r"\w+", split):
        raise DataError(f"split {split!r} is no name: use letters, digits and _ as in train, val, test1")
    (folder / split).mkdir()
    return (folder / split / samples.METADATA).open("w", encoding="utf-8", newline="\n")


def _table(report: Report) -> str:
    """The counts of each split as a Markdown table."""
    rows = [(split, report.splits[split]) for split in report.order()]
    lines = [f"| {split} | {t.samples:,} | {len(t.writers) or 'unknown'} | {t.characters:,} |" for split, t in rows]
    return "\n".join(["| split | images | writers | characters |", "|---|---:|---:|---:|", *lines])

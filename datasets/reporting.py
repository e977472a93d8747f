"""What a run kept, what it left out and why: counts on the screen and in the card, item by item in report.json."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

FIRST = ("train", "val", "test")  # the order of splits in card, report and summary; others follow by name


@dataclass(slots=True)
class Tally:
    """What one split holds: its samples or pages, the letters of their texts, and the writers where they are known."""

    samples: int = 0
    characters: int = 0
    writers: set[str] = field(default_factory=set)
    alphabet: set[str] = field(default_factory=set)

    def add(self, texts: Iterable[str], writer: str) -> None:
        """Count one sample with its text, or one page with the texts of its regions."""
        self.samples += 1
        for text in texts:
            self.characters += len(text)
            self.alphabet.update(text)
        if writer:
            self.writers.add(writer)

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
    """What a run kept, left out and found worth saying: `report.skip("no box", "b03-114-03-01")`.

    expected: how many items the recipe will name, where it knows before it begins; for the progress bar alone.
    """

    skipped: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    splits: dict[str, Tally] = field(default_factory=dict)
    expected: int | None = None

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
        skipped = self.ordered()
        content = {
            "splits": {split: self.splits[split].row() for split in self.order()},
            "notes": self.notes,
            "skipped": {reason: len(items) for reason, items in skipped.items()},
            "skipped_items": skipped,
        }
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"

    def summary(self, noun: str) -> str:
        """One line: `20 train, 3 val, 2 test words (5 skipped: 4 no box, 1 no ink; listed in report.json)`."""
        kept = ", ".join(f"{self.splits[split].samples:,} {split}" for split in self.order())
        total = sum(map(len, self.skipped.values()))
        return f"{kept} {noun}" + (f" ({total:,} skipped: {self.reasons()}; listed in report.json)" if total else "")

    def reasons(self) -> str:
        """How many were left out for each reason: `4 no box, 1 no ink`."""
        return ", ".join(f"{len(items):,} {reason}" for reason, items in self.ordered().items())

    def ordered(self) -> dict[str, list[str]]:
        """What was left out, the most frequent reason first."""
        return dict(sorted(self.skipped.items(), key=lambda item: (-len(item[1]), item[0])))

    def table(self, noun: str) -> str:
        """The counts of each split as a Markdown table."""
        rows = [(split, self.splits[split]) for split in self.order()]
        lines = [f"| {split} | {t.samples:,} | {len(t.writers) or 'unknown'} | {t.characters:,} |" for split, t in rows]
        return "\n".join([f"| split | {noun} | writers | characters |", "|---|---:|---:|---:|", *lines])

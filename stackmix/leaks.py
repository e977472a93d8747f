"""Leaks between data sets: what a model is tested on and has been trained on in another guise.

Looked for are the same pictures, to the pixel or nearly (whole pages only to the pixel); the same samples, pages and
writers; and letters that come from a test split, in a library or stacked into words. Two sides whose splits have one
role, train and train, may share pages and writers: that is told, and is no leak. The same picture in two folders is
one, unless both have it from the same page: words and lines of one data set share their one-word lines.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, NamedTuple

from stackmix.fingerprints import Fingerprint, fingerprint, pixel_hash
from stackmix.likeness import LEAST_INK, Prints, copies
from stackmix.sides import Origin, PageOf, Side
from stackmix.types import DataError, is_test

ROLES = ("train", "val", "test")
SHOWN = 3  # examples in a line
PAGE = Fingerprint.nothing()._replace(area=LEAST_INK)  # on the grid of a fingerprint one page looks like another


class Pair(NamedTuple):
    """One thing found on two sides: how each side calls it, and, of pictures, how alike they are."""

    first: str
    second: str
    likeness: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What two sides share. kind: picture, near picture, sample, page, writer or test letters. leak: whether it harms.

    note: what a reader should know beside the pairs.
    """

    kind: str
    first: str
    second: str
    leak: bool
    pairs: list[Pair]
    note: str = ""

    def line(self) -> str:
        """For people: "leak: a train and b test share 2 pages: iam a01-000u, iam a01-000x"."""
        shown = ", ".join(dict.fromkeys(_told(pair) for pair in self.pairs[:SHOWN]))
        more = f" and {len(self.pairs) - SHOWN:,} more" if len(self.pairs) > SHOWN else ""
        what = f"{len(self.pairs):,} {self.kind}{'' if len(self.pairs) == 1 else 's'}"
        note = f" ({self.note})" if self.note else ""
        return f"{'leak' if self.leak else 'shared'}: {self.first} and {self.second} share {what}{note}: {shown}{more}"

    def row(self) -> dict[str, Any]:
        """As the report file has it, with every pair."""
        pairs = [[p.first, p.second, *([round(p.likeness, 4)] if p.likeness is not None else [])] for p in self.pairs]
        return {"kind": self.kind, "leak": self.leak, "first": self.first, "second": self.second, "pairs": pairs}


def _told(pair: Pair) -> str:
    same = pair.first == pair.second
    return pair.first if same else f"{pair.first} = {pair.second}"


@dataclass(slots=True)
class Findings:
    """All that was found; faint: pictures of too little ink, twins: how many of them agree with one of another side."""

    found: list[Finding] = field(default_factory=list)
    stacked: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    faint: int = 0
    twins: int = 0

    @property
    def leaks(self) -> list[Finding]:
        """Those that harm."""
        return [finding for finding in self.found if finding.leak]

    def lines(self) -> list[str]:
        """For people: leaks, what is shared without harm, what stacked sets were made of, what was not compared."""
        ordered = sorted(self.found, key=lambda finding: not finding.leak)
        lines = [finding.line() for finding in ordered] + self.stacked
        if self.faint:
            why = f"have too little ink to tell a copy from a chance likeness (under {LEAST_INK} pixels)"
            agree = f"; {self.twins:,} of them are the same to the pixel as one of another side" if self.twins else ""
            lines.append(f"{self.faint:,} pictures {why} and are not counted{agree}")
        if self.broken:
            lines.append(f"{len(self.broken):,} pictures are broken or missing and were not compared: {self.broken[0]}")
        many = f"{len(self.leaks)} leak{'' if len(self.leaks) == 1 else 's'}" if self.leaks else "no leaks"
        return [*lines, many]

    def json(self) -> str:
        """The report file: every finding with every pair."""
        content = {
            "leaks": len(self.leaks),
            "findings": [finding.row() for finding in self.found],
            "stacked": self.stacked,
            "faint": {"pictures": self.faint, "the same to the pixel": self.twins},
            "broken": self.broken,
        }
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


class Seen(NamedTuple):
    """The pictures of a side: their fingerprints, and the numbers of those with the same pixels."""

    prints: Prints
    pixels: dict[bytes, list[int]]


def steps(sides: list[Side]) -> int:
    """How many pictures `find` looks at: each once, and again for every side that its side is compared with."""
    again = sum(len(_ordered(a, b)[1].items) for a, b in combinations(sides, 2) if _pictures_count(a, b))
    return sum(len(side.items) for side in sides) + again


def find(sides: list[Side], page_of: PageOf, tick: Callable[[int], object] = lambda n: None) -> Findings:
    """Compare every two sides. page_of(source, id): the page of a sample that names none itself, "" where it has none.

    tick(n) is called for every n of `steps` that are done.
    """
    page_of = _named_pages(sides, page_of)
    findings = Findings()
    looked = [_look(side, findings, tick) for side in sides]
    findings.found += [found for side in sides for found in _of_test(side)]
    seen = dict(zip(map(id, sides), looked, strict=True))
    for pair in combinations(sides, 2):
        first, second = _ordered(*pair)
        findings.found += _shared(first, second, page_of)
        if _pictures_count(first, second):
            found = _pictures(first, second, seen[id(first)], seen[id(second)], findings)
            findings.found += _judged(first, second, list(found), page_of)
            tick(len(second.items))
    findings.stacked = [_seen_by(side, sides, page_of) for side in sides if side.kind == "stacked"]
    return findings


def _named_pages(sides: list[Side], page_of: PageOf) -> PageOf:
    """The page that samples name themselves, also of letters that were cut from them; `page_of` of all others."""
    named = {item.origin: item.page for side in sides for item in side.items if item.page and item.named}
    return lambda source, id: named.get(Origin(source, id)) or page_of(source, id)


def _ordered(first: Side, second: Side) -> tuple[Side, Side]:
    """Two sides, the one that more depends on last: train, val, test."""
    return (first, second) if ROLES.index(first.role) <= ROLES.index(second.role) else (second, first)


def _look(side: Side, findings: Findings, tick: Callable[[int], object]) -> Seen:
    found: list[Fingerprint] = []
    pixels: dict[bytes, list[int]] = defaultdict(list)
    for number, item in enumerate(side.items):
        try:
            image = side.picture(number)
            found.append(fingerprint(image) if side.kind != "pages" else PAGE)
            pixels[pixel_hash(image)].append(number)
            findings.faint += found[-1].area < LEAST_INK
        except DataError as error:
            findings.broken.append(f"{side.name} {item.origin.id}: {error}")
            found.append(Fingerprint.nothing())
        tick(1)
    return Seen(Prints.of(found), pixels)


def _of_test(side: Side) -> Iterator[Finding]:
    """Letters of a test split: they must not be stacked, nor words stacked of them trained on."""
    split = side.made_from if side.kind == "stacked" else side.split if side.kind == "library" else ""
    if is_test(split):
        ids = sorted({origin.id for _, origin in side.samples()})
        yield Finding("test letters", side.name, f"the {split} split it was cut from", True, [Pair(i, i) for i in ids])


def _shared(first: Side, second: Side, page_of: PageOf) -> Iterator[Finding]:
    """The samples, pages and writers that two sides share."""
    leak = first.role != second.role
    note = "" if leak else f"both are for {first.role}"
    kinds: tuple[tuple[str, Callable[[Side], Iterable[tuple[int, Origin]]]], ...] = (
        ("sample", Side.samples),
        ("page", lambda side: _pages(side, page_of)),
        ("writer", Side.writers),
    )
    for kind, of in kinds:
        both = {origin for _, origin in of(first)} & {origin for _, origin in of(second)}
        if both:
            names = sorted(" ".join(filter(None, origin)) for origin in both)
            yield Finding(kind, first.name, second.name, leak, [Pair(name, name) for name in names], note)


def _pages(side: Side, page_of: PageOf) -> Iterator[tuple[int, Origin]]:
    for number, origin in side.samples():
        if page := page_of(origin.source, origin.id):
            yield number, Origin(origin.source, page)


def _pictures_count(first: Side, second: Side) -> bool:
    """Whether two sides' pictures are compared: a library's are those of the samples it was cut from."""
    return first.role != second.role or first.kind == second.kind in ("samples", "pages")


class Match(NamedTuple):
    """Picture `first` of one side and `second` of another are the same; exact: to the pixel."""

    first: int
    second: int
    likeness: float
    exact: bool


def _pictures(first: Side, second: Side, one: Seen, other: Seen, findings: Findings) -> Iterator[Match]:
    """The same and nearly the same pictures; for each of the second side its likest of the first."""
    known = set()
    for pixels in one.pixels.keys() & other.pixels.keys():
        for number in other.pixels[pixels]:
            known.add(number)
            if other.prints.areas[number] < LEAST_INK:
                findings.twins += 1
            else:
                yield Match(one.pixels[pixels][0], number, 1.0, True)
    for copy in copies(other.prints, one.prints, second.picture, first.picture):
        if copy.first not in known:
            yield Match(copy.second, copy.first, copy.likeness, False)


def _judged(first: Side, second: Side, found: list[Match], page_of: PageOf) -> Iterator[Finding]:
    """Findings of matches: those to the pixel and the others, those that harm and those from one page."""
    groups: dict[tuple[bool, bool], list[Pair]] = defaultdict(list)
    for match in found:
        origins = first.items[match.first].origin, second.items[match.second].origin
        pages = [Origin(origin.source, page_of(*origin)) for origin in origins]
        together = first.role == second.role and pages[0] == pages[1] and pages[0].id != ""
        groups[match.exact, not together].append(Pair(origins[0].id, origins[1].id, match.likeness))
    for (exact, leak), pairs in sorted(groups.items(), reverse=True):
        kind = "picture" if exact else "near picture"
        yield Finding(kind, first.name, second.name, leak, sorted(pairs), "" if leak else "of the same pages")


def _seen_by(side: Side, sides: list[Side], page_of: PageOf) -> str:
    """A line about where a stacked set's letters come from, and whether that touches a test split that is compared."""
    ids, pages = {o for _, o in side.samples()}, {o for _, o in _pages(side, page_of)}
    writers = {origin for _, origin in side.writers()}
    known = ("on", "pages", pages), ("by", "writers", writers)
    parts = [f"{len(ids) // max(1, len(side.sources)):,} samples"]
    parts += [f"{word} {len(found):,} {name}" for word, name, found in known if found]
    of = f"{', '.join(filter(None, side.sources)) or 'unnamed sources'}, {side.made_from} split"
    tests = [other for other in sides if other.role == "test" and other is not side]
    hit = (
        {o for other in tests for _, o in other.samples()} & ids,
        {o for t in tests for _, o in _pages(t, page_of)} & pages,
    )
    if not tests:
        verdict = "no test split is given to compare them with"
    elif any(hit):
        verdict = f"{len(hit[0]):,} of these samples and {len(hit[1]):,} of these pages are in a test split"
    else:
        verdict = f"none is in {', '.join(test.name for test in tests)}"
    return f"{side.name}: {len(side.items):,} samples stacked from {' '.join(parts)} of {of}; {verdict}"

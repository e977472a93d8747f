"""What is compared when leaks are looked for: one split of a sample or page folder or of a letter library, a side.

A sample of a side knows its page and its writer by the name of their data set, so that writer 000 of one is not writer
000 of another. A stacked sample also knows the samples that its letters were cut from, by its `pieces`.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from stackmix import images, pages, samples
from stackmix.library import FILE
from stackmix.types import DataError, Image, is_test

RUN = "run.json"  # as generating.py writes it
VALIDATION = ("val", "valid", "validation", "dev")
NEEDED = ("id", "image", "writer", "source", "split")
PageOf = Callable[[str, str], str]


class Origin(NamedTuple):
    """A sample by its data set's name and its id in it: `Origin("iam", "a01-000u-00-00")`."""

    source: str
    id: str


class Item(NamedTuple):
    """A sample of a side: itself, its writer, "" where unknown, and the samples and writers its pieces come from.

    named: its id is its own, not its file's name, which another split or folder may use as well. page: its id,
    "" where unknown.
    """

    origin: Origin
    writer: str
    pieces: tuple[tuple[str, str], ...] = ()
    named: bool = True
    page: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """One split. kind: samples, stacked, library or pages.

    sources: data sets that its letters come from; empty for samples.
    made_from: the split of the library that it was stacked from, "" for others. picture: opens the picture of item i.
    """

    path: str
    split: str
    kind: str
    items: list[Item]
    picture: Callable[[int], Image]
    sources: tuple[str, ...] = ()
    made_from: str = ""

    @property
    def name(self) -> str:
        """How it is called in a report: "samples/iam train"."""
        return f"{self.path} {self.split}"

    @property
    def role(self) -> str:
        """What the split is for: test, val, or train, which is any other."""
        if is_test(self.split):
            return "test"
        return "val" if self.split.casefold() in VALIDATION else "train"

    def samples(self) -> Iterator[tuple[int, Origin]]:
        """Each item's number with every sample that went into it: its pieces' or itself."""
        for number, item in enumerate(self.items):
            if self.kind != "stacked" and item.named:
                yield number, item.origin
            for id, _ in item.pieces:
                yield from ((number, Origin(source, id)) for source in self.sources)

    def writers(self) -> Iterator[tuple[int, Origin]]:
        """Each item's number with every known writer in it; a library of several data sets doesn't say whose."""
        for number, item in enumerate(self.items):
            if self.kind != "stacked" and item.writer:
                yield number, Origin(item.origin.source, item.writer)
            if len(self.sources) == 1:
                yield from ((number, Origin(self.sources[0], writer)) for _, writer in item.pieces if writer)


def sides_of(path: Path) -> list[Side]:
    """The sides of a letter library, a sample folder or a page folder; DataError where it is none of them."""
    if (path / FILE).is_file():
        return [_library(path)]
    if any(path.glob(f"{pages.PREFIX}*.json")):
        return [_of_pages(path, split) for split in pages.splits_of(path)]
    about = _run(path / RUN)
    return [_split(path, split, about) for split in samples.splits_of(path)]


def _run(path: Path) -> dict[str, Any]:
    """What a run says of its library: {"split": "train", "sources": ["iam"]}; {} where nothing was stacked."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))["library"]
        return {"split": str(about["split"]), "sources": tuple(map(str, about["sources"]))}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} is no account of a run ({error!r}): generate the set again, or remove the file"
        ) from None


def _split(path: Path, split: str, about: dict[str, Any]) -> Side:
    rows = samples.rows(path, split)
    stacked = bool(about) or any(row.get("pieces") for row in rows[:1])
    return Side(
        str(path),
        split,
        "stacked" if stacked else "samples",
        [_item(row) for row in rows],
        lambda i: samples.load(path, split, rows[i]).image,
        # without its run a stacked set doesn't say where its letters come from, only their ids
        about.get("sources", ("",)) if stacked else (),
        about.get("split", split) if stacked else "",
    )


def _of_pages(path: Path, split: str) -> Side:
    """Whole pages; each is its own page, which words and lines may have been cut from."""
    rows = [row._replace(regions=()) for row in pages.annotations(path / f"{pages.PREFIX}{split}.json")]
    items = [Item(Origin(row.source, row.id), row.writer, page=row.id) for row in rows]
    return Side(str(path), split, "pages", items, lambda i: pages.picture(path, rows[i].name))


def _item(row: dict[str, Any]) -> Item:
    origin = Origin(row.get("source") or "", row.get("id") or Path(row["file_name"]).stem)
    pieces = tuple(dict.fromkeys((str(piece["id"]), str(piece.get("writer", ""))) for piece in row.get("pieces") or ()))
    return Item(origin, row.get("writer") or "", pieces, bool(row.get("id")), str(row.get("page") or ""))


def _library(path: Path) -> Side:
    try:
        table = pq.read_table(path / FILE, columns=list(NEEDED))
        columns = {name: table[name].to_pylist() for name in NEEDED}
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path / FILE} is no letter library: {error}") from None
    rows = zip(columns["source"], columns["id"], columns["writer"], strict=True)
    items = [Item(Origin(source, id), writer) for source, id, writer in rows]
    pictures, splits = columns["image"], sorted(set(columns["split"]))
    if len(splits) != 1:
        raise DataError(f"{path / FILE} holds {len(splits)} splits: a library holds one, cut it again")
    sources = tuple(sorted(set(columns["source"])))
    return Side(str(path), splits[0], "library", items, lambda i: images.decode(pictures[i]), sources)

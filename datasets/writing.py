"""The two kinds of folder that a recipe's finds are written into, sample by sample or page by page."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np

from stackmix import images, pages, samples
from stackmix.datasets.decoding import Item, Left, Opened, Sheet, Work, opened, placed
from stackmix.types import DataError, Image, Page, Sample

NONE: Image = np.zeros((0, 0), np.uint8)


class Encoded(NamedTuple):
    """A sample or page ready to be written. found: without its pixels. data: None where it was written before.

    length: bytes of its file. size: (width, height) of its source before `top` rows were cut off above.
    """

    found: Sample | Page
    suffix: str
    data: bytes | None
    length: int
    size: tuple[int, int]
    top: int

    def line(self) -> tuple[str | int, ...]:
        """What a journal keeps of it."""
        return (self.found.id, self.suffix, self.length, *self.size, self.top)


def encoded(done: Opened) -> Encoded:
    """The file of a decoded entry: its own bytes, or a PNG."""
    height, width = done.found.image.shape[:2]
    suffix = images.suffix_of(done.data) if done.data is not None else ".png"
    data = images.encode(done.found.image) if done.data is None else done.data
    return Encoded(replace(done.found, image=NONE), suffix, data, len(data), (width, height + done.top), done.top)


def again(entry: Work, line: tuple) -> Encoded | Left:
    """What `encoded` and a journal's line made of an entry in an earlier run."""
    if len(line) == 1:
        return Left(line[0], entry.id)
    suffix, length, width, height, top = line
    found: Sample | Page
    if isinstance(entry, Sheet):
        regions = placed(entry, (width, height), top)
        found = Page(NONE, regions, entry.id, entry.writer, entry.source, entry.split)
    elif isinstance(entry, Item):
        found = entry.sample(NONE)
    else:
        found = replace(entry, image=NONE)
    return Encoded(found, suffix, None, length, (width, height), top)


@dataclass
class Target:
    """A folder that grows; files that it holds open are closed by the stack."""

    folder: Path
    stack: ExitStack

    def __post_init__(self) -> None:
        self.taken: set[str] = set()

    def split(self, name: str) -> None:
        """Check the name of a new split, which becomes a folder or a file and a split on the Hub."""
        if not re.fullmatch(r"\w+", name):
            raise DataError(f"split {name!r} is no name: use letters, digits and _ as in train, val, test1")

    def rows(self, path: Path) -> TextIO:
        """A file that takes a row a line."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return self.stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))

    def save(self, path: Path, done: Encoded, entry: Work | None) -> None:
        """Write the file of an entry, unless an earlier run did; one that is not whole is made again."""
        if done.data is None and entry is not None and not (path.is_file() and path.stat().st_size == done.length):
            (result,) = opened([entry], encoded)
            assert isinstance(result, Encoded)
            done = result
        if done.data is not None:
            write_file(path, done.data)


def write_file(path: Path, data: bytes) -> None:
    """Write one picture; its folder is made with the first."""
    try:
        path.write_bytes(data)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


class SampleFolder(Target):
    """`<split>/metadata.jsonl` beside the images, as `stackmix.samples` reads it."""

    noun = "images"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.files: dict[str, TextIO] = {}

    def add(self, done: Encoded, index: int, entry: Work | None) -> None:
        """Write sample `index` of its split; names that differ only by case or punctuation are kept apart."""
        sample = done.found
        assert isinstance(sample, Sample), "a recipe finds samples or pages, not both"
        if sample.split not in self.files:
            self.split(sample.split)
            self.files[sample.split] = self.rows(self.folder / sample.split / samples.METADATA)
        name = samples.place(index, sample.id, done.suffix)
        if f"{sample.split}/{name}".lower() in self.taken:
            name = samples.place(index, f"{sample.id[:80]}.{index}", done.suffix)
        self.taken.add(f"{sample.split}/{name}".lower())
        self.save(self.folder / sample.split / name, done, entry)
        self.files[sample.split].write(samples.dump(samples.record(sample, name)))

    def finish(self) -> None:
        """Nothing is left to do: the rows are whole."""


class PageFolder(Target):
    """`images/` and `annotations_<split>.json`, as `stackmix.pages` reads it; rows wait in files of their own."""

    noun = "pages"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.files: dict[str, tuple[TextIO, TextIO]] = {}
        self.regions: dict[str, int] = {}

    def add(self, done: Encoded, index: int, entry: Work | None) -> None:
        """Write page `index` of its split and the rows of its regions."""
        page = done.found
        assert isinstance(page, Page), "a recipe finds samples or pages, not both"
        if page.split not in self.files:
            self.split(page.split)
            kinds = (self.folder / f"{page.split}.{kind}.rows" for kind in ("images", "annotations"))
            self.files[page.split] = (self.rows(next(kinds)), self.rows(next(kinds)))
            self.regions[page.split] = 0
        name = f"{samples.safe(page.id)}{done.suffix}"
        if name.lower() in self.taken:
            name = f"{samples.safe(page.id[:80])}.{page.split}{index}{done.suffix}"
        self.taken.add(name.lower())
        self.save(self.folder / pages.IMAGES / name, done, entry)
        size = (done.size[0], done.size[1] - done.top)
        image_rows, region_rows = self.files[page.split]
        image_rows.write(pages.image_row(index, name, size, page.id, page.writer, page.source) + "\n")
        for region in page.regions:
            region_rows.write(pages.region_row(self.regions[page.split], index, region) + "\n")
            self.regions[page.split] += 1

    def finish(self) -> None:
        """Join the rows of each split into its annotation file."""
        for split, files in self.files.items():
            for file in files:
                file.close()
            paths = [Path(file.name) for file in files]
            with (self.folder / f"{pages.PREFIX}{split}.json").open("w", encoding="utf-8", newline="\n") as out:
                out.writelines(pages.document(*map(_lines, paths)))
            for path in paths:
                path.unlink()


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield line.rstrip("\n")

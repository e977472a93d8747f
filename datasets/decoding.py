"""Items in, samples out, in order: a recipe names what there is, two threads read, decode and cut it.

    Item(store, "words/a01.png", "Labour", "a01")                      a whole file
    Item(store, "forms/a01-000u.png", "Labour", "a01-000u-01-03", polygon)   a part of a page

A recipe is a generator of such entries and of `Left`, what it leaves out. OpenCV works outside Python's lock, so
threads are enough. Words of one page that follow each other share one decoding; the pictures in flight are bounded by
the size of their files, so that large ones don't add up.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from stackmix import images
from stackmix.datasets import cropping
from stackmix.datasets.reporting import Report
from stackmix.datasets.storage import Store
from stackmix.types import DataError, Image, Page, Region, Sample

WORKERS = 2
AHEAD = 2 * WORKERS  # groups that wait to be taken
GROUP, GROUP_BYTES = 32, 1 << 18  # entries, and bytes of their files, that are handed to a worker at once
PRINTED = 0.001  # share of dark pixels that is a printed text rather than specks
STRETCH = 0.02  # by which a page's width and height may be scaled differently from what its annotation says


@dataclass(frozen=True, slots=True)
class Item:
    """A word or line that a list names. polygon: (N, 2) on the picture, None for the whole of it.

    size: (width, height) of the picture that the polygon was drawn on, 0 where it is not said. grey: as it is wanted.
    page: as in `Sample`.
    """

    store: Store
    name: str
    text: str
    id: str
    polygon: NDArray[np.float32] | None = None
    writer: str = ""
    source: str = ""
    split: str = "train"
    size: tuple[int, int] = (0, 0)
    grey: bool = False
    borders: NDArray[np.int32] | None = None
    scores: NDArray[np.float32] | None = None
    page: str = ""

    def sample(self, image: Image) -> Sample:
        """The sample that it is once its picture is there."""
        facts = (self.text, self.id, self.writer, self.source, self.split, self.borders, self.scores)
        return Sample(image, *facts, page=self.page)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole page that a list names. size: as in `Item`. headed: what lies above the first region is cut off."""

    store: Store
    name: str
    regions: tuple[Region, ...]
    id: str
    writer: str = ""
    source: str = ""
    split: str = "train"
    size: tuple[int, int] = (0, 0)
    headed: bool = False


class Left(NamedTuple):
    """An entry that is left out, and the reason."""

    reason: str
    id: str


class Known(NamedTuple):
    """An entry that an earlier run has dealt with, and what became of it; it passes through unopened."""

    entry: "Work | Left"
    outcome: tuple


class Opened(NamedTuple):
    """A decoded entry. data: the file's own bytes, where the sample or page is all of it just as it is, or None.

    top: rows of a page's picture that were cut off above.
    """

    found: Sample | Page
    data: bytes | None
    top: int = 0


Work = Item | Sheet | Sample  # what there is to open
Entry = Work | Left
Result = TypeVar("Result")


def read(found: Iterable[Entry], report: Report | None = None) -> Iterator[Sample]:
    """Yield the samples of a recipe in its order; what is left out goes into the report."""
    for sample in _kept(found, report):
        assert isinstance(sample, Sample)
        yield sample


def read_pages(found: Iterable[Entry], report: Report | None = None) -> Iterator[Page]:
    """Yield the pages of a recipe in its order; what is left out goes into the report."""
    for page in _kept(found, report):
        assert isinstance(page, Page)
        yield page


def _kept(found: Iterable[Entry], report: Report | None) -> Iterator[Sample | Page]:
    for result in opened(found, lambda done: done.found):
        if isinstance(result, Sample | Page):
            yield result
        elif isinstance(result, Left) and report is not None:
            report.skip(*result)


def opened(
    found: Iterable[Entry | Known], finish: Callable[[Opened], Result], workers: int = WORKERS
) -> Iterator[Result | Left | Known]:
    """Yield finish(opened entry), done by the workers too, or why the entry is left out, in the order of `found`."""
    waiting: deque[Future[list]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for group in _groups(found):
                waiting.append(pool.submit(_open_all, group, finish))
                if len(waiting) > AHEAD:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _groups(found: Iterable[Entry | Known]) -> Iterator[list[Entry | Known]]:
    """Runs of entries, closed before a file that would make them too large; parts of one file stay together."""
    group: list[Entry | Known] = []
    before, held = None, 0
    for entry in found:
        file = (entry.store, entry.name) if isinstance(entry, Item | Sheet) else None
        if file is None or file != before:
            weight = file[0].size(file[1]) if file else 0
            if group and (len(group) >= GROUP or held + weight > GROUP_BYTES):
                yield group
                group, held = [], 0
            held += weight
        before = file
        group.append(entry)
    if group:
        yield group


def _open_all(group: list[Entry | Known], finish: Callable[[Opened], Result]) -> list[Result | Left | Known]:
    """Open the entries of a group; a file is decoded once for all entries in a row that lie on it."""
    done: list[Result | Left | Known] = []
    file = _File()
    for entry in group:
        if isinstance(entry, Left | Known):
            done.append(entry)
            continue
        opened = Opened(entry, None) if isinstance(entry, Sample) else file.open(entry)
        done.append(opened if isinstance(opened, Left) else finish(opened))
    return done


class _File:
    """The picture that was decoded last."""

    def __init__(self) -> None:
        self.key: tuple[Store, str] | None = None
        self.data, self.image, self.reason = b"", np.zeros((0, 0), np.uint8), ""

    def open(self, entry: Item | Sheet) -> Opened | Left:
        if self.key != (entry.store, entry.name):
            self.key = (entry.store, entry.name)
            self._load(entry)
        if self.reason:
            return Left(self.reason, entry.id)
        try:
            return _item(entry, self) if isinstance(entry, Item) else _sheet(entry, self)
        except DataError as error:
            return Left(str(error), entry.id)

    def _load(self, entry: Item | Sheet) -> None:
        self.reason = ""
        try:
            self.data = entry.store.read(entry.name)
            self.image = images.decode(self.data)
            if _lying(self.image, entry.size):  # the annotation's author saw it as the camera stored it
                self.image = images.decode(self.data, upright=False)
        except images.TooLarge:
            self.reason = "image over the limit of pixels"
        except FileNotFoundError:
            self.reason = "missing image"
        except (DataError, OSError):
            self.reason = "broken image"

    def own(self, image: Image) -> bytes | None:
        """The bytes of the file, if they are this very picture for every program."""
        return self.data if image is self.image and images.suffix_of(self.data) else None


def _lying(image: Image, size: tuple[int, int]) -> bool:
    return size[0] != size[1] and image.shape[:2] == size


def _item(item: Item, file: _File) -> Opened:
    """Cut, convert and check one word or line; DataError says in few words why it is no sample."""
    image = file.image
    if item.polygon is not None:
        image = cropping.cut(image, item.polygon * _scale(image.shape[1::-1], item.size))
    if not image.size:
        raise DataError("no box")
    if item.grey and image.ndim == 3:
        image = images.grey(image)
    if image.min() == image.max():
        raise DataError("no ink")
    whole = file.own(image)
    if whole is None and image.base is not None:  # a view would keep its page in memory
        image = image.copy()
    return Opened(item.sample(image), whole)


def _sheet(sheet: Sheet, file: _File) -> Opened:
    """One page with its regions in the pixels of its picture."""
    image = file.image
    top = _head(image, placed(sheet, image.shape[1::-1], 0)) if sheet.headed else 0
    regions = placed(sheet, image.shape[1::-1], top)
    image = image[top:].copy() if top else image
    page = Page(image, regions, sheet.id, sheet.writer, sheet.source, sheet.split)
    return Opened(page, file.own(image), top)


def placed(sheet: Sheet, size: tuple[int, ...], top: int) -> tuple[Region, ...]:
    """The regions of a sheet on its picture of (width, height) `size`, of which `top` rows are cut off above."""
    scale, up = _scale(size, sheet.size), np.array([0, top], np.float32)
    return tuple(replace(region, polygon=region.polygon * scale - up) for region in sheet.regions)


def _scale(actual: tuple[int, ...], said: tuple[int, int]) -> NDArray[np.float32]:
    """What to multiply polygons with that were drawn on a picture of the size said; (2,), 1 where it is not said."""
    if 0 in said:
        return np.ones(2, np.float32)
    scale = np.divide(actual, said).astype(np.float32)
    if abs(scale[0] / scale[1] - 1) > STRETCH:
        raise DataError("image of another shape than annotated")
    return scale


def _head(image: Image, regions: tuple[Region, ...], margin: int = 10) -> int:
    """The row above the first region, if there is print over it, as on IAM's forms; 0 otherwise, also for specks."""
    top = max(0, int(min((region.polygon[:, 1].min() for region in regions), default=0)) - margin)
    return top if top and (images.grey(image[:top]) < 128).mean() > PRINTED else 0

"""Write made pages as a page folder (`stackmix.pages`), chunk by chunk, with any number of workers, resumable.

    made/images/00000000.jpg
    made/annotations_train.json     COCO in the school notebooks' own form, named after the library's split
    made/run.json                   all that the bytes depend on
    made/README.md

A chunk counts as done when the file with its regions stands under its final name; the annotation file is put together
from them at the end.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import stackmix
from stackmix import generating, images, pages, samples
from stackmix.generating import RUN, SUFFIX
from stackmix.library import LetterLibrary
from stackmix.page_making import PageMaker, PageOrder
from stackmix.staging import whole_folder, write_whole
from stackmix.types import Page, Region

CHUNK = 10  # pages
CHUNKS = "chunks"


class PageFolder:
    """Where the pages of a run lie while it goes on."""

    def __init__(self, folder: Path, total: int) -> None:
        self.folder, self.total, self.chunk = folder, total, CHUNK
        self.chunks = -(-total // CHUNK)

    def numbers(self, chunk: int) -> range:
        """The pages of a chunk."""
        return range(chunk * self.chunk, min((chunk + 1) * self.chunk, self.total))

    def is_done(self, chunk: int) -> bool:
        return self._part(chunk).exists()

    def write(self, chunk: int, found: list[tuple[Page, bytes]]) -> None:
        """Write the pictures of a chunk, then its regions."""
        (self.folder / pages.IMAGES).mkdir(parents=True, exist_ok=True)
        lines = []
        for page, data in found:
            (self.folder / pages.IMAGES / f"{page.id}{SUFFIX}").write_bytes(data)
            lines.append(json.dumps(_kept(page), ensure_ascii=False) + "\n")
        write_whole(self._part(chunk), "".join(lines).encode())

    def finish(self, split: str) -> None:
        """Put the annotation file together."""
        text = pages.document(self._image_rows(), self._region_rows())
        write_whole(self.folder / f"{pages.PREFIX}{split}.json", "".join(text).encode())

    def tidy(self) -> None:
        """Remove what only served to resume: the very last step."""
        shutil.rmtree(self.folder / CHUNKS)

    def _part(self, chunk: int) -> Path:
        return self.folder / CHUNKS / f"{chunk:06d}.jsonl"

    def _rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        lines = (line for k in range(self.chunks) for line in self._part(k).read_text(encoding="utf-8").splitlines())
        return enumerate(map(json.loads, lines))

    def _image_rows(self) -> Iterator[str]:
        for number, row in self._rows():
            yield pages.image_row(number, f"{row['id']}{SUFFIX}", row["size"], row["id"], row["writer"], row["source"])

    def _region_rows(self) -> Iterator[str]:
        count = 0
        for number, row in self._rows():
            for polygon, *rest in row["regions"]:
                yield pages.region_row(count, number, Region(np.array(polygon, np.float32), *rest))
                count += 1


def _kept(page: Page) -> dict[str, Any]:
    """A page without its pixels."""
    regions = [(np.round(r.polygon, 2).tolist(), r.text, r.category, r.line) for r in page.regions]
    size = page.image.shape[1::-1]
    return {"id": page.id, "writer": page.writer, "source": page.source, "size": size, "regions": regions}


class PageWriter:
    """Makes whole chunks of pages; the library is opened where it is not given."""

    def __init__(self, order: PageOrder, library: LetterLibrary | None = None) -> None:
        self.maker = PageMaker(order, library or generating.open_library(order.library, order.rejects))

    def chunk(self, target: PageFolder, number: int) -> int:
        """Write one chunk of pages; returns their number."""
        found = []
        for i in target.numbers(number):
            page, quality = self.maker.make(i)
            found.append((page, images.encode(page.image, SUFFIX, quality)))
        target.write(number, found)
        return len(found)


def generate(
    order: PageOrder,
    out: Path,
    *,
    library: LetterLibrary,
    workers: int = 1,
    resume: bool = False,
    tick: Callable[[int], None],
) -> None:
    """Make the pages of an order in the folder `out`; `tick(n)` is called for every n pages that are done.

    library: the order's, without its rejects; each further worker opens it for itself. Raises DataError where `out`
    exists, where resume finds a run of other options, or for letters of a test split.
    """
    generating.refuse_test(library, order.library)
    about = manifest(order, library)
    with whole_folder(out, resumable=True, resume=resume) as folder:
        generating.agree(folder / RUN, about)
        target = PageFolder(folder, order.total)
        todo = [k for k in range(target.chunks) if not target.is_done(k)]
        tick(order.total - sum(len(target.numbers(k)) for k in todo))
        for done in generating.run(PageWriter, order, library, target, todo, workers):
            tick(done)
        target.finish(library.split)
        _write_card(order, folder, about)
        target.tidy()


def manifest(order: PageOrder, library: LetterLibrary) -> dict[str, Any]:
    """All that the bytes of a run depend on, and what became of the corpus."""
    marks = order.marks
    return {
        "stackmix": stackmix.__version__,
        **generating.provenance(order.library, library, order.corpus),
        "unit": "page",
        "seed": order.seed,
        "temperature": order.temperature,
        "paper": list(order.kinds),
        "ink": list(order.inks),
        "count": order.total,
        **generating.left_out(order.corpus, order.rejects),
        "marks": {"strikes": marks.strikes, "teacher": marks.teacher} if marks else None,
    }


def _write_card(order: PageOrder, folder: Path, about: dict[str, Any]) -> None:
    body = (
        f"{order.total} photographed notebook pages, made by stackmix {stackmix.__version__} with seed {order.seed} "
        f"out of letters of {', '.join(about['library']['sources'])} ({about['library']['split']} split). They "
        f"are read like the school notebooks. All options stand in `{RUN}`."
    )
    write_whole(folder / "README.md", samples.card("Made notebook pages", [], body).encode())

"""Files and folders of pages read one after the other and written down, so that an interrupted run can go on.

    pages.json        grows as `pages.json.rows`, a page a line
    a folder          `out.partial/photo.page.xml`, `photo.html`, ...: each file appears when it is whole

Pages are decoded upright, read a few at a time, and forgotten; a page that cannot be read is named and left out. What
is held at once is bounded in pixels, which a header tells before anything is decoded.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from stackmix import headers, images, results
from stackmix.datasets.storage import Folder, is_picture
from stackmix.staging import whole_folder, write_whole
from stackmix.train.pages import PageReader
from stackmix.types import DataError, Image, Page

TOGETHER = 4  # pages whose words are read at once
MOST_PIXELS = 60_000_000  # of a page, and of pages read at once: A4 at 600 dpi has 35 million, a phone's photo 12


class Source(NamedTuple):
    """A page's file, and its name in the results: the file's name, or its path in the folder that was given."""

    path: Path
    name: str


def sources(given: list[Path]) -> list[Source]:
    """The pictures given, and those in folders, in order; DataError where one is missing or two share a name."""
    found: list[Source] = []
    for path in given:
        if path.is_dir():
            found += [Source(path / name, name) for name in Folder(path).names()]
        elif path.is_file() and is_picture(path.name):
            found.append(Source(path, path.name))
        else:
            raise DataError(f"{path} is no picture and no folder of pictures")
    if not found:
        raise DataError(f"{', '.join(map(str, given))}: no pictures in there")
    names: dict[str, Path] = {}
    for source in found:
        key = str(Path(source.name).with_suffix("")).casefold()
        if key in names:
            raise DataError(f"{names[key]} and {source.path} would have one name in the results: read them apart")
        names[key] = source.path
    return found


def recognize(
    reader: PageReader,
    pages: list[Source],
    out: Path,
    forms: tuple[str, ...],
    *,
    resume: bool,
    tick: Callable[[int], object],
) -> dict[str, str]:
    """Read pages into `out`: one JSON for all where that is the only form, else a folder with a file a page and form.

    tick: told of pages done. Returns why pages were left out, by name. Raises DataError where none could be read.
    """
    skipped: dict[str, str] = {}
    if forms == (results.JSON,):
        rows = _rows_of(out, resume)
        _add_rows(reader, pages, rows, tick, skipped)
        check(pages, skipped)
        write_whole(out, "".join(results.document(_read_rows(rows))).encode())
        rows.unlink()
        return skipped
    with whole_folder(out, resumable=True, resume=resume) as folder:
        left = [page for page in pages if not all(_place(folder, page, form).exists() for form in forms)]
        tick(len(pages) - len(left))
        for page, read in read_pages(reader, left, tick, skipped):
            for form in forms:
                write_whole(_place(folder, page, form), _made(read, form))
            del read  # its picture goes before the next one is decoded
        check(pages, skipped)
    return skipped


def recognize_one(reader: PageReader, page: Source, out: Path, form: str) -> None:
    """Read one page into the file `out`; DataError where it cannot be read, or `out` exists."""
    if out.exists():
        raise DataError(f"{out} exists already: choose another --out or remove it")
    try:
        image = _open(page.path)
    except DataError as error:
        raise DataError(f"{page.path}: {error}") from None
    write_whole(out, _made(reader(image, page.name), form))


def _rows_of(out: Path, resume: bool) -> Path:
    """The file that a JSON grows in; DataError where one of an interrupted run lies there and is not gone on with."""
    rows = out.with_name(out.name + ".rows")
    if out.exists():
        raise DataError(f"{out} exists already: choose another --out or remove it")
    if rows.exists() and not resume:
        raise DataError(f"{rows} holds an interrupted run: add --resume to go on with it, or remove it")
    rows.parent.mkdir(parents=True, exist_ok=True)
    return rows


def check(pages: list[Source], skipped: dict[str, str]) -> None:
    """DataError where not one of the pages could be read."""
    if len(skipped) == len(pages):
        name, reason = next(iter(skipped.items()))
        more = f" (and {len(skipped) - 1} more)" if len(skipped) > 1 else ""
        raise DataError(f"{name}: {reason}{more}")


def _made(page: Page, form: str) -> bytes:
    return (
        "".join(results.document([results.row(page)])).encode() if form == results.JSON else results.FORMS[form](page)
    )


def _place(folder: Path, page: Source, form: str) -> Path:
    return folder / Path(page.name).with_suffix(form)


def _add_rows(
    reader: PageReader, pages: list[Source], path: Path, tick: Callable[[int], object], skipped: dict[str, str]
) -> None:
    """Append the row of every page that has none yet."""
    done = dict(_read_rows(path)) if path.exists() else {}
    with path.open("wb") as file:
        for row in done.items():
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        tick(sum(page.name in done for page in pages))
        for _, read in read_pages(reader, [page for page in pages if page.name not in done], tick, skipped):
            file.write(json.dumps(results.row(read), ensure_ascii=False).encode() + b"\n")
            file.flush()
            del read  # its picture goes before the next one is decoded


def _read_rows(path: Path) -> Iterator[tuple[str, dict]]:
    """The rows of a run, without a torn last line."""
    for line in path.read_bytes().rpartition(b"\n")[0].splitlines():
        name, found = json.loads(line)
        yield name, found


def read_pages(
    reader: PageReader, pages: list[Source], tick: Callable[[int], object], skipped: dict[str, str]
) -> Iterator[tuple[Source, Page]]:
    """The pages that could be read, a few at a time; the others are named in `skipped`."""
    for group in _groups(pages):
        yield from _read_group(reader, group, skipped)  # whose pictures are gone before the next ones are decoded
        tick(len(group))


def _groups(pages: list[Source]) -> Iterator[list[Source]]:
    """Pages to be read at once, in order: at most TOGETHER, and more than one only within MOST_PIXELS."""
    group, held = list[Source](), 0
    for page in pages:
        count = _pixels(page.path)
        if group and (len(group) == TOGETHER or held + count > MOST_PIXELS):
            yield group
            group, held = [], 0
        group.append(page)
        held += count
    if group:
        yield group


def _pixels(path: Path) -> int:
    """What a page's header says, 0 where there is none to read; `_open` says why."""
    try:
        header = headers.look(path.read_bytes())
    except OSError:
        return 0
    return header.width * header.height


def _read_group(reader: PageReader, group: list[Source], skipped: dict[str, str]) -> Iterator[tuple[Source, Page]]:
    opened: list[tuple[Source, Image]] = []
    for page in group:
        try:
            opened.append((page, _open(page.path)))
        except (DataError, OSError) as error:
            skipped[page.name] = str(error).removeprefix(f"{page.path}: ")
    read = reader.read([(page.name, image) for page, image in opened])
    yield from zip([page for page, _ in opened], read, strict=True)


def _open(path: Path) -> Image:
    """A page, upright; DataError for one that is broken or over MOST_PIXELS, before it is decoded."""
    data = path.read_bytes()
    header = headers.look(data)
    if (count := header.width * header.height) > MOST_PIXELS:
        raise DataError(f"{count:,} pixels are over {MOST_PIXELS:,}: scale the page down")
    return images.decode(data)

"""Write what a recipe finds into a sample folder or a page folder, with a card for people and a report of the rest.

    samples/iam/README.md            the splits by name, their counts, where they come from
    samples/iam/report.json          {"splits": {"train": {"samples": 20, ...}}, "skipped": {"no box": 1}, ...}
    samples/iam/train/metadata.jsonl, samples/iam/train/0000/a01-000u-00-00.png
    pages/iam/images/a01-000u.png, pages/iam/annotations_train.json, README.md, report.json

A file that is a sample or page just as it is, is copied byte for byte; everything else becomes PNG. Nothing grows in
memory but the names: entries are decoded and encoded by two threads, written in order, and forgotten.
"""

import errno
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tqdm import tqdm

from stackmix import samples
from stackmix.datasets.decoding import Entry, Known, Left, Work, opened
from stackmix.datasets.journal import FILE, Journal
from stackmix.datasets.reporting import Report, Tally
from stackmix.datasets.writing import Encoded, PageFolder, SampleFolder, again, encoded
from stackmix.staging import whole_folder
from stackmix.types import DataError, Page, Sample


def prepare(
    found: Iterable[Entry],
    out: Path,
    *,
    title: str,
    body: str,
    report: Report,
    licence: str | None = None,
    progress: bool = False,
    resume: bool = False,
    order: dict[str, Any] | None = None,
) -> None:
    """Write every entry of `found` into the folder `out`, which appears only when it is whole.

    found: `Item`s or `Sample`s make a sample folder, `Sheet`s a page folder. body: the card's text about source and
    licence. report: the one the recipe skips into; counts are added to it. order: all that the bytes depend on; an
    interrupted run stays in `OUT.partial` and is resumed only by the same. Raises DataError where `out` exists or
    nothing is left to write, OSError naming `out` where the disk is full.
    """
    try:
        with whole_folder(out, resumable=True, resume=resume) as folder:
            journal = Journal(folder, order or {})
            try:
                bar = tqdm(found, desc=out.name, unit=" images", mininterval=0.5, disable=not progress)
                noun = _write(_counted(bar, report), folder, journal, report)
                if not report.splits:
                    raise DataError(f"{out}: nothing is left to write (skipped: {report.reasons() or 'nothing'})")
            except BaseException as error:
                journal.close()
                if isinstance(error, DataError) or not journal.count + len(journal.lines):
                    _empty(folder)  # nobody can go on with a run whose data is bad, or that has not begun
                raise
            text = "\n\n".join([report.table(noun), *report.notes, body.strip()])
            card = samples.card(title, report.order() if noun == SampleFolder.noun else [], text, licence)
            (folder / "README.md").write_bytes(card.encode())
            (folder / "report.json").write_bytes(report.json().encode())
            journal.close()
            (folder / FILE).unlink()
    except OSError as error:
        if error.errno == errno.ENOSPC and error.filename is None:  # writing to an open file does not name it
            error.filename = str(out)
        raise


def _counted(bar: tqdm, report: Report) -> Iterator[Entry]:
    """The entries behind a progress bar, which learns their number when the recipe does."""
    for entry in bar:
        bar.total = bar.total or report.expected
        yield entry


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _write(found: Iterable[Entry], folder: Path, journal: Journal, report: Report) -> str:
    """Write all entries; the first that is kept says whether they are samples or pages. What to call them."""
    target: SampleFolder | PageFolder | None = None
    ids: set[str] = set()
    with ExitStack() as stack:
        for entry, done in _results(found, journal, report):
            if isinstance(done, Left):
                report.skip(*done)
            elif done.found.id in ids:
                report.skip("id seen before", done.found.id)
            else:
                ids.add(done.found.id)
                target = target or _target(done, folder, stack)
                tally = report.splits.setdefault(done.found.split, Tally())
                target.add(done, tally.samples, entry)
                tally.add(_texts(done.found), done.found.writer)
            if entry is None:
                journal.add(*((done.id, done.reason) if isinstance(done, Left) else done.line()))
        if target is not None:
            target.finish()
    return target.noun if target else ""


def _results(found: Iterable[Entry], journal: Journal, report: Report) -> Iterator[tuple[Work | None, Encoded | Left]]:
    """What became of each entry that is to be opened, in order; the entry itself where an earlier run dealt with it.

    What the recipe leaves out goes into the report.
    """
    for result in opened(journal.known(found), encoded):
        if not isinstance(result, Known):
            yield None, result
        elif isinstance(result.entry, Left):
            report.skip(*result.entry)
        else:
            yield result.entry, again(result.entry, result.outcome)


def _target(first: Encoded, folder: Path, stack: ExitStack) -> SampleFolder | PageFolder:
    return SampleFolder(folder, stack) if isinstance(first.found, Sample) else PageFolder(folder, stack)


def _texts(found: Sample | Page) -> list[str]:
    return [found.text] if isinstance(found, Sample) else [region.text for region in found.regions]

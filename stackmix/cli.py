"""The command line: a thin front over the library, one function a command; data goes to stdout, progress to stderr.

Nothing heavy is imported up here, so that `stackmix --help` answers at once: each command imports what it needs.
"""

import errno
import sys
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from stackmix.corpus import Corpus
    from stackmix.rejects import Rejects

app = typer.Typer(
    name="stackmix",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


RejectsFile = Annotated[
    Path | None, typer.Option(help="A file of letter ids, one a line, as `inspect --letter` lists them: never stacked.")
]


@app.callback()
def stackmix() -> None:
    """New handwriting out of real handwriting: cut letters, keep them in a library, stack them into any text."""


@app.command()
def prepare(
    kind: Annotated[Literal["iam"], typer.Argument(metavar="KIND", help="The data set that RAW holds: iam.")],
    raw: Annotated[
        Path, typer.Argument(metavar="RAW", help="The folder it was unpacked into.", exists=True, file_okay=False)
    ],
    out: Annotated[Path, typer.Option(help="The sample folder to make.")],
    unit: Annotated[Literal["word", "line"], typer.Option(help="What one sample is.")] = "word",
    splits: Annotated[
        Path | None,
        typer.Option(help='A JSON file {"train": [form, ...], "val": [...], ...}.'),
    ] = None,
    all_items: Annotated[bool, typer.Option("--all", help="Keep badly segmented and crossed out items too.")] = False,
) -> None:
    """Turn a raw data set into a sample folder. Broken items are left out and listed in its report.json."""
    from stackmix.datasets import iam, preparing

    report = preparing.Report()
    found = iam.read(raw, unit=unit, only_ok=not all_items, splits=splits, report=report)
    title = iam.TITLE.format(unit=unit)
    preparing.prepare(found, out, title=title, body=iam.BODY, licence="other", report=report, progress=True)
    typer.echo(f"{out}: {report.summary(unit + 's')}")


@app.command()
def train(
    kind: Annotated[Literal["ctc"], typer.Argument(help="The model to train.")],
    data: Annotated[
        list[Path], typer.Argument(help="Sample folders, or .npz files of `python -m stackmix.train.gathering`.")
    ],
    out: Annotated[Path, typer.Option(help="The model folder to make.")],
    head: Annotated[
        Literal["conv", "recurrent"], typer.Option(help="conv: letters fire where they stand; recurrent: reads better.")
    ] = "conv",
    init: Annotated[Path | None, typer.Option(help="A model folder to start from; its alphabet is widened.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training data.")] = 14,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same machine: same model.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run, same options.")] = False,
) -> None:
    """Train a CTC model on the train split; the epoch with the best character error rate on val is kept."""
    from tqdm import tqdm

    from stackmix.train import fitting

    recipe = fitting.Recipe(head=head, epochs=epochs, seed=seed)
    with tqdm(unit="image", unit_scale=True, mininterval=1, dynamic_ncols=True) as bar:
        summary = fitting.train_ctc(data, out, recipe, init=init, resume=resume, bar=bar)
    typer.echo(f"{out}: {summary}")


@app.command()
def cut(
    data: Annotated[Path, typer.Argument(help="The sample folder whose letters are cut.")],
    model: Annotated[Path, typer.Option(help="The CTC model that finds the letters.")],
    out: Annotated[Path, typer.Option(help="The letter library to make.")],
    split: Annotated[str, typer.Option(help="The one split that is used; a test split is refused.")] = "train",
    keep: Annotated[float, typer.Option(min=0.01, max=1, help="Share of the words to keep, the surest ones.")] = 1.0,
    rejects: RejectsFile = None,
) -> None:
    """Find the borders of every letter in a sample folder and keep them as a letter library."""
    from tqdm import tqdm

    from stackmix import library, samples
    from stackmix.train import aligning

    rows = samples.rows(data, split)
    aligning.refuse_test(data, split)
    rejected = _read_rejects(rejects, samples.letters(rows), data)
    with tqdm(total=len(rows), unit="image", desc="cutting", dynamic_ncols=True) as bar:
        report = aligning.cut_folder(data, split, model, out, keep=keep, rejects=rejected, tick=bar.update)
    typer.echo(f"{out}: {report} ({library.FILE}; `stackmix inspect {out} --out sheet.png` shows them)")


def _one_character(text: str | None) -> str | None:
    """The argument of --letter in NFC."""
    text = None if text is None else unicodedata.normalize("NFC", text)
    if text is not None and (len(text) != 1 or text.isspace()):
        raise typer.BadParameter(f"{text!r} is not one character")
    return text


@app.command()
def inspect(
    path: Annotated[Path, typer.Argument(help="A letter library or a sample folder.")],
    out: Annotated[Path, typer.Option(help="The picture to write.")],
    text: Annotated[str | None, typer.Option(help="A text to stack from the library's letters.")] = None,
    letter: Annotated[
        str | None,
        typer.Option(
            callback=_one_character, help="Instead: the letters of one character, the surest first, and their ids."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Chooses the words.")] = 0,
) -> None:
    """Draw 100 random words with their letter borders, baseline and x-height, and what a library covers."""
    from stackmix import images, inspection, staging

    if letter and text is not None:
        raise typer.BadParameter("--letter shows single letters: leave --text out")
    sheet = inspection.inspect_letter(path, letter) if letter else inspection.inspect(path, text, seed)
    staging.write_whole(out, images.encode(sheet.image, out.suffix.lower() or ".png"))
    size = f"{out}: {sheet.image.shape[1]} x {sheet.image.shape[0]} pixels"
    if letter:  # stdout is for the ids alone
        typer.echo(f"{size}, {sheet.about}", err=True)
        typer.echo("\n".join(sheet.rows))
        return
    typer.echo("\n".join([size, sheet.about] if sheet.about else [size]))


@app.command()
def generate(
    corpus: Annotated[Path, typer.Option(help="A UTF-8 text file, one text a line.")],
    library: Annotated[
        Path | None, typer.Option(help="A letter library; without it the Russian and English one that ships.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The sample folder to make.")] = Path("synth"),
    unit: Annotated[
        Literal["word", "line"], typer.Option(help="Split the corpus at white space, or write its lines.")
    ] = "word",
    count: Annotated[
        int | None,
        typer.Option(min=1, help="Samples: the corpus in order, then drawn from it. Without it: each item once."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 0,
    height: Annotated[int, typer.Option(min=16, max=1024, help="Pixels.")] = 64,
    workers: Annotated[int, typer.Option(min=1, help="Processes; the bytes are the same for any number.")] = 1,
    balance: Annotated[
        bool, typer.Option("--balance", help="Draw items so that rare characters are seen as often as others.")
    ] = False,
    skip_missing: Annotated[
        bool, typer.Option("--skip-missing", help="Leave out items with characters the library lacks.")
    ] = False,
    rejects: RejectsFile = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run, same options.")] = False,
) -> None:
    """Stack the letters of a library into the words or lines of a corpus and write them as a sample folder."""
    from tqdm import tqdm

    from stackmix import generating
    from stackmix.corpus import fit, read
    from stackmix.library import SHIPPED
    from stackmix.rejects import letters_of, without

    items = read(corpus, unit)
    folder = library or SHIPPED
    letters = generating.open_library(folder)
    rejected = _read_rejects(rejects, letters_of(letters), folder)
    letters = without(letters, rejected)
    fitted = fit(items, letters.index.alphabet, skip_missing=skip_missing)
    _tell_changes(fitted)
    order = generating.Order(folder, fitted, unit, count, seed, height, balance, rejected)
    with tqdm(total=order.total, unit="image", desc="stacking", dynamic_ncols=True) as bar:
        generating.generate(order, out, library=letters, workers=workers, resume=resume, tick=bar.update)
    typer.echo(f"{out}: {order.total:,} {unit}s")


def _read_rejects(path: Path | None, letters: Mapping[str, int], where: Path) -> "Rejects":
    """The ids of a rejects file; says on stderr which of them are not among the letters of `where`."""
    from stackmix.rejects import read, strangers

    found = read(path) if path else frozenset()
    if line := strangers(found, letters, str(where)):
        typer.echo(line, err=True)
    return found


def _tell_changes(corpus: "Corpus") -> None:
    """Say on stderr what became of characters that the library lacks."""
    for (character, sign), times in sorted(corpus.replaced.items()):
        typer.echo(f"{character!r} is written as {sign!r}, {times:,} times", err=True)
    if corpus.skipped_items:
        named = ", ".join(f"{c!r} ({n:,})" for c, n in sorted(corpus.skipped.items(), key=lambda i: (-i[1], i[0])))
        typer.echo(f"{corpus.skipped_items:,} items are left out for want of {named}", err=True)


def main() -> None:
    """Run a command; a user's mistake ends in one line and exit code 1, a wrong argument in 2, Ctrl-C in 130."""
    try:
        app(prog_name="stackmix")
    except OSError as error:
        what = "disk full" if error.errno == errno.ENOSPC else error.strerror
        _fail(f"{what}: {error.filename}" if error.filename else str(error))
    except ValueError as error:
        from stackmix.types import DataError

        if not isinstance(error, DataError):
            raise
        _fail(str(error))
    except SystemExit as end:
        if end.code == 130:  # typer's own code for Ctrl-C, which it reports without a word
            typer.echo("stackmix: interrupted", err=True)
        raise


def _fail(message: str) -> None:
    typer.echo(f"stackmix: {message}", err=True)
    sys.exit(1)

"""`stackmix generate`: a corpus in the letters of a library."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from stackmix.commands.rejected import RejectsFile, read_rejects

if TYPE_CHECKING:
    from stackmix.corpus import Corpus


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
    blots: Annotated[
        float, typer.Option(min=0, max=1, help="The chance that an image gets a blot or a strike-out.")
    ] = 0.0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run, same options.")] = False,
) -> None:
    """Stack the letters of a library into the words or lines of a corpus and write them as a sample folder."""
    from tqdm import tqdm

    from stackmix import generating
    from stackmix.blots.sprinkling import Sprinkle
    from stackmix.corpus import fit, read
    from stackmix.library import SHIPPED
    from stackmix.rejects import letters_of, without

    items = read(corpus, unit)
    folder = library or SHIPPED
    letters = generating.open_library(folder)
    rejected = read_rejects(rejects, letters_of(letters), folder)
    letters = without(letters, rejected)
    fitted = fit(items, letters.index.alphabet, skip_missing=skip_missing)
    _tell_changes(fitted)
    marks = Sprinkle(blots) if blots else None
    order = generating.Order(folder, fitted, unit, count, seed, height, balance, rejected, marks)
    with tqdm(total=order.total, unit="image", desc="stacking", dynamic_ncols=True) as bar:
        generating.generate(order, out, library=letters, workers=workers, resume=resume, tick=bar.update)
    typer.echo(f"{out}: {order.total:,} {unit}s")


def _tell_changes(corpus: "Corpus") -> None:
    """Say on stderr what became of characters that the library lacks."""
    for (character, sign), times in sorted(corpus.replaced.items()):
        typer.echo(f"{character!r} is written as {sign!r}, {times:,} times", err=True)
    if corpus.skipped_items:
        named = ", ".join(f"{c!r} ({n:,})" for c, n in sorted(corpus.skipped.items(), key=lambda i: (-i[1], i[0])))
        typer.echo(f"{corpus.skipped_items:,} items are left out for want of {named}", err=True)

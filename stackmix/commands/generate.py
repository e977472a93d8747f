"""`stackmix generate`: a corpus in the letters of a library, as words, lines or whole pages."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from stackmix.commands.pages_of import make_pages, refuse_foreign
from stackmix.commands.rejected import RejectsFile, read_rejects

if TYPE_CHECKING:
    from stackmix.corpus import Corpus
    from stackmix.rendering import Look


PaperNames = Annotated[
    str,
    typer.Option(
        help="Of white, plain, lined, squared, slanted, own (the source's), any, folders of photos; commas between. "
        "Of pages: plain, lined, squared, slanted, all of them where nothing is said."
    ),
]
InkNames = Annotated[
    str,
    typer.Option(
        help="Of black, blue, violet, red, pencil, as-written, any; commas between, of several each image draws one. "
        "Of pages: mostly blue where nothing is said."
    ),
]
Hand = Annotated[Literal["one", "mixed"], typer.Option(help="Each image in one writer's letters, or in mixed ones.")]
ChoiceOfPieces = Annotated[
    Literal["units", "random"],
    typer.Option(help="The pieces that join best, or random ones plainly pasted, to compare with."),
]
Temperature = Annotated[
    float, typer.Option(min=0, help="0 takes the pieces that join best of all, more varies them more.")
]
FormatName = Annotated[
    Literal["imagefolder", "parquet"], typer.Option(help="Pictures as files, or inside of parquet shards.")
]
BlotShare = Annotated[float, typer.Option(min=0, max=1, help="The chance that an image gets a blot or a strike-out.")]
LibraryFolder = Annotated[
    Path | None, typer.Option(help="A letter library; without it the Russian and English one that ships.")
]
Unit = Annotated[
    Literal["word", "line", "page"],
    typer.Option(help="Split the corpus at white space, write its lines, or fill photographed notebook pages."),
]
Count = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Samples: the corpus in order, then drawn from it. Without it: each item once, or a page for 200 words.",
    ),
]
Balance = Annotated[
    bool, typer.Option("--balance", help="Draw items so that rare characters are seen as often as others.")
]
SkipMissing = Annotated[bool, typer.Option("--skip-missing", help="Leave out items with characters the library lacks.")]


def generate(
    context: typer.Context,
    corpus: Annotated[Path, typer.Option(help="A UTF-8 text file, one text a line.")],
    library: LibraryFolder = None,
    out: Annotated[Path, typer.Option(help="The sample folder or page folder to make.")] = Path("synth"),
    unit: Unit = "word",
    count: Count = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 0,
    height: Annotated[int, typer.Option(min=16, max=1024, help="Pixels.")] = 64,
    paper: PaperNames = "white",
    ink: InkNames = "black",
    hand: Hand = "one",
    choice: ChoiceOfPieces = "units",
    temperature: Temperature = 1.0,
    format: FormatName = "imagefolder",
    workers: Annotated[int, typer.Option(min=1, help="Processes; the bytes are the same for any number.")] = 1,
    balance: Balance = False,
    skip_missing: SkipMissing = False,
    rejects: RejectsFile = None,
    blots: BlotShare = 0.0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run, same options.")] = False,
) -> None:
    """Stack the letters of a library into a corpus's words or lines, a sample folder, or into pages, a page folder."""
    from tqdm import tqdm

    from stackmix import generating
    from stackmix.blots.sprinkling import Sprinkle
    from stackmix.corpus import fit, read
    from stackmix.library import SHIPPED
    from stackmix.rejects import letters_of, without

    if unit == "page":
        refuse_foreign(context)
    items = read(corpus, unit)
    folder = library or SHIPPED
    letters = generating.open_library(folder)
    rejected = read_rejects(rejects, letters_of(letters), folder)
    letters = without(letters, rejected)
    fitted = fit(items, letters.index.alphabet, skip_missing=skip_missing)
    _tell_changes(fitted)
    if unit == "page":
        make_pages(context, folder, letters, fitted, rejected)
        return
    how, look = (hand, choice, temperature), _look(paper, ink)
    marks = Sprinkle(blots) if blots else None
    order = generating.Order(folder, fitted, unit, count, seed, height, balance, rejected, *how, look, format, marks)
    with tqdm(total=order.total, unit="image", desc="stacking", dynamic_ncols=True) as bar:
        generating.generate(order, out, library=letters, workers=workers, resume=resume, tick=bar.update)
    typer.echo(f"{out}: {order.total:,} {unit}s")


def _look(paper: str, ink: str) -> "Look":
    """The papers and inks that are named with commas between; `any`: all that are drawn. Tells of broken photos."""
    from stackmix.inks import COLOURS
    from stackmix.papers import OWN, PAPERS, from_folder
    from stackmix.rendering import Look
    from stackmix.types import DataError

    papers = [name for name in PAPERS if name != OWN] if paper == "any" else paper.split(",")
    skipped: list[str] = []
    for folder in (Path(name) for name in papers if name not in PAPERS and Path(name).is_dir()):
        from_folder(folder, skipped)
    for line in skipped:
        typer.echo(f"left out: {line}", err=True)
    inks = list(COLOURS) if ink == "any" else ink.split(",")
    try:
        return Look(tuple(papers), tuple(inks))
    except DataError as error:
        raise typer.BadParameter(str(error)) from None


def _tell_changes(corpus: "Corpus") -> None:
    """Say on stderr what became of characters that the library lacks."""
    for (character, sign), times in sorted(corpus.replaced.items()):
        typer.echo(f"{character!r} is written as {sign!r}, {times:,} times", err=True)
    if corpus.skipped_items:
        named = ", ".join(f"{c!r} ({n:,})" for c, n in sorted(corpus.skipped.items(), key=lambda i: (-i[1], i[0])))
        typer.echo(f"{corpus.skipped_items:,} items are left out for want of {named}", err=True)

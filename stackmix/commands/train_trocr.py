"""`stackmix train trocr`: a TrOCR model learns from sample folders and from words stacked on the fly."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from stackmix.generating import Order

Init = Annotated[
    str, typer.Option(help="A model of the Hub, a folder that holds one, or none: a small one of random weights.")
]
RecipeName = Annotated[
    Literal["ours", "notebooks"],
    typer.Option(help="ours: aspect ratio kept, early stop; notebooks: that of the contest system."),
]
TokenizerName = Annotated[
    Literal["own", "characters"], typer.Option(help="The model's own, or the characters of the texts.")
]
Mix = Annotated[float, typer.Option(min=0, max=1, help="The share of words stacked on the fly in each batch.")]
CorpusFile = Annotated[Path | None, typer.Option(help="What is stacked: a UTF-8 text file, one text a line.")]
LibraryFolder = Annotated[
    Path | None, typer.Option(help="The letter library to stack from; without it the one that ships.")
]
BlotShare = Annotated[float, typer.Option(min=0, max=1, help="The chance of a blot or a strike-out on a stacked word.")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Passes over the real data: 15, and 9 for notebooks.")]
Workers = Annotated[int, typer.Option(min=0, help="Processes that load and stack for each training process.")]


def trocr(
    data: Annotated[list[Path], typer.Argument(help="Sample folders.")],
    out: Annotated[Path, typer.Option(help="The model folder to make.")],
    init: Init = "microsoft/trocr-small-handwritten",
    recipe: RecipeName = "ours",
    tokenizer: TokenizerName = "own",
    mix: Mix = 0.0,
    corpus: CorpusFile = None,
    library: LibraryFolder = None,
    blots: BlotShare = 0.0,
    epochs: Epochs = None,
    batch: Annotated[int, typer.Option(min=1, help="Images in an update, in all processes together.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same machine: same losses.")] = 0,
    workers: Workers = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run, same options.")] = False,
) -> None:
    """Fine-tune a TrOCR model on the train split; the epoch with the best character error rate on val is kept."""
    from tqdm import tqdm

    if (mix > 0) != (corpus is not None):
        raise typer.BadParameter("--mix and --corpus go together: how many stacked words, and of which texts")
    if corpus is None and (library or blots):
        raise typer.BadParameter("--library and --blots are for stacked words: add --mix and --corpus")
    from stackmix.train import recipes
    from stackmix.train.trocr_training import train_trocr

    first = os.environ.get("RANK", "0") == "0"  # of the processes that a launcher started
    passes = {"epochs": epochs} if epochs else {}
    options: dict[str, Any] = {"batch": batch, "seed": seed, "mix": mix, **passes}
    make = recipes.notebooks if recipe == "notebooks" else recipes.ours
    with tqdm(unit="image", unit_scale=True, mininterval=1, dynamic_ncols=True, disable=not first) as bar:
        summary = train_trocr(
            data,
            out,
            make(init == "none", **options),
            init=init,
            characters=tokenizer == "characters",
            order=_order(corpus, library, blots, seed) if corpus else None,
            workers=workers,
            resume=resume,
            bar=bar,
        )
    if first:
        typer.echo(f"{out}: {summary}")


def _order(corpus: Path, library: Path | None, blots: float, seed: int) -> "Order":
    """The words to stack, at the height at which ours sees a word; DataError for letters that are missing."""
    from stackmix.blots.sprinkling import Sprinkle
    from stackmix.corpus import fit, read
    from stackmix.generating import Order, open_library
    from stackmix.library import SHIPPED

    folder = library or SHIPPED
    fitted = fit(read(corpus), open_library(folder).index.alphabet)
    return Order(folder, fitted, seed=seed, height=128, marks=Sprinkle(blots) if blots else None)

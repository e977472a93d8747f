"""`stackmix generate --unit page`: what of the command's options is for pages, and making them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from stackmix.corpus import Corpus
    from stackmix.library import LetterLibrary
    from stackmix.rejects import Rejects

ONLY = "is for words and lines: leave it out with --unit page"
FOREIGN = ("height", "hand", "choice", "format", "balance", "blots")


def refuse_foreign(context: typer.Context) -> None:
    """A bad argument for options that say nothing about pages."""
    for name in FOREIGN:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(ONLY, param_hint=f"--{name}")


def make_pages(
    context: typer.Context, folder: Path, letters: "LetterLibrary", corpus: "Corpus", rejects: "Rejects"
) -> None:
    """Make a page folder with the command's options."""
    from tqdm import tqdm

    from stackmix import page_folders
    from stackmix.blots.school import SchoolMarks
    from stackmix.inks import COLOURS
    from stackmix.notebooks import KINDS
    from stackmix.page_making import PageOrder
    from stackmix.types import DataError

    own: dict[str, Any] = context.params
    try:
        kinds = named(context, "paper", KINDS, KINDS)
        inks = named(context, "ink", (), tuple(COLOURS))
        options = own["count"], own["seed"], rejects, own["temperature"]
        order = PageOrder(folder, corpus, *options, kinds, inks, SchoolMarks())
    except DataError as error:
        raise typer.BadParameter(str(error)) from None
    with tqdm(total=order.total, unit="page", desc="making pages", dynamic_ncols=True) as bar:
        page_folders.generate(
            order, own["out"], library=letters, workers=own["workers"], resume=own["resume"], tick=bar.update
        )
    typer.echo(f"{own['out']}: {order.total:,} pages")


def named(context: typer.Context, option: str, default: tuple[str, ...], every: tuple[str, ...]) -> tuple[str, ...]:
    """The names that an option was given, commas between: the default where it was not, all for `any`."""
    source = context.get_parameter_source(option)
    if source is None or source.name != "COMMANDLINE":
        return default
    value: str = context.params[option]
    return every if value == "any" else tuple(value.split(","))

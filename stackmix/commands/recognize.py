"""`stackmix recognize`: photographed or scanned pages in, their words out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from stackmix.train.pages import PageReader
    from stackmix.train.recognizing import Source

DEMONSTRATION = (
    "these are demonstration models, trained on drawn faces alone: for real pages train your own, "
    "and give them with --models"
)


def recognize(
    pages: Annotated[list[Path], typer.Argument(help="Photos or scans of pages, or folders of them.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="The file to write, its suffix says the form: .json, .txt, .page.xml, .html; or a folder. "
            "Without it the texts are printed."
        ),
    ] = None,
    models: Annotated[
        Path | None,
        typer.Option(
            help="A folder of model folders: a word finder, readers, a language model. Without it those that ship."
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format", help="Forms in a folder, commas between: json, txt, page.xml, alto.xml, html, overlay.png."
        ),
    ] = "",
    language: Annotated[str | None, typer.Option(help="Of all pages, as ru or en; else each page is voted on.")] = None,
    language_by: Annotated[
        Literal["model", "reader"],
        typer.Option(help="Who votes: the language model, or a reader of several languages."),
    ] = "model",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run, same options.")] = False,
) -> None:
    """Find the words of pages, tell the language, read them in order, and write them down."""
    from tqdm import tqdm

    from stackmix.train import recognizing
    from stackmix.train.pages import STARTERS, PageReader

    found = recognizing.sources(pages)
    forms = _forms(out, form, len(found)) if out else _no_forms(form, resume)
    if models is None:
        typer.echo(DEMONSTRATION, err=True)
    reader = PageReader.from_pretrained(models or STARTERS, language_by, language)
    if out is None:
        _print(reader, found)
        return
    if not form and forms != (".json",):
        recognizing.recognize_one(reader, found[0], out, forms[0])
        typer.echo(f"{out}: 1 page")
        return
    with tqdm(total=len(found), unit=" pages", dynamic_ncols=True) as bar:
        skipped = recognizing.recognize(reader, found, out, forms, resume=resume, tick=bar.update)
    _tell(skipped)
    about = f", {len(skipped)} left out" if skipped else ""
    typer.echo(f"{out}: {len(found) - len(skipped)} pages{about}")


def _print(reader: "PageReader", found: "list[Source]") -> None:
    """Print the text of each page, under its name where there are several; DataError where none could be read."""
    from tqdm import tqdm

    from stackmix import results
    from stackmix.train import recognizing

    skipped: dict[str, str] = {}
    with tqdm(total=len(found), unit=" pages", dynamic_ncols=True) as bar:
        for source, page in recognizing.read_pages(reader, found, bar.update, skipped):
            with tqdm.external_write_mode():
                typer.echo((f"{source.name}\n\n" if len(found) > 1 else "") + results.text(page))
            del page  # its picture goes before the next one is decoded
    recognizing.check(found, skipped)
    _tell(skipped)


def _tell(skipped: dict[str, str]) -> None:
    for name, reason in skipped.items():
        typer.echo(f"left out: {name}: {reason}", err=True)


def _no_forms(names: str, resume: bool) -> tuple[str, ...]:
    """No forms, as nothing is written; BadParameter for options that say how to."""
    if names or resume:
        raise typer.BadParameter(f"{'--format' if names else '--resume'} is for what is written: add --out")
    return ()


def _forms(out: Path, names: str, count: int) -> tuple[str, ...]:
    """The forms of the results; BadParameter where names and output do not go together."""
    from stackmix import results

    known = (results.JSON, *results.FORMS)
    form = results.form_of(out.name)
    if names:
        forms = tuple(dict.fromkeys("." + name.strip().lstrip(".") for name in names.split(",")))
        if wrong := [name for name in forms if name not in known]:
            raise typer.BadParameter(f"--format {wrong[0][1:]} is not one of {', '.join(n[1:] for n in known)}")
        if form is not None:
            raise typer.BadParameter(f"--format writes into a folder, and {out} names a file: leave one of both out")
        return forms
    if form is None:
        raise typer.BadParameter(f"{out} says no form: end it in {', '.join(known)}, or add --format for a folder")
    if form != results.JSON and count > 1:
        raise typer.BadParameter(f"{out} has room for one page, and {count} are given: take .json or --format")
    return (form,)

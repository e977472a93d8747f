"""`stackmix recognize`: photographed or scanned pages in, their words out."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def recognize(
    pages: Annotated[list[Path], typer.Argument(help="Photos or scans of pages, or folders of them.")],
    out: Annotated[
        Path,
        typer.Option(help="The file to write, its suffix says the form: .json, .txt, .page.xml, .html; or a folder."),
    ],
    models: Annotated[Path, typer.Option(help="A folder of model folders: a word finder, readers, a language model.")],
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
    from stackmix.train.pages import PageReader

    found = recognizing.sources(pages)
    forms = _forms(out, form, len(found))
    reader = PageReader.from_pretrained(models, language_by, language)
    if not form and forms != (".json",):
        recognizing.recognize_one(reader, found[0], out, forms[0])
        typer.echo(f"{out}: 1 page")
        return
    with tqdm(total=len(found), unit=" pages", dynamic_ncols=True) as bar:
        skipped = recognizing.recognize(reader, found, out, forms, resume=resume, tick=bar.update)
    for name, reason in skipped.items():
        typer.echo(f"left out: {name}: {reason}", err=True)
    about = f", {len(skipped)} left out" if skipped else ""
    typer.echo(f"{out}: {len(found) - len(skipped)} pages{about}")


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

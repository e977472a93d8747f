"""`stackmix inspect`: one picture of a letter library, or of a sample folder with its statistics."""

import unicodedata
from pathlib import Path
from typing import Annotated

import typer


def _one_character(text: str | None) -> str | None:
    """The argument of --letter in NFC."""
    text = None if text is None else unicodedata.normalize("NFC", text)
    if text is not None and (len(text) != 1 or text.isspace()):
        raise typer.BadParameter(f"{text!r} is not one character")
    return text


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
    """Draw 100 random words with their letter borders, and what a library covers or a sample folder holds.

    A sample folder's characters, lengths, sizes, writers and splits are also printed.
    """
    from stackmix import images, inspection, plots, staging
    from stackmix.library import FILE

    if letter and text is not None:
        raise typer.BadParameter("--letter shows single letters: leave --text out")
    if letter:
        sheet = inspection.inspect_letter(path, letter)
    else:
        sheet = inspection.inspect(path, text, seed) if (path / FILE).is_file() else plots.overview(path, seed)
    staging.write_whole(out, images.encode(sheet.image, out.suffix.lower() or ".png"))
    size = f"{out}: {sheet.image.shape[1]} x {sheet.image.shape[0]} pixels"
    if letter:  # stdout is for the ids alone
        typer.echo(f"{size}, {sheet.about}", err=True)
        typer.echo("\n".join(sheet.rows))
        return
    typer.echo("\n".join([size, sheet.about] if sheet.about else [size]))

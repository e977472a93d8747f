"""The option --rejects, which `cut` and `generate` share: letters that are never stacked."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from stackmix.rejects import Rejects

RejectsFile = Annotated[
    Path | None, typer.Option(help="A file of letter ids, one a line, as `inspect --letter` lists them: never stacked.")
]


def read_rejects(path: Path | None, letters: Mapping[str, int], where: Path) -> "Rejects":
    """The ids of a rejects file; says on stderr which of them are not among the letters of `where`."""
    from stackmix.rejects import read, strangers

    found = read(path) if path else frozenset()
    if line := strangers(found, letters, str(where)):
        typer.echo(line, err=True)
    return found

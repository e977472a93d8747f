"""`stackmix check`: leaks between data sets and their splits."""

from pathlib import Path
from typing import Annotated

import typer


def check(
    paths: Annotated[
        list[Path], typer.Argument(metavar="A B...", help="Sample folders, page folders and letter libraries.")
    ],
    out: Annotated[Path | None, typer.Option(help="A JSON file for all that is found, not the first examples.")] = None,
) -> None:
    """Find pictures, pages and writers that splits or data sets share, and letters of a test split.

    Ends with exit code 1 where there is a leak.
    """
    from tqdm import tqdm

    from stackmix import leaks, sides
    from stackmix.datasets.sources import page_of
    from stackmix.staging import write_whole

    if len({path.resolve() for path in paths}) < len(paths):
        raise typer.BadParameter("one of the folders is given twice")
    compared = [side for path in paths for side in sides.sides_of(path)]
    with tqdm(total=leaks.steps(compared), unit="image", desc="comparing", dynamic_ncols=True) as bar:
        findings = leaks.find(compared, page_of, bar.update)
    if out is not None:
        write_whole(out, findings.json().encode())
    typer.echo("\n".join(findings.lines()))
    if findings.leaks:
        raise typer.Exit(1)

"""`stackmix check`: leaks between data sets and their splits."""

from pathlib import Path
from typing import Annotated

import typer


def check(
    paths: Annotated[list[Path], typer.Argument(metavar="A B...", help="Sample folders and letter libraries.")],
    out: Annotated[Path | None, typer.Option(help="A JSON file for all that is found, not the first examples.")] = None,
) -> None:
    """Find pictures, pages and writers that splits or data sets share, and letters of a test split.

    Ends with exit code 1 where there is a leak.
    """
    from tqdm import tqdm

    from stackmix import leaks, sides
    from stackmix.datasets.sources import page_of
    from stackmix.staging import write_whole

    compared = [side for path in paths for side in sides.sides_of(path)]
    total = sum(len(side.items) for side in compared)
    with tqdm(total=total, unit="image", desc="looking", dynamic_ncols=True) as bar:
        findings = leaks.find(compared, page_of, bar.update)
    if out is not None:
        write_whole(out, findings.json().encode())
    typer.echo("\n".join(findings.lines()))
    if findings.leaks:
        raise typer.Exit(1)

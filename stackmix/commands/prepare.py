"""`stackmix prepare`: a raw data set becomes a sample folder."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def prepare(
    kind: Annotated[Literal["iam"], typer.Argument(metavar="KIND", help="The data set that RAW holds: iam.")],
    raw: Annotated[
        Path, typer.Argument(metavar="RAW", help="The folder it was unpacked into.", exists=True, file_okay=False)
    ],
    out: Annotated[Path, typer.Option(help="The sample folder to make.")],
    unit: Annotated[Literal["word", "line"], typer.Option(help="What one sample is.")] = "word",
    splits: Annotated[
        Path | None,
        typer.Option(help='A JSON file {"train": [form, ...], "val": [...], ...}.'),
    ] = None,
    all_items: Annotated[bool, typer.Option("--all", help="Keep badly segmented and crossed out items too.")] = False,
) -> None:
    """Turn a raw data set into a sample folder. Broken items are left out and listed in its report.json."""
    from stackmix.datasets import iam, preparing

    report = preparing.Report()
    found = iam.entries(raw, unit=unit, only_ok=not all_items, splits=splits, report=report)
    title = iam.TITLE.format(unit=unit)
    preparing.prepare(found, out, title=title, body=iam.BODY, licence="other", report=report, progress=True)
    typer.echo(f"{out}: {report.summary(unit + 's')}")

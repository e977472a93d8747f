"""`stackmix prepare`: a raw data set becomes a sample folder, or a page folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from types import ModuleType

Unit = Literal["word", "line", "page"]
Kind = Literal["iam", "hkr", "school-notebooks", "folder", "page-xml", "alto", "hub"]
UNITS: dict[str, tuple[Unit, ...]] = {  # what a data set can be cut into, the usual first; the others stay as they are
    "iam": ("word", "line", "page"),
    "hkr": (),
    "school-notebooks": ("word", "line", "page"),
    "folder": (),
    "page-xml": ("line", "word", "page"),
    "alto": ("line", "word", "page"),
    "hub": (),
}
OWN = {  # options of single data sets
    "splits": ("iam", "hkr"),
    "all": ("iam",),
    "one-word": ("hkr",),
    "config": ("hub",),
    "image-column": ("hub",),
    "text-column": ("hub",),
}


def _check(kind: str, raw: str, unit: str | None, given: dict[str, Any]) -> None:
    """Refuse options that this kind of data set does not have, and a RAW that is no folder."""
    if kind != "hub" and not Path(raw).is_dir():
        raise typer.BadParameter(f"RAW: {raw} is no folder")
    if unit and unit not in UNITS[kind]:
        choice = ", ".join(UNITS[kind]) or "no --unit: its samples stay as they are"
        raise typer.BadParameter(f"--unit {unit}: {kind} has {choice}")
    for option, value in given.items():
        if value and kind not in OWN[option]:
            raise typer.BadParameter(f"--{option} is for {' and '.join(OWN[option])}, not for {kind}")


def _recipe(kind: str) -> "ModuleType":
    import importlib

    return importlib.import_module(f"stackmix.datasets.{kind.replace('-', '_')}")


def prepare(
    kind: Annotated[
        Kind,
        typer.Argument(
            metavar="KIND",
            help="What RAW holds: iam, hkr, school-notebooks, folder (pictures with labels), page-xml, alto, or hub.",
        ),
    ],
    raw: Annotated[
        str, typer.Argument(metavar="RAW", help="The folder it was unpacked into; for hub user/name or a folder.")
    ],
    out: Annotated[Path, typer.Option(help="The sample folder to make; with --unit page the page folder.")],
    unit: Annotated[
        Unit | None,
        typer.Option(help="What one sample is, where pages are cut up; page keeps them with their polygons."),
    ] = None,
    splits: Annotated[
        Path | None,
        typer.Option(help='iam: a JSON file {"train": [form, ...], "val": [...], ...}; hkr: HKR_splitting.csv.'),
    ] = None,
    all_items: Annotated[
        bool, typer.Option("--all", help="iam: keep badly segmented and crossed out items too.")
    ] = False,
    one_word: Annotated[bool, typer.Option("--one-word", help="hkr: leave out texts of several words.")] = False,
    config: Annotated[str | None, typer.Option(help="hub: the configuration, where a data set has several.")] = None,
    image_column: Annotated[str | None, typer.Option(help="hub: the column of the pictures.")] = None,
    text_column: Annotated[str | None, typer.Option(help="hub: the column of the texts.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")] = False,
) -> None:
    """Turn a raw data set into a sample folder. Broken items are left out and listed in its report.json."""
    given: dict[str, Any] = {"splits": splits, "all": all_items, "one-word": one_word, "config": config}
    given |= {"image-column": image_column, "text-column": text_column}
    _check(kind, raw, unit, given)
    from stackmix.datasets import licences, preparing, sources

    recipe, report = _recipe(kind), preparing.Report()
    options = {option.replace("-", "_"): value for option, value in given.items() if kind in OWN[option]}
    if "all" in options:
        options["only_ok"] = not options.pop("all")
    unit = unit or next(iter(UNITS[kind]), None)
    if unit:
        options["unit"] = unit
    name = raw if kind == "hub" else Path(raw).resolve().name
    found = recipe.entries(raw, report=report, **options)
    title, body = recipe.TITLE.format(unit=unit, source=name), recipe.BODY.format(source=name)
    licence = sources.card_licence(kind.replace("-", "_"))
    if kind == "school-notebooks" and (made := licences.made_of(Path(raw))):
        title, (body, licence) = f"Made {unit or 'sample'}s", made
    preparing.prepare(
        found,
        out,
        title=title,
        body=body,
        licence=licence,
        report=report,
        progress=True,
        resume=resume,
        order={"kind": kind, "raw": str(Path(raw).resolve()), **{key: str(value) for key, value in options.items()}},
    )
    typer.echo(f"{out}: {report.summary(f'{unit}s' if unit else 'samples')}")

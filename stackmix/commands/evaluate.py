"""`stackmix evaluate`: error rates of what was read, with intervals, and where the errors lie."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Collection

    from stackmix.predictions import Prediction


def evaluate(
    predictions: Annotated[
        Path,
        typer.Argument(
            help="What was read: .json, .jsonl, .csv or .tsv with file_name, text, confidence; or a model folder, "
            "which reads the truth's images now. With --pages a contest JSON."
        ),
    ],
    truth: Annotated[
        Path,
        typer.Argument(help="A sample folder, or a file of texts; with --pages a page folder or a contest JSON."),
    ],
    split: Annotated[str | None, typer.Option(help="The split of the folder, where it has several.")] = None,
    pages: Annotated[bool, typer.Option("--pages", help="Compare whole pages of words with polygons.")] = False,
    out: Annotated[Path | None, typer.Option(help="A JSON file for all figures.")] = None,
    sheet: Annotated[Path | None, typer.Option(help="A picture of the worst texts to write.")] = None,
) -> None:
    """Tell character and word error rate, accuracy and calibration, by length, writer and character."""
    if pages and sheet:
        raise typer.BadParameter("--sheet shows words and lines: leave it out with --pages")
    if sheet and not truth.is_dir():
        raise typer.BadParameter(f"--sheet needs the pictures of a sample folder, and {truth} is none")
    for path in (predictions, truth):
        if not path.exists():
            raise typer.BadParameter(f"{path} does not exist")
    report, lines = _pages(predictions, truth, split) if pages else _texts(predictions, truth, split, sheet)
    if out:
        import json

        from stackmix.staging import write_whole

        about = {"predicted": str(predictions), "truth": str(truth), "split": split}
        write_whole(out, (json.dumps(about | report, ensure_ascii=False, indent=1) + "\n").encode())
    typer.echo("\n".join(lines))


def _pages(predictions: Path, truth: Path, split: str | None) -> tuple[dict[str, Any], list[str]]:
    from stackmix import contest, page_evaluating
    from stackmix.pairing import told

    compared = page_evaluating.compare(page_evaluating.truth(truth, split), contest.read(predictions))
    for line in told(compared.missing, compared.unknown, "pages"):
        typer.echo(line, err=True)
    report = page_evaluating.evaluate(compared)
    return report, page_evaluating.lines(report)


def _texts(predictions: Path, truth: Path, split: str | None, sheet: Path | None) -> tuple[dict[str, Any], list[str]]:
    from stackmix import evaluating, findings, images, pairing, samples, staging, worst
    from stackmix import predictions as files

    true = pairing.truth(truth, split)
    if predictions.is_dir():
        read, broken = _read(predictions, truth, split)
        true = [one for one in true if one.names[0] not in broken]
    else:
        read = files.read(predictions)
    paired = pairing.pair(true, read)
    for line in pairing.told(paired.missing, paired.unknown, "samples"):
        typer.echo(line, err=True)
    report = evaluating.evaluate(paired.pairs)
    report |= {"missing": paired.missing, "unknown": paired.unknown}
    if sheet and not report["worst"]:
        typer.echo(f"every text was read right: {sheet} is not written", err=True)
    elif sheet:
        chosen = pairing.split_of(truth, split)
        drawn = worst.sheet(paired.pairs, lambda i: samples.load(truth, chosen, true[i].row).image)
        staging.write_whole(sheet, images.encode(drawn, sheet.suffix.lower() or ".png"))
    return report, findings.lines(report)


def _read(model: Path, truth: Path, split: str | None) -> "tuple[dict[str, Prediction], Collection[str]]":
    """The truth's images read by a model, with a progress bar, and the broken ones, which it tells of."""
    from tqdm import tqdm

    from stackmix import pairing, samples
    from stackmix.train.opening import open_reader, read_split

    if not truth.is_dir():
        raise typer.BadParameter(f"a model reads the pictures of a sample folder, and {truth} is none")
    chosen = pairing.split_of(truth, split)
    reader = open_reader(model)
    with tqdm(total=len(samples.rows(truth, chosen)), unit="image", desc="reading", dynamic_ncols=True) as bar:
        found, broken = read_split(reader, truth, chosen, bar.update)
    for why in broken.values():
        typer.echo(f"left out: {why}", err=True)
    return found, broken.keys()

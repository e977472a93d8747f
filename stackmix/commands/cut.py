"""`stackmix cut`: the letters of a sample folder become a letter library."""

from pathlib import Path
from typing import Annotated

import typer

from stackmix.commands.rejected import RejectsFile, read_rejects


def cut(
    data: Annotated[Path, typer.Argument(help="The sample folder whose letters are cut.")],
    model: Annotated[Path, typer.Option(help="The CTC model that finds the letters.")],
    out: Annotated[Path, typer.Option(help="The letter library to make.")],
    split: Annotated[str, typer.Option(help="The one split that is used; a test split is refused.")] = "train",
    keep: Annotated[float, typer.Option(min=0.01, max=1, help="Share of the words to keep, the surest ones.")] = 1.0,
    rejects: RejectsFile = None,
) -> None:
    """Find the borders of every letter in a sample folder and keep them as a letter library."""
    from tqdm import tqdm

    from stackmix import library, samples
    from stackmix.train import aligning

    rows = samples.rows(data, split)
    aligning.refuse_test(data, split)
    rejected = read_rejects(rejects, samples.letters(rows), data)
    with tqdm(total=len(rows), unit="image", desc="cutting", dynamic_ncols=True) as bar:
        report = aligning.cut_folder(data, split, model, out, keep=keep, rejects=rejected, tick=bar.update)
    typer.echo(f"{out}: {report} ({library.FILE}; `stackmix inspect {out} --out sheet.png` shows them)")

"""`stackmix train words`: a word finder learns from page folders."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def words(
    data: Annotated[list[Path], typer.Argument(help="Page folders, as `stackmix prepare --unit page` makes them.")],
    out: Annotated[Path, typer.Option(help="The model folder to make.")],
    way: Annotated[
        Literal["light", "mask-rcnn"], typer.Option(help="light: small, on a CPU too; mask-rcnn: large, wants a GPU.")
    ] = "light",
    weights: Annotated[
        str | None,
        typer.Option(help="Where mask-rcnn starts: pretrained (default), none, or a file of torchvision's weights."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of 60 updates, each ending on the validation pages.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same machine: same model.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run, same options.")] = False,
) -> None:
    """Train a word finder on the train split; the round with the best word F1 on val is kept."""
    if way == "light" and weights is not None:
        raise typer.BadParameter("only --way mask-rcnn takes --weights: leave it out")
    from tqdm import tqdm

    from stackmix.train import word_fitting

    recipe = word_fitting.WordRecipe(rounds=rounds, seed=seed)
    with tqdm(unit="page", unit_scale=True, mininterval=1, dynamic_ncols=True) as bar:
        start = weights or "pretrained"
        summary = word_fitting.train_words(data, out, recipe, way=way, weights=start, resume=resume, bar=bar)
    typer.echo(f"{out}: {summary}")

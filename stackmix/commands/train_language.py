"""`stackmix train language`: a classifier of word images learns to tell languages apart."""

from pathlib import Path
from typing import Annotated

import typer


def language(
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="DATA...",
            help="Sample folders, whose texts' scripts tell ru from en; kk=FOLDER names the language of a folder.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The model folder to make.")],
    weights: Annotated[
        str, typer.Option(help="What ResNet-34 starts from: pretrained (ImageNet), none, or a file of torchvision's.")
    ] = "pretrained",
    narrow: Annotated[
        int, typer.Option(min=1, max=8, help="Divide its channels by 2, 4 or 8, for a small model; --weights none.")
    ] = 1,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training data.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same machine: same model.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run, same options.")] = False,
) -> None:
    """Train a language model on the train split; the epoch that is right most often on val is kept."""
    from tqdm import tqdm

    from stackmix.train import language_fitting

    recipe = language_fitting.LanguageRecipe(weights, narrow, epochs, seed)
    sources = [language_fitting.Source.parse(given) for given in data]
    with tqdm(unit="image", unit_scale=True, mininterval=1, dynamic_ncols=True) as bar:
        summary = language_fitting.train_language(sources, out, recipe, resume=resume, bar=bar)
    typer.echo(f"{out}: {summary}")

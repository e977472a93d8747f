"""`stackmix train ctc`: a CTC model learns from sample folders."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def ctc(
    data: Annotated[
        list[Path], typer.Argument(help="Sample folders, or .npz files of `python -m stackmix.train.gathering`.")
    ],
    out: Annotated[Path, typer.Option(help="The model folder to make.")],
    head: Annotated[
        Literal["conv", "recurrent"], typer.Option(help="conv: letters fire where they stand; recurrent: reads better.")
    ] = "conv",
    init: Annotated[Path | None, typer.Option(help="A model folder to start from; its alphabet is widened.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training data.")] = 14,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same machine: same model.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run, same options.")] = False,
) -> None:
    """Train a CTC model on the train split; the epoch with the best character error rate on val is kept."""
    from tqdm import tqdm

    from stackmix.train import fitting

    recipe = fitting.Recipe(head=head, epochs=epochs, seed=seed)
    with tqdm(unit="image", unit_scale=True, mininterval=1, dynamic_ncols=True) as bar:
        summary = fitting.train_ctc(data, out, recipe, init=init, resume=resume, bar=bar)
    typer.echo(f"{out}: {summary}")

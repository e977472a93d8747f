"""`stackmix push`: a sample folder becomes a data set on the Hugging Face Hub."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def push(
    folder: Annotated[Path, typer.Argument(help="The sample folder to publish.")],
    repo: Annotated[str, typer.Argument(metavar="USER/NAME", help="The data set on the Hub; it is made where needed.")],
    private: Annotated[bool, typer.Option("--private", help="Only you can see it.")] = False,
    format: Annotated[
        Literal["parquet", "imagefolder"],
        typer.Option(help="Shards with the pictures in them, or the files as they are."),
    ] = "parquet",
    shard_size: Annotated[int, typer.Option(min=1, help="Megabytes of pictures in a parquet file.")] = 500,
    i_have_the_right: Annotated[
        bool, typer.Option("--i-have-the-right", help="Publish what its source's licence forbids: you have its leave.")
    ] = False,
) -> None:
    """Publish a sample folder with a data card. After a cut connection run it again: only what is missing is sent."""
    from tqdm import tqdm

    from stackmix import samples
    from stackmix.datasets import pushing
    from stackmix.types import DataError

    try:
        pushing.valid_name(repo)
    except DataError as error:
        raise typer.BadParameter(str(error)) from None
    total = sum(len(samples.rows(folder, split)) for split in samples.splits_of(folder))
    with tqdm(total=total, unit="image", desc="pushing", dynamic_ncols=True) as bar:
        done = pushing.push(
            folder,
            repo,
            private=private,
            parquet=format == "parquet",
            shard_size=shard_size * 1_000_000,
            i_have_the_right=i_have_the_right,
            tick=bar.update,
        )
    there = f", {len(done.kept):,} were there already" if done.kept else ""
    typer.echo(f"{done.api.endpoint}/datasets/{repo}: {total:,} samples, {len(done.sent):,} files sent{there}")

"""`stackmix blot`: what blots, strike-outs and pen marks look like on one's own image."""

from pathlib import Path
from typing import Annotated

import typer


def blot(
    image: Annotated[Path, typer.Argument(help="A picture of a word, a line or a page, dark on light.")],
    out: Annotated[Path, typer.Option(help="The picture to write.")],
    seed: Annotated[int, typer.Option(min=0, help="Draws the marks.")] = 0,
) -> None:
    """Draw a grid of every blot, strike-out and pen mark at three strengths on one image."""
    from stackmix import images, staging
    from stackmix.blots.laying import LEAST
    from stackmix.blots.sheet import sheet
    from stackmix.types import DataError

    picture = images.read(image)
    if min(picture.shape[:2]) < LEAST:
        size = f"{picture.shape[1]} x {picture.shape[0]} pixels"
        raise DataError(f"{image} has {size}: give a picture of at least {LEAST} x {LEAST}")
    found = sheet(picture, seed)
    staging.write_whole(out, images.encode(found, out.suffix.lower() or ".png"))
    typer.echo(f"{out}: {found.shape[1]} x {found.shape[0]} pixels")

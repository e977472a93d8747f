"""A reader out of its model folder, whatever its kind, and the readings of one split of a sample folder."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from stackmix import samples
from stackmix.predictions import Prediction
from stackmix.train.reading import Reader
from stackmix.types import DataError, Image


def open_reader(folder: Path) -> Reader:
    """The reader of a model folder by the kind in its config.json; DataError for a model that reads nothing."""
    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("kind")
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(f"{folder} is no model folder ({error}): make one with `stackmix train`") from None
    if kind == "ctc":
        from stackmix.train.ctc_reading import CTCReader

        return CTCReader.from_pretrained(folder)
    if kind == "trocr":
        from stackmix.train.trocr import TrOCR

        return TrOCR.from_pretrained(folder)
    raise DataError(f"{folder} holds a model of kind {kind!r}, which does not read: give one that reads, ctc or trocr")


def read_split(
    reader: Reader, folder: Path, split: str, tick: Callable[[int], object]
) -> tuple[dict[str, Prediction], dict[str, str]]:
    """What a reader reads of a split, by file_name, and why it could not open the images that are broken."""
    names: list[str] = []
    broken: dict[str, str] = {}

    def images() -> Iterator[Image]:
        for row in samples.rows(folder, split):
            try:
                image = samples.load(folder, split, row).image
            except DataError as error:
                broken[row["file_name"]] = str(error)
                continue
            names.append(row["file_name"])
            tick(1)
            yield image

    found = reader.read(images())
    return {name: Prediction(one.text, one.confidence) for name, one in zip(names, found, strict=True)}, broken

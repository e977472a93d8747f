"""Puts predictions to the truth: each true text with what was read of its picture.

The truth is one split of a sample folder, or a file of texts. A prediction is for a sample if its file_name is the
sample's, with or without the split's folder before it, or the sample's id.
"""

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from stackmix import predictions, samples
from stackmix.evaluating import Pair
from stackmix.predictions import Prediction
from stackmix.types import DataError


class Truth(NamedTuple):
    """A true text, the names that a prediction may call its picture by, and its metadata row in a sample folder."""

    names: tuple[str, ...]
    text: str
    writer: str
    row: dict[str, Any]


class Paired(NamedTuple):
    """pairs: in the truth's order, "" read where a prediction is missing. missing, unknown: names without the other."""

    pairs: list[Pair]
    missing: list[str]
    unknown: list[str]


def split_of(folder: Path, split: str | None) -> str:
    """The split that is asked for, or the only one; DataError where there are several to choose from."""
    found = samples.splits_of(folder)
    if split is None and len(found) > 1:
        raise DataError(f"{folder} has the splits {', '.join(found)}: choose one with --split")
    return split or found[0]


def truth(path: Path, split: str | None) -> list[Truth]:
    """The true texts of a sample folder's split, or of a file; DataError where a file is asked for a split."""
    if not path.is_dir():
        if split is not None:
            raise DataError(f"{path} is a file of texts without splits: leave --split {split} out")
        return [Truth((name,), one.text, one.writer, {}) for name, one in predictions.read(path).items()]
    split = split_of(path, split)
    found = []
    for row in samples.rows(path, split):
        name = row["file_name"]
        names = (name, f"{split}/{name}", *([row["id"]] if row.get("id") else []))
        found.append(Truth(names, unicodedata.normalize("NFC", row["text"]), str(row.get("writer") or ""), row))
    return found


def pair(true: list[Truth], read: dict[str, Prediction]) -> Paired:
    """Each true text with its prediction; DataError where not one is for any of them."""
    pairs, missing, used = [], [], set()
    none = Prediction("", 0.0 if any(one.confidence is not None for one in read.values()) else None)
    for one in true:
        name = next((name for name in one.names if name in read), None)
        if name is None:
            missing.append(one.names[0])
        else:
            used.add(name)
        found = none if name is None else read[name]
        pairs.append(Pair(one.names[0], one.text, found.text, found.confidence, one.writer))
    if not used:
        names = f"{next(iter(read), '')!r} beside {true[0].names[0]!r}" if true else "the truth is empty"
        raise DataError(f"no prediction is for a sample of the truth ({names}): file_name or id must be the same")
    return Paired(pairs, missing, [name for name in read if name not in used])


def told(missing: list[str], unknown: list[str], what: str) -> Iterator[str]:
    """A line for each side that the other lacks; what: "samples" or "pages"."""
    sides = (
        (missing, f"{what} without a prediction, which count as read empty"),
        (unknown, f"predictions for no {what}"),
    )
    for names, why in sides:
        if names:
            yield f"{why}: {len(names):,} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"

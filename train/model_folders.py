"""A folder of model folders, told apart by the `kind` in each config.json: `models/words`, `models/reader-ru`, ...

scan(Path("models")) -> {"words": [Entry(...)], "ctc": [Entry(path, ("ru",)), Entry(path, ("en",))]}
"""

import json
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from stackmix.types import DataError

CONFIG = "config.json"


class Entry(NamedTuple):
    """A model folder and the languages that its config names."""

    path: Path
    languages: tuple[str, ...]


def scan(folder: Path) -> dict[str, list[Entry]]:
    """The model folders right below `folder`, by kind, in order of their names.

    Raises DataError where there is none, and where two of one kind know one language: which to take is then unsaid.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder: give --models a folder of model folders")
    found: dict[str, list[Entry]] = {}
    for path in sorted(folder.iterdir()):
        if (path / CONFIG).is_file():
            kind, languages = _described(path)
            found.setdefault(kind, []).append(Entry(path, languages))
    if not found:
        raise DataError(f"{folder} holds no model folders: make them with `stackmix train`")
    for kind, entries in found.items():
        for one, other in combinations(entries, 2):
            shared = set(one.languages) & set(other.languages)
            if shared or not (one.languages or other.languages):
                what = f"{kind} models{f' for {min(shared)}' if shared else ''}"
                raise DataError(f"{folder} holds two {what}, {one.path.name} and {other.path.name}: take one away")
    return found


def _described(path: Path) -> tuple[str, tuple[str, ...]]:
    try:
        config = json.loads((path / CONFIG).read_text(encoding="utf-8"))
        return str(config["kind"]), tuple(map(str, config.get("languages") or ()))
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise DataError(f"{path / CONFIG} describes no model ({error}): train it again, or remove it") from None

"""Pages of words as the school-notebook contest writes them, one JSON file for all pages:

{"img.jpg": {"predictions": [{"polygon": [[x, y], ...], "text": "слово"}, ...]}, ...}
"""

import json
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackmix.types import DataError, Region


def read(path: Path) -> dict[str, tuple[Region, ...]]:
    """The words of each page in the file's order; DataError names the page and the word that are wrong."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise DataError(f"{path} is no JSON file in UTF-8 ({error})") from None
    if not isinstance(content, dict):
        raise DataError(f'{path} is no contest file: it begins with {{"img.jpg": {{"predictions": [...]}}, ...}}')
    return {name: tuple(_words(path, name, page)) for name, page in content.items()}


def _words(path: Path, name: str, page: Any) -> list[Region]:
    words = page.get("predictions") if isinstance(page, dict) else None
    if not isinstance(words, list):
        raise DataError(f'{path}: {name} is not {{"predictions": [...]}}')
    found = []
    for number, word in enumerate(words):
        try:
            text = word["text"]
            if not isinstance(text, str):
                raise TypeError(f"text {text!r}")
            found.append(Region(_polygon(word["polygon"]), unicodedata.normalize("NFC", text)))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}: {name}, word {number}: {error!r}; polygon [[x, y], ...] and text") from None
    return found


def _polygon(points: Any) -> NDArray[np.float32]:
    polygon = np.array(points, np.float32).reshape(-1, 2) if len(points) == 0 else np.array(points, np.float32)
    if polygon.ndim != 2 or polygon.shape[1] != 2 or not np.isfinite(polygon).all():
        raise ValueError(f"polygon {str(points)[:60]}")
    return polygon

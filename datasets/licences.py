"""What may be published: the data sets that a folder's samples, or the letters they were stacked from, come from.

A stacked sample's own source is "stackmix"; what counts is whose letters it is made of, which `run.json` holds. A
source that `sources.py` doesn't know is the user's own, and said so on the card.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stackmix import samples
from stackmix.datasets.sources import SOURCES, Source
from stackmix.types import DataError

STACKED = "stackmix"
RUN = "run.json"


def run_of(folder: Path) -> dict[str, Any]:
    """The account of the run that made a stacked folder, {} for other folders; DataError where it is broken."""
    path = folder / RUN
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(about["library"]["sources"], list):
            raise TypeError("library.sources is no list")
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no account of a run ({error!r}): generate the set again") from None
    return about


def made_of(folder: Path) -> tuple[str, str] | None:
    """What a card says of a folder that `stackmix generate` made, and the licence in its YAML; None for other folders.

    made_of(pages) -> ("Made by `stackmix generate` out of letters of face. ...", "ofl-1.1")
    """
    about = run_of(folder)
    if not about:
        return None
    found = about["library"]["sources"]
    origin = ", ".join(found) or "no recorded origin"
    text = f"Made by `stackmix generate` out of letters of {origin}. Its options stand in `{folder.name}/{RUN}`."
    return text, licence(found or [STACKED])


def sources_of(folder: Path) -> list[str]:
    """The data sets behind a sample folder; "stackmix" among them where stacked letters' origin is not recorded."""
    found = {row.get("source") or "" for split in samples.splits_of(folder) for row in samples.rows(folder, split)}
    about = run_of(folder)
    if about:
        found = (found - {STACKED}) | set(about["library"]["sources"] or [STACKED])
    return sorted(found)


def known(source: str) -> Source | None:
    """What is known of a data set; one that mustn't be published is seen in other names too: "Teklia/IAM-line"."""
    if source in SOURCES:
        return SOURCES[source]
    words = re.split(r"[\W_]+", source.casefold())
    return next((about for name, about in SOURCES.items() if name in words and not about.redistribute), None)


def refusal(sources: Iterable[str]) -> str:
    """Why samples of these sources may not be published, "" where they may."""
    forbidden = {source: about for source in sources if (about := known(source)) and not about.redistribute}
    if forbidden:
        named = "; ".join(f"{about.title} ({about.licence})" for about in forbidden.values())
        return f"holds or is made of {named}"
    if STACKED in sources:
        return "is stacked from letters whose origin is not recorded (no run.json, or a library of stacked words)"
    return ""


def licence(sources: Iterable[str]) -> str:
    """The licence for a card's YAML: that of all sources, "other" of several, "unknown" for what is the user's own."""
    found = {about.licence.casefold() if about.redistribute else "other" for s in sources if (about := known(s))}
    own = {"unknown"} if any(known(source) is None for source in sources) else set()
    both = found | own
    return both.pop() if len(both) == 1 else "other"

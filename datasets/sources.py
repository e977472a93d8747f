"""What is known of each data set before it is opened: its title, where it comes from, and what its licence allows.

A `Sample.source` names one of these; samples of a source that is not here are the user's own.
"""

import re
from typing import NamedTuple


class Source(NamedTuple):
    """A data set. licence: as a data card names it. redistribute: whether its images, and what is made of them, may
    be published. languages: ISO 639-1.
    """

    title: str
    url: str
    licence: str
    redistribute: bool
    languages: tuple[str, ...]


SOURCES = {
    "iam": Source(
        "IAM Handwriting Database",
        "https://fki.tic.heia-fr.ch/databases/iam-handwriting-database",
        "non-commercial research only, not to be redistributed",
        False,
        ("en",),
    ),
    "hkr": Source(
        "HKR: handwritten Kazakh and Russian",
        "https://github.com/abdoelsayed2016/HKR_Dataset",
        "non-commercial research only, not to be redistributed",
        False,
        ("ru", "kk"),
    ),
    "school_notebooks_ru": Source(
        "School notebooks, Russian",
        "https://huggingface.co/datasets/ai-forever/school_notebooks_RU",
        "mit",
        True,
        ("ru",),
    ),
    "school_notebooks_en": Source(
        "School notebooks, English",
        "https://huggingface.co/datasets/ai-forever/school_notebooks_EN",
        "mit",
        True,
        ("en",),
    ),
    "face": Source(
        "Words set with faces under the SIL Open Font License",
        "https://fonts.google.com",
        "OFL-1.1",
        True,
        ("ru", "en"),
    ),
}

PAGES = {  # what of a sample's id names its page
    "iam": re.compile(r"(\w+-\w+)-\d+.*"),  # a01-000u-00-00, of form a01-000u
    "school_notebooks_ru": re.compile(r"(.+)-\d{3,}"),
    "school_notebooks_en": re.compile(r"(.+)-\d{3,}"),
}


def page_of(source: str, id: str) -> str:
    """The page that a sample was cut from, "" where its data set names none: `page_of("iam", "a01-000u-00-00")`."""
    pattern = PAGES.get(source)
    found = pattern.fullmatch(id) if pattern else None
    return found[1] if found else ""


def card_licence(kind: str) -> str | None:
    """The licence in a card's YAML: that of the data set, None for the user's own pictures, whose it is to say."""
    allowed = [source for name, source in SOURCES.items() if name.startswith(kind)]
    if not allowed:
        return None
    return allowed[0].licence if allowed[0].redistribute else "other"

"""What may be published follows the letters, whatever a folder is called."""

import json
from collections import Counter
from pathlib import Path

import pytest

from stackmix.datasets.card import Facts, languages, write
from stackmix.datasets.licences import known, licence, made_of, refusal, sources_of
from stackmix.datasets.sources import SOURCES
from stackmix.statistics import Count
from stackmix.types import DataError


@pytest.mark.parametrize(
    ("sources", "refused", "yaml"),
    [
        (["iam"], True, "other"),
        (["face"], False, "ofl-1.1"),
        (["school_notebooks_en", "school_notebooks_ru"], False, "mit"),
        (["face", "school_notebooks_ru"], False, "other"),
        (["face", "hkr"], True, "other"),
        (["my own"], False, "unknown"),
        ([""], False, "unknown"),
        (["my own", "face"], False, "other"),
        (["Teklia/IAM-line"], True, "other"),
        (["HKR_small"], True, "other"),
        (["miami", "my-face"], False, "unknown"),
        (["stackmix"], True, "unknown"),
    ],
)
def test_sources(sources: list[str], refused: bool, yaml: str) -> None:
    assert bool(refusal(sources)) == refused and licence(sources) == yaml


def test_every_forbidden_source_is_refused_alone_and_among_others() -> None:
    for name, about in SOURCES.items():
        assert bool(refusal([name])) == bool(refusal(["mine", name])) == (not about.redistribute)
        assert known(name) == about


def stacked(folder: Path, sources: object) -> Path:
    (folder / "train").mkdir(parents=True)
    (folder / "train" / "metadata.jsonl").write_text('{"file_name": "0.jpg", "text": "a", "source": "stackmix"}\n')
    (folder / "run.json").write_text(json.dumps({"library": {"sources": sources}}))
    return folder


def test_a_stacked_folder_is_of_its_letters_sources(tmp_path: Path) -> None:
    assert sources_of(stacked(tmp_path / "a", ["iam", "face"])) == ["face", "iam"]
    assert sources_of(stacked(tmp_path / "b", [])) == ["stackmix"]  # refused: it doesn't say
    with pytest.raises(DataError, match="no account of a run"):
        sources_of(stacked(tmp_path / "c", "iam"))


def test_a_made_folder_says_what_it_is_made_of(tmp_path: Path) -> None:
    assert made_of(stacked(tmp_path / "a", ["iam"])) == (
        "Made by `stackmix generate` out of letters of iam. Its options stand in `a/run.json`.", "other"
    )  # fmt: skip
    text, yaml = made_of(stacked(tmp_path / "b", [])) or ("", "")
    assert "no recorded origin" in text and yaml == "unknown"
    assert made_of(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "sources", "found"),
    [
        ("кот", ["mine"], ["ru"]),
        ("cat", ["mine"], ["en"]),
        ("кот cat", ["mine"], ["ru", "en"]),
        ("қала", ["hkr"], ["ru", "kk"]),
        ("кот" * 99 + "a", ["mine"], ["ru"]),
        ("cat", ["iam"], ["en"]),
        ("12", ["mine"], []),
    ],
)
def test_languages_are_told_by_their_letters(text: str, sources: list[str], found: list[str]) -> None:
    assert languages(Counter(text), sources) == found


def test_a_card_quotes_what_a_prepared_folder_says_of_itself(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("---\nlicense: other\n---\n\n# IAM words\n\nFrom Bern.\n\n# More\n", "utf-8")
    facts = Facts("anna/x", tmp_path, {"train": Count(samples=1)}, ["mine"], None, {})
    made = write(facts).split("## How it was made")[1].split("##")[0]
    assert "> From Bern.\n>\n> # More" in made and "IAM words" not in made and "license" not in made

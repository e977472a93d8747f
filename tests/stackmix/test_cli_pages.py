"""`stackmix generate --unit page`, and what it does not take."""

import json
from pathlib import Path
from typing import Any

import pytest

from stackmix import pages


def test_generate_pages(shell: Any, corpus: Path, library_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "made"
    args = ["generate", "--corpus", corpus, "--library", library_folder, "--out", out, "--unit", "page"]
    code, said, errors = shell.run(*args, "--paper", "squared,lined", "--ink", "violet")
    assert code == 0 and said == f"{out}: 1 pages\n" and "making pages" in errors[-1]
    (page,) = pages.read(out, "train")
    assert {"bad", "gone", "do,"} <= {region.text for region in page.regions}
    about = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert about["paper"] == ["squared", "lined"] and about["ink"] == ["violet"]
    code, said, errors = shell.run(*args)
    assert code == 1 and said == "" and "exists already" in errors[-1]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["--paper", "white"], "'white'"),
        (["--ink", "green"], "'green'"),
        (["--height", "64"], "--height"),
        (["--balance"], "--balance"),
        (["--blots", "0.1"], "--blots"),
        (["--format", "parquet"], "--format"),
    ],
)
def test_what_pages_do_not_have_is_named(
    shell: Any, corpus: Path, library_folder: Path, tmp_path: Path, more: list[str], named: str
) -> None:
    args = ["generate", "--corpus", corpus, "--library", library_folder, "--out", tmp_path / "out", "--unit", "page"]
    code, out, errors = shell.run(*args, *more)
    assert code == 2 and out == "" and named in errors[-1] and not (tmp_path / "out").exists()

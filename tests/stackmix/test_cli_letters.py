"""`stackmix inspect` and lists of rejected letters: what is shown, and what is left out of what is stacked."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stackmix import images, samples
from stackmix.library import LetterLibrary


def test_inspect_writes_a_sheet(own_captions: None, shell: Any, library_folder: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "лист.png"
    code, out, errors = shell.run("inspect", library_folder, "--out", sheet, "--text", "dog bed.")
    assert code == 0 and errors == [] and out.startswith(f"{sheet}: 1600 x ")
    assert out.splitlines()[1:] == ["12 characters; fewer than 5 instances: 'B' (1), ',' (4), '-' (4), '.' (4)"]
    assert sheet.read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def scored_folder(sample_of: Callable, tmp_path: Path) -> Path:
    """A library with letters of every score; `n` and `o` stand in one word only."""
    scores = {"bad": [1, 0.9, 0.5], "dab": [0.75, 0.6, 0.125], "no": [0.5, 0.5]}
    words = [replace(sample_of(word, id=f"x:{word}"), scores=np.float32(own)) for word, own in scores.items()]
    LetterLibrary.build(words, "train").save(tmp_path / "буквы")
    return tmp_path / "буквы"


def test_letters_by_confidence_are_listed(shell: Any, scored_folder: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "a.png"
    code, out, errors = shell.run("inspect", scored_folder, "--letter", "d", "--out", sheet)
    assert code == 0 and out == "x:dab:0\t0.7500\nx:bad:2\t0.5000\n"
    assert len(errors) == 1 and errors[0].endswith("all of 2 letters 'd', surest first")
    assert images.read(sheet).shape[1:] == (1600, 3)
    assert shell.complains(shell.run("inspect", scored_folder, "--letter", "ж", "--out", sheet), "no 'ж', only abdno")
    code, out, errors = shell.run("inspect", scored_folder, "--letter", "ab", "--out", sheet)
    assert code == 2 and out == "" and "'ab' is not one character" in errors[-1]


def test_listed_letters_can_be_rejected(shell: Any, scored_folder: Path, tmp_path: Path) -> None:
    """The rows of inspect are a rejects file as they are: no word is stacked from them any more."""
    path, corpus = tmp_path / "rejects.txt", tmp_path / "corpus.txt"
    corpus.write_text("bad dab ad", encoding="utf-8")
    rows = shell.run("inspect", scored_folder, "--letter", "a", "--out", tmp_path / "a.png")[1]
    path.write_text("# the a of dab\n" + rows.splitlines()[-1] + "\nx:bad:9\n", encoding="utf-8")
    args = ["generate", "--corpus", corpus, "--library", scored_folder, "--count", 40]
    code, out, errors = shell.run(*args, "--out", tmp_path / "out", "--rejects", path)
    assert code == 0 and out.endswith("out: 40 words\n")
    assert f"1 rejected letter is not in {scored_folder}: x:bad:9" in errors
    shell.run(*args, "--out", tmp_path / "all")
    for name, expected in (("out", {"x:bad"}), ("all", {"x:bad", "x:dab"})):
        pieces = [piece for row in samples.rows(tmp_path / name, "train") for piece in row["pieces"]]
        assert {p["id"] for p in pieces if p["first"] <= 1 < p["first"] + p["letters"]} == expected


def test_wrong_rejects_are_one_line(shell: Any, scored_folder: Path, tmp_path: Path) -> None:
    path, corpus = tmp_path / "rejects.txt", tmp_path / "corpus.txt"
    corpus.write_text("no bad", encoding="utf-8")
    args = ["generate", "--corpus", corpus, "--library", scored_folder, "--out", tmp_path / "out", "--rejects", path]
    assert shell.complains(shell.run(*args), "No such file", "rejects.txt")
    path.write_text("x:bad:0\nx:bad\n", encoding="utf-8")
    assert shell.complains(shell.run(*args), "rejects.txt, line 2: 'x:bad'")
    path.write_text("bad:0\n", encoding="utf-8")
    assert shell.complains(shell.run(*args), "not one rejected letter", "bad:0")
    path.write_text("x:no:1\n", encoding="utf-8")  # the library's only o
    assert shell.complains(shell.run(*args), "'o' (1 item)")
    assert not (tmp_path / "out").exists()
    path.write_text("# nothing yet\n", encoding="utf-8")
    assert shell.run(*args)[0] == 0


def test_resume_with_other_rejects_is_refused(shell: Any, scored_folder: Path, tmp_path: Path) -> None:
    path, corpus, out = tmp_path / "rejects.txt", tmp_path / "corpus.txt", tmp_path / "out"
    corpus.write_text("bad dab", encoding="utf-8")
    path.write_text("x:dab:0", encoding="utf-8")
    args = ["generate", "--corpus", corpus, "--library", scored_folder, "--out", out, "--rejects", path]
    assert shell.run(*args)[0] == 0
    out.rename(tmp_path / "out.partial")
    path.write_text("x:dab:2", encoding="utf-8")
    for again in (args, args[:-2]):
        code, _, errors = shell.run(*again, "--resume")
        assert code == 1 and "rejects: {'letters': 1, 'sha256'" in errors[-1]
    path.write_text("x:dab:0\t0.75\n", encoding="utf-8")  # the same, told otherwise
    assert shell.run(*args, "--resume")[0] == 0


def test_inspect_prints_a_folder_s_statistics(
    shell: Any, sample_of: Callable, folder_of: Callable, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "a", [sample_of("bad", "anna"), sample_of("gone", "boris", split="test")])
    code, said, _ = shell.run("inspect", folder, "--out", tmp_path / "sheet.png")
    assert code == 0 and "fewer than 20 times" in said
    assert ["all", "2", "7", "2"] in [line.split()[:4] for line in said.splitlines()]
    assert images.read(tmp_path / "sheet.png").shape[1] == 1600

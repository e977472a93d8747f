"""From sample folder to letter library with a hardly trained model: whole, in order, and honest about losses."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stackmix.cli import main
from stackmix.library import LetterLibrary
from stackmix.synthesis import Stacker
from stackmix.train import fitting
from stackmix.train.aligning import cut_folder, emitted
from stackmix.train.borders import SHIPPED, BorderModel
from stackmix.train.ctc import CTCModel
from stackmix.train.fitting import Fitting, Recipe
from stackmix.train.normalising import normalise, pack
from stackmix.types import DataError

WORDS = ["bad", "gone", "dab", "nod", "bog", "peg", "age", "on", "abba", "deed", "pond", "a"]


@pytest.fixture(scope="module")
def model(sample_of: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that saw the words a few times."""
    folder = tmp_path_factory.mktemp("model")
    packed = pack([sample_of(word) for word in WORDS], 32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "COLUMNS", 300)
        Fitting(packed, packed, Recipe(epochs=3), folder).run(lambda n, said: None).save_pretrained(folder)
    return folder


def test_folder_becomes_a_library(folder_of: Callable, sample_of: Callable, model: Path, tmp_path: Path) -> None:
    found = [sample_of(word, writer) for writer in ("anna", "") for word in WORDS]
    found += [sample_of("zebra", id="unknown"), sample_of("bad", id="broken"), sample_of("bed", id="val", split="val")]
    dots = replace(sample_of("."), text="bad", id="narrow")  # one dot cannot hold three letters
    data = folder_of(tmp_path / "образцы", [*found, replace(dots, image=dots.image[:, 6:8])], borders=False)
    (data / "train" / "25.png").write_bytes(b"?")
    ticks: list[int] = []
    told = cut_folder(data, "train", model, tmp_path / "буквы", tick=ticks.append)
    library = LetterLibrary.load(tmp_path / "буквы")
    assert library.texts == WORDS * 2 and library.split == "train" and library.writer_names == ["", "anna"]
    assert library.ids == [s.id for s in found[: len(library)]]
    report = json.loads((tmp_path / "буквы" / "report.json").read_text(encoding="utf-8"))
    assert [row["id"] for row in report["not_aligned"]] == ["unknown", "narrow"]
    assert "'r' 'z'" in report["not_aligned"][0]["why"] and "3 letters" in report["not_aligned"][1]["why"]
    assert len(report["broken"]) == 1 and "25.png" in report["broken"][0]
    assert report["samples"] == len(library) and report["counts"] == library.index.counts()
    assert "1 broken, 2 not aligned" in told and sum(ticks) == len(library) + 2
    for sample, own in zip(range(len(library)), found, strict=False):
        borders = library.borders(sample)
        assert own.borders is not None and (np.diff(borders) >= 1).all()
        assert borders[0] == own.borders[0] and borders[-1] == own.borders[-1]
        assert np.array_equal(library.image(sample), own.image)
    assert Stacker(library, 32).stack("bad dog", np.random.default_rng(0)).text == "bad dog"


def test_emitted_keeps_each_sample_with_its_own_emission_and_border_map(sample_of: Callable, model: Path) -> None:
    aligner, borders = CTCModel.from_pretrained(model), BorderModel.from_pretrained(SHIPPED)
    found = [sample_of(word, unit=unit) for word in WORDS for unit in (10, 40)]
    ticks: list[int] = []
    made = list(emitted(aligner, borders, iter(found), ticks.append))
    assert [sample.id for sample, *_ in made] == [sample.id for sample in found] and sum(ticks) == len(found)
    for sample, emission, border_map in made:
        (alone,) = aligner.emissions([sample.image])
        (own,) = borders.emit([normalise(sample.image, 32)])
        assert emission.step == alone.step and np.allclose(emission.log_probs, alone.log_probs, atol=1e-4)
        assert border_map.partings.shape == own.partings.shape and border_map.scale == own.scale
        assert np.abs(border_map.columns.astype(int) - own.columns).max() <= 1


def test_nothing_that_aligns_is_an_error_and_leaves_nothing(
    folder_of: Callable, sample_of: Callable, model: Path, tmp_path: Path
) -> None:
    data = folder_of(tmp_path / "data", [sample_of("xyz")], borders=False)
    with pytest.raises(DataError, match=r"not one sample of the train split could be cut \(w-xyz"):
        cut_folder(data, "train", model, tmp_path / "out", tick=lambda n: None)
    with pytest.raises(DataError, match="no split 'dev'"):
        cut_folder(data, "dev", model, tmp_path / "out", tick=lambda n: None)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data"]


def test_letters_of_a_test_split_are_refused(
    folder_of: Callable, sample_of: Callable, model: Path, tmp_path: Path
) -> None:
    data = folder_of(tmp_path / "data", [sample_of(word, split="Test1") for word in WORDS], borders=False)
    with pytest.raises(DataError, match=r"the Test1 split is kept for testing.*--split train"):
        cut_folder(data, "Test1", model, tmp_path / "out", tick=lambda n: None)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data"]


def test_rejected_letters_are_kept_but_never_stacked(
    folder_of: Callable, sample_of: Callable, model: Path, tmp_path: Path
) -> None:
    data = folder_of(tmp_path / "data", [sample_of(word) for word in WORDS], borders=False)
    rejects = frozenset({("w-bad", 1), ("w-abba", 3), ("w-abba", 4), ("nobody", 0)})
    told = cut_folder(data, "train", model, tmp_path / "all", tick=lambda n: None)
    assert "rejected" not in told
    told = cut_folder(data, "train", model, tmp_path / "out", rejects=rejects, tick=lambda n: None)
    assert told.endswith("; letters rejected: 2")
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["rejected"] == 2 and report["rejects_not_here"] == ["nobody:0", "w-abba:4"]
    whole, library = LetterLibrary.load(tmp_path / "all"), LetterLibrary.load(tmp_path / "out")
    changed = np.flatnonzero(whole.scores != library.scores)
    where = {library.starts[library.ids.index(sample)] + k for sample, k in (("w-bad", 1), ("w-abba", 3))}
    assert set(changed.tolist()) == where and (library.scores[changed] == 0).all()
    left = {(library.ids[one.sample], one.position) for one in library.letters("a")}
    assert not left & rejects and report["counts"] == library.index.counts()


def test_cut_takes_rejects_on_the_command_line(
    folder_of: Callable,
    sample_of: Callable,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = folder_of(tmp_path / "data", [sample_of(word) for word in WORDS], borders=False)
    path = tmp_path / "rejects.txt"
    words = ["stackmix", "cut", data, "--model", model, "--out", tmp_path / "out", "--rejects", path]
    monkeypatch.setattr(sys, "argv", list(map(str, words)))
    path.write_text("w-gun:0\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="1"):  # told before the cutting starts
        main()
    assert capsys.readouterr().err.startswith(f"stackmix: not one rejected letter is in {data}, w-gun:0 the first of 1")
    path.write_text("w-gun:0\nw-gone:3\t0.01\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="0"):
        main()
    said = capsys.readouterr()
    assert said.err.startswith(f"1 rejected letter is not in {data}: w-gun:0\n") and "letters rejected: 1 (" in said.out
    library = LetterLibrary.load(tmp_path / "out")
    assert library.scores[library.starts[library.ids.index("w-gone")] + 3] == 0

"""Which hands train and which are judged, and that no judged text is stacked."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import ImageFont

from stackmix.faces import open_face

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def russian(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The benchmark with 18 hands of one plain face, and a frequency list of a few words."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import russian

    data = ImageFont.load_default(size=20).font_bytes
    faces = [open_face(io.BytesIO(data), f"hand{k:02d}") for k in range(18)]
    monkeypatch.setattr(russian, "faces_under", lambda folders: faces)
    return russian


def test_no_hand_is_on_two_sides(russian: SimpleNamespace) -> None:
    sides = [{face.name for face in side} for side in russian.hands_of(Path("hands"))]
    assert [len(side) for side in sides] == [10, 2, 6]
    assert len(set.union(*sides)) == 18


def test_no_judged_text_trains(russian: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text("bad gone dab nod bog peg age on bead deed pond ant\n", encoding="utf-8")
    monkeypatch.setattr(russian, "CORPUS", [tmp_path / "corpus.txt"])
    monkeypatch.setattr(russian, "LETTERS", "[a-z]+")
    texts = russian.judged_words(["bad gone dab nod bog peg age on bead deed pond ant"])
    monkeypatch.setattr(russian, "frequent", lambda language: [(texts[0], 0.5), ("banana", 0.5)])
    options = russian.options_of(["hands", "--work", str(tmp_path), "--judged", "2", "--per-hand", "3"])
    series = russian.series_of(options)
    assert series.plan.listed == [("banana", 0.5)]
    judged = {sample.text for sample in [*series.words.val, *series.words.test]}
    assert judged <= set(texts) and not judged & {sample.text for sample in series.words.train}
    assert len(series.words.test) == 12 and {s.split for s in series.words.train} == {"train"}
    assert {sample.writer for sample in series.words.val} == {"hand08", "hand17"}

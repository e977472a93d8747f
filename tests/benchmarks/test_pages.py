"""The measure of whole pages on tiny models: what its lines say, what counts on a form, and which texts are judged."""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from PIL import ImageFont

from stackmix import images
from stackmix.faces import open_face
from stackmix.pages import box
from stackmix.train.cores import CoreConfig, CoreModel
from stackmix.train.ctc import CTCConfig, CTCModel
from stackmix.train.finding import Found
from stackmix.train.pages import PageReader
from stackmix.train.reading import Reading
from stackmix.types import Image

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
WORDS = """\
a01-000u-00-00 ok 154 20 20 60 20 AT bad
a01-000u-00-01 ok 154 82 36 4 8 , ,
a01-000u-00-02 err 154 100 20 60 20 NN gone
a01-000u-01-00 ok 154 20 60 40 20 NN #
a01-000u-01-01 ok 154 100 60 60 20 NN nod
b02-000-00-00 ok 154 20 20 60 20 NN peg
"""


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, one_thread: None) -> Iterator[ModuleType]:
    """The benchmark, which reads a page but once, on one thread."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import pages

    monkeypatch.setattr(pages, "ROUNDS", 1)
    monkeypatch.setattr(pages, "THREADS", 1)
    threads = cv2.getNumThreads()
    yield pages
    cv2.setNumThreads(threads)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    CoreModel(CoreConfig()).save_pretrained(tmp_path / "models" / "words")
    CTCModel(CTCConfig("abc", languages=("en",))).save_pretrained(tmp_path / "models" / "reader")
    return tmp_path / "models"


@pytest.fixture
def forms(tmp_path: Path) -> Path:
    """Two forms of IAM, the words of which are grey blocks."""
    for name, text in (("words", WORDS), ("forms", "a01-000u 000\nb02-000 001\n")):
        (tmp_path / "ascii").mkdir(exist_ok=True)
        (tmp_path / "ascii" / f"{name}.txt").write_text(text, encoding="utf-8")
    (tmp_path / "splits.json").write_text('{"val": ["a01-000u"], "test": ["b02-000"]}', encoding="utf-8")
    page = np.full((100, 200), 255, np.uint8)
    page[20:40, 20:80] = 100
    (tmp_path / "forms").mkdir()
    for name in ("a01-000u", "b02-000"):
        images.write(tmp_path / "forms" / f"{name}.png", page)
    return tmp_path


class Listed:
    """Finds words at given places."""

    def __init__(self, *boxes: tuple[int, int, int, int]) -> None:
        self.boxes = boxes

    def find_all(self, pages: Sequence[Image]) -> list[list[Found]]:
        return [[Found(box(*own), 0.9) for own in self.boxes] for _ in pages]


class Told:
    """Reads one text after the other."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts

    def read(self, images: Iterable[Image]) -> list[Reading]:
        return [Reading(text, 1.0, ()) for text, _ in zip(self.texts, images, strict=True)]


def told(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_page_of_about_200_words_is_timed(
    bench: ModuleType, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.main(["speed", "--models", str(models)])
    (line,) = told(capsys)
    assert 190 <= line["words"] <= 210 and "peer" not in line
    assert 0 < sum(line["parts_s"].values()) <= line["value"] + 0.003
    with pytest.raises(SystemExit, match=r"peers.sh FOLDER rapidocr"):
        bench.main(["speed", "--models", str(models), "--peers", str(models)])


def test_signs_and_faulty_boxes_count_in_texts_alone(
    bench: ModuleType,
    forms: Path,
    models: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finder = Listed((20, 20, 60, 20), (100, 20, 60, 20), (20, 60, 40, 20), (160, 2, 30, 10))
    reader = PageReader(finder, {"en": Told("", "bad", "gone", "")})
    monkeypatch.setattr(bench.PageReader, "from_pretrained", lambda folder, language: {"en": reader}[language])
    bench.main(["iam", str(forms), "--models", str(models), "--split", "val"])
    found, error = told(capsys)
    assert (found["true"], found["found"], found["right"]) == (2, 2, 1)  # bad, nod; bad, what lies far off
    assert found["value"] == 0.5 and found["writers"] == 1
    assert error["value"] == round(6 / len("bad , gone nod"), 4)  # as "bad gone" was read


def test_texts_are_of_words_that_no_model_learnt(bench: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [("a", 0.3), ("on", 0.2), ("bead", 0.2), ("don't", 0.1), ("pond", 0.1), ("pagan", 0.1)]
    monkeypatch.setattr(bench, "frequent", lambda language: listed)
    found = bench.sentences("en", {bench.bare(word) for word in ("Bead,", "“don’t”")}, 400)
    words = [bench.bare(word) for line in found for word in line.split()]
    assert set(words) == {"a", "on", "pond", "pagan"} and len(words) == 400
    assert 160 < sum(len(word) < 3 for word in words) < 240
    assert found == bench.sentences("en", {"bead", "dont"}, 400)


def test_made_pages_are_of_held_out_faces(
    bench: ModuleType,
    models: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = ImageFont.load_default(size=20).font_bytes
    faces = [open_face(io.BytesIO(data), name) for name in ("one", "two", "three", "four")]
    under: Callable = lambda folders, held_out=(): [face for face in faces if not held_out or face.name != "two"]  # noqa: E731
    monkeypatch.setattr(bench, "faces_under", under)
    monkeypatch.setattr(bench, "hands_of", lambda folder: ([], [], faces[3:]))
    assert [face.name for face in bench.held_out(Path("fonts"), Path("hands"))] == ["two", "four"]
    monkeypatch.setattr(bench, "SEEDS", {"en": 2})
    monkeypatch.setattr(bench, "PER_FACE", 5)
    monkeypatch.setattr(bench, "frequent", lambda language: [("on", 0.5), ("bead", 0.3), ("pond", 0.2)])
    (tmp_path / "en.txt").write_text("Bead!\n", encoding="utf-8")
    bench.main(["made", "fonts", "hands", "--models", str(models), "--texts", str(tmp_path / "en.txt"), "--pages", "1"])
    found = told(capsys)
    assert [line["figure"].split(",")[0] for line in found] == ["word F1 at IoU .5", "page CER", "contest score"]
    assert [line["value"] for line in found] == [0, 1, 1]  # the finder of random weights finds nothing
    assert {(line["pages"], line["hands"], line["predictions"]) for line in found} == {(1, 1, 0)}

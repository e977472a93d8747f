"""`stackmix recognize` over files and folders: forms, names, broken pages, interrupted runs."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from stackmix import images
from stackmix.results import FORMS, JSON
from stackmix.train import recognizing
from stackmix.train.cores import CoreConfig, CoreModel
from stackmix.train.ctc import CTCConfig, CTCModel
from stackmix.train.language import LanguageConfig, LanguageModel
from stackmix.train.pages import PageReader
from stackmix.train.recognizing import recognize, sources
from stackmix.types import DataError, Image, Page, Region


class Sides(PageReader):
    """A page reader without models: one word a page, which says how large the page is."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def read(self, pages: list[tuple[str, Image]]) -> list[Page]:  # type: ignore[override]
        found = []
        for name, image in pages:
            if name == "stop.png":
                raise KeyboardInterrupt
            self.seen.append(name)
            height, width = image.shape[:2]
            corners = np.array([(0, 0), (width, 0), (width, height)], np.float32)
            found.append(Page(image, (Region(corners, f"{width}x{height}", line=0, language="ru"),), name))
        return found


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Seven pages, one broken, one in a folder below."""
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    for k in range(6):
        images.write(folder / f"p{k}.png", np.full((20 + k, 30), 200, np.uint8))
    images.write(folder / "below" / "q.JPG", np.full((8, 9), 200, np.uint8))
    (folder / "p3.png").write_bytes((folder / "p3.png").read_bytes()[:40])
    return folder


def read(photos: Path, out: Path, *forms: str, resume: bool = False) -> dict[str, str]:
    return recognize(Sides(), sources([photos]), out, forms or (".json",), resume=resume, tick=lambda n: None)


def test_a_folder_becomes_one_json(photos: Path, tmp_path: Path) -> None:
    skipped = read(photos, tmp_path / "pages.json")
    found = json.loads((tmp_path / "pages.json").read_text(encoding="utf-8"))
    assert list(found) == ["below/q.JPG", "p0.png", "p1.png", "p2.png", "p4.png", "p5.png"]
    assert found["p4.png"]["predictions"][0]["text"] == "30x24"
    assert list(skipped) == ["p3.png"] and "breaks off" in skipped["p3.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pages.json", "photos"]


def test_forms_of_one_file_a_page_fill_a_folder(photos: Path, tmp_path: Path) -> None:
    read(photos, tmp_path / "out", ".txt", ".page.xml", ".json")
    names = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert len(names) == 18 and names[:3] == ["below/q.json", "below/q.page.xml", "below/q.txt"]
    assert (tmp_path / "out" / "p0.txt").read_text(encoding="utf-8") == "30x20\n"


@pytest.mark.parametrize("forms", [(".json",), (".txt", ".html")])
def test_an_interrupted_run_goes_on(photos: Path, tmp_path: Path, forms: tuple[str, ...]) -> None:
    read(photos, tmp_path / "whole.json" if forms == (".json",) else tmp_path / "whole", *forms)
    out = tmp_path / ("out.json" if forms == (".json",) else "out")
    images.write(photos / "stop.png", np.full((9, 9), 200, np.uint8))
    with pytest.raises(KeyboardInterrupt):
        read(photos, out, *forms)
    (photos / "stop.png").unlink()
    with pytest.raises(DataError, match="interrupted run: add --resume"):
        read(photos, out, *forms)
    assert not out.exists()
    reader = Sides()
    recognize(reader, sources([photos]), out, forms, resume=True, tick=lambda n: None)
    assert reader.seen == ["p4.png", "p5.png"]  # the group of four before it was written
    whole = tmp_path / ("whole.json" if forms == (".json",) else "whole")
    if out.is_file():
        assert out.read_bytes() == whole.read_bytes()
    else:
        assert {p.name: p.read_bytes() for p in out.glob("*.*")} == {p.name: p.read_bytes() for p in whole.glob("*.*")}
    with pytest.raises(DataError, match="exists already"):
        read(photos, out, *forms)


def test_names_that_would_meet_and_things_that_are_no_pages_are_refused(photos: Path, tmp_path: Path) -> None:
    images.write(photos / "p0.jpg", np.full((9, 9), 200, np.uint8))
    with pytest.raises(DataError, match="would have one name"):
        sources([photos])
    (tmp_path / "notes.txt").write_text("a", encoding="utf-8")
    with pytest.raises(DataError, match="is no picture"):
        sources([tmp_path / "notes.txt"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no pictures in there"):
        sources([tmp_path / "empty"])


def test_a_huge_page_is_refused_before_it_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images.write(tmp_path / "big.png", np.full((90, 90), 255, np.uint8))
    monkeypatch.setattr(recognizing, "MOST_PIXELS", 8000)
    monkeypatch.setattr(images, "decode", lambda data: pytest.fail("decoded"))
    with pytest.raises(DataError, match=r"big.png: 8,100 pixels are over 8,000"):
        recognize(Sides(), sources([tmp_path]), tmp_path / "o.json", (".json",), resume=False, tick=lambda n: None)


def test_the_command_reads_a_page_with_models_out_of_folders(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    CoreModel(CoreConfig()).save_pretrained(tmp_path / "models" / "words")
    CTCModel(CTCConfig("абв", languages=("ru",))).save_pretrained(tmp_path / "models" / "reader")
    page = tmp_path / "лист.png"
    images.write(page, np.full((64, 96, 3), 250, np.uint8))
    out = tmp_path / "лист.html"
    assert command("recognize", page, "--models", tmp_path / "models", "--out", out) == 0
    assert capsys.readouterr().out == f"{out}: 1 page\n" and "лист.png" in out.read_text(encoding="utf-8")
    assert command("recognize", page, "--models", tmp_path / "models", "--out", tmp_path / "p.json") == 0
    assert list(json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))) == ["лист.png"]
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff")
    words = ["recognize", tmp_path / "bad.jpg", "--models", tmp_path / "models", "--out", tmp_path / "bad.txt"]
    assert command(*words) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"stackmix: {tmp_path / 'bad.jpg'}: ")


def test_without_an_output_the_texts_are_printed(
    photos: Path, tmp_path: Path, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    CoreModel(CoreConfig()).save_pretrained(tmp_path / "models" / "words")
    CTCModel(CTCConfig("абв", languages=("ru",))).save_pretrained(tmp_path / "models" / "reader")
    assert command("recognize", photos, "--models", tmp_path / "models") == 0
    printed = capsys.readouterr()
    names = [line for line in printed.out.splitlines() if line]
    assert names == ["below/q.JPG", "p0.png", "p1.png", "p2.png", "p4.png", "p5.png"]
    assert "left out: p3.png" in printed.err and "demonstration" not in printed.err
    assert command("recognize", photos / "p3.png", "--models", tmp_path / "models") == 1
    for words in (["--format", "txt"], ["--resume"]):
        assert command("recognize", photos, "--models", tmp_path / "models", *words) == 2


def odd_pages(folder: Path) -> Path:
    """A blank page, noise, a page upside down, a single pixel, a JPEG that breaks off, a scan of 200 megapixels."""
    noise = np.random.default_rng(0).integers(0, 256, (400, 300), np.uint8)
    page = np.full((160, 400), 240, np.uint8)
    page[60:90, 20:120] = page[60:90, 150:260] = page[110:140, 20:80] = 20
    folder.mkdir()
    images.write(folder / "blank.png", np.full((300, 200, 3), 255, np.uint8))
    images.write(folder / "noise.png", noise)
    images.write(folder / "turned.png", np.ascontiguousarray(page[::-1, ::-1]))
    images.write(folder / "pixel.png", np.zeros((1, 1), np.uint8))
    (folder / "torn.jpg").write_bytes(images.encode(noise, ".jpg")[:9000])
    scan = bytearray(images.encode(noise, ".png"))
    scan[16:24] = (14_142).to_bytes(4) * 2  # what its header says
    (folder / "scan.png").write_bytes(scan)
    return folder


def models_of(root: Path) -> Path:
    """A finder that finds words in noise, and two readers with a voter, all untrained."""
    torch.manual_seed(0)
    finder = CoreModel(CoreConfig())
    with torch.no_grad():
        finder.maps.weight[:1] *= 300
        finder.maps.bias[:1] = 0  # type: ignore[index]
    finder.save_pretrained(root / "words")
    CTCModel(CTCConfig("абв", languages=("ru",))).save_pretrained(root / "reader-ru")
    CTCModel(CTCConfig("abc", languages=("en",))).save_pretrained(root / "reader-en")
    LanguageModel(LanguageConfig(("en", "ru"), narrow=8)).save_pretrained(root / "language")
    return root


def test_odd_pages_have_a_result_or_one_line(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages, models, out = odd_pages(tmp_path / "odd"), models_of(tmp_path / "models"), tmp_path / "odd.json"
    assert command("recognize", pages, "--models", models, "--out", out) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{out}: 4 pages, 2 left out\n"
    lines = [line for line in shown.err.splitlines() if line.startswith("left out: ")]
    assert lines[0] == "left out: scan.png: 199,996,164 pixels are over 60,000,000: scale the page down"
    assert lines[1].startswith("left out: torn.jpg: 9000 bytes are a picture that breaks off") and len(lines) == 2
    found = json.loads(out.read_text(encoding="utf-8"))
    assert list(found) == ["blank.png", "noise.png", "pixel.png", "turned.png"]
    assert len(found["noise.png"]["predictions"]) > 3
    for page in found.values():
        assert all(0 <= word["confidence"] <= 1 and word["language"] for word in page["predictions"])


@pytest.mark.parametrize("name", ["scan.png", "torn.jpg"])
def test_a_page_that_cannot_be_read_alone_is_one_line(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    pages, models = odd_pages(tmp_path / "odd"), models_of(tmp_path / "models")
    assert command("recognize", pages / name, "--models", models, "--out", tmp_path / "page.html") == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"stackmix: {pages / name}: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models", "odd"]


def test_odd_pages_in_every_form(tmp_path: Path) -> None:
    reader, forms = PageReader.from_pretrained(models_of(tmp_path / "models")), (JSON, *FORMS)
    pages = sources([odd_pages(tmp_path / "odd")])
    skipped = recognize(reader, pages, tmp_path / "out", forms, resume=False, tick=lambda n: None)
    assert sorted(skipped) == ["scan.png", "torn.jpg"]
    assert len(list((tmp_path / "out").iterdir())) == 4 * len(forms)


def test_pages_read_at_once_are_bounded_in_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognizing, "MOST_PIXELS", 100)
    for k, side in enumerate((5, 8, 4, 9, 10, 2, 2, 2, 2, 2)):
        images.write(tmp_path / f"{k}.png", np.full((side, side), 255, np.uint8))
    groups = [[int(page.name[0]) for page in group] for group in recognizing._groups(sources([tmp_path]))]
    assert groups == [[0, 1], [2, 3], [4], [5, 6, 7, 8], [9]]


@pytest.mark.parametrize(
    "words",
    [["--out", "x.odt"], ["--out", "x.html"], ["--out", "x", "--format", "pdf"], ["--out", "a.txt", "--format", "txt"]],
)
def test_outputs_that_say_no_form_are_exit_2(photos: Path, command: Callable[..., int], words: list[str]) -> None:
    assert command("recognize", photos, "--models", photos, *words) == 2

"""PAGE XML folders built small, with every fault; the forty Hooker pages where they are."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stackmix import images
from stackmix.datasets import markup, page_xml
from stackmix.datasets.page_files import NotThis
from stackmix.datasets.preparing import Report
from stackmix.types import DataError

SPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/{}"
BODY = """
<ReadingOrder><OrderedGroup id="o"><RegionRefIndexed index="0" regionRef="second"/>
  <RegionRefIndexed index="1" regionRef="first"/></OrderedGroup></ReadingOrder>
<TextRegion id="first"><Coords points="0,0 9,0 9,9"/>
  <TextLine id="l1"><Coords points="10,10 70,10 70,30 10,30"/>
    <Word><Coords points="10,10 40,10 40,30 10,30"/><TextEquiv><Unicode>дом,</Unicode></TextEquiv></Word>
    <Word><Coords points="45,10 70,10 70,30 45,30"/><TextEquiv><Unicode>cafe\u0301</Unicode></TextEquiv></Word>
  </TextLine>
  <TextLine><Coords points="10,50 70,50 70,70"/><TextEquiv><Unicode></Unicode></TextEquiv></TextLine>
  <TextLine><TextEquiv><Unicode>nowhere</Unicode></TextEquiv></TextLine>
</TextRegion>
<TextRegion id="second"><TextLine><Coords points="10,80 70,80 80,100 10,100"/>
    <TextEquiv index="1"><Unicode>second</Unicode></TextEquiv>
    <TextEquiv index="0"><Unicode> &amp; one
      wholly </Unicode></TextEquiv></TextLine>
  <TextEquiv><Unicode>of the region</Unicode></TextEquiv>
</TextRegion>"""


def document(
    picture: str = "1.jpg", body: str = BODY, year: str = "2013-07-15", size: tuple[int, int] = (100, 120)
) -> str:
    page = f'<Page imageFilename="{picture}" imageWidth="{size[0]}" imageHeight="{size[1]}">{body}</Page>'
    return f'<?xml version="1.0" encoding="UTF-8"?><PcGts xmlns="{SPACE.format(year)}"><Metadata/>{page}</PcGts>'


def picture(path: Path, scale: int = 1) -> None:
    page = np.full((120, 100, 3), (240, 235, 220), np.uint8)
    page[12:28:3, 12:68:3] = page[52:68:3, 30:68:3] = page[82:98:3, 12:68:3] = 30
    path.parent.mkdir(parents=True, exist_ok=True)
    images.write(path, np.kron(page, np.ones((scale, scale, 1), np.uint8)), 100)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    picture(tmp_path / "1.jpg")
    (tmp_path / "1.xml").write_text(document(), encoding="utf-8")
    return tmp_path


def texts(root: Path, report: Report | None = None, **options: str) -> list[tuple[str, str]]:
    return [(s.id, s.text) for s in page_xml.read(root, report=report, **options)]


def test_lines_in_reading_order(root: Path) -> None:
    report = Report()
    assert texts(root, report) == [("1-000", "& one wholly"), ("1-001", "дом, café")]
    assert report.skipped == {"empty text": ["1-002"], "no box": ["1-003"]}
    first, second = page_xml.read(root)
    assert first.image.shape == (20, 70, 3) and second.image.shape == (20, 60, 3)
    assert first.split == "train" and first.source == root.name and first.writer == ""
    assert np.abs(first.image[2, -3].astype(int) - (240, 235, 220)).max() < 12  # outside the polygon, inside its box


def test_words(root: Path) -> None:
    assert texts(root, unit="word") == [("1-000", "дом,"), ("1-001", "café")]


def test_pages(root: Path) -> None:
    report = Report()
    (page,) = page_xml.read_pages(root, report=report)
    assert report.skipped == {"region without a place": ["1.jpg: 1"]}
    assert [(r.category, r.text, r.line) for r in page.regions] == [
        ("text_line", "& one wholly", 0), ("pupil_text", "дом,", 1), ("pupil_text", "café", 1),
        ("text_line", "дом, café", 1), ("text_line", "", 2),
    ]  # fmt: skip


@pytest.mark.parametrize("year", ["2010-03-19", "2013-07-15", "2017-07-15", "2019-07-15"])
def test_the_namespaces_of_all_years(root: Path, year: str) -> None:
    (root / "1.xml").write_text(document(year=year), encoding="utf-8")
    assert len(texts(root)) == 2


def test_points_as_elements_and_a_prefix(root: Path) -> None:
    body = '<TextRegion><TextLine><Coords><Point x="10" y="10"/><Point x="70" y="10"/><Point x="70" y="30"/></Coords>'
    body += "<TextEquiv><Unicode>old</Unicode></TextEquiv></TextLine></TextRegion>"
    (root / "1.xml").write_text(document(body=body), encoding="utf-8")
    assert texts(root) == [("1-000", "old")]
    tagged = document().replace("<", "<p:").replace("<p:/", "</p:").replace("<p:?", "<?").replace("xmlns=", "xmlns:p=")
    (root / "1.xml").write_text(tagged, encoding="utf-8")
    assert len(texts(root)) == 2


def test_places_are_scaled_to_the_picture(root: Path) -> None:
    small = [s.image for s in page_xml.read(root)]
    picture(root / "1.jpg", scale=2)
    large = [s.image for s in page_xml.read(root)]
    assert [s.shape[0] * 2 for s in small] == [s.shape[0] for s in large] and large[0].shape[1] == 140


@pytest.mark.parametrize(
    "said", ["scan.JPG", "D:\\scans\\scan.jpg", "/home/me/scan.jpg", "../scan.jpg", "unknown.tif", ""]
)
def test_the_picture_is_found_by_its_bare_name_or_that_of_the_file(tmp_path: Path, said: str) -> None:
    for folder in ("beside", "above"):
        picture(tmp_path / folder / "scan.JPG")
        place = tmp_path / folder / ("page" if folder == "above" else "") / "scan.xml"
        place.parent.mkdir(exist_ok=True)
        place.write_text(document(said), encoding="utf-8")
    assert len(texts(tmp_path / "beside")) == len(texts(tmp_path / "above")) == 2


def test_faults_are_named(root: Path) -> None:
    files = {
        "broken.xml": "<PcGts", "mets.xml": "<mets/>", "absent.xml": document("absent.jpg"),
        "twice.xml": document("1.jpg"), "points.xml": document(body=BODY.replace("10,80", "10;80")),
        "bomb.xml": '<!DOCTYPE a [<!ENTITY b "c">]>' + document()[38:],
        "far.xml": document(body=BODY.replace("10,80", "10,inf")),
    }  # fmt: skip
    for name, text in files.items():
        (root / name).write_text(text, encoding="utf-8")
    for name in ("unnamed.jpg", "far.jpg"):
        picture(root / name)
    report = Report()
    assert len(texts(root, report)) == 2
    skipped = {reason: len(items) for reason, items in report.skipped.items()}
    assert skipped == {
        "broken PAGE XML": 4, "no PAGE XML": 1, "label without image": 1, "second description of an image": 1,
        "empty text": 1, "no box": 1, "image without label": 2,
    }  # fmt: skip
    assert any("remove its <!DOCTYPE" in item for item in report.skipped["broken PAGE XML"])


def test_entities_are_neither_expanded_nor_fetched(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    laughs = "".join(f'<!ENTITY a{k + 1} "{f"&a{k};" * 10}">' for k in range(9))
    for declared in ('<!ENTITY a0 "ha">' + laughs, f'<!ENTITY a9 SYSTEM "file://{tmp_path}/secret">'):
        with pytest.raises(DataError, match="declares a document type"):
            markup.parse(f"<!DOCTYPE x [{declared}]><x>&a9;</x>".encode(), "x.xml")
    with pytest.raises(DataError, match="no XML"):
        markup.parse(b"<x>&unknown;</x>", "x.xml")


def test_other_encodings() -> None:
    for encoding in ("utf-16", "windows-1251", "koi8-r"):
        text = f'<?xml version="1.0" encoding="{encoding}"?><x>дом</x>'
        assert markup.parse(text.encode(encoding), "x.xml").text == "дом"


def test_other_xml_is_not_this() -> None:
    with pytest.raises(NotThis):
        page_xml.parse(b"<alto/>", "x")


def test_folders_of_splits(root: Path) -> None:
    for split in ("train", "test1"):
        picture(root / split / "page.jpg")
        (root / split / "page.xml").write_text(document("page.jpg"), encoding="utf-8")
    assert Counter(s.split for s in page_xml.read(root)) == {"train": 4, "test1": 2}
    assert texts(root, split="test1") == [("test1/page-000", "& one wholly"), ("test1/page-001", "дом, café")]
    with pytest.raises(DataError, match="no split 'val', only test1, train"):
        texts(root, split="val")


def test_missing_parts_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no \.xml file: put the PAGE XML files beside their pictures"):
        texts(tmp_path)
    with pytest.raises(DataError, match="is no folder"):
        texts(tmp_path / "absent")


def test_the_hooker_pages(handwriting_of: Callable[[str], Path]) -> None:
    """Counts as observed on the forty pages; every line has ink and stays inside its page."""
    root, report = handwriting_of("hooker"), Report()
    assert sum(1 for _ in page_xml.read(root, report=report)) == 850
    assert {reason: len(items) for reason, items in report.skipped.items()} == {"empty text": 3}
    assert sum(1 for _ in page_xml.read(root, unit="word")) == 410
    kinds: Counter[str] = Counter()
    for page in page_xml.read_pages(root):
        kinds.update(region.category for region in page.regions)
        for region in page.regions:
            assert (region.polygon >= -1).all() and (region.polygon <= np.add(page.image.shape[1::-1], 1)).all()
    assert kinds == {"text_line": 853, "pupil_text": 410}

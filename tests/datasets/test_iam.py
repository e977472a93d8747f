"""The IAM recipe on both official layouts, built small and with every fault that real downloads have."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stackmix import images, pages
from stackmix.datasets import cropping, iam, iam_lists, school_notebooks, storage
from stackmix.datasets.preparing import Report, prepare
from stackmix.types import DataError, Image

# A form is 100 wide and 80 high; each word in it is a block of its own grey value: a cut shows where it is from.
WORDS = """\
#--- words.txt ---#
# a comment
a01-000u-00-00 ok 154 10 10 20 8 AT A
a01-000u-00-01 ok 154 40 10 30 8 NPTS M  Ps
a01-000u-00-02 err 154 80 10 10 8 TO to
a01-000u-01-00 ok 154 -1 -1 -1 -1 VB stop
a01-000u-01-01 ok 154 90 30 30 8 NN life
a01-000u-01-02 ok 154 10 30 0 8 NN naught
a01-000u-01-03 ok 154 10 60 20 8 NN blank
a01-000u-01-04 ok 154 300 300 20 8 NN outside
a01-000u-02-00 ok 154 40 30 20 8 AT
a01-000u-02-01 ok 154 forty 30 20 8 AT the
a01-000u-02-02 fine 154 40 30 20 8 AT the
a01-000u-02-03
a01-000u-02-04 ok 154 40 30 20 8 &GA #
b02-001-00-00 ok 154 -5 -4 15 12 NN cafe\u0301
b02-002-00-00 ok 154 10 10 20 8 NN lost
b02-003-00-00 ok 154 10 10 20 8 NN broken
c03-001-00-00 ok 154 10 10 20 8 NN nobody
d04-001-00-00 ok 154 10 10 20 8 NN unnamed
"""
LINES = """\
# lines.txt
a01-000u-00 ok 154 19 10 10 80 8 A|M Ps|to
a01-000u-01 err 154 19 10 30 90 8 stop|life
a01-000u-02 ok 154 19 10 30 90 8 |
b02-001-00 ok 154 19 -5 -4 15 12 cafe\u0301
"""
FORMS = """\
# forms.txt
a01-000u 000 2 prt 7 5 52 36
b02-001 001 2 all 1 1 1 1
b02-002 001 2 all 1 1 1 1
b02-003 001 2 all 1 1 1 1
d04-001 002 2 all 1 1 1 1
e05
"""
SPLITS = {"train": ["a01-000u"], "test": ["b02-001", "b02-002", "b02-003"]}
SKIPPED = {
    "malformed line": [
        "words.txt, line 12: a01-000u-02-01 ok 154 forty 30 20 8 AT the",
        "words.txt, line 13: a01-000u-02-02 fine 154 40 30 20 8 AT the",
        "words.txt, line 14: a01-000u-02-03",
        "forms.txt, line 7: e05",
    ],
    "err segmentation": ["a01-000u-00-02"],
    "empty text": ["a01-000u-02-00"],
    "crossed out": ["a01-000u-02-04"],
    "missing image": ["b02-002-00-00"],
    "broken image": ["b02-003-00-00"],
    "form not in forms.txt": ["c03-001-00-00"],
    "form in no split": ["d04-001-00-00"],
}


def form() -> Image:
    """White paper with a grey block for each of the boxes above."""
    page = np.full((80, 100), 255, np.uint8)
    blocks = [(10, 10, 20, 8), (40, 10, 30, 8), (80, 10, 10, 8), (90, 30, 10, 8), (40, 30, 20, 8), (0, 0, 10, 8)]
    for value, (x, y, width, height) in enumerate(blocks):
        page[y + 1 : y + height, x + 1 : x + width] = 20 * value
    return page


def lists(root: Path, folder: str = "ascii", encode: Callable[[str], bytes] = str.encode) -> Path:
    """The three lists and a split file below `root`."""
    (root / folder).mkdir(parents=True, exist_ok=True)
    for name, text in (("words.txt", WORDS), ("lines.txt", LINES), ("forms.txt", FORMS)):
        (root / folder / name).write_bytes(encode(text))
    (root / "splits.json").write_text(json.dumps(SPLITS), encoding="utf-8")
    return root


@pytest.fixture
def forms(tmp_path: Path) -> Path:
    """The layout with whole forms; b02-002 is missing and b02-003 has 0 bytes."""
    root = lists(tmp_path / "forms-layout")
    (root / "forms").mkdir()
    for name in ("a01-000u", "b02-001", "c03-001", "d04-001"):
        images.write(root / "forms" / f"{name}.png", form())
    (root / "forms" / "b02-003.png").write_bytes(b"")
    return root


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """The layout with a picture for each word and line, with the same faults."""
    root = lists(tmp_path / "ready-layout")
    for unit in ("word", "line"):
        for item in iam_lists.parse(root / "ascii" / f"{unit}s.txt", unit, Report()):
            path = root / f"{unit}s" / item.form[:3] / item.form / f"{item.id}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cut = cropping.cut(form(), pages.box(*item.box))
            if item.form == "b02-003":
                path.write_bytes(b"")
            elif item.form != "b02-002" and cut.size:
                images.write(path, cut)
    return root


def texts(root: Path, **options: object) -> list[tuple[str, str, str, str]]:
    return [(s.id, s.text, s.writer, s.split) for s in iam.read(root, **options)]  # type: ignore[arg-type]


GOOD = [
    ("a01-000u-00-00", "A", "000", "train"),
    ("a01-000u-00-01", "M Ps", "000", "train"),
    ("a01-000u-01-01", "life", "000", "train"),
    ("b02-001-00-00", "café", "001", "test"),
]


def test_forms_give_the_good_words_and_name_the_others(forms: Path) -> None:
    report = Report()
    assert texts(forms, report=report) == GOOD
    boxes = {
        "no box": ["a01-000u-01-00", "a01-000u-01-02", "a01-000u-01-04"],
        "no ink": ["a01-000u-01-03"],
    }
    assert report.skipped == SKIPPED | boxes


def test_pictures_that_no_list_names_are_reported(forms: Path, ready: Path) -> None:
    images.write(forms / "forms" / "z01-000.png", form())
    images.write(ready / "words" / "z01.png", form())
    for root, name in ((forms, "z01-000.png"), (ready, "z01.png")):
        report = Report()
        assert texts(root, report=report) == GOOD
        assert report.skipped["image without label"] == [name]
    report = Report()
    list(iam.read_pages(forms, report=report))
    assert report.skipped["image without label"] == ["z01-000.png"]


def test_ready_pictures_give_the_same(ready: Path) -> None:
    report = Report()
    assert texts(ready, report=report) == GOOD
    missing = ["a01-000u-01-00", "a01-000u-01-02", "a01-000u-01-04", "b02-002-00-00"]
    assert report.skipped == SKIPPED | {"missing image": missing, "no ink": ["a01-000u-01-03"]}


def test_both_layouts_hold_the_same_pixels(forms: Path, ready: Path) -> None:
    for cut, picture in zip(iam.read(forms), iam.read(ready), strict=True):
        np.testing.assert_array_equal(cut.image, picture.image)


def test_a_box_that_sticks_out_is_clipped(forms: Path) -> None:
    shapes = {sample.id: sample.image.shape for sample in iam.read(forms)}
    assert shapes["a01-000u-00-01"] == (8, 30)
    assert shapes["a01-000u-01-01"] == (8, 10)  # 30 wide from x 90 of 100
    assert shapes["b02-001-00-00"] == (8, 10)  # from -5, -4


@pytest.mark.parametrize("box", [(0, 0, 3, 2), (-1, -1, 3, 3), (5, 4, 9, 9), (-9, 1, 3, 3), (2, 2, 0, 3), (9, 9, 2, 2)])
def test_cut_against_a_mask(box: tuple[int, int, int, int]) -> None:
    page = np.arange(42, dtype=np.uint8).reshape(6, 7)
    x, y, width, height = box
    inside = [page[r, c] for r in range(6) for c in range(7) if y <= r < y + height and x <= c < x + width]
    assert cropping.cut(page, pages.box(*box)).ravel().tolist() == inside


def test_lines_join_their_words(forms: Path, ready: Path) -> None:
    good = [("a01-000u-00", "A M Ps to", "000", "train"), ("b02-001-00", "café", "001", "test")]
    for root in (forms, ready):
        report = Report()
        assert texts(root, unit="line", report=report) == good
        assert report.skipped["err segmentation"] == ["a01-000u-01"]
        assert report.skipped["empty text"] == ["a01-000u-02"]


def test_all_keeps_faulty_and_crossed_out_items(forms: Path) -> None:
    kept = {row[0]: row[1] for row in texts(forms, only_ok=False)}
    assert kept["a01-000u-00-02"] == "to"
    assert kept["a01-000u-02-04"] == "#"
    assert len(kept) == len(GOOD) + 2


def test_one_split(forms: Path) -> None:
    assert texts(forms, split="test") == GOOD[3:]
    with pytest.raises(DataError, match="no split 'dev', only test, train"):
        texts(forms, split="dev")


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"\xef\xbb\xbf" + text.replace("#--- words.txt ---#\n", "").replace("\n", "\r\n").encode(),
    ],
    ids=["byte order mark", "CRLF", "both"],
)
def test_lists_from_windows(forms: Path, encode: Callable[[str], bytes]) -> None:
    lists(forms, encode=encode)
    assert texts(forms) == GOOD


def test_bytes_that_are_no_utf8_are_listed(forms: Path) -> None:
    lists(forms, encode=lambda text: text.replace("cafe\u0301", "café").encode("latin-1"))
    report = Report()
    assert texts(forms, report=report) == GOOD[:3]
    assert report.skipped["malformed line"][3].startswith("words.txt, line 16: b02-001-00-00")


def test_lists_may_lie_in_the_root_and_forms_in_parts(forms: Path) -> None:
    for path in (forms / "ascii").iterdir():
        path.rename(forms / path.name)
    (forms / "ascii").rmdir()
    (forms / "forms").rename(forms / "formsA-D")
    (forms / "formsE-H").mkdir()
    assert texts(forms) == GOOD
    (forms / "formsA-D" / "b02-001.png").rename(forms / "formsE-H" / "b02-001.png")
    assert texts(forms) == GOOD


def test_a_form_is_decoded_once(forms: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: Counter[str] = Counter()
    read = storage.Folder.read
    monkeypatch.setattr(storage.Folder, "read", lambda self, name: opened.update([name[:-4]]) or read(self, name))
    list(iam.read(forms))
    assert opened["a01-000u"] == opened["b02-001"] == 1
    assert "c03-001" not in opened and "d04-001" not in opened


@pytest.mark.parametrize("missing", ["ascii/words.txt", "ascii/forms.txt", "forms"])
def test_a_missing_part_is_named_with_its_cure(forms: Path, missing: str) -> None:
    (forms / missing).rename(forms / "gone")
    with pytest.raises(DataError, match=rf"{missing} (is|are both) missing: download"):
        list(iam.read(forms))


def test_a_writer_on_two_sides_is_refused(forms: Path) -> None:
    other = forms / "other.json"
    other.write_text(json.dumps({"train": ["b02-001"], "val": ["b02-002"]}), encoding="utf-8")
    with pytest.raises(DataError, match=r"writer 001 is in train and in val \(form b02-002\)"):
        list(iam.read(forms, splits=other))


def test_a_form_on_two_sides_is_refused_even_without_a_writer(forms: Path) -> None:
    (forms / "splits.json").write_text(json.dumps({"train": ["c03-001"], "val": ["c03-001"]}), encoding="utf-8")
    with pytest.raises(DataError, match="form c03-001"):
        list(iam.read(forms))


@pytest.mark.parametrize("content", ["", "[]", '{"train": "a01-000u"}', '{"train": 3}', "{"])
def test_a_broken_split_file_is_named(forms: Path, content: str) -> None:
    (forms / "splits.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"splits\.json is no"):
        list(iam.read(forms))


def test_without_a_split_file_writers_are_split(forms: Path) -> None:
    (forms / "splits.json").unlink()
    report = Report()
    rows = texts(forms, report=report)
    assert len({(writer, split) for _, _, writer, split in rows}) == len({writer for _, _, writer, _ in rows})
    assert "by a checksum" in report.notes[0]


def test_the_split_by_writer_is_about_80_10_10() -> None:
    sides = iam.split_by_writer({f"form{n}": f"{n // 2:03d}" for n in range(2000)})
    share = Counter(sides.values())
    assert 1500 < share["train"] < 1700 and 150 < share["val"] < 260 and 150 < share["test"] < 260
    assert all(sides[f"form{n}"] == sides[f"form{n + 1}"] for n in range(0, 2000, 2))


def test_real_words(handwriting: Path) -> None:
    """The part of IAM in DIR/iam of --handwriting: counts as observed, and writers on one side only."""
    report = Report()
    rows = [(s.split, s.writer, s.text, s.image.shape) for s in iam.read(handwriting / "iam", report=report)]
    assert Counter(row[0] for row in rows) == {"train": 19579, "val": 3242, "test": 2687}
    assert len({row[1] for row in rows}) == len({row[:2] for row in rows}) == 172
    assert {reason: len(items) for reason, items in report.skipped.items()} == {
        "err segmentation": 4487,
        "crossed out": 21,
        "no box": 7,
        "no ink": 1,
        "image without label": 98,
    }
    assert all(text == " ".join(text.split()) and len(shape) == 2 for _, _, text, shape in rows)


def test_pages_have_words_and_lines_with_polygons(forms: Path) -> None:
    report = Report()
    first, second = iam.read_pages(forms, report=report)
    assert (first.id, first.writer, first.split, first.source) == ("a01-000u", "000", "train", "iam")
    words = [r for r in first.regions if r.category == "pupil_text"]
    assert [(r.text, r.line) for r in words[:3]] == [("A", 0), ("M Ps", 0), ("to", 0)]
    assert words[0].polygon.tolist() == [[10, 10], [30, 10], [30, 18], [10, 18]]
    assert ("", 2) in [(r.text, r.line) for r in words]  # crossed out: a place without a text
    assert [r.text for r in first.regions if r.category == "text_line"] == ["A M Ps to", "stop life", ""]
    assert (second.id, second.split, len(second.regions)) == ("b02-001", "test", 2)
    assert report.skipped["missing image"] == ["b02-002"] and report.skipped["broken image"] == ["b02-003"]
    assert report.skipped["form not in forms.txt"] == ["c03-001"] and report.skipped["form in no split"] == ["d04-001"]
    assert [page.id for page in iam.read_pages(forms, split="test")] == ["b02-001"]


def test_pages_lose_the_printed_text_at_their_top(forms: Path) -> None:
    """A real form: 80 rows of print above the handwriting, whose boxes lie below it."""
    move_down(forms, 80)
    page = np.concatenate([np.full((80, 100), 255, np.uint8), form()])
    page[10:40, 5:95:2] = 0
    images.write(forms / "forms" / "a01-000u.png", page)
    first = next(iam.read_pages(forms))
    np.testing.assert_array_equal(first.image, form())  # ten rows are left above the first box
    assert first.regions[0].polygon[:, 1].tolist() == [10, 10, 18, 18]


def move_down(root: Path, down: int) -> None:
    """Move all boxes of words.txt and lines.txt down."""
    for name in ("words", "lines"):
        path, rows = root / "ascii" / f"{name}.txt", []
        at = 4 if name == "words" else 5
        for row in path.read_text(encoding="utf-8").splitlines():
            fields = row.split(" ")
            if len(fields) > 7 and fields[at].isdigit():
                fields[at] = str(int(fields[at]) + down)
            rows.append(" ".join(fields))
        path.write_text("\n".join(rows), encoding="utf-8")


def test_a_page_folder_of_forms_is_cut_into_the_same_words(forms: Path, tmp_path: Path) -> None:
    report = Report()
    prepare(iam.entries(forms, unit="page", report=report), tmp_path / "pages", title="", body="", report=report)
    again = {(s.text, s.writer, s.source, s.split): s.image for s in school_notebooks.read(tmp_path / "pages")}
    for sample in iam.read(forms):
        np.testing.assert_array_equal(again[sample.text, sample.writer, "iam", sample.split], sample.image)


def test_counts_that_differ_from_the_whole_database_are_told(forms: Path) -> None:
    report = Report()
    list(iam.read(forms, report=report))
    assert report.notes[-1] == "words.txt lists 15 words; the whole of IAM has 115,320."


def test_real_pages(handwriting: Path) -> None:
    """Forms with words or lines in the part of IAM in DIR/iam: counts as observed."""
    report = Report()
    kinds: Counter[str] = Counter()
    count = 0
    for page in iam.read_pages(handwriting / "iam", split="val", report=report):
        count += 1
        kinds.update(region.category for region in page.regions)
    assert count == 60 and not report.skipped
    assert kinds["text_line"] > 500 and kinds["pupil_text"] > 3000

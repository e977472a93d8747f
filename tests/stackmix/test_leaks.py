"""Leaks: each kind is found where it was put and named, and nothing is where nothing was put."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stackmix import images, leaks, pages, samples
from stackmix.datasets.sources import page_of
from stackmix.leaks import Findings
from stackmix.library import LetterLibrary
from stackmix.sides import sides_of
from stackmix.types import DataError, Sample


@pytest.fixture(scope="module")
def word(draw: Callable) -> Callable[..., Sample]:
    """`word("bad", "a01-000u-00-00", "000", "test")`: a drawn sample of IAM."""

    def make(text: str, id: str, writer: str = "", split: str = "train", source: str = "iam") -> Sample:
        drawn = draw(text, unit=16, gap=3)
        return Sample(drawn.image, text, id, writer, source, split, drawn.borders)

    return make


def compare(*paths: Path) -> Findings:
    ticks: list[int] = []
    sides = [side for path in paths for side in sides_of(path)]
    found = leaks.find(sides, page_of, ticks.append)
    assert sum(ticks) == leaks.steps(sides)
    return found


def brief(found: Findings) -> list[tuple[str, bool, list[tuple[str, str]]]]:
    return [(one.kind, one.leak, [(pair.first, pair.second) for pair in one.pairs]) for one in found.found]


def clean(word: Callable) -> list[Sample]:
    return [
        word("bad", "a01-000u-00-00", "000"),
        word("gone", "a01-003-00-01", "001"),
        word("Bean", "b01-000-00-00", "100", "val"),
        word("on-page.", "c01-000-00-00", "200", "test"),
    ]


def test_nothing_is_found_where_nothing_is(word: Callable, folder_of: Callable, tmp_path: Path) -> None:
    found = compare(folder_of(tmp_path / "a", clean(word)))
    assert not found.found and found.lines() == ["no leaks"]


def test_copies_pages_and_writers_across_splits(word: Callable, folder_of: Callable, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "a", [*clean(word), word("bad", "x-1-0-0", "000", "test"), word("dog", "a01-003-7")])
    copy = images.decode(images.encode(word("gone", "").image, ".jpg", 70))
    folder_of(folder, [])
    images.write(folder / "test" / "9.png", copy)
    with (folder / "test" / samples.METADATA).open("a", encoding="utf-8") as lines:
        lines.write('{"file_name": "9.png", "text": "gone", "id": "a01-003-00-05", "writer": "777", "source": "iam"}\n')
    found = compare(folder)
    assert brief(found) == [
        ("page", True, [("iam a01-003", "iam a01-003")]),
        ("writer", True, [("iam 000", "iam 000")]),
        ("picture", True, [("a01-000u-00-00", "x-1-0-0")]),
        ("near picture", True, [("a01-003-00-01", "a01-003-00-05")]),
    ]
    assert found.lines()[-1] == "4 leaks"
    assert found.lines()[2] == f"leak: {folder} train and {folder} test share 1 picture: a01-000u-00-00 = x-1-0-0"
    assert json.loads(found.json())["findings"][3]["pairs"][0][:2] == ["a01-003-00-01", "a01-003-00-05"]


def test_across_data_sets_a_role_may_be_shared_but_not_a_picture(
    word: Callable, folder_of: Callable, tmp_path: Path
) -> None:
    one = folder_of(tmp_path / "a", [word("bad", "a01-000u-00-00", "000"), word("gone", "a01-000u-00-01", "000")])
    lines = folder_of(tmp_path / "b", [word("bad", "a01-000u-00", "000"), word("gone", "d-1-1", "9", source="other")])
    found = compare(one, lines)
    assert brief(found) == [
        ("page", False, [("iam a01-000u", "iam a01-000u")]),
        ("writer", False, [("iam 000", "iam 000")]),
        ("picture", True, [("a01-000u-00-01", "d-1-1")]),
        ("picture", False, [("a01-000u-00-00", "a01-000u-00")]),
    ]
    assert "both are for train" in found.lines()[1] and "of the same pages" in found.lines()[3]


def test_a_writer_of_another_data_set_is_another(word: Callable, folder_of: Callable, tmp_path: Path) -> None:
    one = folder_of(tmp_path / "a", [word("bad", "a01-000u-00-00", "000")])
    other = folder_of(tmp_path / "b", [word("gone", "a01-000u-00-00", "000", "test", source="hkr")])
    assert not compare(one, other).found


def test_file_names_are_no_ids(word: Callable, folder_of: Callable, tmp_path: Path) -> None:
    """train/0.png and test/0.png are not one sample."""
    for split, text in (("train", "bad"), ("test", "gone")):
        (tmp_path / split).mkdir()
        images.write(tmp_path / split / "0.png", word(text, "").image)
        (tmp_path / split / samples.METADATA).write_text(f'{{"file_name": "0.png", "text": "{text}"}}\n', "utf-8")
    assert not compare(tmp_path).found


def library(found: list[Sample], split: str, folder: Path) -> Path:
    LetterLibrary.build(found, split).save(folder)
    return folder


def test_letters_of_a_test_split(word: Callable, folder_of: Callable, tmp_path: Path) -> None:
    own = [word("bad", "a01-000u-00-00", "000", "test1"), word("gone", "a01-000u-00-01", "000", "test1")]
    letters = library(own, "test1", tmp_path / "letters")
    found = compare(letters)
    ids = [(sample.id, sample.id) for sample in own]
    assert brief(found) == [("test letters", True, ids)]
    train = folder_of(tmp_path / "a", [word("nod", "a01-000u-05-05", "000")])
    kinds = [(kind, leak) for kind, leak, _ in brief(compare(letters, train))]
    assert kinds == [("test letters", True), ("page", True), ("writer", True)]


def test_a_library_and_the_samples_it_was_cut_from(word: Callable, folder_of: Callable, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "a", clean(word))
    letters = library([sample for sample in clean(word) if sample.split == "train"], "train", tmp_path / "letters")
    found = compare(folder, letters)
    assert not found.leaks and {one.kind for one in found.found} == {"sample", "page", "writer"}


def stacked(folder: Path, word: Callable, folder_of: Callable, sources: list[str], split: str = "train") -> Path:
    """A stacked set of one word, of a letter of a01-003-00-01 by 001."""
    folder_of(folder, [word("dog", "00000000", "001", source="stackmix")])
    path = folder / "train" / samples.METADATA
    pieces = [{"id": "a01-003-00-01", "first": 0, "letters": 3, "writer": "001"}]
    path.write_text(samples.dump({**json.loads(path.read_text("utf-8")), "pieces": pieces}), "utf-8")
    about = {"library": {"name": "letters", "split": split, "sources": sources}}
    (folder / "run.json").write_text(json.dumps(about), "utf-8")
    return folder


def test_what_a_stacked_set_has_seen(word: Callable, folder_of: Callable, tmp_path: Path) -> None:
    synth = stacked(tmp_path / "synth", word, folder_of, ["iam"])
    good = folder_of(tmp_path / "good", clean(word))
    found = compare(synth, good)
    assert not found.leaks
    assert found.stacked == [
        f"{synth} train: 1 samples stacked from 1 samples on 1 pages by 1 writers of iam, train split; "
        f"none is in {good} test"
    ]
    bad = folder_of(tmp_path / "bad", [word("gone", "a01-003-00-01", "001", "test"), word("pa", "z-1-1-1", "5")])
    found = compare(synth, bad)
    assert brief(found) == [
        ("sample", True, [("iam a01-003-00-01", "iam a01-003-00-01")]),
        ("page", True, [("iam a01-003", "iam a01-003")]),
        ("writer", True, [("iam 001", "iam 001")]),
    ]
    assert found.stacked[0].endswith("1 of these samples and 1 of these pages are in a test split")
    assert compare(synth).stacked[0].endswith("no test split is given to compare them with")


def test_a_set_stacked_from_test_letters_or_of_several_sources(
    word: Callable, folder_of: Callable, tmp_path: Path
) -> None:
    seen = stacked(tmp_path / "synth", word, folder_of, ["face", "iam"], "test")
    bad = folder_of(tmp_path / "bad", [word("gone", "a01-003-00-01", "001", "val")])
    kinds = [(kind, leak) for kind, leak, _ in brief(compare(seen, bad))]
    assert kinds == [("test letters", True), ("sample", True), ("page", True)]  # whose writer 001 is, it doesn't say


def test_faint_and_broken_pictures_are_counted(word: Callable, folder_of: Callable, tmp_path: Path) -> None:
    stop = np.full((7, 8), 255, np.uint8)
    stop[1:6, 2:7] = 0
    stops = [Sample(stop, ".", f"s{split}", "", "iam", split) for split in ("train", "test")]
    folder = folder_of(tmp_path / "a", [*clean(word), *stops])
    (folder / "train" / "0.png").write_bytes(b"no picture")
    found = compare(folder)
    assert not found.found and (found.faint, found.twins, len(found.broken)) == (2, 1, 1)
    said = "\n".join(found.lines())
    assert "2 pictures have too little ink" in said and "1 of them are the same to the pixel" in said
    assert "1 pictures are broken or missing and were not compared" in said and "0.png" in said


def test_what_is_no_data_set_is_named(tmp_path: Path, word: Callable, folder_of: Callable) -> None:
    with pytest.raises(DataError, match="does not exist"):
        sides_of(tmp_path / "nothing")
    (tmp_path / "library.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="is no letter library"):
        sides_of(tmp_path)
    folder = folder_of(tmp_path / "a", clean(word))
    (folder / "run.json").write_text("{}", "utf-8")
    with pytest.raises(DataError, match="no account of a run"):
        sides_of(folder)


@pytest.mark.parametrize(
    ("source", "id", "page"),
    [
        ("iam", "a01-000u-00-00", "a01-000u"),
        ("iam", "a01-000u-00", "a01-000u"),
        ("school_notebooks_ru", "12_34-007", "12_34"),
        ("hkr", "1_2_3", ""),
        ("", "a01-000u-00-00", ""),
    ],
)
def test_pages(source: str, id: str, page: str) -> None:
    assert page_of(source, id) == page


def paged(sample: Sample, page: str, source: str = "letters") -> Sample:
    return replace(sample, page=page, source=source)


def test_a_page_that_samples_name_is_found_whatever_their_ids(
    word: Callable, folder_of: Callable, tmp_path: Path
) -> None:
    """Of a source that nobody has heard of, as PAGE XML and ALTO folders are."""
    train = folder_of(tmp_path / "a", [paged(word("bad", "x1"), "p1"), paged(word("gone", "x2"), "p2")])
    test = folder_of(tmp_path / "b", [paged(word("Bean", "y1", split="test"), "p2")])
    assert [sample.page for sample in samples.read(train, "train")] == ["p1", "p2"]
    assert brief(compare(train, test)) == [("page", True, [("letters p2", "letters p2")])]
    other = folder_of(tmp_path / "c", [paged(word("Bean", "y1", split="test"), "p2", "other letters")])
    assert not compare(train, other).found


def test_letters_of_a_named_page_are_found(word: Callable, folder_of: Callable, tmp_path: Path) -> None:
    """A stacked set knows its letters' samples, and a folder that is compared too knows their page."""
    train = folder_of(tmp_path / "a", [paged(word("bad", "x1"), "p1")])
    test = folder_of(tmp_path / "b", [paged(word("Bean", "y1", split="test"), "p1")])
    stacked = folder_of(tmp_path / "s", [word("dab", "0", source="stackmix")])
    row = samples.rows(stacked, "train")[0] | {"pieces": [{"id": "x1", "first": 0, "letters": 3, "writer": ""}]}
    (stacked / "train" / samples.METADATA).write_text(samples.dump(row), "utf-8")
    library = {"library": {"split": "train", "sources": ["letters"]}}
    (stacked / "run.json").write_text(json.dumps(library), "utf-8")
    found = [one for one in compare(stacked, train, test).leaks if one.first.startswith(str(stacked))]
    assert [(one.kind, one.pairs[0].first) for one in found] == [("page", "letters p1")]


def test_page_folders_are_compared_with_words(word: Callable, folder_of: Callable, tmp_path: Path) -> None:
    root = tmp_path / "pages"
    (root / "images").mkdir(parents=True)
    images.write(root / "images" / "a01-003.png", word("gone", "").image)
    row = pages.image_row(0, "a01-003.png", (60, 60), "a01-003", "001", "iam")
    (root / "annotations_train.json").write_text("".join(pages.document([row], [])), "utf-8")
    words = folder_of(tmp_path / "words", [word("bad", "a01-003-00-01", "001", "test")])
    kinds = [("page", True, [("iam a01-003", "iam a01-003")]), ("writer", True, [("iam 001", "iam 001")])]
    assert brief(compare(root, words)) == kinds


def test_whole_pages_are_copies_to_the_pixel_alone(word: Callable, tmp_path: Path) -> None:
    """Two pages of text look much alike when they are small; a leak of that kind would be a false one."""
    first, other = word("gone", "").image, word("gane", "").image
    for split, found in (("train", {"p1": first, "p2": other}), ("test", {"q1": images.grey(first), "q2": first[:-1]})):
        rows = []
        for number, (name, image) in enumerate(found.items()):
            (tmp_path / "images").mkdir(exist_ok=True)
            images.write(tmp_path / "images" / f"{name}.png", image)
            rows.append(pages.image_row(number, f"{name}.png", image.shape[1::-1], name, "", "mine"))
        (tmp_path / f"annotations_{split}.json").write_text("".join(pages.document(rows, [])), "utf-8")
    found = compare(tmp_path)
    assert brief(found) == [("picture", True, [("p1", "q1")])] and not found.faint

"""The letter library: what goes in comes out again, as views into one arena, and bad files are named."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.library import FILE, MIN_SCORE, LetterLibrary, usable
from stackmix.types import SEAM_ROWS, DataError, Letter, Sample


def assert_equal(a: LetterLibrary, b: LetterLibrary) -> None:
    for name in LetterLibrary.__slots__:
        if name == "index":
            continue
        x, y = getattr(a, name), getattr(b, name)
        if isinstance(x, np.ndarray):
            assert x.dtype == y.dtype and np.array_equal(x, y), name
        else:
            assert x == y, name
    assert a.index.alphabet == b.index.alphabet
    assert np.array_equal(a.index.keys, b.index.keys) and np.array_equal(a.index.starts, b.index.starts)


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_save_and_load_give_the_same_library(tiny_library: LetterLibrary, tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / "мои буквы" / "a=1"
    tiny_library.save(folder, suffix)
    assert_equal(LetterLibrary.load(folder), tiny_library)
    assert [p.name for p in folder.iterdir()] == [FILE]


def test_round_trip_of_colour_odd_sizes_and_unknown_writers(sample_of: Callable, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    grey = sample_of("bad", writer="")
    colour = Sample(
        rng.integers(0, 256, (33, 57, 3), dtype=np.uint8), "до", "цвет/1", "Пётр", "drawn", "train",
        np.array([0, 20, 57], np.int32), np.array([0.25, 1.0], np.float32),
    )  # fmt: skip
    library = LetterLibrary.build([grey, colour, sample_of("a", writer="")], "train")
    library.save(tmp_path)
    loaded = LetterLibrary.load(tmp_path)
    assert_equal(loaded, library)
    assert loaded.writer_names == ["", "Пётр"]
    assert np.array_equal(loaded.image(1), colour.image)
    assert np.array_equal(loaded.view(Letter(1, 1, 1)), colour.image[:, 20:57])
    assert loaded.image(0).ndim == 2


def test_library_of_one_sample_of_one_letter(sample_of: Callable, tmp_path: Path) -> None:
    library = LetterLibrary.build([sample_of("a")], "train")
    library.save(tmp_path)
    assert_equal(LetterLibrary.load(tmp_path), library)
    assert library.letters("a") == [Letter(0, 0, 1)]


def test_view_is_the_letter_in_the_arena(tiny_library: LetterLibrary) -> None:
    library = tiny_library
    for sample, text in enumerate(library.texts):
        borders = library.borders(sample)
        for position in range(len(text)):
            view = library.view(Letter(sample, position, 1))
            assert np.shares_memory(view, library.pixels)
            assert np.array_equal(view, library.image(sample)[:, borders[position] : borders[position + 1]])
            assert view.min() == 0  # there is ink in it
        whole = library.view(Letter(sample, 0, len(text)))
        assert whole.shape[1] == borders[-1] - borders[0]


def test_letters_finds_every_place_by_str_find(tiny_library: LetterLibrary) -> None:
    for piece in ["a", "on", "age", "page.", "o", ".", "-", "zz", "", "on-page."]:
        expected = {
            (sample, position)
            for sample, text in enumerate(tiny_library.texts)
            for position in range(len(text))
            if piece and text.startswith(piece, position)
        }
        found = tiny_library.letters(piece)
        assert {(f.sample, f.position) for f in found} == expected and len(found) == len(expected)
        assert all(f.length == len(piece) for f in found)


def test_geometry_of_each_hand_is_its_own(tiny_library: LetterLibrary) -> None:
    for name, unit, margin in (("anna", 20, 6), ("boris", 40, 6)):
        own = tiny_library.geometry[tiny_library.writers == tiny_library.writer_names.index(name)]
        assert np.abs(own[:, 2] - unit).max() < 0.12 * unit
        assert np.abs(own[:, 0] - (2 * unit + margin)).max() < 0.12 * unit


def test_build_refuses_what_is_no_library(sample_of: Callable) -> None:
    good = sample_of("bad")
    with pytest.raises(DataError, match="empty"):
        LetterLibrary.build([], "train")
    with pytest.raises(DataError, match=r"split 'val'.*one split, here 'train'"):
        LetterLibrary.build([good, sample_of("gone", split="val")], "train")
    with pytest.raises(DataError, match="w-bad has no letter borders"):
        LetterLibrary.build([replace(good, borders=None)], "train")


@pytest.mark.parametrize(
    ("borders", "why"),
    [
        ([6, 20, 40], "do not fit 'bad'"),
        ([-1, 20, 40, 60], "do not fit"),
        ([6, 20, 40, 10_000], "do not fit"),
        ([6, 20, 20, 40], "do not rise"),
        ([20, 6, 40, 60], "do not rise"),
        ([], "do not fit"),
    ],
)
def test_bad_borders_are_named(sample_of: Callable, borders: list[int], why: str) -> None:
    with pytest.raises(DataError, match=f"w-bad.*{why}"):
        LetterLibrary.build([replace(sample_of("bad"), borders=np.array(borders, np.int32))], "train")


def test_scores_of_another_length_are_named(sample_of: Callable) -> None:
    with pytest.raises(DataError, match=r"w-bad.*2 scores"):
        LetterLibrary.build([replace(sample_of("bad"), scores=np.ones(2, np.float32))], "train")


def stored(folder: Path) -> pa.Table:
    return pq.read_table(folder / FILE)


def test_broken_files_are_named(library_folder: Path, tmp_path: Path) -> None:
    data = (library_folder / FILE).read_bytes()
    damaged = data[: len(data) // 3] + b"\xff" * 400 + data[len(data) // 3 + 400 :]
    for broken in (b"", b"no parquet", data[:-20], data[: len(data) // 2], damaged):
        (tmp_path / FILE).write_bytes(broken)
        with pytest.raises(DataError, match=FILE):
            LetterLibrary.load(tmp_path)


def test_missing_folder_file_and_foreign_columns_are_named(library_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere holds no"):
        LetterLibrary.load(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="file holds no"):
        LetterLibrary.load(tmp_path / "file")
    for column in ("borders", "x_height", "image"):
        pq.write_table(stored(library_folder).drop_columns([column]), tmp_path / FILE)
        with pytest.raises(DataError, match=f"{FILE}.*{column}"):
            LetterLibrary.load(tmp_path)


def test_empty_mixed_and_null_files_are_named(library_folder: Path, tmp_path: Path) -> None:
    table = stored(library_folder)
    at = table.column_names.index("split")
    splits = ["train", "val"] + ["train"] * (len(table) - 2)
    mixed = table.set_column(at, "split", pa.array(splits))
    text = table.set_column(table.column_names.index("text"), "text", pa.array([None] * len(table), pa.string()))
    picture = table.set_column(table.column_names.index("image"), "image", pa.array([b"no picture"] * len(table)))
    empty = table.slice(0, 0)
    cases = [(empty, "empty library"), (mixed, "mixes the splits train, val"), (text, "in text"), (picture, FILE)]
    for wrong, why in cases:
        pq.write_table(wrong, tmp_path / FILE)
        with pytest.raises(DataError, match=why):
            LetterLibrary.load(tmp_path)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("aab😀 "), st.floats(0, 1, width=32, allow_subnormal=False)), min_size=1, max_size=30
    )
)
def test_usable_keeps_the_surer_half_of_every_letter_and_none_rejected(letters: list[tuple[str, float]]) -> None:
    text = "".join(c for c, _ in letters)
    scores = np.array([s for _, s in letters], np.float32)
    keep = usable([text[:3], text[3:]], scores)
    assert not keep[scores == 0].any()
    for letter in set(text):
        own = np.array([c == letter for c in text]) & (scores > 0)
        if not own.any():
            continue
        assert 2 * keep[own].sum() >= own.sum()
        assert keep[own & (scores >= MIN_SCORE)].all()
        if own.sum() > keep[own].sum():  # never a less sure one than one that is left out
            assert scores[own & keep].min() > scores[own & ~keep].max()


def test_unsure_letters_are_in_no_piece(sample_of: Callable) -> None:
    scores = np.array([0.9, 0.01, 0.9, 0.9], np.float32)
    samples = [replace(sample_of("gone"), scores=scores), sample_of("on")]
    library = LetterLibrary.build(samples, "train")
    assert library.letters("o") == [Letter(1, 0, 1)] and library.letters("go") == []
    assert library.letters("ne") == [Letter(0, 2, 2)]


def sheared_seams(sample: Sample) -> np.ndarray:
    """Seams that lean a column a row to the left, as nothing that is measured here does."""
    assert sample.borders is not None
    return (sample.borders[:, None] + np.arange(SEAM_ROWS) - SEAM_ROWS // 2).astype(np.int16)


def test_round_trip_keeps_seams(sample_of: Callable, tmp_path: Path) -> None:
    with_seams = [replace(s, seams=sheared_seams(s)) for s in (sample_of("bad"), sample_of("a"))]
    library = LetterLibrary.build([with_seams[0], sample_of("gone"), with_seams[1]], "train")
    library.save(tmp_path)
    loaded = LetterLibrary.load(tmp_path)
    assert_equal(loaded, library)
    assert loaded.seam_columns.dtype == np.int16 and loaded.seam_columns.shape == (4 + 5 + 2, SEAM_ROWS)
    for k, sample in ((0, with_seams[0]), (2, with_seams[1])):
        assert np.array_equal(loaded.seams(k), sample.seams)
        assert np.shares_memory(loaded.seams(k), loaded.seam_columns)


@pytest.mark.parametrize("slant", [-0.4, 0.0, 0.3, 0.7])
@pytest.mark.parametrize("skew", [-0.05, 0.0, 0.05])
def test_a_sample_without_seams_gets_its_borders_leaning_with_the_hand(
    sample_of: Callable, slant: float, skew: float
) -> None:
    sample = sample_of("gone", unit=30)
    assert sample.borders is not None
    height, width = sample.image.shape
    geometry = np.array([[66, skew, 30, slant, 4]], np.float32)
    seams = LetterLibrary.of([sample], "train", geometry).seams(0)
    rows = (np.arange(SEAM_ROWS) + 0.5) * height / SEAM_ROWS
    for border, seam in zip(sample.borders, seams, strict=True):
        middle = 66 - 30 / 2 + skew * (border - width / 2)
        assert np.interp(middle, rows, seam) == pytest.approx(border, abs=0.6)
        assert np.polyfit(rows, seam, 1)[0] == pytest.approx(-slant, abs=0.02)


@pytest.mark.parametrize("wrong", ["falls", "a row short", "a border short", "flat"])
def test_bad_seams_are_named(sample_of: Callable, wrong: str) -> None:
    sample = sample_of("bad")
    good = sheared_seams(sample)
    fallen = good.copy()
    fallen[2, 7] = fallen[1, 7] - 1
    seams = {"falls": fallen, "a row short": good[:, :-1], "a border short": good[:-1], "flat": good.ravel()}[wrong]
    why = "its seams cross" if wrong == "falls" else f"its seams are not {SEAM_ROWS} columns for each border"
    with pytest.raises(DataError, match=f"w-bad.*: {why}"):
        LetterLibrary.build([replace(sample, seams=seams)], "train")


def test_seam_columns_of_another_length_are_named(library_folder: Path, tmp_path: Path) -> None:
    table = stored(library_folder)
    rows = table["seams"].to_pylist()
    at, kind = table.column_names.index("seams"), table.schema.field("seams").type
    for wrong in (rows[1][:-1], rows[1][:-SEAM_ROWS], [], [*rows[1], 5]):
        changed = table.set_column(at, "seams", pa.array([rows[0], wrong, *rows[2:]], kind))
        pq.write_table(changed, tmp_path / FILE)
        with pytest.raises(DataError, match=rf"{FILE}.*{table['id'][1].as_py()}.*{len(wrong)} seam columns do not fit"):
            LetterLibrary.load(tmp_path)
    pq.write_table(table.drop_columns(["seams"]), tmp_path / FILE)
    leaning = LetterLibrary.load(tmp_path)  # seams are optional
    assert leaning.seam_columns.shape == LetterLibrary.load(library_folder).seam_columns.shape

"""Packed data: every image once, one padded width a batch, and the same again from a file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.train.packing import PAD, Normalised, Packed, merged, padded_width
from stackmix.types import DataError

WIDTHS = st.lists(st.integers(1, 700), max_size=30)


def packed_of(widths: list[int], height: int = 3, seed: int = 0) -> tuple[Packed, list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    inks = [rng.integers(0, 256, (height, w), dtype=np.uint8) for w in widths]
    rows = ((Normalised(ink, 1.0, 0), f"слово {k}", f"w{k % 3}", "train") for k, ink in enumerate(inks))
    return Packed.of(rows, height), inks


@given(st.integers(1, 20_000))
def test_padded_width_leaves_margins_and_wastes_little(width: int) -> None:
    padded = padded_width(width)
    step = 16 if width < 256 else 32 if width < 512 else 64
    assert padded % step == 0 and width + 2 * PAD <= padded < width + 2 * PAD + step
    assert padded_width(width + 1) >= padded


@settings(max_examples=50, deadline=None)
@given(WIDTHS, st.integers(1, 2000), st.none() | st.integers(0, 99))
def test_batches_hold_each_index_once_at_one_width(widths: list[int], columns: int, seed: int | None) -> None:
    packed, _ = packed_of(widths)
    batches = packed.batches(columns, None if seed is None else np.random.default_rng(seed))
    assert sorted(i for batch in batches for i in batch.tolist()) == list(range(len(widths)))
    for batch in batches:
        padded = {padded_width(widths[i]) for i in batch}
        assert len(padded) == 1
        assert len(batch) == 1 or len(batch) * padded.pop() <= columns
    again = packed.batches(columns, None if seed is None else np.random.default_rng(seed))
    assert [b.tolist() for b in batches] == [b.tolist() for b in again]


def test_shuffled_batches_differ_between_epochs() -> None:
    packed, _ = packed_of([20] * 40)
    first, second = (packed.batches(200, np.random.default_rng([0, epoch])) for epoch in (0, 1))
    assert np.concatenate(first).tolist() != np.concatenate(second).tolist()


@settings(max_examples=40, deadline=None)
@given(WIDTHS.filter(len), st.integers(0, 9))
def test_batch_is_the_images_between_margins(widths: list[int], seed: int) -> None:
    packed, inks = packed_of(widths, seed=seed)
    for batch in packed.batches(1500):
        pictures = packed.batch(batch)
        assert pictures.shape == (len(batch), 3, padded_width(widths[batch[0]]))
        for picture, i in zip(pictures, batch, strict=True):
            assert np.array_equal(picture[:, PAD : PAD + widths[i]], inks[i])
            assert not picture[:, :PAD].any() and not picture[:, PAD + widths[i] :].any()


@pytest.mark.parametrize("widths", [[], [5], [700, 1, 300, 16]])
def test_file_gives_it_back(tmp_path: Path, widths: list[int]) -> None:
    packed, _ = packed_of(widths)
    path = tmp_path / "данные.npz"
    packed.save(path)
    loaded = Packed.load(path)
    assert loaded.height == packed.height
    for name in Packed.__slots__[1:]:
        a, b = getattr(packed, name), getattr(loaded, name)
        assert a.dtype == b.dtype and np.array_equal(a, b)


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    packed, _ = packed_of([5, 6])
    packed.save(tmp_path / "good.npz")
    data = (tmp_path / "good.npz").read_bytes()
    np.savez(tmp_path / "foreign.npz", x=np.zeros(3))
    np.savez(tmp_path / "objects.npz", height=np.array({"a": 1}, object))
    for name, content in (("text", b"words"), ("empty", b""), ("half", data[: len(data) // 2])):
        (tmp_path / f"{name}.npz").write_bytes(content)
    for name in ("text", "empty", "half", "foreign", "objects", "absent"):
        with pytest.raises(DataError, match=rf"{name}\.npz is no packed data set"):
            Packed.load(tmp_path / f"{name}.npz")


def test_take_and_merge_keep_each_image_its_own() -> None:
    one, inks_one = packed_of([5, 60, 7])
    two, inks_two = packed_of([9, 300], seed=1)
    both = merged([one.take(np.array([False, True, True])), two])
    assert both.texts.tolist() == ["слово 1", "слово 2", "слово 0", "слово 1"]
    for i, ink in enumerate([*inks_one[1:], *inks_two]):
        assert np.array_equal(both.batch(np.array([i]))[0][:, PAD : PAD + ink.shape[1]], ink)
    with pytest.raises(DataError, match=r"heights \[3, 4\]"):
        merged([one, packed_of([5], height=4)[0]])

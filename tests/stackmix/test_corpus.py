"""Corpora: what is read, what falls back, what is missing, and how draws are evened out."""

import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.corpus import FALLBACKS, MissingCharacters, balance, fit, read
from stackmix.types import DataError

BOM = b"\xef\xbb\xbf"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "тексты.txt"


def written(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_words_and_lines(path: Path) -> None:
    written(path, "The  quick\tfox\r\n\r\n  lazy dog  \nend")
    assert read(path, "line") == ["The quick fox", "lazy dog", "end"]
    assert read(path, "word") == ["The", "quick", "fox", "lazy", "dog", "end"]


def test_byte_order_mark_is_no_text(path: Path) -> None:
    assert read(written(path, BOM + "ёлка\n".encode()), "line") == ["ёлка"]


def test_text_becomes_nfc_and_no_break_spaces_part_words(path: Path) -> None:
    written(path, unicodedata.normalize("NFD", "ёлка й") + "\u00a0и\u202f5\u2009км")
    assert read(path, "word") == ["ёлка", "й", "и", "5", "км"]
    assert read(path, "line") == ["ёлка й и 5 км"]


@settings(max_examples=50, deadline=None)
@given(st.text("ab \n\r\t\u00a0\u2028ёе\u0308", min_size=1))
def test_words_are_the_lines_split(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = written(tmp_path_factory.getbasetemp() / "corpus.txt", text)
    if not text.split():
        with pytest.raises(DataError, match="is empty"):
            read(path, "line")
        return
    lines = read(path, "line")
    assert read(path, "word") == [word for line in lines for word in line.split()]
    assert all(line and line == " ".join(line.split()) == unicodedata.normalize("NFC", line) for line in lines)


@pytest.mark.parametrize("start", [b"", BOM])
def test_another_encoding_names_byte_offset_and_line(path: Path, start: bytes) -> None:
    data = start + b"first\nsecond \xcf\xf0\xe8\xe2\xe5\xf2\n"  # "Привет" in CP1251
    with pytest.raises(DataError) as caught:
        read(written(path, data))
    assert f"byte 0xcf at offset {data.index(0xCF)} (line 2)" in str(caught.value)
    assert path.name in str(caught.value)


def test_character_cut_off_at_the_end_names_its_byte(path: Path) -> None:
    data = "да".encode()[:-1]
    with pytest.raises(DataError, match=r"byte 0xd0 at offset 2 \(line 1\)"):
        read(written(path, data))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_refused(path: Path, encoding: str) -> None:
    with pytest.raises(DataError, match=r"byte 0x\w\w at offset \d+ \(line 1\)"):
        read(written(path, "Привет, мир, fox".encode(encoding)))


@pytest.mark.parametrize("data", [b"", b"\n\n", b"  \r\n\t\n", BOM, "\u00a0\n".encode()])
def test_nothing_to_write_is_an_error(path: Path, data: bytes) -> None:
    with pytest.raises(DataError, match=r"тексты.*empty"):
        read(written(path, data))


def test_wrong_path_is_named(path: Path) -> None:
    with pytest.raises(DataError, match=r"тексты.txt: No such file"):
        read(path)
    with pytest.raises(DataError, match="directory"):
        read(path.parent)


def test_nearest_signs_are_counted() -> None:
    found = fit(["«Да»", "don’t", "a—b…", "a“b”", "1\u00a02"], set("Даdontabc'\"-.12"))
    assert found.items == ['"Да"', "don't", "a-b...", 'a"b"', "1 2"]
    quotes = {(mark, '"'): 1 for mark in "«»“”"}
    assert found.replaced == Counter({**quotes, ("’", "'"): 1, ("—", "-"): 1, ("…", "..."): 1, ("\u00a0", " "): 1})


def test_what_the_library_has_stays_as_it_is() -> None:
    item = "«a» — “b”… ’"
    found = fit([item], set(item))
    assert found.items == [item] and not found.replaced


@given(st.text("ab«»“”’…—-.\"' ", min_size=1), st.sets(st.sampled_from("ab«»“”’…—-.\"'")))
def test_what_is_fitted_can_be_written(item: str, alphabet: set[str]) -> None:
    try:
        found = fit([item], alphabet)
    except MissingCharacters as error:
        assert all(c in item and c not in alphabet for c in error.needed)
        assert all(not any(set(sign) <= alphabet for sign in FALLBACKS.get(c, [])) for c in error.needed)
        return
    assert set(found.items[0]) <= alphabet | {" "}
    assert sum(found.replaced.values()) == sum(c not in alphabet and c != " " for c in item)


def test_missing_characters_are_named_with_the_items_that_need_them() -> None:
    items = ["aa", "ябя", "щa", "щ"]
    with pytest.raises(MissingCharacters) as caught:
        fit(items, "ab")
    assert caught.value.needed == {"я": 1, "б": 1, "щ": 2}
    assert "'щ' (2 items)" in str(caught.value) and "'я' (1 item)" in str(caught.value)
    assert str(caught.value).index("'щ'") < str(caught.value).index("'я'")
    assert "--skip-missing" in str(caught.value)


def test_skipped_items_are_counted_and_theirs_are_not_replaced() -> None:
    found = fit(["a", "яa—", "b—", "щя"], "ab-", skip_missing=True)
    assert found.items == ["a", "b-"]
    assert found.skipped_items == 2 and found.skipped == {"я": 2, "щ": 1}
    assert found.replaced == Counter({("—", "-"): 1})


def test_nothing_left_is_an_error_even_when_skipping() -> None:
    with pytest.raises(DataError, match=r"none of the corpus's 2 items.*'я' \(2 items\)"):
        fit(["я", "aя"], "ab", skip_missing=True)


def shares(items: list[str], chance: np.ndarray) -> np.ndarray:
    letters = sorted(set("".join(items)) - {" "})
    found = np.array([sum(p * item.count(c) for item, p in zip(items, chance, strict=True)) for c in letters])
    return found / found.sum()


def test_balance_evens_the_characters_out() -> None:
    items = ["aaaa", "aab", "abab", "ac", "aaad a", "aaaaaa"] * 20 + ["zebra"]
    before, after = shares(items, np.full(len(items), 1 / len(items))), shares(items, balance(items))
    assert after.max() / after.min() < 0.1 * before.max() / before.min()
    assert after.min() > 5 * before.min()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("aab c", min_size=1).filter(str.strip), min_size=1, max_size=12))
def test_balanced_chances_are_chances(items: list[str]) -> None:
    chance = balance(items)
    assert chance.shape == (len(items),) and chance.sum() == pytest.approx(1)
    assert (chance >= 0.5e-3 / len(items)).all()  # no item is shut out
    assert np.array_equal(chance, balance(items))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(1, 3))
def test_balance_of_one_letter_items_is_even(times: list[int], length: int) -> None:
    items = [letter * length for letter, n in zip("abcde", times, strict=False) for _ in range(n)]
    found = shares(items, balance(items))
    assert found.max() < 1.02 * found.min()

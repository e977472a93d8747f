"""The words that ship: what they cover, that they repeat, and that nothing goes out without its licence."""

import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont

from stackmix import shipping
from stackmix.faces import Face, open_face
from stackmix.types import DataError
from stackmix.wordlist import choose, lacking, needs, quota, vocabulary, wanted

CORPUS = ["The quick brown fox, and a lazy dog.", "Съешь ещё этих мягких французских булок!", "Just 12 zebras jump"]
ENGLISH = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,!?0123456789")


def font_bytes() -> bytes:
    """Pillow's own face, Latin only."""
    return ImageFont.load_default(size=20).font_bytes


@pytest.fixture(scope="module")
def face() -> Face:
    return open_face(io.BytesIO(font_bytes()), "own")


def test_needs_name_each_place() -> None:
    assert needs("Юла,") == [("Ю", "start"), ("л", "inside"), ("а", "end"), (",", "")]
    assert needs("ОХ") == [("О", "caps"), ("Х", "caps")]
    assert needs("a-b") == [("a", "start"), ("-", ""), ("b", "start")]


def test_every_character_is_chosen_in_every_place() -> None:
    chosen = choose(vocabulary(CORPUS), 0, np.random.default_rng(0))
    have = Counter(need for word in chosen for need in needs(word))
    never = {(letter, "start") for letter in "ЪЫЬъыь"} | {("ъ", "end")}
    assert set(lacking(chosen)) <= never
    assert all(have[need] >= quota(need) for need in wanted() if need not in never)
    characters = Counter("".join(chosen))
    assert min(characters[need[0]] for need in wanted()) >= 4


def test_choice_repeats_fills_and_keeps_to_the_face() -> None:
    def able(word: str) -> bool:
        return set(word) <= ENGLISH

    first, again, other = (choose(vocabulary(CORPUS), 600, np.random.default_rng(s), able) for s in (1, 1, 2))
    assert first == again != other
    assert len(first) == 600 and all(map(able, first))
    assert choose([], 5, np.random.default_rng(0), lambda word: False) == []


def test_set_words_repeat_alone_and_whole(face: Face) -> None:
    words = list(shipping.set_words([face], CORPUS, seed=3, per_face=10))
    again = list(shipping.set_words([face], CORPUS, seed=3, per_face=10))
    assert [w[0].image.tobytes() for w in words] == [w[0].image.tobytes() for w in again]
    assert len({sample.id for sample, *_ in words}) == len(words)
    for sample, _, x_height, _ in words:
        assert sample.writer == "own" and sample.source == "face" and sample.split == "train"
        assert sample.borders is not None and sample.scores is not None
        assert len(sample.borders) == len(sample.text) + 1 and sample.scores.tolist() == [1.0] * len(sample.text)
        assert set(np.unique(sample.image)) <= set(range(0, 256, 17)) and 15 < x_height < 35
        assert not face.missing(sample.text)


def folder_of_faces(folder: Path, licence: str | None) -> Path:
    package = folder / "node_modules" / "plain"
    (package / "400Regular").mkdir(parents=True)
    (package / "400Regular" / "Plain.ttf").write_bytes(font_bytes())
    if licence is not None:
        (package / "LICENSE_FONT").write_text(licence, encoding="utf-8")
    return folder


def test_make_writes_words_and_licences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipping, "SHIPPED", (shipping.Shipped("plain-400", "plain", "Plain.ttf"),))
    fonts = folder_of_faces(tmp_path / "fonts", text := "Copyright me\nSIL Open Font License, Version 1.1\n")
    (corpus := tmp_path / "en.txt").write_text("\n".join(CORPUS), encoding="utf-8")
    count = shipping.make(fonts, [corpus], tmp_path / "out", per_face=5)
    assert count > 100
    assert (tmp_path / "out" / "OFL-plain.txt").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("licence", [None, "All rights reserved"])
def test_no_licence_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, licence: str | None) -> None:
    monkeypatch.setattr(shipping, "SHIPPED", (shipping.Shipped("plain", "plain", "Plain.ttf"),))
    fonts = folder_of_faces(tmp_path / "fonts", licence)
    with pytest.raises(DataError, match="may not ship"):
        shipping.make(fonts, [], tmp_path / "out")
    assert not list(tmp_path.glob("out*"))


def test_a_missing_face_names_its_package(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="@expo-google-fonts/bad-script"):
        shipping.open_shipped(tmp_path)


def test_held_out_faces_do_not_ship() -> None:
    families = {shipped.family for shipped in shipping.SHIPPED}
    assert families.isdisjoint(shipping.HELD_OUT) and len(families) >= 8

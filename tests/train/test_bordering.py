"""Training the border model on words set with Pillow's own face: it learns, repeats itself, and picks its faces."""

import io
import re
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ImageFont

from stackmix.faces import Face, open_face
from stackmix.setting import SetWord, set_word
from stackmix.train import bordering
from stackmix.train.bordering import (
    Pool,
    SetWords,
    batch,
    faces_under,
    fit,
    gather_words,
    judged_words,
    loss_of,
    pools_for,
    set_some,
    training_words,
    vary,
)
from stackmix.train.borders import BorderConfig, BorderModel
from stackmix.train.packing import PAD, padded_width
from stackmix.truth import APART, FREE
from stackmix.types import DataError

CORPUS = ["The quick brown fox, and a lazy dog jumps", "over twelve zebras; nobody minds it, really."]


def font_bytes() -> bytes:
    """Pillow's own face, Latin only."""
    return ImageFont.load_default(size=20).font_bytes


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handful of words gives several updates."""
    monkeypatch.setattr(bordering, "COLUMNS", 400)


@pytest.fixture(scope="module")
def face() -> Face:
    return open_face(io.BytesIO(font_bytes()), "own")


@pytest.fixture(scope="module")
def words(face: Face) -> SetWords:
    return gather_words([face], CORPUS, 14, 3, lambda n: None)


def quiet(_: int, __: str) -> None:
    pass


def loss_on(model: BorderModel, words: SetWords) -> float:
    """Mean loss of batches that are not varied."""
    losses = []
    with torch.inference_mode():
        for indices in words.packed.batches(400):
            ink, partings, columns = batch(words, indices)
            losses.append(float(loss_of(model, ink, partings, columns, ink)))
    return float(np.mean(losses))


def weights(model: BorderModel) -> dict[str, bytes]:
    return {name: value.contiguous().numpy().tobytes() for name, value in model.state_dict().items()}


def bare(word: str) -> str:
    return re.sub(r"[\W_]", "", word).lower()


def test_words_for_judging_are_not_trained_on(face: Face) -> None:
    trained, judged = training_words(CORPUS), judged_words(CORPUS)
    assert judged and not {bare(w) for w in trained} & {bare(w) for w in judged}


def test_each_word_is_drawn_from_its_own_seed(face: Face) -> None:
    some, fewer = (list(set_some(face, Pool(["bad", "gone"], []), count, [1, 2])) for count in (5, 3))
    assert [i.tobytes() for _, i in some[:3]] == [i.tobytes() for _, i in fewer]
    assert len({i.tobytes() for _, i in some}) == 5
    for word, image in some:
        assert image.shape == word.image.shape


def test_gathered_words_have_their_truth_in_place(words: SetWords) -> None:
    packed = words.packed
    assert len(packed) == len(words.partings) == len(words.free) == 14
    for k, text in enumerate(packed.texts.tolist()):
        assert words.partings[k].shape == (32, packed.widths[k]) and words.free[k].shape == (len(text) - 1, 2)
        assert (words.free[k] >= 0).all() and (words.free[k] <= packed.widths[k]).all()
        if len(text) > 1:
            assert (words.partings[k] == APART).any()
    assert sum(map(len, words.widths.values())) == sum(map(len, packed.texts.tolist()))
    assert all(0 < width < 9 for own in words.widths.values() for width in own)


def test_batches_lay_the_truth_on_the_ink(words: SetWords) -> None:
    for indices in words.packed.batches(400):
        ink, partings, columns = batch(words, indices)
        width = padded_width(int(words.packed.widths[indices[0]]))
        assert ink.shape == partings.shape == (len(indices), 32, width) and columns.shape == (len(indices), width)
        assert ink.min() >= 0 and ink.max() <= 1 and set(columns.unique().tolist()) <= {0.0, 1.0}
        for row, i in enumerate(indices.tolist()):
            own = words.partings[i]
            assert np.array_equal(partings[row, :, PAD : PAD + own.shape[1]], own)
            assert (partings[row, :, :PAD] == FREE).all() and (partings[row, :, PAD + own.shape[1] :] == FREE).all()
            for low, high in words.free[i]:
                assert columns[row, PAD + round((low + high) / 2)] == 1


def test_a_few_updates_lower_the_loss(words: SetWords, small_batches: None) -> None:
    told: list[tuple[int, str]] = []
    torch.manual_seed(0)
    before = loss_on(BorderModel(BorderConfig()).eval(), words)
    model = fit(words, 6, 0, lambda n, said: told.append((n, said)))
    assert loss_on(model, words) < 0.8 * before
    assert sum(n for n, _ in told) == 6 * len(words.packed) and all(said.startswith("loss ") for _, said in told)
    assert not model.training
    usual = model.config.widths
    assert set(usual) == set("".join(words.packed.texts.tolist())) and all(0 < w < 9 for w in usual.values())


def test_same_seed_same_weights_and_another_seed_others(words: SetWords, small_batches: None) -> None:
    first, again, other = (fit(words, 0.5, seed, quiet) for seed in (1, 1, 2))
    assert weights(first) == weights(again) != weights(other)


@pytest.mark.parametrize("epochs", [0.5, 1, 1.5])
def test_parts_of_epochs_are_as_many_updates(words: SetWords, small_batches: None, epochs: float) -> None:
    told: list[int] = []
    fit(words, epochs, 0, lambda n, _: told.append(n))
    assert len(told) == round(epochs * len(words.packed.batches(400)))


def test_varied_ink_stays_ink() -> None:
    ink = torch.zeros(6, 32, 96)
    ink[:, 10:22, 20:70:6] = 1
    one, again, other = (vary(ink, torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert one.shape == ink.shape and one.min() >= 0 and one.max() <= 1


def fonts_in(folder: Path, files: list[str]) -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(font_bytes())
    return folder


def test_one_weight_of_a_family_and_no_held_out_face_is_taken(tmp_path: Path) -> None:
    files = ["plain/400Regular/Plain.ttf", "plain/300Light/PlainLight.ttf", "plain/700Bold/PlainBold.ttf"]
    files += ["plain/400Regular_Italic/PlainItalic.OTF", "alone/Alone.ttf", "alone/notes.txt"]
    files += ["lobster/400Regular/Lobster.ttf", "other/400Regular/Judge.ttf"]
    fonts = fonts_in(tmp_path / "шрифты", files)
    names = [face.name for face in faces_under([fonts], ("lobster", "Judge"))]
    assert names == ["Alone", "Plain", "PlainItalic"]
    assert {face.name for face in faces_under([fonts])} == {*names, "Lobster", "Judge"}
    twice = faces_under([fonts / "plain", fonts / "alone", fonts / "plain"], ("lobster",))
    assert [face.name for face in twice] == names


def test_faces_that_ship_join_as_they_do_there(tmp_path: Path) -> None:
    fonts = fonts_in(tmp_path, ["MarckScript_400Regular.ttf", "Pangolin_400Regular.ttf"])
    marck, pangolin = faces_under([fonts])
    assert marck.join == 0.4 and pangolin.join == 0 and pangolin.missing("a«") == ["«"]


@pytest.mark.parametrize("files", [[], ["a/700Bold/A.ttf"], ["lobster/400Regular/Lobster.ttf"], ["readme.txt"]])
def test_a_folder_without_faces_is_named(tmp_path: Path, files: list[str]) -> None:
    fonts = fonts_in(tmp_path / "none", files)
    with pytest.raises(DataError, match=r"none: no .ttf or .otf face: see README"):
        faces_under([fonts], ("lobster",))
    with pytest.raises(DataError, match=r"absent: no .ttf"):
        faces_under([tmp_path / "absent"])


def test_a_face_with_few_words_is_named(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bordering, "training_pool", lambda corpus: Pool(["bad"] * 98, ["BAD"]))
    with pytest.raises(
        DataError, match="own can write 0 Russian and 99 other words of the corpus, 100 of either are needed"
    ):
        gather_words([face], CORPUS, 1, 0, lambda n: None)


def test_words_are_mostly_drawn_as_the_corpus_has_them() -> None:
    pool, rng = Pool(["bad", "gone"], ["BAD", "(gone)", "Gone"]), np.random.default_rng(0)
    drawn = Counter(pool.draw(rng) for _ in range(4000))
    assert set(drawn) == {*pool.plain, *pool.variants}
    assert sum(drawn[word] for word in pool.plain) / 4000 == pytest.approx(bordering.PLAIN, abs=0.03)
    assert {Pool(["bad"], []).draw(rng) for _ in range(20)} == {"bad"}
    assert {Pool([], ["BAD"]).draw(rng) for _ in range(20)} == {"BAD"}


def test_russian_is_set_apart_where_a_face_can_write_it(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Pool(["bad", "gone", "дом", "сад"], ["BAD", "42", "Дом"])
    monkeypatch.setattr(bordering, "ABLE", 3)
    assert pools_for(face, known) == [Pool(["bad", "gone"], ["BAD", "42"])]
    monkeypatch.setattr(Face, "missing", lambda self, text: [])
    assert pools_for(face, known) == [Pool(["дом", "сад"], ["Дом"]), Pool(["bad", "gone"], ["BAD", "42"])]


def test_letters_of_some_words_are_joined(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    joins: list[float] = []

    def setting(text: str, face: Face, *rest: object) -> SetWord:
        joins.append(face.join)
        return set_word(text, face, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(bordering, "set_word", setting)
    list(set_some(face, Pool(["bad"], []), 40, [0]))
    assert 10 < joins.count(0) < 30 and 0.2 < max(joins) <= bordering.JOIN and min(joins) == 0
    joins.clear()
    list(set_some(replace(face, join=0.3), Pool(["bad"], []), 40, [0]))
    assert min(joins) == 0.3 < max(joins)


def test_training_from_fonts_to_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fonts, corpus, out = fonts_in(tmp_path / "fonts", ["Plain.ttf"]), tmp_path / "en.txt", tmp_path / "out"
    corpus.write_text("\n".join(CORPUS), encoding="utf-8")
    words = ["bordering", fonts, "--corpus", corpus, "--out", out, "--per-face", 3]
    monkeypatch.setattr(sys, "argv", list(map(str, words)))
    bordering.main()
    assert capsys.readouterr().out == f"{out}: 3 words of 1 faces\n"
    assert BorderModel.from_pretrained(out).config.widths
    monkeypatch.setattr(sys, "argv", [*sys.argv[:1], str(tmp_path / "empty"), *sys.argv[2:5], str(tmp_path / "no")])
    with pytest.raises(SystemExit, match=r"stackmix: .*empty: no .ttf"):
        bordering.main()
    assert not list(tmp_path.glob("no*"))

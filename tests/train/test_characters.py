"""Spelling: alphabets and a model's own pieces, texts there and back, and what neither can spell."""

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from stackmix.train.characters import PIECES, Characters, Pieces, open_pieces, refuse_unknown, spread
from stackmix.types import DataError

TEXT = ["bad gone dab nod bog peg age on abba deed pond a", "тетрадь письмо слово дом"]


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> Pieces:
    """The tokenizer of a folder that has a sentencepiece file and nothing else, as microsoft/trocr-small-* have."""
    folder = tmp_path_factory.mktemp("pieces")
    (folder / "corpus.txt").write_text("\n".join(TEXT * 50), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "corpus.txt"),
        model_prefix=str(folder / PIECES.removesuffix(".model")),
        vocab_size=60,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    for path in folder.iterdir():
        if path.name != PIECES:
            path.unlink()
    return open_pieces(folder)


@given(st.text("абв -!", max_size=8))
def test_characters_there_and_back(text: str) -> None:
    own = Characters("!абв -")
    numbers = own.encode(text)
    assert numbers[-1] == own.end and min(numbers[:-1], default=3) >= 3 and max(numbers) < own.size
    assert own.decode(numbers) == own.decode([own.start, *numbers, own.pad]) == text


def test_a_widened_alphabet_keeps_its_numbers() -> None:
    old = Characters("xa")
    new = old.widened(["ab", "c"])
    assert new.alphabet == "xabc" and new.encode("xa") == old.encode("xa")


def test_pieces_there_and_back(pieces: Pieces) -> None:
    for text in ("bad", "письмо", "age on"):
        assert pieces.decode(pieces.encode(text)) == text
        assert pieces.encode(text)[-1] == pieces.end
    assert len(pieces.encode("bad")) - 2 < len("bad") + 1  # some piece holds more than a letter


def test_unknown_characters_are_named(pieces: Pieces) -> None:
    told = r"tokenizer has no 'q' \(2 labels\), '№' \(1 label\): --tokenizer characters"
    with pytest.raises(DataError, match=told):
        refuse_unknown(pieces, ["q", "bad", "qa№"])
    with pytest.raises(DataError, match=r"has no 'ё' \(1 label\)"):
        refuse_unknown(Characters("ж"), ["жёж"])
    refuse_unknown(pieces, ["bad", "дом"])


def test_each_letter_has_the_chance_of_its_piece(pieces: Pieces) -> None:
    numbers = pieces.encode("badge")[:-1]
    chances = [1 - k / 10 for k in range(len(numbers))]
    text, letters = spread(pieces, numbers, chances)
    assert text == "badge" and len(letters) == 5
    own = pieces.tokenizer.convert_ids_to_tokens(numbers)
    pairs = zip(own, chances, strict=True)
    assert letters == [p for token, p in pairs if not token.startswith("<") for _ in token.replace("▁", "")]
    assert spread(Characters("ab"), [4, 3], [0.5, 0.25]) == ("ba", [0.5, 0.25])
    assert spread(Characters("ab"), [], []) == ("", [])

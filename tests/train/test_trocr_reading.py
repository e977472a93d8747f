"""Reading in sorted, shrinking batches with a cache gives what reading one by one, without any of it, gives."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from stackmix.train import generating
from stackmix.train.generating import Said, beams, encode, read, say, say_batch
from stackmix.train.shaping import measured, pixels, shaped
from stackmix.train.trocr import TrOCR
from stackmix.types import Image

WORDS = ["bad", "a", "gone", "on", "abba", "deed", "pond", "an", "b", "peg", "nod", "boggedbeadbag"]


@pytest.fixture(scope="module")
def words(draw: Callable) -> list[Image]:
    return [draw(word).image for word in WORDS]


@torch.inference_mode()
def plainly(model: TrOCR, image: Image) -> Said:
    """The definition: one image, the whole text so far through the decoder for every letter."""
    network, vocabulary = model.network, model.vocabulary
    said, heard = Said([], [], 1.0), [vocabulary.start]
    square = pixels([shaped(image, model.habits.fit, model.size)], model.size)
    for _ in range(model.habits.longest):
        logits = network(pixel_values=square, decoder_input_ids=torch.tensor([heard])).logits[0, -1]
        chance, best = logits.softmax(dim=-1).max(dim=-1)
        if int(best) == vocabulary.end:
            return said._replace(end=float(chance))
        said.numbers.append(int(best))
        said.chances.append(float(chance))
        heard.append(int(best))
    return said


@pytest.mark.parametrize("batch", [1, 3, 5, 32])
@pytest.mark.parametrize("longest", [20, 4])
def test_reading_is_reading_one_by_one(
    talker: TrOCR, words: list[Image], monkeypatch: pytest.MonkeyPatch, batch: int, longest: int
) -> None:
    monkeypatch.setattr(generating, "AHEAD", 2)  # several windows
    model = talker.with_habits(longest=longest)
    found, wanted = list(say(model, words, batch)), [plainly(model, image) for image in words]
    assert [own.numbers for own in found] == [own.numbers for own in wanted]
    assert max(len(own.numbers) for own in found) == min(longest, 13)
    for a, b in zip(found, wanted, strict=True):
        assert [*a.chances, a.end] == pytest.approx([*b.chances, b.end], abs=1e-4)
    if longest == 20:
        assert [reading.text for reading in read(model, words, batch)] == WORDS


def test_it_is_what_transformers_generates(talker: TrOCR, words: list[Image]) -> None:
    squares = pixels([shaped(image, "kept", 96) for image in words], 96)
    found = talker.network.generate(squares, max_length=21, do_sample=False)
    assert [talker.vocabulary.decode(row) for row in found.tolist()] == [r.text for r in talker.read(words)]


def test_rows_that_ended_leave_the_batch(talker: TrOCR, words: list[Image], monkeypatch: pytest.MonkeyPatch) -> None:
    forward, sizes = talker.network.decoder.forward, []

    def counted(*args: object, **named: torch.Tensor) -> object:
        sizes.append(tuple(named["input_ids"].shape))
        return forward(*args, **named)

    counted.__signature__ = __import__("inspect").signature(forward)  # type: ignore[attr-defined]
    monkeypatch.setattr(talker.network.decoder, "forward", counted)
    say_batch(talker, [shaped(image, "kept", 96) for image in words])
    lengths = [len(word) for word in WORDS]
    speaking = [sum(n >= step for n in lengths) for step in range(max(lengths) + 1)]
    assert len(sizes) == len(speaking) and sizes[-1] == (1, 1)
    for (rows, columns), own in zip(sizes, speaking, strict=True):
        assert columns == 1 and own <= rows < own / generating.DENSE + 1


def test_batches_hold_words_of_one_length(talker: TrOCR, words: list[Image], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of words that are scaled down to fit their squares."""
    wanted = {shaped(image, "kept", 96).tobytes(): len(word) for image, word in zip(words, WORDS, strict=True)}
    seen: list[list[int]] = []

    def recorded(model: TrOCR, squares: list[Image]) -> list[Said]:
        seen.append([wanted[square.tobytes()] for square in squares])
        return [Said([], [], 1.0) for _ in squares]

    monkeypatch.setattr(generating, "say_batch", recorded)
    list(say(talker, words, 4))
    assert [len(batch) for batch in seen] == [4, 4, 4]
    assert sum(max(batch) for batch in seen) <= sum(sorted(map(len, WORDS))[3::4]) + 1
    assert measured(np.zeros((10, 40, 3), np.uint8), "squashed", 96)[1] == 4.0


def test_beams_read_what_they_learnt_and_say_how_sure_they_are(talker: TrOCR, words: list[Image]) -> None:
    model = talker.with_habits(beams=4, length_penalty=2.0)
    assert [reading.text for reading in model.read(words)] == WORDS
    with torch.inference_mode():
        states = encode(talker.network, pixels([shaped(image, "kept", 96) for image in words], 96))
        found = beams(model, states)
    for own, wanted in zip(found, say(talker, words), strict=True):
        assert [*own.chances, own.end] == pytest.approx([*wanted.chances, wanted.end], abs=1e-4)
    without = model.with_habits(no_repeat=3).read(words)
    assert [reading.text for reading in without] == WORDS  # no triple comes twice in these words


def test_no_repeat_breaks_real_words(talker: TrOCR, words: list[Image]) -> None:
    """The notebooks' fault, which their recipe keeps: no pair of letters twice, here."""
    found = talker.with_habits(beams=4, no_repeat=2).read(words[-1:])
    assert found[0].text != WORDS[-1]

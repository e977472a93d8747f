"""TrOCR models: saved ones read the same, alphabets grow and keep what was learnt, what is no model is told so."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import VisionEncoderDecoderModel

from stackmix.train.characters import PIECES, Characters, Pieces
from stackmix.train.recipes import Recipe
from stackmix.train.shaping import pixels, shaped
from stackmix.train.trocr import HUB, TrOCR, open_model
from stackmix.train.trocr_training import made_ready
from stackmix.types import DataError, Image


@pytest.fixture(scope="module")
def words(draw: Callable) -> list[Image]:
    drawn = [draw(text).image for text in ("bad", "a", "gone", "on", "abba")]
    return [*drawn, np.zeros((40, 1), np.uint8), np.full((1, 50, 3), 200, np.uint8)]


def test_a_saved_model_reads_the_same(talker: TrOCR, words: list[Image], tmp_path: Path) -> None:
    talker = talker.with_habits(letters=(0.7, 0.2))
    before = talker.read(words)
    assert [reading.text for reading in before[:5]] == ["bad", "a", "gone", "on", "abba"]
    talker.save_pretrained(tmp_path / "модель")
    after = TrOCR.from_pretrained(tmp_path / "модель")
    assert after.read(words) == before and after.habits == talker.habits
    assert isinstance(VisionEncoderDecoderModel.from_pretrained(tmp_path / "модель"), VisionEncoderDecoderModel)


def test_readings_have_a_confidence_for_each_letter(talker: TrOCR, words: list[Image]) -> None:
    for reading in talker.read(iter(words)):
        assert len(reading.letters) == len(reading.text)
        assert all(0 <= p <= 1 for p in (reading.confidence, *reading.letters))
    assert talker.read([]) == []


def test_a_wider_alphabet_keeps_what_was_learnt(tiny_trocr: Callable[[str], TrOCR]) -> None:
    talker = tiny_trocr("abdegnop")
    old = {name: value.clone() for name, value in talker.network.state_dict().items()}
    wider = talker.spelled(["ёж", "bad"], anew=False)
    assert isinstance(wider.vocabulary, Characters) and wider.vocabulary.alphabet == "abdegnopжё"
    new = wider.network.state_dict()
    for name, value in old.items():
        assert torch.equal(new[name][: len(value)] if value.shape != new[name].shape else new[name], value), name
    assert wider.network.config.decoder.vocab_size == 13


def test_a_folder_with_a_sentencepiece_file_alone(pieces_folder: Path, words: list[Image], tmp_path: Path) -> None:
    """The layout of microsoft/trocr-small-handwritten: no tokenizer.json, and the start is what the config says."""
    model = open_model(str(pieces_folder))
    assert isinstance(model.vocabulary, Pieces) and model.vocabulary.start == model.vocabulary.end
    ready = made_ready(model, ["bad", "дом"], Recipe(), False)
    assert ready.languages == ("en", "ru")
    ready.save_pretrained(tmp_path / "out")
    assert TrOCR.from_pretrained(tmp_path / "out").read(words) == ready.read(words)
    with pytest.raises(DataError, match=r"tokenizer has no 'q' \(1 label\): --tokenizer characters"):
        made_ready(open_model(str(pieces_folder)), ["bad", "q"], Recipe(), False)
    spelled = made_ready(open_model(str(pieces_folder)), ["bad", "q"], Recipe(), True)
    assert isinstance(spelled.vocabulary, Characters) and spelled.vocabulary.alphabet == "abdq"
    spelled.save_pretrained(tmp_path / "spelled")
    assert TrOCR.from_pretrained(tmp_path / "spelled").read(words) == spelled.read(words)


def test_starting_from_nothing() -> None:
    model = made_ready(open_model("none"), ["дом"], Recipe(), False)
    assert model.vocabulary.size == 6 and model.languages == ("ru",)
    image = pixels([shaped(np.zeros((9, 9), np.uint8), "kept", 384)], 384)
    logits = model.network(pixel_values=image, decoder_input_ids=torch.tensor([[2, 3]])).logits
    assert logits.shape == (1, 2, 6)


def test_what_is_no_model_is_told_in_one_line(talker: TrOCR, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is no TrOCR model folder .*make one with `stackmix train trocr`"):
        TrOCR.from_pretrained(tmp_path / "absent")
    talker.save_pretrained(tmp_path / "m")
    for text, told in (("{", "no TrOCR model folder"), ('{"kind": "ctc"}', "no TrOCR model folder")):
        (tmp_path / "m" / "config.json").write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=told) as error:
            TrOCR.from_pretrained(tmp_path / "m")
        assert "\n" not in str(error.value)
    talker.save_pretrained(tmp_path / "m")
    config = json.loads((tmp_path / "m" / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "m" / "config.json").write_text(json.dumps(config | {"kind": "other"}), encoding="utf-8")
    with pytest.raises(DataError, match="holds a model of kind 'other', not trocr"):
        TrOCR.from_pretrained(tmp_path / "m")


def test_the_default_model_offline_ends_in_one_line(tmp_path: Path) -> None:
    """In a process of its own, since the Hub's library reads its environment once."""
    code = f"from stackmix.train.trocr import open_model\nopen_model({HUB!r})"
    wrapped = f"from stackmix.types import DataError\ntry:\n    exec({code!r})\nexcept DataError as e:\n    print(e)"
    away = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PATH": "", "OMP_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-c", wrapped], env=away, capture_output=True, encoding="utf-8", timeout=120)
    assert run.returncode == 0, run.stderr
    line, *more = run.stdout.splitlines()
    assert not more and HUB in line
    assert line.endswith("connect to the Hub, or give --init a folder that holds it, or --init none to start small")


@pytest.fixture
def pieces_folder(tiny_trocr: Callable[..., TrOCR], tmp_path: Path) -> Path:
    import sentencepiece

    folder = tmp_path / "pieces"
    model = tiny_trocr("x" * 57)
    network = model.network
    network.config.decoder_start_token_id = network.config.decoder.decoder_start_token_id = 2
    network.generation_config.decoder_start_token_id = 2
    network.save_pretrained(folder)
    (tmp_path / "corpus.txt").write_text("bad gone dab nod on\nдом слово\n" * 50, encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(tmp_path / "corpus.txt"),
        model_prefix=str(tmp_path / "made"),
        vocab_size=50,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    shutil.copy(tmp_path / "made.model", folder / PIECES)
    return folder

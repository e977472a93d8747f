"""The n-gram model against Witten-Bell's formula written down plainly, and as a file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.train import ngram
from stackmix.train.ngram import NGram
from stackmix.types import DataError

TEXTS = st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=6)


def plain(texts: list[str], order: int, context: str, letter: str) -> float:
    """P(letter | context) by counting in the padded texts; ^ begins and $ ends a text, ? is any other character."""
    padded = ["^" + text + "$" for text in texts]
    signs = [*sorted(set("".join(texts))), "$", "?"]
    if len(context) >= order:
        context = context[-(order - 1) :] if order > 1 else ""

    def chance(context: str) -> float:
        shorter = chance(context[1:]) if context else 1 / len(signs)
        after = [
            line[k + len(context)]
            for line in padded
            for k in range(len(line) - len(context))
            if line[k : k + len(context)] == context and k + len(context) > 0
        ]
        if not after:
            return shorter
        return (after.count(letter) + len(set(after)) * shorter) / (len(after) + len(set(after)))

    return chance(context)


@settings(max_examples=80, deadline=None)
@given(TEXTS, st.integers(1, 4), st.text("abcd", max_size=5))
def test_chances_are_witten_and_bells(texts: list[str], order: int, text: str) -> None:
    model = NGram.learn(texts, order)
    total = 0.0
    for k, letter in enumerate(text + "$"):
        sign = letter if letter in "".join(texts) + "$" else "?"
        before = "".join(c if c in "".join(texts) else "?" for c in text[:k])
        total += np.log(plain(texts, order, "^" + before, sign))
    assert model.log_prob(text) == pytest.approx(total, abs=1e-4)


@given(TEXTS, st.integers(1, 4))
def test_every_state_is_a_distribution(texts: list[str], order: int) -> None:
    model = NGram.learn(texts, order)
    assert np.allclose(np.exp(model.log_probs).sum(axis=1), 1, atol=1e-5)
    assert model.following.min() >= 0 and model.following.max() < len(model.log_probs)


def test_what_was_seen_is_likelier() -> None:
    model = NGram.learn(["dog", "dot", "do"], 3)
    assert model.log_prob("dog") > model.log_prob("dgo") > model.log_prob("ddd")
    assert model.log_prob("жж") > -np.inf


def test_tables_follow_the_readers_alphabet() -> None:
    model = NGram.learn(["ab", "ba"], 2)
    chances, following = model.tables("xba")  # x is unknown to the model
    state, total = 0, 0.0
    for column in (3, 2):
        total, state = total + chances[state, column], following[state, column]
    assert total + chances[state, 0] == pytest.approx(model.log_prob("ab"))
    assert chances[0, 1] == model.log_probs[0, -1]


def test_file_opens_to_the_same_model(tmp_path: Path) -> None:
    model, path = NGram.learn(["ёж", "ёлка"], 3), tmp_path / "модель.npz"
    model.save(path)
    opened = NGram.load(path)
    assert (opened.alphabet, opened.order) == (model.alphabet, 3) and opened.log_prob("ёж") == model.log_prob("ёж")
    path.write_bytes(path.read_bytes()[:50])
    for wrong in (path, tmp_path / "none.npz"):
        with pytest.raises(DataError, match=f"{wrong.name} is no n-gram model"):
            NGram.load(wrong)
    with pytest.raises(DataError, match="at least one text"):
        NGram.learn([])
    with pytest.raises(DataError, match="order 0"):
        NGram.learn(["a"], 0)


def test_it_runs_as_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, out = tmp_path / "c.txt", tmp_path / "c.npz"
    corpus.write_text("a b\nab\n", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["ngram", str(corpus), "--out", str(out), "--order", "2"])
    ngram.main()
    assert "order 2, 2 characters" in capsys.readouterr().out
    assert NGram.load(out).alphabet == "ab"
    monkeypatch.setattr("sys.argv", ["ngram", str(corpus), "--out", str(out), "--lines"])
    ngram.main()
    assert NGram.load(out).alphabet == " ab"  # lines have spaces, words have none
    corpus.write_bytes("Привет".encode("cp1251"))
    with pytest.raises(SystemExit, match="save it as UTF-8"):
        ngram.main()

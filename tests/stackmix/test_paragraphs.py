"""Flowing text: nothing is lost, nothing sticks out, and the last line parts no word."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.paragraphs import Flow, ink_width, paragraphs
from stackmix.types import Word

WIDTH = 10  # pixels of a letter


def written(text: str) -> Word:
    borders = WIDTH * np.arange(len(text) + 1, dtype=np.int32)
    boxes = np.array([[0, 0, WIDTH * len(text), 20]], np.int32)
    return Word(np.zeros((20, WIDTH * len(text)), np.uint8), text, borders, (), boxes)


WORD = st.text("абвгеоия,.-", min_size=1, max_size=24)


@settings(deadline=None)
@given(st.lists(WORD, min_size=1, max_size=40), st.integers(40, 400), st.integers(1, 12), st.integers(0, 99))
def test_words_come_in_order_within_their_bounds(words: list[str], room: int, count: int, seed: int) -> None:
    flow = Flow(written, (5, 5 + room), 12, count, np.random.default_rng(seed))
    assert flow.paragraph(0)
    full = not all(flow.put(word) for word in words)
    assert len(flow.lines) <= count and not (full and len(flow.lines) < count)
    for line in flow.lines:
        for one, other in pairwise(line):
            assert one.x + one.width < other.x
        assert all(p.x + p.width <= 5 + room or len(line) == 1 for p in line)
    text = "".join(p.word.text for line in flow.lines for p in line)
    wanted = "".join(words)
    if not full:
        assert text.replace("-", "") == wanted.replace("-", "")
    else:  # what is on the page is the beginning, word by word
        assert wanted.replace("-", "").startswith(text.replace("-", ""))
        rests = ["".join(words[k:]).replace("-", "") for k in range(len(words))]
        broken = any(WIDTH * len(word) > room for word in words)  # and so over more lines than there are
        assert broken or any(wanted.replace("-", "") == text.replace("-", "") + rest for rest in rests)


def test_words_are_parted_at_the_end_of_a_line() -> None:
    flow = Flow(written, (0, 120), 10, 20, np.random.default_rng(1))
    flow.paragraph(30)
    assert all(flow.put(text) for text in ("дорога",) * 12)
    heads = [line[-1].word.text for line in flow.lines]
    assert any(head in ("до-", "доро-") for head in heads)
    assert re.sub("-", "", "".join(p.word.text for line in flow.lines for p in line)) == "дорога" * 12
    assert flow.lines[0][0].x == 30


def test_a_word_longer_than_a_line_is_broken() -> None:
    flow = Flow(written, (0, 60), 10, 20, np.random.default_rng(1), hyphen=False)
    flow.paragraph(0)
    assert flow.put("щ" * 17) and len(flow.lines) > 2
    assert all(p.x + p.width <= 60 for line in flow.lines for p in line)


def test_what_is_crossed_out_fits_or_is_left_out() -> None:
    flow = Flow(written, (0, 100), 10, 2, np.random.default_rng(1))
    flow.paragraph(0)
    assert not flow.strike("абв", "абв", True)  # nothing begins with it
    flow.put("абв")
    assert flow.strike("гд", "гда", True) and not flow.strike("щ" * 9, "щ", True)
    assert [(p.word.text, p.struck, p.above and p.above.text) for p in flow.lines[0]] == [
        ("абв", False, None), ("гд", True, "гда"),
    ]  # fmt: skip


@given(
    st.lists(st.text("абв.", min_size=1, max_size=90), min_size=1, max_size=9), st.integers(0, 30), st.integers(0, 9)
)
def test_paragraphs_are_the_items_in_order(items: list[str], first: int, seed: int) -> None:
    found = paragraphs(items, first, np.random.default_rng(seed))
    text = " ".join(next(found) for _ in range(3))
    k, wanted = first, ""
    while len(wanted) < len(text):
        wanted += (" " if wanted else "") + items[k % len(items)]
        k += 1
    assert text == wanted


def test_the_width_is_that_of_the_ink() -> None:
    assert ink_width(written("абв")) == 3 * WIDTH
    with pytest.raises(IndexError):  # a page of no lines is none
        Flow(written, (0, 9), 1, 0, np.random.default_rng()).put("а")

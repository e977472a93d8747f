"""Rejected letters: read from any list, and in no piece whatever is stacked."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.corpus import Corpus
from stackmix.generating import Order, Writer
from stackmix.library import LetterLibrary
from stackmix.rejects import letter_id, letters_of, read, strangers, unknown, without
from stackmix.types import DataError, Letter

NAMES = st.from_regex(r"[\w:. -]*[\w:.-]", fullmatch=True).filter(lambda name: name == name.strip())
IDS = st.tuples(NAMES, st.integers(0, 999))


@settings(max_examples=60)
@given(st.sets(IDS, max_size=5))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, ids: set[tuple[str, int]]) -> None:
    path = tmp_path_factory.getbasetemp() / "браковка.txt"
    rows = [f"{letter_id(*one)}\t0.0312" for one in sorted(ids)]
    lines = ["# look: a:1", "", *rows, *(f"{sample}:{position}" for sample, position in ids)]
    for end in ("\n", "\r\n"):
        path.write_bytes(("\ufeff" + end.join(lines)).encode())
        assert read(path) == ids


@pytest.mark.parametrize("line", ["abc", "a:", ":1", "a:-1", "a:1.5", "a: b", "a:1 0.5", "0.5\ta:1"])
def test_line_that_is_no_id_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rejects.txt"
    path.write_text(f"a:1\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"rejects\.txt, line 2: .* is no letter id"):
        read(path)


def test_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("буква:1".encode("cp1251"))
    with pytest.raises(DataError, match=r"offset 0.*UTF-8"):
        read(tmp_path / "a")
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "absent")


def test_unknown_ids_are_told_and_none_known_is_an_error() -> None:
    letters = {"a": 2, "b:c": 1}
    assert unknown(frozenset({("a", 1), ("b:c", 0)}), letters) == [] and strangers(frozenset(), letters, "x") == ""
    some = frozenset({("a", 1), ("a", 2), ("b:c", 1), ("z", 0), ("y", 0)})
    assert unknown(some, letters) == ["a:2", "b:c:1", "y:0", "z:0"]
    assert strangers(some, letters, "x") == "4 rejected letters are not in x: a:2, b:c:1, y:0 and 1 more"
    one = frozenset({("a", 0), ("a", 2)})
    assert strangers(one, letters, "x") == "1 rejected letter is not in x: a:2"
    with pytest.raises(DataError, match="not one rejected letter is in x, y:0 the first of 2"):
        strangers(frozenset({("z", 0), ("y", 0)}), letters, "x")


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_no_piece_holds_a_rejected_letter(tiny_library: LetterLibrary, data: st.DataObject) -> None:
    everything = [(i, k) for i, text in enumerate(tiny_library.texts) for k in range(len(text))]
    out = data.draw(st.sets(st.sampled_from(everything), max_size=30))
    library = without(tiny_library, frozenset((tiny_library.ids[i], k) for i, k in out) | {("nobody", 0)})
    for text in library.texts:
        for first in range(len(text)):
            for piece in (text[first : first + n] for n in range(1, 9)):
                expected = {  # every place of the piece but those over a rejected letter
                    Letter(i, k, len(piece))
                    for i, other in enumerate(library.texts)
                    for k in range(len(other))
                    if other.startswith(piece, k) and not any((i, k + n) in out for n in range(len(piece)))
                }
                assert set(library.letters(piece)) == expected
    rejected = {(i, k) for i, k in everything if library.scores[library.starts[i] + k] == 0}
    assert rejected == out and (tiny_library.scores > 0).all()


def test_even_the_surest_of_its_kind_is_out(sample_of: Callable) -> None:
    """A worse letter may take its place among the surer half, but it never comes back itself."""
    scored = [replace(sample_of("a", id=f"s{k}"), scores=np.float32([s])) for k, s in enumerate((0.15, 0.1, 0.05))]
    library = LetterLibrary.build(scored, "train")
    assert [letter.sample for letter in library.letters("a")] == [0, 1]
    library = without(library, frozenset({("s0", 0)}))
    assert [letter.sample for letter in library.letters("a")] == [1]
    nothing = without(library, frozenset({("s1", 0), ("s2", 0)}))
    assert nothing.letters("a") == [] and nothing.index.alphabet == ""


def test_rejected_letters_stay_out_on_disk(tiny_library: LetterLibrary, tmp_path: Path) -> None:
    out = frozenset({("anna-bad", 1), ("boris-gone", 0)})
    without(tiny_library, out).save(tmp_path)
    loaded = LetterLibrary.load(tmp_path)
    first, second = tiny_library.ids.index("anna-bad"), tiny_library.ids.index("boris-gone")
    assert loaded.scores[loaded.starts[first] + 1] == loaded.scores[loaded.starts[second]] == 0
    assert Letter(first, 0, 1) in loaded.letters("b") and Letter(first, 1, 1) not in loaded.letters("a")
    assert letters_of(loaded)["anna-bad"] == 3


def test_stacked_words_hold_none(library_folder: Path) -> None:
    library = LetterLibrary.load(library_folder)
    out = frozenset((library.ids[one.sample], one.position) for one in library.letters("a")[::2])
    for chosen in (frozenset[tuple[str, int]](), out):
        writer = Writer(Order(library_folder, Corpus(["bad"]), count=60, rejects=chosen))
        pieces = [piece for i in range(60) for piece in writer.word(i).pieces]
        used = {(i, k) for i, first, n, _ in pieces for k in range(first, first + n)}
        assert bool(used & out) == (not chosen)

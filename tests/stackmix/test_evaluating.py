"""The figures of an evaluation on texts counted by hand, and what belongs to what."""

import pytest

from stackmix.evaluating import Pair, characters, confusions, evaluate, worst
from stackmix.findings import lines, share
from stackmix.types import DataError

PAIRS = [
    Pair("0", "cat", "cot", 0.9, "anna"),
    Pair("1", "cat", "cat", 0.8, "anna"),
    Pair("2", "a dog", "dog", 0.3, "boris"),
    Pair("3", "I", "l", 0.6, "boris"),
    Pair("4", "Wolfgang", "Wolfgang", 1.0, "boris"),
    Pair("5", "cat", "cut", 0.7, "anna"),
]


def test_rates_are_sums_over_sums() -> None:
    found = evaluate(PAIRS)
    assert found["samples"] == 6 and found["writers"] == 2 and found["characters"] == 23
    assert found["cer"]["value"] == pytest.approx(5 / 23)
    assert found["wer"]["value"] == pytest.approx(4 / 7)
    assert found["accuracy"]["value"] == pytest.approx(2 / 6)
    assert all(m["low"] <= m["value"] <= m["high"] for m in (found["cer"], found["wer"], found["accuracy"]))
    assert found["intervals"]["drawn"] == "writers"


def test_groups_of_lengths_and_writers() -> None:
    found = evaluate(PAIRS)
    assert [(row["length"], row["samples"]) for row in found["by_length"]] == [
        ("1", 1),
        ("3", 3),
        ("4-5", 1),
        ("6-8", 1),
    ]
    assert found["by_length"][1]["cer"] == pytest.approx(2 / 9)
    assert [(row["writer"], row["samples"]) for row in found["by_writer"]] == [("anna", 3), ("boris", 3)]
    assert found["by_writer"][1]["accuracy"] == pytest.approx(1 / 3)
    long = evaluate([Pair("0", "x" * 41, "x" * 41)])
    assert long["by_length"][0]["length"] == "41+" and long["by_writer"] == []


def test_characters_and_confusions() -> None:
    rows = {row["character"]: row for row in characters(PAIRS)}
    assert (rows["c"]["count"], rows["c"]["wrong"]) == (3, 0)
    assert (rows["a"]["count"], rows["a"]["wrong"]) == (5, pytest.approx(3 / 5))
    assert rows["I"]["as"] == "l" and rows["I"]["as_count"] == 1 and rows["a"]["as_count"] == 1
    found = [(row["true"], row["read"], row["count"]) for row in confusions(PAIRS)]
    assert sorted(found) == [(" ", "", 1), ("I", "l", 1), ("a", "", 1), ("a", "o", 1), ("a", "u", 1)]


def test_worst_first() -> None:
    assert worst(PAIRS)[:4] == [2, 3, 0, 5]  # most edits, then the larger rate, then the surer
    shown = evaluate(PAIRS)["worst"]
    assert [row["file_name"] for row in shown] == ["2", "3", "0", "5"] and shown[0]["edits"] == 2


def test_calibration_where_every_text_has_a_confidence() -> None:
    found = evaluate(PAIRS)["calibration"]
    assert sum(row["samples"] for row in found["bins"]) == 6
    assert "calibration" not in evaluate([*PAIRS, Pair("6", "a", "a")])
    assert evaluate([Pair("6", "a", "a"), PAIRS[0]])["intervals"]["drawn"] == "samples"
    assert evaluate([PAIRS[0], PAIRS[1]])["intervals"]["drawn"] == "samples"  # of one writer


def test_nothing_is_no_evaluation() -> None:
    with pytest.raises(DataError, match="not one text"):
        evaluate([])
    found = evaluate([Pair("0", "", "ab")])
    assert found["cer"]["value"] == 2 and found["wer"]["value"] == 1


def test_it_is_told_in_words() -> None:
    told = "\n".join(lines(evaluate(PAIRS)))
    assert told.startswith("6 samples of 2 writers; 95% intervals, writers drawn anew\n")
    for part in ("CER", ".217", "4-5", "boris", "'a' read as 'o'", "'a' read as nothing", "calibration error"):
        assert part in told, part
    assert (share(0.0432), share(1.5), share(1), share(0)) == (".043", "1.500", "1.000", ".000")
    bare = "\n".join(lines(evaluate([Pair("0", "a", "a")])))
    assert "writer" not in bare and "calibration" not in bare

"""An evaluation's report in words: figures with their intervals, then where the errors lie, as plain tables."""

from collections.abc import Sequence
from typing import Any

from stackmix.evaluating import FIGURES

OFTEN = 20  # times a character occurs before its share of errors is told
ROWS = 10  # of a table of writers, characters or confusions


def lines(report: dict[str, Any]) -> list[str]:
    """The report of texts for people."""
    drawn, level = report["intervals"]["drawn"], report["intervals"]["level"]
    writers = f" of {report['writers']:,} writers" if report["writers"] else ""
    head = f"{report['samples']:,} samples{writers}; {level:.0%} intervals, {drawn} drawn anew"
    rows = [(name.upper() if name != "accuracy" else name, *_interval(report[name])) for name in FIGURES]
    found = [head, *table(("", "", "low", "high"), rows)]
    found += ["", *_groups(report["by_length"], "length", "characters")]
    if report["by_writer"]:
        found += ["", *_groups(report["by_writer"][:ROWS], "writer", "worst writers")]
    found += ["", *_characters(report["by_character"]), "", *_confusions(report["confusions"])]
    if "calibration" in report:
        found += ["", *_calibration(report["calibration"])]
    return found


def _interval(measure: dict[str, float]) -> tuple[str, str, str]:
    return share(measure["value"]), share(measure["low"]), share(measure["high"])


def share(value: float) -> str:
    """A rate with three digits: .043."""
    return f"{value:.3f}".removeprefix("0")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with the first column flush left and the others flush right."""
    widths = [max(len(row[k]) for row in (heads, *rows)) for k in range(len(heads))]
    parts = [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in (heads, *rows)]
    return ["  ".join(part).rstrip() for part in parts]


def _groups(groups: list[dict[str, Any]], name: str, head: str) -> list[str]:
    rows = [
        (row[name] or "unknown", f"{row['samples']:,}", share(row["cer"]), share(row["accuracy"])) for row in groups
    ]
    return table((head, "samples", "CER", "accuracy"), rows)


def _characters(found: list[dict[str, Any]]) -> list[str]:
    often = [row for row in found if row["count"] >= OFTEN][:ROWS]
    rows = [
        (repr(row["character"]), f"{row['count']:,}", share(row["wrong"]), _as(row["as"], row["as_count"]))
        for row in often
    ]
    return table((f"worst characters that occur {OFTEN} times", "times", "wrong", "mostly as"), rows)


def _as(read: str, times: int) -> str:
    return f"{_sign(read)} {times:,}" if times else ""


def _sign(character: str) -> str:
    return repr(character) if character else "nothing"


def _confusions(found: list[dict[str, Any]]) -> list[str]:
    rows = [(f"{_sign(row['true'])} read as {_sign(row['read'])}", f"{row['count']:,}") for row in found[:ROWS]]
    return table(("confusions", "times"), rows)


def _calibration(found: dict[str, Any]) -> list[str]:
    rows = [
        (f"{row['low']:.1f}-{row['high']:.1f}", f"{row['samples']:,}", share(row["confidence"]), share(row["right"]))
        for row in found["bins"]
    ]
    head = f"expected calibration error {share(found['error'])}"
    return [head, *table(("confidence", "samples", "mean", "right"), rows)]

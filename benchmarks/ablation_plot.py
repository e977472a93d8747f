"""The ablation's runs as a picture: the validation CER of each run over its updates, the arms' test CER as bars."""

from typing import Any

import cv2
import numpy as np
from ablation_data import START, Arm
from ablation_judging import figures, pooled

from stackmix.types import Image

HEIGHT, CURVES, BARS = 420, 620, 460  # rows of the picture, columns of its halves
MOST = 0.5  # a CER above which curves are cut off: they part below
LEFT, TOP, FOOT, EDGE = 60, 44, 44, 24
COLOURS = ((110, 110, 110), (60, 120, 200), (230, 140, 50), (40, 150, 80), (150, 90, 180), (200, 70, 90))
PLAIN, GRID = (40, 40, 40), (225, 228, 233)
Colour = tuple[int, int, int]


def picture(runs: list[dict[str, Any]], arms: dict[str, Arm]) -> Image:
    """(HEIGHT, CURVES + BARS, 3) of the rows of a results file."""
    out = np.full((HEIGHT, CURVES + BARS, 3), 255, np.uint8)
    found = {name: own for name in arms if (own := [run for run in runs if run["arm"] == name])}
    colour = {name: COLOURS[list(arms).index(name)] for name in found}
    _curves(out[:, :CURVES], runs, colour)
    _bars(out[:, CURVES:], {arms[name].title: own for name, own in found.items()}, list(colour.values()))
    return out


def _say(out: Image, text: str, x: int, y: int, colour: Colour = PLAIN, size: float = 0.44) -> None:
    cv2.putText(out, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


def _broad(text: str, size: float = 0.44) -> int:
    return cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)[0][0]


def _row(value: float, low: float, high: float) -> int:
    return round(HEIGHT - FOOT - (value - low) / (high - low) * (HEIGHT - FOOT - TOP))


def _curves(out: Image, runs: list[dict[str, Any]], colour: dict[str, Colour]) -> None:
    """Logarithmic in the CER, so that a gain of a tenth is as high everywhere; what is above MOST stays at the top."""
    _say(out, f"CER on validation words up to {MOST}, over updates (logarithmic)", LEFT, 24, size=0.5)
    before = next((run["made"] for run in runs if run["arm"] == START), 0)
    begun = [0 if run["arm"] == START else before for run in runs]
    last = max(first + run["made"] for first, run in zip(begun, runs, strict=True))
    low, high = np.log(min(row[2] for run in runs for row in run["curve"]) * 0.9), np.log(MOST)
    for value in (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5):
        if np.log(value) >= low:
            y = _row(float(np.log(value)), low, high)
            cv2.line(out, (LEFT, y), (CURVES - EDGE, y), GRID)
            _say(out, f"{value:.2f}", LEFT - 8 - _broad("0.00"), y + 5)
    step = next(size for size in (10, 100, 500, 1000, 5000, 10**9) if last / size < 9)
    for update in range(0, last + 1, step):
        text = f"{update:,}"
        x = LEFT + round(update / last * (CURVES - LEFT - EDGE))
        _say(out, text, x - _broad(text) // 2, HEIGHT - FOOT + 22)
    for first, run in zip(begun, runs, strict=True):
        across = [LEFT + (first + u) / last * (CURVES - LEFT - EDGE) for u, _, _ in run["curve"]]
        at = list(zip(across, (_row(np.log(min(c, MOST)), low, high) for _, _, c in run["curve"]), strict=True))
        line = np.round(at).astype(np.int32)
        cv2.polylines(out, [line], False, colour[run["arm"]], 1 + (run["seed"] == 0), cv2.LINE_AA)


def _bars(out: Image, found: dict[str, list[dict[str, Any]]], colours: list[Colour]) -> None:
    """A bar for each arm, by its title, over its seeds, with the interval as a line and each run as a dot."""
    _say(out, "CER on test words, other writers", EDGE, 24, size=0.5)
    step = (HEIGHT - TOP - FOOT // 2) // max(len(found), 1)
    rates = {name: figures(pooled(own)) for name, own in found.items()}
    most = max(rate["cer_interval"][1] for rate in rates.values())
    room = BARS - 2 * EDGE - 60

    def x(value: float) -> int:
        return EDGE + round(value / most * room)

    for k, (name, own) in enumerate(found.items()):
        y, rate = TOP + k * step + 10, rates[name]
        _say(out, f"{name}  ({len(own)} seed{'s' * (len(own) > 1)})", EDGE, y + 8)
        top, foot = y + 16, y + 16 + min(34, step - 36)
        cv2.rectangle(out, (EDGE, top), (x(rate["cer"]), foot), colours[k], -1)
        low, high = (x(end) for end in rate["cer_interval"])
        middle = (top + foot) // 2
        cv2.line(out, (low, middle), (high, middle), PLAIN, 1, cv2.LINE_AA)
        for run in own:
            cv2.circle(out, (x(run["cer"]), middle), 3, (255, 255, 255), -1, cv2.LINE_AA)
            cv2.circle(out, (x(run["cer"]), middle), 3, PLAIN, 1, cv2.LINE_AA)
        _say(out, f"{rate['cer']:.3f}", high + 8, middle + 5)

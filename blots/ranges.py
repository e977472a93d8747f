"""What a parameter may be: a number or two that bound a range, a colour, a choice; all else is named with its value."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Range = tuple[float, float]
Color = int | tuple[int, int, int] | Literal["ink"]


def between(name: str, value: float | Sequence[float], least: float, most: float, whole: bool = False) -> Range:
    """(low, high) of a number or a pair inside least..most; ValueError with the value otherwise.

    whole: both are whole numbers.
    """
    pair: tuple[Any, ...] = tuple(value) if isinstance(value, list | tuple) else (value, value)
    kind = "whole number" if whole else "number"
    kinds: Any = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    numbers = [isinstance(v, kinds) and not isinstance(v, bool) and abs(v) < math.inf for v in pair]
    if len(pair) != 2 or not all(numbers):
        raise ValueError(f"{name} is {value!r}: give one {kind} or two, (low, high)")
    low, high = (int(v) if whole else float(v) for v in pair)
    if low > high:
        raise ValueError(f"{name} is {value!r}: the lower number comes first")
    if low < least or high > most:
        raise ValueError(f"{name} is {value!r}: it lies in {least:g}..{most:g}")
    return low, high


def chance(name: str, value: float) -> float:
    """A probability; ValueError with the value otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{name} is {value!r}: give a number in 0..1")
    return value


def color_of(value: Color | Sequence[int]) -> Color:
    """A grey value, an RGB triple in 0..255, or "ink"; ValueError with the value otherwise."""
    if isinstance(value, str) and value == "ink":
        return "ink"
    parts: list[Any] = list(value) if isinstance(value, list | tuple) else [value] * 3
    if len(parts) != 3 or not all(type(v) is int and 0 <= v <= 255 for v in parts):
        raise ValueError(f'color is {value!r}: give a grey value or an RGB triple, 0..255, or "ink"')
    return parts[0] if isinstance(value, int) else (parts[0], parts[1], parts[2])


def chosen(name: str, value: str | Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """One or more of `known`; ValueError with the value otherwise."""
    kinds = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else ()
    if not kinds or not all(kind in known for kind in kinds):
        raise ValueError(f"{name} is {value!r}: give one or more of {', '.join(known)}")
    return kinds


def draw(bounds: Range, rng: np.random.Generator) -> float:
    """A number of a range; both ends are possible where they are whole numbers."""
    low, high = bounds
    if low == high:
        return low
    if isinstance(low, int) and isinstance(high, int):
        return low + int((high - low + 1) * rng.random())
    return low + (high - low) * rng.random()


def in_units(color: tuple[int, int, int], channels: int, dtype: np.dtype) -> NDArray[np.float32]:
    """(channels,) float32 of an RGB colour in an image's units: 0..255, or 0..1 where it is float32."""
    scale = 1.0 if dtype == np.uint8 else 1 / 255
    red, green, blue = color
    if channels == 1:  # as ITU-R BT.601 weighs them
        return np.array([(0.299 * red + 0.587 * green + 0.114 * blue) * scale], np.float32)
    return np.array([red * scale, green * scale, blue * scale], np.float32)

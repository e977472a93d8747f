"""The kernel that lays ink on paper: one pass over the pixels in whole numbers, all that is drawn out of one number.

The paper's light is kept in 256ths, so that full light leaves a pixel exactly as it is; rows are handled flat, channel
beside channel, so that the compiler turns them into vector instructions.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.inks import COLUMNS, ROWS, Pen
from stackmix.selection import uniform
from stackmix.types import Image

NET = (4, 8)  # nodes of the light over a word: rows, columns
FULL = 256  # light that leaves a pixel as it is
SHADOW = 0.15  # share of words with a shadow over them
STRAY = 0.06  # of an x-height: how far writing stands from its line at most
BITS = 7  # of a weight between two nodes


class Sheet(NamedTuple):
    """pixels: (h, w, C) uint8, the share of light that comes back, 255 all. lines: (L,) float32 rows at column 0 that
    writing stands on; none: it may stand anywhere. slope: rows that the lines fall per column.

    tones: (2, C) float32, the palest and the darkest colour of the paper. shade: how uneven its light may be, 0..1.
    """

    pixels: NDArray[np.uint8]
    lines: NDArray[np.float32]
    slope: float
    tones: NDArray[np.float32]
    shade: float


@njit(cache=True, nogil=True)
def lay(
    cover: Image,
    sheet: Sheet,
    pen: Pen,
    paper: NDArray[np.uint8],
    colour: NDArray[np.uint8],
    baseline: float,
    x_height: float,
    seed: np.uint64,
) -> NDArray[np.uint8]:
    """(H, W, C) of ink cover (H, W) on a piece of a sheet that has at least that size.

    paper: (4, 8, C), the source's own light, or (0, 0, C): it is drawn. colour: (C,) for a pen that has none.
    """
    state = np.array([seed], np.uint64)
    height, width = cover.shape
    channels = sheet.pixels.shape[2]
    top, left = _place(sheet, height, width, baseline + STRAY * x_height * (uniform(state) - uniform(state)), state)
    light = _spread(_own(paper, sheet) if len(paper) else _light(sheet, state), width)
    absorbed = _absorbed(pen, colour, channels, state)
    force = pen.force[0] + (pen.force[1] - pen.force[0]) * uniform(state)
    given = np.uint32(round(force * 257))  # of 255 * 255, so that 255 times full force and flow is 255
    down, right = int(uniform(state) * ROWS), int(uniform(state) * COLUMNS)
    found = np.empty((height, width, channels), np.uint8)
    flat, row_light = found.reshape(height, width * channels), np.empty(width * channels, np.uint16)
    source = sheet.pixels.reshape(sheet.pixels.shape[0], -1)
    for y in range(height):
        _light_row(light, y, height, row_light)
        _multiply(source[top + y, left * channels : (left + width) * channels], row_light, flat[y])
        flow = pen.cover[(y + down) % ROWS]
        for x in range(width):
            if cover[y, x]:
                run = np.uint32(flow[(x + right) % COLUMNS]) * given
                laid = (np.uint32(cover[y, x]) * run + np.uint32(1 << 15)) >> np.uint32(16)
                for c in range(channels):
                    p = np.uint32(found[y, x, c])
                    found[y, x, c] = p - ((p * laid * absorbed[c] + np.uint32(1 << 23)) >> np.uint32(24))
    return found


@njit(cache=True, nogil=True)
def _multiply(source: NDArray[np.uint8], light: NDArray[np.uint16], found: NDArray[np.uint8]) -> None:
    for j in range(len(found)):
        found[j] = np.uint8((np.uint16(source[j]) * light[j]) >> np.uint16(8))


@njit(cache=True, nogil=True)
def _light_row(light: NDArray[np.uint16], y: int, height: int, found: NDArray[np.uint16]) -> None:
    """Row y of light that is known in the NET's rows, evenly over the height."""
    place = (y + 0.5) * len(light) / height - 0.5
    place = min(max(place, 0.0), len(light) - 1.0)
    k = min(int(place), len(light) - 2)
    weight = np.uint16((place - k) * (1 << BITS))
    rest = np.uint16(1 << BITS) - weight
    above, below = light[k], light[k + 1]
    for j in range(len(found)):
        found[j] = (above[j] * rest + below[j] * weight) >> np.uint16(BITS)


@njit(cache=True, nogil=True)
def _place(sheet: Sheet, height: int, width: int, baseline: float, state: NDArray[np.uint64]) -> tuple[int, int]:
    """Top left corner of a piece, one of the sheet's lines at its baseline."""
    room_down, room_right = sheet.pixels.shape[0] - height, sheet.pixels.shape[1] - width
    left = int(uniform(state) * (room_right + 1))
    anywhere = int(uniform(state) * (room_down + 1))
    if len(sheet.lines) == 0:
        return anywhere, left
    first = sheet.lines + np.float32(sheet.slope * (left + width / 2) - baseline)
    fits = np.flatnonzero((first > -0.5) & (first < room_down + 0.5))
    if len(fits) == 0:
        return anywhere, left
    return round(first[fits[int(uniform(state) * len(fits))]]), left


@njit(cache=True, nogil=True)
def _own(paper: NDArray[np.uint8], sheet: Sheet) -> NDArray[np.uint16]:
    """The source's own light (4, 8, C) on a sheet whose grain dims it a little."""
    found = np.empty(paper.shape, np.uint16)
    for k in range(found.size):
        full = (paper.flat[k] + 1) * 255 / sheet.tones.flat[k % paper.shape[2]]
        found.flat[k] = min(FULL, round(full))
    return found


@njit(cache=True, nogil=True)
def _light(sheet: Sheet, state: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Drawn light (4, 8, C): a tone, paler to one side, with a soft shadow now and then."""
    channels = sheet.tones.shape[1]
    found = np.empty((NET[0], NET[1], channels), np.uint16)
    tone = np.empty(channels)
    dark = uniform(state)
    for c in range(channels):
        stray = 1 + 0.02 * (uniform(state) - 0.5) * (sheet.shade > 0)
        tone[c] = min(1.0, (sheet.tones[0, c] + dark * (sheet.tones[1, c] - sheet.tones[0, c])) / 255 * stray)
    across, downwards = sheet.shade * (uniform(state) - 0.5), sheet.shade * (uniform(state) - 0.5)
    depth = 2 * sheet.shade * uniform(state) if uniform(state) < SHADOW else 0.0
    angle, start = 2 * np.pi * uniform(state), 0.8 * (uniform(state) - 0.5)
    for i in range(NET[0]):
        for j in range(NET[1]):
            u, v = j / (NET[1] - 1) - 0.5, i / (NET[0] - 1) - 0.5
            bright = 1 - abs(across) / 2 - abs(downwards) / 2 + across * u + downwards * v
            inside = min(max((np.cos(angle) * u + np.sin(angle) * v - start) * 4 + 0.5, 0.0), 1.0)
            for c in range(channels):
                found[i, j, c] = round(FULL * tone[c] * bright * (1 - depth * inside))
    return found


@njit(cache=True, nogil=True)
def _spread(net: NDArray[np.uint16], width: int) -> NDArray[np.uint16]:
    """Light (4, 8, C) evenly from node to node over a width: (4, C * width)."""
    rows, nodes, channels = net.shape
    found = np.empty((rows, width * channels), np.uint16)
    for x in range(width):
        place = min(max((x + 0.5) * nodes / width - 0.5, 0.0), nodes - 1.0)
        k = min(int(place), nodes - 2)
        weight = np.uint32((place - k) * FULL)
        for i in range(rows):
            for c in range(channels):
                mixed = net[i, k, c] * (FULL - weight) + net[i, k + 1, c] * weight
                found[i, x * channels + c] = mixed >> np.uint32(8)
    return found


@njit(cache=True, nogil=True)
def _absorbed(pen: Pen, colour: NDArray[np.uint8], channels: int, state: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """(C,) what a drawn colour takes of the light, 258 for each grey level under white."""
    found = np.empty(channels, np.uint32)
    first, mixed = int(uniform(state) * len(pen.colours)), uniform(state)
    second = int(uniform(state) * len(pen.colours))
    lighter = pen.spread * (uniform(state) + uniform(state) - 1)
    for c in range(channels):
        own = np.float64(colour[c])
        if len(pen.colours):
            own = pen.colours[first, c] * (1 - mixed) + pen.colours[second, c] * mixed
        own += lighter + 0.5 * pen.spread * (uniform(state) + uniform(state) - 1)
        found[c] = np.uint32(255 - min(max(round(own), 0), 255)) * np.uint32(258)
    return found

"""What light, lens and sensor make of a sheet on a desk: uneven light, a shadow, blur and noise.

photo = blur(scene) * light * tint + noise. Light is smooth, so that it is computed on the camera's net: a lamp to one
side, the lens's vignette, the relief's slopes, and the soft shadow of whoever holds the camera.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.camera import Camera, Net, shading, spread
from stackmix.types import Image

TILE = 1024  # rows and columns of the noise, a power of two
SHADOW = 0.4  # of the photos have one
DESKS = [
    *((134, 98, 68), (170, 130, 92), (92, 84, 78), (206, 200, 190), (140, 148, 150), (110, 76, 52), (190, 162, 126)),
    *((222, 218, 212), (120, 86, 60), (70, 96, 88)),
]
TINTS = [(1.0, 0.99, 0.97), (1.0, 0.965, 0.9), (0.975, 0.99, 1.0), (1.0, 0.98, 0.94), (0.985, 1.0, 0.985)]


class Exposure(NamedTuple):
    """level: of light on the paper. tint: (3,) of its colour. blur: pixels. noise: grey levels. sharpen: 0 none.
    quality: of the JPEG file."""

    level: float
    tint: NDArray[np.float32]
    blur: float
    noise: float
    sharpen: float
    quality: int


def drawn(rng: np.random.Generator) -> Exposure:
    """Draw how a photo is exposed: most are good, some are dim, soft or noisy."""
    tint = np.array(TINTS[rng.integers(len(TINTS))]) * rng.uniform(0.985, 1.015, 3)
    level = rng.uniform(0.8, 1.06)
    noise = rng.uniform(1.0, 3.0) if rng.random() < 0.7 else rng.uniform(3.0, 5.0)
    blur = rng.uniform(0.4, 0.8) if rng.random() < 0.7 else rng.uniform(0.8, 1.5)
    sharpen = rng.uniform(0.3, 0.9) if rng.random() < 0.5 else 0.0
    return Exposure(level, tint.astype(np.float32), blur, noise, sharpen, int(rng.integers(62, 94)))


def light_on(camera: Camera, found: Net, rng: np.random.Generator) -> NDArray[np.float32]:
    """(H, W) share of light over the photo."""
    rows, columns = found.nodes.shape[:2]
    v, u = np.mgrid[0:rows, 0:columns].astype(np.float64)
    u, v = u / (columns - 1) - 0.5, v / (rows - 1) - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    side = np.array([np.cos(angle), np.sin(angle)])
    lamp = 1 - rng.uniform(0.02, 0.3) * (0.5 + side[0] * u + side[1] * v)
    vignette = 1 - rng.uniform(0.0, 0.18) * (u * u + v * v) * 2
    relief = np.clip(shading(camera, found.nodes, rng.uniform(0.3, 0.8) * side), 0.45, 1.12)
    light = lamp * vignette * relief
    if rng.random() < SHADOW:
        light *= _shadow(u, v, rng)
    return spread(light, camera.size)


def _shadow(u: NDArray[np.float64], v: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """A shadow that reaches in from a side, with a soft and bent edge: of a head, a hand, the phone."""
    angle, place = rng.uniform(0, 2 * np.pi), rng.uniform(0.0, 0.4)
    across, along = np.cos(angle) * u + np.sin(angle) * v, np.cos(angle) * v - np.sin(angle) * u
    edge = place + rng.uniform(-0.9, 0.9) * along**2 + 0.05 * np.sin(rng.uniform(2, 9) * along + rng.uniform(0, 6))
    soft = rng.uniform(0.01, 0.12)
    return 1 - rng.uniform(0.12, 0.45) / (1 + np.exp(-np.clip((across - edge) / soft, -30, 30)))


def desk(camera: Camera, corners: NDArray[np.float32], rng: np.random.Generator) -> Image:
    """(H, W, 3) what the sheet lies on: a table top with its grain, and the shadow of the sheet; made small, for it is
    out of focus. corners: (4, 2) of the sheet in the photo."""
    small = camera.size[0] // 8 + 1, camera.size[1] // 8 + 1
    colour = np.array(DESKS[rng.integers(len(DESKS))], np.float64)
    fine = rng.uniform(1, 4)  # wood has long streaks, some tables hardly any
    streaks = rng.normal(0, 1, (int(small[0] / fine) + 1, small[1] // 48 + 2))
    grain = cv2.resize(streaks, small[::-1] if rng.random() < 0.5 else small, interpolation=cv2.INTER_CUBIC)
    grain = rng.uniform(0.01, 0.06) * (grain if grain.shape == small else grain.T)
    shade = np.zeros(small, np.float64)
    cv2.fillPoly(shade, [np.round(corners / 8 + rng.uniform(-1.5, 2.5, 2)).astype(np.int32)], 1.0)
    shade = 1 - rng.uniform(0.3, 0.7) * cv2.GaussianBlur(shade, (0, 0), rng.uniform(1.5, 5))
    found = colour * (shade * (1 + grain))[..., None]
    whole = cv2.resize(np.clip(found, 0, 255).astype(np.uint8), None, fx=8, fy=8, interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(whole[: camera.size[0], : camera.size[1]])


def exposed(scene: Image, light: NDArray[np.float32], own: Exposure, noise: NDArray[np.int8], at: int) -> Image:
    """The photo of a scene (H, W, 3); at: the place in the noise tile that it begins at."""
    soft = cv2.GaussianBlur(scene, (0, 0), own.blur)
    if own.sharpen:
        soft = cv2.addWeighted(soft, 1 + own.sharpen, cv2.GaussianBlur(soft, (0, 0), 2.0), -own.sharpen, 0)
    _expose(soft, light, own.level * own.tint, np.float32(own.noise / 32), noise, at)
    return soft


@njit(cache=True, nogil=True)
def _expose(
    found: Image,
    light: NDArray[np.float32],
    tint: NDArray[np.float32],
    strength: np.float32,
    noise: NDArray[np.int8],
    at: int,
) -> None:
    """Light, tint and noise on a photo (H, W, 3), in place; noise: (TILE, TILE), its spread 32."""
    height, width = light.shape
    for y in range(height):
        row, other = noise[(y + at) & (TILE - 1)], noise[(y + 3 * at + 517) & (TILE - 1)]
        for x in range(width):
            own = strength * row[(x + at) & (TILE - 1)]
            colour = np.float32(0.5) * strength * other[(x + 7 * at) & (TILE - 1)]
            lit = light[y, x]
            for c in range(3):
                value = found[y, x, c] * lit * tint[c] + own + (c - 1) * colour + np.float32(0.5)
                found[y, x, c] = np.uint8(min(max(value, np.float32(0)), np.float32(255)))


def noise_tile(rng: np.random.Generator) -> NDArray[np.int8]:
    """(TILE, TILE) noise of spread 32 as a camera leaves it: a little smoothed; it repeats without a seam."""
    raw = np.pad(rng.standard_normal((TILE, TILE), np.float32), 4, mode="wrap")
    soft = cv2.GaussianBlur(raw, (0, 0), 0.7)[4:-4, 4:-4]
    return np.clip(32 * soft / soft.std(), -127, 127).astype(np.int8)

"""Lay written ink on paper: every word on its own piece of paper, in its own ink.

Light passes the ink, comes back from the paper and passes the ink again, so ink darkens what lies under it and never
hides it: pixel = paper * (1 - cover * flow * (1 - ink)) for each channel, all of them 0..1, where `ink` is the colour
on white paper and `flow` how evenly the pen gives it. The paper is a piece of a sheet (`stackmix.papers`) times light
that is laid out on a 4 by 8 net over the word and runs evenly between.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackmix.inks import AS_WRITTEN, INKS, Pen, pen
from stackmix.laying import lay
from stackmix.papers import GRAINS, OWN, PAPERS, Sheet, at_least, sheets
from stackmix.types import DataError, Image

GREY = np.array([0.299, 0.587, 0.114], np.float32)  # what each channel counts for in grey (ITU-R BT.601)
ROOM = 3  # sheets are so many times as high as a word
WIDE = 24  # and so many heights wide


@dataclass(frozen=True, slots=True)
class Look:
    """What is written on, and with what; of several each word draws one. colour: RGB, or else grey.

    papers: of `PAPERS` or folders of photos. inks: of `INKS`.
    """

    papers: tuple[str, ...] = ("white",)
    inks: tuple[str, ...] = ("black",)
    colour: bool = True

    def __post_init__(self) -> None:
        for kind, named, known in (("paper", self.papers, PAPERS), ("ink", self.inks, INKS)):
            if not named:
                raise DataError(f"there is no {kind}: take one of {', '.join(known)}")
            for name in named:
                if name not in known and not (kind == "paper" and Path(name).is_dir()):
                    folder = " or a folder of photos" if kind == "paper" else ""
                    raise DataError(f"there is no {kind} {name!r}: take one of {', '.join(known)}{folder}")

    @property
    def bare(self) -> bool:
        """Whether every word is plain black on white."""
        return set(self.papers) == {"white"} and set(self.inks) == {"black"}

    @property
    def needs_source(self) -> bool:
        """Whether words are rendered after what their letters were written on and with."""
        return OWN in self.papers or AS_WRITTEN in self.inks


class Source(NamedTuple):
    """How a sample looks: paper (4, 8, 3) uint8, a small picture of it; colour (3,) uint8, its ink on white paper;
    grain: the paper's, its spread in grey levels."""

    paper: NDArray[np.uint8]
    colour: NDArray[np.uint8]
    grain: float


class Renderer:
    """`Renderer(Look(("lined",), ("blue",)), 128, x_height, baseline, seed).render(cover, rng)` -> (128, W, 3)."""

    def __init__(self, look: Look, height: int, x_height: float, baseline: float, seed: int) -> None:
        """Make the sheets and pens of a look for words of a height in pixels; seed: the run's.

        `skipped` then names the files of the user's folders that are no pictures.
        """
        self.look, self.x_height, self.baseline = look, float(x_height), float(baseline)
        self.channels = 3 if look.colour and not look.bare else 1
        self.skipped: list[str] = []
        self.papers: list[list[Sheet]] = []
        self.pens: list[Pen] = []
        if look.bare:
            return
        size = ROOM * height, WIDE * height
        for name in look.papers:
            rng = np.random.default_rng([seed, *name.encode()])  # a paper is the same whatever the others are
            own = sheets(name, size, x_height, rng, self.skipped)
            self.papers.append([_toned(sheet, self.channels) for sheet in own])
        for name in look.inks:
            plain = pen(name, x_height, np.random.default_rng([seed, *name.encode()]))
            self.pens.append(plain._replace(colours=_channels(plain.colours, self.channels)))

    def render(self, cover: Image, rng: np.random.Generator, source: Source | None = None) -> Image:
        """A word's ink, (H, W) 0 none..255 all, on paper: (H, W) where the look is grey, (H, W, 3) otherwise.

        One number of `rng` decides all that is drawn. source: what the word is rendered after, needed for the source's
        own paper and ink; DataError where it is missing.
        """
        if self.look.bare:
            return 255 - cover
        seed = rng.bit_generator.random_raw()
        paper, ink = (seed >> 8) % len(self.papers), (seed >> 20) % len(self.pens)
        pen, own = self.pens[ink], self.look.papers[paper] == OWN
        if source is None and (own or not len(pen.colours)):
            raise DataError("own paper and ink as written need the source that a word is rendered after")
        if self.look.papers[paper] == "white" and self.look.inks[ink] == "black":
            return 255 - (np.dstack([cover] * 3) if self.channels == 3 else cover)
        light, colour = np.zeros((0, 0, self.channels), np.uint8), np.zeros(self.channels, np.uint8)
        if source is not None:
            light, colour = (_channels(part, self.channels) for part in (source.paper, source.colour))
        found = self.papers[paper]
        sheet = found[_grained(source.grain) if own and source else (seed >> 32) % len(found)]
        if sheet.pixels.shape[0] < cover.shape[0] or sheet.pixels.shape[1] < cover.shape[1]:
            sheet = sheet._replace(pixels=at_least(sheet.pixels, *cover.shape))
        light = light if own else light[:0]
        laid = lay(cover, sheet, pen, light, colour, self.baseline, self.x_height, np.uint64(seed))
        return laid if self.channels == 3 else laid[..., 0]


def _grained(grain: float) -> int:
    """Which of the own papers' sheets has the grain that is nearest, by ratio."""
    return int(np.abs(np.log(np.divide(GRAINS, max(grain, 1e-3)))).argmin())


def _toned(sheet: Sheet, channels: int) -> Sheet:
    """A sheet with so many channels."""
    return sheet._replace(pixels=_channels(sheet.pixels, channels), tones=_channels(sheet.tones, channels))


def _channels(colours: NDArray[Any], channels: int) -> NDArray[Any]:
    """Colours (..., 3) as they are, or grey (..., 1)."""
    if channels == 3:
        return np.ascontiguousarray(colours)
    return np.round(colours @ GREY)[..., None].astype(colours.dtype)

"""Seams on the rack: they land where the ink they part is scaled to, against numpy's own interpolation."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from stackmix.library import LetterLibrary
from stackmix.rack import BASELINE, X_HEIGHT, Rack
from stackmix.types import SEAM_ROWS, Sample

UNIT = 28  # an x-height that a rack of height 100 holds as it is
BASE = 50.0


def winding(sample: Sample, seed: int) -> Sample:
    """A sample whose seams wind from row to row and never cross."""
    assert sample.borders is not None
    sway = np.cumsum(np.random.default_rng(seed).integers(-1, 2, SEAM_ROWS))
    return replace(sample, seams=(sample.borders[:, None] + sway).astype(np.int16))


def racked(samples: list[Sample], height: int, skew: float = 0.0) -> tuple[LetterLibrary, Rack]:
    geometry = np.tile(np.array([BASE, skew, UNIT, 0, 3], np.float32), (len(samples), 1))
    library = LetterLibrary.of(samples, "train", geometry)
    return library, Rack.of(library, height)


@pytest.mark.parametrize("height", [50, 100, 200, 300])
def test_seams_scale_with_the_ink(sample_of: Callable, height: int) -> None:
    """At twice the size a seam stands at twice the columns, and each working row looks up its own row of the source."""
    samples = [winding(sample_of(word, unit=UNIT, gap=8), k) for k, word in enumerate(("bad", "gone", "a"))]
    library, rack = racked(samples, height)
    scale = X_HEIGHT * height / UNIT
    for k, sample in enumerate(samples):
        seams = rack.seams[library.starts[k] + k : library.starts[k + 1] + k + 1]
        assert seams.shape == (len(sample.text) + 1, height)
        source = (np.arange(height) + 0.5 - round(BASELINE * height)) / scale + BASE
        rows = (np.arange(SEAM_ROWS) + 0.5) * sample.image.shape[0] / SEAM_ROWS
        assert sample.seams is not None
        wanted = np.array([np.interp(source, rows, own) for own in sample.seams]) * scale
        # the baseline and the width come out at whole pixels
        assert np.abs(seams - wanted).max() <= 1 + 0.5 * scale + 0.01 * wanted.max()
        assert np.abs(seams - wanted).mean() < 1


def test_straight_seams_stay_on_their_borders(sample_of: Callable) -> None:
    sample = sample_of("gone", unit=UNIT)
    straight = np.repeat(sample.borders[:, None], SEAM_ROWS, axis=1).astype(np.int16)
    for height in (40, 100, 250):
        _, rack = racked([replace(sample, seams=straight)], height)
        assert (np.abs(rack.seams - rack.borders[:, None]) <= 1).all()


@pytest.mark.parametrize("skew", [-0.05, 0.08])
def test_a_levelled_line_takes_its_seams_along(sample_of: Callable, skew: float) -> None:
    """Ink that falls by `skew` is lifted, and so is the row at which a seam bends."""
    sample = sample_of("gone", unit=UNIT)
    rows = sample.image.shape[0]
    bend = np.where(np.arange(SEAM_ROWS) < SEAM_ROWS // 2, 0, 9)
    bent = (sample.borders[:, None] + bend).astype(np.int16)
    _, rack = racked([replace(sample, seams=bent)], 100, skew)
    for border, seam in zip(sample.borders, rack.seams, strict=True):
        middle = rows / 2 - skew * (border - sample.image.shape[1] / 2)
        found = np.flatnonzero(seam > seam[0] + 4)[0]
        assert found == pytest.approx(middle + round(BASELINE * 100) - BASE, abs=3)


def test_seams_on_the_rack_never_cross(tiny_library: LetterLibrary) -> None:
    for height in (16, 64, 101):
        rack = Rack.of(tiny_library, height)
        for k in range(len(tiny_library)):
            own = rack.seams[tiny_library.starts[k] + k : tiny_library.starts[k + 1] + k + 1]
            assert own.dtype == np.int16 and (np.diff(own, axis=0) >= 0).all()

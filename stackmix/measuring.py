"""The geometry of many samples at once: what is usual for a hand steadies each of its words."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from stackmix.geometry import Geometry, measure, observe
from stackmix.ink import ink_of
from stackmix.types import Sample


def measure_all(samples: list[Sample]) -> NDArray[np.float32]:
    """(N, 5) geometry of samples whose borders fit them.

    A hand's usual geometry, from a first pass, steadies the second.
    """
    borders = [np.asarray(s.borders, np.int32) for s in samples]
    with ThreadPoolExecutor() as pool:
        inks = list(pool.map(ink_of, (s.image for s in samples)))
        seen = list(pool.map(observe, inks, (s.text for s in samples), borders))
        first = list(pool.map(lambda i: measure(inks[i], samples[i].text, borders[i], seen=seen[i]), range(len(inks))))
    hands: dict[str, list[Geometry]] = defaultdict(list)
    for sample, geometry in sorted(zip(samples, first, strict=True), key=lambda pair: -len(pair[0].text)):
        if len(sample.text) >= 3 or sample.writer not in hands:
            hands[sample.writer].append(geometry)
    usual = {w: Geometry(*np.median(np.array(own), axis=0).tolist()) for w, own in hands.items()}
    rows = zip(inks, samples, borders, first, seen, strict=True)
    found = [measure(ink, s.text, b, usual[s.writer], own, saw) for ink, s, b, own, saw in rows]
    return np.array(found, np.float32).reshape(len(samples), len(Geometry._fields))

"""Milliseconds a blot, a strike-out and an identity, beside augmixations, hwb, augraphy and straug; and how blots look.

    bash benchmarks/peers.sh ../peers augmixations hwb augraphy straug
    python benchmarks/blots.py --peers ../peers [--blots 2000] [--picture histograms.png]

CPU milliseconds of one process on one core, the best and the median of ROUNDS rounds in which all take turns. Images
are words stacked from the library in the package. A whole call is `A.Compose([...])(image=image)`, with all that
albumentations does around it and a copy of the image; a kernel alone lays ready drawn marks on an image in place.
Peers run in environments of their own, in the same run. Those with blots take no grey images: they get three channels.
straug has neither blots nor strike-outs: its grid of lines stands in. Then how blots look: covered area, stroke count
and stroke width of as many blots at equal parameters, measured from the pixels by the same code, with the largest
distance between the cumulative histograms (Kolmogorov-Smirnov).
Each figure is a JSON line: figure, value, unit, peer, peer's value, ratio.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDS = 15
CALLS = 40  # in a round; peers that take tens of milliseconds make PEER_CALLS
PEER_CALLS = 1
SHAPES = {"384x384 RGB": (384, 384, 3), "128x1024 grey": (128, 1024)}
PAPER = 235
TEXTS = {(384, 384, 3): ("a strike", "over the", "words"), (128, 1024): ("words of a line struck out",)}
PEERS = {  # what each is asked for, beside which of our figures
    "one blot": ("augmixations", "hwb", "augraphy", "straug"),
    "ten blots": ("augmixations", "hwb"),
    "a strike-out": ("augraphy",),
}

Image = NDArray[np.uint8]


def seconds_of(works: dict[str, tuple[Callable[[], object], int]]) -> dict[str, list[float]]:
    """CPU milliseconds a call in each round of each work, given with its calls a round; they take turns."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for work, _ in works.values():
        work()
    for _ in range(ROUNDS):
        for name, (work, calls) in works.items():
            start = time.process_time()
            for _ in range(calls):
                work()
            found[name].append(1000 * (time.process_time() - start) / calls)
    return found


@cache
def written(shape: tuple[int, ...]) -> Image:
    """Words stacked from the library in the package: a line that fills 128 rows, three lines on 384."""
    from stackmix.library import SHIPPED, LetterLibrary
    from stackmix.synthesis import Stacker

    stacker, rng = Stacker(LetterLibrary.load(SHIPPED), height=128), np.random.default_rng(1)
    image = np.full(shape[:2], 255, np.uint8)
    for top, text in zip(range(0, shape[0], 128), TEXTS[shape], strict=True):
        line = stacker.stack(text, rng).image
        width = min(line.shape[1], shape[1])
        image[top : top + 128, :width] = line[:, :width]
    return np.repeat(image[..., None], 3, 2) if len(shape) == 3 else image


def compositions() -> dict[str, Any]:
    """Our whole calls, by figure."""
    from stackmix.blots.transforms import A, HandWrittenBlot, StrikeThrough

    class Identity(A.ImageOnlyTransform):
        def apply(self, img: Image, **_: Any) -> Image:
            return img

    return {
        "one blot": A.Compose([HandWrittenBlot(count=1, p=1)], seed=1),
        "ten blots": A.Compose([HandWrittenBlot(count=10, p=1)], seed=1),
        "a strike-out": A.Compose([StrikeThrough(("single", "double", "zigzag", "wave"), p=1)], seed=1),
        "a crossed-out word": A.Compose([StrikeThrough("crossed", p=1)], seed=1),
        "an identity": A.Compose([Identity(p=1)], seed=1),
    }


def laid(image: Image, drawings: list[list[Any]]) -> Callable[[], None]:
    """Lays the next of some drawings on an image in place."""
    picture = image.copy().reshape(*image.shape[:2], -1)
    turn = iter(range(sys.maxsize))

    def work() -> None:
        for mark in drawings[next(turn) % len(drawings)]:
            mark.lay(picture)

    return work


def kernels(image: Image) -> dict[str, Callable[[], None]]:
    """The kernels alone on an image, by figure."""
    from stackmix.blots.scribbling import Scribble
    from stackmix.blots.striking import Strike

    rng = np.random.default_rng(1)
    four = ("single", "double", "zigzag", "wave")
    drawn = {"one blot": Scribble(), "ten blots": Scribble(count=(10, 10)), "a strike-out": Strike(four)}
    return {name: laid(image, [one.draw(image, rng) for _ in range(64)]) for name, one in drawn.items()}


def ours(image: Image) -> dict[str, list[float]]:
    """Milliseconds of our whole calls, of our kernels and of copying the image."""
    works: dict[str, tuple[Callable[[], object], int]] = {}
    for name, composed in compositions().items():
        works[name] = (lambda composed=composed: composed(image=image), CALLS)
    for name, work in kernels(image).items():
        works[f"{name}, kernel alone"] = (work, CALLS)
    works["a copy of the image"] = (image.copy, CALLS)
    return seconds_of(works)


def by_box() -> dict[str, list[float]]:
    """Milliseconds of the kernel alone for boxes of several sizes on images of several sizes."""
    from stackmix.blots.scribbling import Scribble

    works: dict[str, tuple[Callable[[], object], int]] = {}
    for side in (384, 1536, 3072):
        image = np.full((side, side, 3), PAPER, np.uint8)
        for box in (50, 100, 200, 380):
            scribble = Scribble(x=(0, 0), y=(0, 0), h=(box, box), w=(box, box), intensivity=(0.7, 0.7))
            rng = np.random.default_rng(1)
            drawn = [scribble.draw(image, rng) for _ in range(64)]
            works[f"a blot of {box}x{box} on {side}x{side} RGB, kernel alone"] = (laid(image, drawn), CALLS)
    return seconds_of(works)


def peer_work(name: str, figure: str, image: Image) -> Callable[[], object]:
    """A call of a peer; run in the peer's own environment."""
    number = 10 if figure == "ten blots" else 1
    if name == "augmixations":
        from augmixations import HandWrittenBlot

        blot = HandWrittenBlot({}, {"count": number})
        return lambda: blot(image)
    if name == "hwb":
        from hwb import HandWrittenBlot as Blot

        other = Blot({}, {"count": (number, number)})
        return lambda: other(image)
    if name == "straug":
        from PIL.Image import fromarray
        from straug.pattern import VGrid

        grid, picture = VGrid(), fromarray(image)
        return lambda: grid(picture, mag=0)
    import augraphy

    if figure == "a strike-out":
        markup = augraphy.Markup(num_lines_range=(1, 1), markup_type="strikethrough")
        return lambda: markup(image)
    lines = augraphy.Scribbles("lines", scribbles_count_range=(1, 1), scribbles_size_range=(100, 200))
    return lambda: lines(image)


def answer(name: str, folder: Path) -> None:
    """A peer's side of `ask`: print version and milliseconds as JSON, write FOLDER/masks.npy where asked for."""
    asked = json.loads((folder / "asked.json").read_text(encoding="utf-8"))
    images = np.load(folder / "images.npz")
    works = {}
    for figure, shape in asked["works"]:
        works[f"{figure}|{shape}"] = (peer_work(name, figure, images[shape]), PEER_CALLS)
    seconds = seconds_of(works)
    if asked["blots"]:
        from augmixations import HandWrittenBlot

        np.random.seed(1)
        blot = HandWrittenBlot({key: tuple(value) for key, value in asked["places"].items()}, {"count": 1})
        paper = np.full((asked["field"], asked["field"], 3), 255, np.uint8)
        np.save(folder / "masks.npy", np.packbits([blot(paper)[..., 0] < 255 for _ in range(asked["blots"])], axis=-1))
    print(json.dumps([f"{name} {version(name)}", seconds]))


def ask(peers: Path, name: str, blots: int, folder: Path) -> tuple[str, dict[str, list[float]]] | None:
    """Let a peer work in its own environment: its name with version, and milliseconds by "figure|shape"."""
    python = peers / name / "bin" / "python"
    if not python.exists():
        print(f"no {name}: bash benchmarks/peers.sh {peers} {name}", file=sys.stderr)
        return None
    from looks import FIELD, PLACES

    works = [(figure, shape) for figure, names in PEERS.items() if name in names for shape in SHAPES]
    asked = {"works": works, "blots": blots, "field": FIELD, "places": PLACES}
    (folder / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    coloured = {
        name: np.repeat(written(s)[..., None], 3, 2) if len(s) == 2 else written(s) for name, s in SHAPES.items()
    }
    np.savez(folder / "images.npz", **coloured)
    command = [str(python), "-I", __file__, "--as-peer", name, str(folder)]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=single_core())
    if run.returncode:
        print(f"{name} failed", file=sys.stderr)
        return None
    named, seconds = json.loads(run.stdout.strip().splitlines()[-1])
    return named, seconds


def single_core() -> dict[str, str]:
    """The environment with one thread for every library."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}


def report(
    figure: str, mine: list[float], unit: str, peer: str = "", other: list[float] | None = None, **more: Any
) -> None:
    """Print one JSON line: the best round's value, the median, the same of the peer, and the ratio of the medians.

    A peer's round is a call or few, whose size is random: its best is that of a small blot.
    """
    line: dict[str, Any] = {"figure": figure, "value": round(min(mine), 4), "unit": unit}
    if len(mine) > 1:
        line |= {"median": round(median(mine), 4), "rounds": len(mine)}
    if other:
        line |= {"peer": peer, "peer_value": round(min(other), 4), "ratio": round(median(mine) / median(other), 5)}
        if len(other) > 1:
            line["peer_median"] = round(median(other), 4)
    print(json.dumps({**line, **more}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, help="the folder given to benchmarks/peers.sh; ours alone without it")
    parser.add_argument("--blots", type=int, default=2000, help="blots of either kind whose looks are compared")
    parser.add_argument("--picture", type=Path, help="where to draw the histograms")
    parser.add_argument("--as-peer", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_peer:
        return answer(options.as_peer[0], Path(options.as_peer[1]))
    import cv2
    import looks

    cv2.setNumThreads(1)
    found: dict[str, tuple[str, dict[str, list[float]]]] = {}
    masks = None
    with tempfile.TemporaryDirectory() as folder:
        for name in sorted({name for names in PEERS.values() for name in names}) if options.peers else []:
            if said := ask(options.peers, name, options.blots if name == "augmixations" else 0, Path(folder)):
                found[name] = said
        if "augmixations" in found and options.blots:
            masks = np.unpackbits(np.load(Path(folder) / "masks.npy"), axis=-1)[..., : looks.FIELD].astype(np.bool_)
    for shape, size in SHAPES.items():
        for figure, mine in ours(written(size)).items():
            peers = [found[name] for name in PEERS.get(figure, ()) if name in found]
            for named, seconds in peers:
                report(f"{figure}, whole call, {shape}", mine, "ms", named, seconds[f"{figure}|{shape}"])
            if not peers:
                report(f"{figure}, {shape}", mine, "ms")
    for figure, mine in by_box().items():
        report(figure, mine, "ms")
    if masks is not None:
        histograms = looks.compare(
            looks.looks_of(looks.our_masks(options.blots)), looks.looks_of(masks), found["augmixations"][0], report
        )
        if options.picture:
            options.picture.write_bytes(cv2.imencode(".png", looks.drawn(histograms)[..., ::-1])[1].tobytes())
    return None


if __name__ == "__main__":
    main()

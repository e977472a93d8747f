"""Texts a second of forced alignment, beside ctc-forced-aligner on the same texts; and beside reading the values once.

    bash benchmarks/peers.sh ../peers ctc-forced-aligner
    python benchmarks/alignment.py --peers ../peers [--count 1024]

256 frames, 100 classes, texts of 5 to 60 letters, aligned from one array and from a list of arrays. One process at a
time, one core, CPU seconds of the best round. ctc-forced-aligner runs in an environment of its own, and its Viterbi
function alone is timed, a call a text: of a batch it aligns the first text only (`batchIndex` in its main.cpp). Both
must find a path of the same log-probability for every text, else nothing is printed and the exit code is 1. Each figure
is a JSON line: figure, value, unit, peer, peer's value, ratio.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # else where it is used: --as-peer runs in an environment without stackmix
    from stackmix.alignment import AlignmentError
    from stackmix.types import Alignment

FRAMES, CLASSES = 256, 100
SHORTEST, LONGEST = 5, 60
PEAK = 6.0  # added to the true class's logit: its probability is then about .7
BATCH = 512  # texts a call, as `stackmix cut` does
ROUNDS = 15
PEER = "ctc-forced-aligner"

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


class Peer(NamedTuple):
    """What the peer says of itself: name with version, CPU seconds of each round, and its paths (B, T)."""

    name: str
    seconds: list[float]
    paths: Longs


def emissions_of(count: int) -> tuple[Floats, list[Ints]]:
    """log_probs (B, T, C) and texts: noise with peaks at the letters, two frames apart or more, and blanks between."""
    rng = np.random.default_rng(1)
    lengths = rng.integers(SHORTEST, LONGEST + 1, count)
    texts = [rng.integers(1, CLASSES, length, dtype=np.int32) for length in lengths]
    log_probs = rng.standard_normal((count, FRAMES, CLASSES), np.float32)
    for rows, text in zip(log_probs, texts, strict=True):
        path = np.zeros(FRAMES, np.int64)
        path[2 * np.sort(rng.choice(FRAMES // 2, len(text), replace=False))] = text
        rows[np.arange(FRAMES), path] += PEAK
        rows -= np.log(np.exp(rows).sum(1, keepdims=True))
    return log_probs, texts


def seconds_of(works: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """CPU seconds of each round of each work; they take turns, so that all meet the same noise."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            start = time.process_time()
            work()
            seconds[name].append(time.process_time() - start)
    return seconds


def paths_of(results: "list[Alignment | AlignmentError]", texts: list[Ints]) -> Longs:
    """The class of each frame, (B, T), as the peer gives it."""
    paths = np.zeros((len(texts), FRAMES), np.int64)
    for path, text, found in zip(paths, texts, results, strict=True):
        if isinstance(found, Exception):
            raise found
        for start, stop, letter in zip(found.starts, found.stops, text, strict=True):
            path[start:stop] = letter
    return paths


def ours(log_probs: Floats, texts: list[Ints]) -> tuple[dict[str, list[float]], Longs]:
    """CPU seconds of align_batch given an array, given a list, and of reading the values once; and the paths (B, T)."""
    from stackmix.alignment import align_batch

    parts = [slice(i, i + BATCH) for i in range(0, len(texts), BATCH)]
    rows = list(log_probs)

    def array() -> "list[Alignment | AlignmentError]":
        return [found for part in parts for found in align_batch(log_probs[part], texts[part])]

    def listed() -> "list[Alignment | AlignmentError]":
        return [found for part in parts for found in align_batch(rows[part], texts[part])]

    paths = paths_of(array(), texts)  # compiles, too
    if not np.array_equal(paths, paths_of(listed(), texts)):
        sys.exit("align_batch finds other paths in a list than in one array")
    return seconds_of({"array": array, "list": listed, "read": log_probs.max}), paths


def ask(python: Path, log_probs: Floats, texts: list[Ints]) -> Peer:
    """Let the peer align the same texts in its own environment, of which this is the interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        edges = np.cumsum([0, *map(len, texts)])
        np.savez(Path(folder) / "texts.npz", log_probs=log_probs, letters=np.concatenate(texts), edges=edges)
        command = [str(python), "-I", __file__, "--as-peer", folder]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        name, seconds = json.loads(said)
        return Peer(name, seconds, np.load(Path(folder) / "paths.npy"))


def answer(folder: Path) -> None:
    """The peer's side of `ask`: align FOLDER/texts.npz, write FOLDER/paths.npy, print name and CPU seconds as JSON."""
    spec = find_spec("ctc_forced_aligner")
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"{sys.executable} has no {PEER}: make its environment anew with benchmarks/peers.sh")
    # Its package imports librosa and onnxruntime for audio; the module with the aligner, imported alone, needs neither
    sys.path.insert(0, spec.submodule_search_locations[0])
    from ctc_aligner import align_sequences

    data = np.load(folder / "texts.npz")
    log_probs, letters, edges = data["log_probs"], data["letters"].astype(np.int64), data["edges"]
    texts = [letters[None, a:b] for a, b in pairwise(edges)]

    def loop() -> list[Longs]:
        return [align_sequences(log_probs[i : i + 1], text, 0)[0] for i, text in enumerate(texts)]

    np.save(folder / "paths.npy", np.concatenate(loop()))
    print(json.dumps([f"{PEER} {version(PEER)}", seconds_of({"loop": loop})["loop"]]))


def worst_difference(log_probs: Floats, paths: Longs, others: Longs) -> float:
    """The largest difference in log-probability between two aligners' paths of one text; exits 1 if it is a real one.

    Both find the best path by sums of T float32 values, which may be off by T * eps / 2 of the sum either way.
    """
    both = np.stack([paths, others], 2)
    first, second = np.take_along_axis(log_probs, both, 2).sum(1, dtype=np.float64).T
    off = np.abs(first - second)
    wrong = np.flatnonzero(~(off <= FRAMES * np.finfo(np.float32).eps * np.abs(first)))
    if len(wrong):
        i = wrong[0]
        sys.exit(f"{len(wrong)} of {len(first)} texts differ: text {i} has {first[i]} by ours, {second[i]} by {PEER}")
    return float(off.max())


def report(figure: str, seconds: list[float], peer: str, peer_seconds: list[float], count: int, **more: object) -> None:
    """Print one JSON line."""
    rates = [round(count / least) for least in (min(seconds), median(seconds), min(peer_seconds), median(peer_seconds))]
    line = {"figure": figure, "value": rates[0], "median": rates[1], "unit": "texts/s", "rounds": ROUNDS}
    line |= {"peer": peer, "peer_value": rates[2], "peer_median": rates[3], "ratio": round(rates[0] / rates[2], 3)}
    print(json.dumps({**line, "count": count, "frames": FRAMES, "classes": CLASSES, **more}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, help="the folder given to benchmarks/peers.sh; ours alone without it")
    parser.add_argument("--count", type=int, default=1024, help="texts; 1024 of them are 105 MB")
    parser.add_argument("--as-peer", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_peer:
        return answer(options.as_peer)
    if options.count < 1:
        parser.error(f"--count is {options.count}: give 1 or more")
    log_probs, texts = emissions_of(options.count)
    seconds, paths = ours(log_probs, texts)
    about = {"count": options.count, "mean_letters": round(float(np.mean([len(text) for text in texts])), 1)}
    figures = {"texts aligned, one array": seconds["array"], "texts aligned, a list": seconds["list"]}
    python = options.peers / PEER / "bin" / "python" if options.peers else None
    if python and python.exists():
        peer = ask(python, log_probs, texts)
        about["worst_difference"] = worst_difference(log_probs, paths, peer.paths)
        for figure, own in figures.items():
            report(figure, own, peer.name, peer.seconds, **about)
    else:
        folder = options.peers or "FOLDER"
        print(f"no {PEER}: bash benchmarks/peers.sh {folder} {PEER}, then --peers {folder}", file=sys.stderr)
    for figure, own in figures.items():
        report(figure, own, "one read of the values", seconds["read"], **about)
    return None


if __name__ == "__main__":
    main()

"""How well a network tells a join between stacked pieces from a border inside a real word.

    python benchmarks/detector.py letters/iam letters/val [--patches 20000] [--ways random one mixed]

Both kinds of patch come off the same rack and are laid down by the same code: a real word is one piece, all of its
letters. Patches are two x-heights wide, centred on borders that the same cutter found, and every join of stacked words
is paired with a real border between the same two letters, of the same writers in all. The network is trained on 2/3 of
the first library's writers, validated on its others and judged on the second library's; the best of three seeds by
validation counts. One JSON line a way of stacking: the area under its ROC curve, .5 being chance. It counts only if
`random`, random pieces plainly pasted, gets .85.
"""

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from stackmix.joining import lay
from stackmix.library import LetterLibrary
from stackmix.rejects import without
from stackmix.synthesis import Stacker
from stackmix.types import Image, Word

HEIGHT = 64
PATCHES = 20_000
EPOCHS = 4
SEEDS = 3
WAYS: dict[str, dict[str, Any]] = {
    "random": {"choice": "random"},
    "one": {"hand": "one", "shun": True},
    "mixed": {"hand": "mixed", "shun": True},
}
Place = tuple[str, str, int]  # the letters to the left and right of a border, and the writer's number


def part_of(library: LetterLibrary, writers: set[int]) -> LetterLibrary:
    """A library with the letters of some writers only."""
    others = {
        (library.ids[i], k)
        for i in range(len(library))
        if library.writers[i] not in writers
        for k in range(len(library.texts[i]))
    }
    return without(library, frozenset(others))


def real_word(stacker: Stacker, sample: int) -> Word:
    """A sample as it stands on the rack, laid down as one piece."""
    library, text = stacker.library, stacker.library.texts[sample]
    piece = np.array([[sample, 0, len(text), 0]], np.int32)
    state = np.zeros(1, np.uint64)
    light, borders, boxes = lay(
        piece, stacker.rack, library.starts, state, len(text), stacker.hands.styles, library.writers
    )
    return Word(cv2.transpose(light), text, borders, (), boxes)


def patch(word: Word, border: int) -> Image:
    """(HEIGHT, two x-heights) centred on a border."""
    half = round(0.26 * HEIGHT)
    padded = np.pad(word.image, ((0, 0), (half, half)), constant_values=255)
    column = int(word.borders[border])
    return padded[:, column : column + 2 * half]


def joins(stacker: Stacker, way: str, count: int, rng: np.random.Generator) -> list[tuple[Place, Image]]:
    """Patches at the joins of stacked words, whose texts are those of the library's own samples."""
    library = stacker.library
    usable = set(library.index.alphabet)
    numbers = {name: number for number, name in enumerate(library.writer_names)}
    owned = set(library.writers[library.index.entry_sample].tolist())
    texts = [
        text
        for text, writer in zip(library.texts, library.writers.tolist(), strict=True)
        if writer in owned and len(text) > 2 and set(text) <= usable
    ]
    found: list[tuple[Place, Image]] = []
    while len(found) < count:
        text = texts[rng.integers(len(texts))]
        try:
            word = stacker.stack(text, rng, **WAYS[way])
        except ValueError:  # a letter that only samples of this text have
            continue
        for border in np.cumsum([n for _, _, n, _ in word.pieces])[:-1].tolist():
            hand = numbers[word.pieces[0][3]]
            found.append(((text[border - 1], text[border], hand), patch(word, border)))
    return found[:count]


def borders(stacker: Stacker, joined: list[Place]) -> list[Image | None]:
    """For each join a patch at a real border between the same two letters; None where there is none.

    Of all such borders the one of the writer who is owed most is taken, so that both kinds are of the same writers, and
    of those the least used.
    """
    library = stacker.library
    places: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    entries = {(int(s), int(p)) for s, p in zip(library.index.entry_sample, library.index.entry_position, strict=True)}
    for sample, position in sorted(entries):
        text = library.texts[sample]
        if (sample, position + 1) in entries:
            places[text[position], text[position + 1]].append((sample, position + 1))
    owed, used = Counter(writer for *_, writer in joined), Counter[tuple[int, int]]()
    found: list[Image | None] = []
    for left, right, _ in joined:
        own = places.get((left, right))
        if not own:
            found.append(None)
            continue
        chosen = max(own, key=lambda place: (owed[int(library.writers[place[0]])], -used[place]))
        owed[int(library.writers[chosen[0]])] -= 1
        used[chosen] += 1
        found.append(patch(real_word(stacker, chosen[0]), chosen[1]))
    return found


def patches(
    stacker: Stacker, way: str, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(n, 1, H, W) ink 0..1 and classes (n,), 1 for stacked; as many of each, about `count` in all."""
    stacked = joins(stacker, way, count // 2, rng)
    real = borders(stacker, [place for place, _ in stacked])
    both = [(image, other) for (_, image), other in zip(stacked, real, strict=True) if other is not None]
    pictures = np.stack([image for pair in both for image in pair])
    return (255 - pictures[:, None]).astype(np.float32) / 255, np.tile([1, 0], len(both))


def network() -> nn.Module:
    """Five convolutions, 64 x 34 -> one number."""

    def block(inside: int, outside: int, stride: int) -> list[nn.Module]:
        convolution = nn.Conv2d(inside, outside, 3, stride=stride, padding=1, bias=False)
        return [convolution, nn.BatchNorm2d(outside), nn.ReLU()]

    return nn.Sequential(
        *block(1, 16, 2), *block(16, 32, 1), *block(32, 48, 2), *block(48, 64, 1), *block(64, 96, 2),
        nn.AdaptiveAvgPool2d((4, 2)), nn.Flatten(), nn.Dropout(0.3), nn.Linear(96 * 8, 64), nn.ReLU(), nn.Linear(64, 1),
    )  # fmt: skip


def auc(scores: NDArray[np.floating], classes: NDArray[np.int64]) -> float:
    """Area under the ROC curve: the chance that one of class 1 scores above one of class 0 (Mann and Whitney 1947)."""
    ranks = np.empty(len(scores))
    order = np.argsort(scores, kind="stable")
    _, inverse, counts = np.unique(scores[order], return_inverse=True, return_counts=True)
    ranks[order] = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    ones = int(classes.sum())
    return float((ranks[classes == 1].sum() - ones * (ones + 1) / 2) / (ones * (len(classes) - ones)))


def scored(model: nn.Module, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    model.eval()
    with torch.no_grad():
        parts = [model(torch.from_numpy(pictures[i : i + 512])) for i in range(0, len(pictures), 512)]
    return torch.cat(parts)[:, 0].numpy()


def trained(train: tuple[Any, Any], val: tuple[Any, Any], seed: int) -> tuple[float, nn.Module]:
    """The epoch of one seed that is best on validation, and its area there."""
    torch.manual_seed(seed)
    model = network().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=1e-2)
    pictures, classes = torch.from_numpy(train[0]), torch.from_numpy(train[1]).float()
    steps = EPOCHS * -(-len(pictures) // 64)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    best, kept = 0.0, {}
    for _ in range(EPOCHS):
        model.train()
        for batch in torch.randperm(len(pictures)).split(64):
            loss = nn.functional.binary_cross_entropy_with_logits(model(pictures[batch])[:, 0], classes[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        if (area := auc(scored(model, val[0]), val[1])) > best:
            best, kept = area, {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(kept)
    return best, model


def main() -> None:
    """Measure; one JSON line a way of stacking."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path, help="a letter library to train and validate on")
    parser.add_argument("judge", type=Path, help="a letter library of other writers")
    parser.add_argument("--patches", type=int, default=PATCHES, help="patches to train on")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    options = parser.parse_args()
    whole, judged = LetterLibrary.load(options.train), LetterLibrary.load(options.judge)
    writers = np.random.default_rng(0).permutation(len(whole.writer_names)).tolist()
    cut = len(writers) * 2 // 3
    stackers = [Stacker(part_of(whole, set(own)), HEIGHT) for own in (writers[:cut], writers[cut:])]
    stackers.append(Stacker(judged, HEIGHT))
    for way in options.ways:
        counts = (options.patches, options.patches // 4, options.patches // 4)
        made = [patches(s, way, n, np.random.default_rng(n)) for s, n in zip(stackers, counts, strict=True)]
        runs = [trained(made[0], made[1], seed) for seed in tqdm(range(options.seeds), desc=way)]
        best, model = max(runs, key=lambda run: run[0])
        area = auc(scored(model, made[2][0]), made[2][1])
        line = {"figure": f"joins told from borders, {way}", "value": round(area, 3), "unit": "ROC AUC"}
        about = {"validation": round(best, 3), "patches": len(made[0][0]), "judged": len(made[2][0])}
        print(json.dumps(line | about | {"seeds": options.seeds}), flush=True)


if __name__ == "__main__":
    main()

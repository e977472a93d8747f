"""Train the border model on words set with handwriting faces, whose every border is known.

    python -m stackmix.train.bordering FONTS --corpus examples/ru.txt examples/en.txt --out stackmix/models/borders

Faces are varied far more than one hand would: leaning, narrow and wide, thin and thick, on plain, lined and squared
paper, so that the model meets in an unknown hand what it has met in training.
"""

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from stackmix.faces import Face, open_face
from stackmix.paper import on_paper
from stackmix.setting import SetWord, Variation, set_word
from stackmix.shipping import HELD_OUT, SHIPPED
from stackmix.staging import whole_folder
from stackmix.train.borders import BorderConfig, BorderModel
from stackmix.train.ctc import COLUMNS, languages_of
from stackmix.train.fitting import learning_rate
from stackmix.train.normalising import normalise
from stackmix.train.packing import HEIGHT, PAD, Packed, padded_width
from stackmix.truth import APART, FREE, partings_of
from stackmix.types import DataError, Image
from stackmix.wordlist import RARE, variants, vocabulary

VARIATION = Variation((-0.35, 0.5), (0.6, 1.4), (0.65, 1.7), (-0.03, 0.08), (-0.05, 0.1))
PER_FACE = 700  # words of Russian, and as many of all else, of each face that writes them
ABLE = 100  # words of either that a face must be able to write
EPOCHS = 3
RATE = 2e-3
PLAIN = 0.7  # chance of a word as the corpus has it, and not of one of the variants
TWO_WORDS = 0.1  # chance of a second word behind the first, so that spaces are known too
JOIN = 0.4  # x-heights closed between small letters, at most; half of the words keep the distances of their face
STROKE = 90  # ink from this value on is a stroke that a border crosses
CROSSED, GAP, NOWHERE = 4.0, 0.5, 0.05  # weights of a parting in a stroke, in a gap, and where it is all the same


class SetWords(NamedTuple):
    """Set words as the networks see them. packed: N images. partings: (R, w) of each, `truth.partings_of`.

    free: (L-1, 2) normalised columns at which each border is without error. widths: of each letter, in x-heights.
    """

    packed: Packed
    partings: list[Image]
    free: list[NDArray[np.float64]]
    widths: dict[str, list[float]]


class Pool(NamedTuple):
    """Words as a corpus has them, and their variants: bare, capitalised, in capitals, dressed in signs; numbers."""

    plain: list[str]
    variants: list[str]

    def of(self, able: Callable[[str], bool]) -> "Pool":
        """Those that a face is `able` to write."""
        return Pool([word for word in self.plain if able(word)], [word for word in self.variants if able(word)])

    def draw(self, rng: np.random.Generator) -> str:
        """A word as it is with chance PLAIN."""
        words = (self.plain if rng.random() < PLAIN else self.variants) or self.plain or self.variants
        return words[rng.integers(len(words))]


def training_pool(corpus: list[str]) -> Pool:
    """Four fifths of a corpus' words, and their variants."""
    words = vocabulary(corpus)
    kept = sorted({*words, *RARE.split()} - {*words[::5]})
    return Pool(kept, variants(kept, np.random.default_rng(0)))


def training_words(corpus: list[str]) -> list[str]:
    """Every word that may be trained on."""
    pool = training_pool(corpus)
    return [*pool.plain, *pool.variants]


def pools_for(face: Face, known: Pool) -> list[Pool]:
    """The words of Russian, and of all else, that a face can write, if at least ABLE; DataError where neither is.

    They are set apart, or Cyrillic, which few faces have, would be rare; it is also what hands join most.
    """
    able = known.of(lambda word: not face.missing(word))
    pools = [able.of(lambda word: "ru" in languages_of(word)), able.of(lambda word: "ru" not in languages_of(word))]
    counts = [len(pool.plain) + len(pool.variants) for pool in pools]
    if max(counts) < ABLE:
        found = f"{counts[0]} Russian and {counts[1]} other words of the corpus"
        raise DataError(f"{face.name} can write {found}, {ABLE} of either are needed: leave it out")
    return [pool for pool, count in zip(pools, counts, strict=True) if count >= ABLE]


def judged_words(corpus: list[str]) -> list[str]:
    """Words of the other fifth that are no training word in any case or punctuation."""
    known = {_bare(word) for word in training_words(corpus)}
    return [word for word in vocabulary(corpus)[::5] if len(word) > 1 and _bare(word) not in known]


def _bare(word: str) -> str:
    return "".join(c for c in word.casefold() if c.isalnum())


def set_some(face: Face, pool: Pool, count: int, seed: list[int]) -> Iterator[tuple[SetWord, Image]]:
    """Set `count` words and lay them on paper; word i draws from default_rng([*seed, i])."""
    for i in range(count):
        rng = np.random.default_rng([*seed, i])
        text = pool.draw(rng)
        if rng.random() < TWO_WORDS and len(text) < 8:
            text = f"{text} {pool.draw(rng)}"
        joined = replace(face, join=max(face.join, rng.uniform(-JOIN, JOIN)))
        word = set_word(text, joined, rng, VARIATION)
        yield word, on_paper(word.image, word.x_height, rng)


def gather_words(
    faces: list[Face], corpus: list[str], per_face: int, seed: int, tick: Callable[[int], object]
) -> SetWords:
    """Set, normalise and pack `per_face` words of each pool that a face can write; `tick(1)` after every face."""
    rows, partings, free = [], [], []
    widths: dict[str, list[float]] = defaultdict(list)
    known = training_pool(corpus)
    for number, face in enumerate(faces):
        pools = enumerate(pools_for(face, known))
        for word, image in chain.from_iterable(set_some(face, own, per_face, [seed, number, k]) for k, own in pools):
            normalised = normalise(image, HEIGHT)
            rows.append((normalised, word.text, face.name, "train"))
            ink, scale, shift, skew = normalised
            partings.append(partings_of(word.glyphs, scale, shift, ink.shape, skew))
            free.append((word.free * normalised.scale).astype(np.float64))
            for letter, width in zip(word.text, np.diff(word.borders) / word.x_height, strict=True):
                widths[letter].append(float(width))
        tick(1)
    return SetWords(Packed.of(rows, HEIGHT), partings, free, widths)


def batch(words: SetWords, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
    """(B, R, W) ink in 0..1, its partings, and (B, W) 1 at columns where a border is without error."""
    width = padded_width(int(words.packed.widths[indices[0]]))
    partings = np.full((len(indices), HEIGHT, width), FREE, np.uint8)
    columns = np.zeros((len(indices), width), np.float32)
    for row, i in enumerate(indices.tolist()):
        own = words.partings[i]
        partings[row, :, PAD : PAD + own.shape[1]] = own
        for low, high in np.round(words.free[i]).astype(int) + PAD:
            columns[row, max(low, 0) : high + 1] = 1
    ink = torch.from_numpy(words.packed.batch(indices)).float() / 255
    return ink, torch.from_numpy(partings), torch.from_numpy(columns)


def vary(ink: Tensor, generator: torch.Generator) -> Tensor:
    """Strokes thicker or thinner, paler or darker, by image."""

    def draw(low: float, high: float) -> Tensor:
        return torch.rand(len(ink), 1, 1, generator=generator) * (high - low) + low

    thick, thin = functional.max_pool2d(ink, 3, 1, 1), -functional.max_pool2d(-ink, 3, 1, 1)
    weight = draw(-0.5, 0.5)
    ink = torch.where(weight > 0, torch.lerp(ink, thick, weight.abs()), torch.lerp(ink, thin, weight.abs()))
    return (ink * draw(0.7, 1.3)).clamp(0, 1)


def loss_of(model: BorderModel, ink: Tensor, partings: Tensor, columns: Tensor, seen: Tensor) -> Tensor:
    """Cross entropy of partings, weighted by where they lie in the unvaried ink, plus half that of the columns."""
    logits, borders = model(seen)
    stroke = ink > STROKE / 255
    crossed = torch.zeros_like(stroke)
    crossed[:, :, 1:] = stroke[:, :, 1:] & stroke[:, :, :-1]
    weight = torch.ones_like(logits)
    weight[partings == APART] = GAP
    weight[(partings == APART) & crossed] = CROSSED
    weight[partings == FREE] = NOWHERE
    each = functional.binary_cross_entropy_with_logits(logits, (partings > 0).float(), reduction="none")
    own = functional.binary_cross_entropy_with_logits(borders, columns, pos_weight=torch.tensor(3.0))
    return (each * weight).sum() / weight.sum() + 0.5 * own


def fit(words: SetWords, epochs: float, seed: int, tick: Callable[[int, str], object]) -> BorderModel:
    """Train a border model from random weights; `tick(images, message)` after every update."""
    torch.manual_seed(seed)
    widths = {c: round(float(np.exp(np.mean(np.log(w)))), 3) for c, w in sorted(words.widths.items())}
    model = BorderModel(BorderConfig(widths=widths))
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-2)
    total = round(epochs * len(words.packed.batches(COLUMNS)))
    update = 0
    for epoch in range(-int(-epochs // 1)):
        for indices in words.packed.batches(COLUMNS, np.random.default_rng([seed, epoch]))[: total - update]:
            for group in optimizer.param_groups:
                group["lr"] = RATE * learning_rate(update / total)
            model.train()
            ink, partings, columns = batch(words, indices)
            generator = torch.Generator().manual_seed(seed * 1_000_003 + update)
            loss = loss_of(model, ink, partings, columns, vary(ink, generator))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            update += 1
            tick(len(indices), f"loss {loss.item():.3f}")
    return model.eval()


def faces_under(folders: list[Path], held_out: tuple[str, ...] = ()) -> list[Face]:
    """The faces under folders of fonts, sorted by file; of a family in folders by weight only what lies in 400...

    held_out: names of folders or files, without suffix, that are passed over.
    """
    found = sorted({p for folder in folders for p in folder.rglob("*") if p.suffix.lower() in (".ttf", ".otf")})
    usual = [p for p in found if not re.match(r"[1-35-9]\d\d", p.parent.name)]
    kept = [p for p in usual if not {*p.parts, p.stem} & {*held_out}]
    if not kept:
        raise DataError(f"{', '.join(map(str, folders))}: no .ttf or .otf face: see README, The library that ships")
    known = {shipped.file: shipped for shipped in SHIPPED}
    return [
        open_face(p, join=known[p.name].join, wrong=known[p.name].wrong) if p.name in known else open_face(p)
        for p in kept
    ]


def read_corpus(paths: list[Path]) -> list[str]:
    """The lines of several UTF-8 texts."""
    return [line for path in paths for line in path.read_text(encoding="utf-8-sig").splitlines()]


def main() -> None:
    """Read the command line; a mistake ends in one line and exit code 1."""
    from tqdm import tqdm

    parser = argparse.ArgumentParser(prog="python -m stackmix.train.bordering", description="Train the border model.")
    parser.add_argument("fonts", type=Path, nargs="+", metavar="FONTS", help="folders with handwriting faces")
    parser.add_argument("--corpus", type=Path, nargs="+", required=True, help="texts whose words are set")
    parser.add_argument("--out", type=Path, required=True, help="the model folder to make")
    parser.add_argument("--per-face", type=int, default=PER_FACE, help="words of each face and script")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        with whole_folder(options.out) as folder:
            faces = faces_under(options.fonts, HELD_OUT)
            with tqdm(total=len(faces), unit="face", desc="setting words", dynamic_ncols=True) as bar:
                words = gather_words(faces, read_corpus(options.corpus), options.per_face, options.seed, bar.update)
            with tqdm(total=EPOCHS * len(words.packed), unit="word", dynamic_ncols=True) as bar:

                def tick(images: int, message: str) -> None:
                    bar.set_description(message, refresh=False)
                    bar.update(images)

                fit(words, EPOCHS, options.seed, tick).save_pretrained(folder)
    except (DataError, OSError) as error:
        sys.exit(f"stackmix: {error}")
    print(f"{options.out}: {len(words.packed):,} words of {len(faces)} faces")


if __name__ == "__main__":
    main()

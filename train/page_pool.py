"""Pages to learn words from: ink at working size with the polygons of the words, and random crops of them.

Every crop is a function of its generator alone, so a training run can be resumed at any update.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix import pages
from stackmix.train.cores import shrink
from stackmix.types import DataError, Image, Page, Region

WORDS = ("pupil_text", "pupil_comment", "teacher_comment")


class Inked(NamedTuple):
    """A page at working size. ink: (H, W) uint8, 0 for paper. polygons: of its words. ignored: not to be learnt.

    scale: from pixels of the page to these.
    """

    ink: Image
    polygons: list[NDArray[np.float32]]
    ignored: list[bool]
    writer: str
    id: str
    scale: float


class Move(NamedTuple):
    """What happens to a crop at random: range of its size and of its width to that, most turn and lean as shares.

    strength: of the ink, as a power of 2.
    """

    size: tuple[float, float] = (0.75, 1.35)
    width: tuple[float, float] = (0.85, 1.2)
    turn: float = 0.02
    lean: float = 0.12
    strength: float = 0.8


def is_word(region: Region) -> bool:
    """Whether a region of a page is a word, of anybody's hand."""
    return region.category in WORDS


def is_sign(region: Region) -> bool:
    """Whether a word has a text without a letter or digit: a comma on its own is neither learnt nor counted."""
    return bool(region.text) and not any(unicodedata.category(c)[0] in "LN" for c in region.text)


def inked(page: Page, side: int) -> Inked:
    """Scale a page and its words down to working size."""
    ink, scale = shrink(page.image, side)
    words = [region for region in page.regions if is_word(region)]
    polygons = [np.asarray(region.polygon * np.float32(scale), np.float32) for region in words]
    return Inked(ink, polygons, [is_sign(region) for region in words], page.writer, page.id, scale)


def gather_pages(
    folders: list[Path], side: int, tick: Callable[[int], object]
) -> tuple[list[Inked], list[Inked], list[str]]:
    """Training and validation pages of page folders, and what is left out; test splits are not read.

    A page without a word is left out: most often nobody wrote down where its words are.
    """
    train, val, left_out = list[Inked](), list[Inked](), list[str]()
    for folder in folders:
        splits = pages.splits_of(folder)
        for split in (s for s in splits if s in ("train", "val")):
            side_of = val if split == "val" else train
            for page in _ticked(pages.read(folder, split, left_out), tick):
                if any(is_word(region) for region in page.regions):
                    side_of.append(inked(page, side))
                else:
                    left_out.append(f"{page.id}: no word")
    if not train:
        raise DataError(f"{', '.join(map(str, folders))}: no train page has a word: see `stackmix prepare --unit page`")
    return train, val, left_out


def _ticked(found: Iterable[Page], tick: Callable[[int], object]) -> Iterator[Page]:
    for page in found:
        tick(1)
        yield page


def held_out(train: list[Inked], val: list[Inked]) -> tuple[list[Inked], list[Inked], str]:
    """Training and validation pages and how they were split: by `val`, or every tenth writer, or every tenth page."""
    if val:
        return train, val, "the val split"
    names = sorted({page.writer for page in train})
    if len(names) >= 10:
        out = {*names[::10]}
        return (
            [page for page in train if page.writer not in out],
            [page for page in train if page.writer in out],
            "every tenth writer",
        )
    return [p for k, p in enumerate(train) if k % 10], train[::10], "every tenth training page"


def crop(page: Inked, size: int, rng: np.random.Generator, move: Move | None = None) -> Inked:
    """A (size, size) crop around a random word, moved and its ink varied at random."""
    move = move or Move()
    scale = float(np.exp(rng.uniform(*np.log(move.size))))
    turn, lean = rng.uniform(-move.turn, move.turn), rng.uniform(-move.lean, move.lean)
    matrix = scale * np.array([[rng.uniform(*move.width), lean - turn], [turn, 1]])
    centre = np.array([page.ink.shape[1], page.ink.shape[0]]) * rng.random(2)
    if rng.random() < 0.8:
        centre = page.polygons[rng.integers(len(page.polygons))].mean(axis=0)
    shift = size * rng.uniform(0.2, 0.8, 2) - matrix @ centre
    moved = cv2.warpAffine(page.ink, np.column_stack([matrix, shift]), (size, size), flags=cv2.INTER_LINEAR)
    polygons = [(p @ matrix.T + shift).astype(np.float32) for p in page.polygons]
    inside = [bool((p.max(axis=0) > 0).all() and (p.min(axis=0) < size).all()) for p in polygons]
    kept = [k for k, within in enumerate(inside) if within]
    return page._replace(
        ink=_vary(moved, rng, move.strength),
        polygons=[polygons[k] for k in kept],
        ignored=[page.ignored[k] for k in kept],
    )


def _vary(ink: Image, rng: np.random.Generator, strength: float) -> Image:
    """Thicker or thinner, softer, paler or darker, with the grain and the rules of a paper."""
    if rng.random() < 0.4:
        kind = cv2.dilate if rng.random() < 0.5 else cv2.erode
        ink = cv2.addWeighted(ink, 0.5, kind(ink, np.ones((2, 2), np.uint8)), 0.5, 0)
    if rng.random() < 0.4:
        ink = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.4, 1.2))
    values = ink.astype(np.float32) * np.float32(2 ** rng.uniform(-strength, strength))
    if rng.random() < 0.3:
        _rule(values, rng)
    if rng.random() < 0.5:
        values += rng.normal(0, rng.uniform(2, 14), values.shape).astype(np.float32)
    return np.clip(values, 0, 255).astype(np.uint8)


def _rule(values: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Lines of a lined or squared paper, one pixel thin, fainter than ink."""
    apart, tone = int(rng.integers(8, 40)), float(rng.uniform(15, 90))
    start = int(rng.integers(apart))
    values[start::apart] = np.maximum(values[start::apart], tone)
    if rng.random() < 0.5:
        values[:, start::apart] = np.maximum(values[:, start::apart], tone)

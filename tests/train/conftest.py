"""What the tests of the networks share: one thread, pages of drawn words for word finders, a TrOCR that knows a few."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from stackmix import images, pages
from stackmix.pages import box
from stackmix.train.characters import Characters
from stackmix.train.shaping import pixels, shaped
from stackmix.train.trocr import TrOCR, small
from stackmix.train.trocr_fitting import labels
from stackmix.types import Page, Region


@pytest.fixture(scope="module", autouse=True)
def on_one_thread(one_thread: None) -> None:
    """For every module here."""


def _drawn(seed: int, split: str = "train", shape: tuple[int, int] = (360, 300)) -> Page:
    """A page of lines of words; a word is a row of upright strokes with a bar through it, a comma follows some."""
    rng = np.random.default_rng(seed)
    image, regions = np.full(shape, 255, np.uint8), []
    for line, y in enumerate(range(20, shape[0] - 40, 34)):
        x = int(rng.integers(8, 40))
        while x < shape[1] - 60:
            width, height = int(rng.integers(14, 56)), int(rng.integers(14, 20))
            for stroke in range(x + 2, x + width, 6):
                cv2.line(image, (stroke, y), (stroke - 2, y + height - 1), 30, 2)
            cv2.line(image, (x, y + height // 2), (x + width - 1, y + height // 2), 60, 1)
            regions.append(Region(box(x, y, width, height), "word", line=line))
            if rng.random() < 0.3:
                cv2.line(image, (x + width + 3, y + height - 2), (x + width + 2, y + height + 2), 40, 2)
                regions.append(Region(box(x + width + 1, y + height - 3, 4, 6), ",", line=line))
            x += width + int(rng.integers(14, 24))
    return Page(image, tuple(regions), f"page-{seed}", f"writer-{seed % 4}", "drawn", split)


@pytest.fixture(scope="session")
def drawn_page() -> Callable[..., Page]:
    """`drawn_page(seed, split)`: a page of known words, other ones for each seed."""
    return _drawn


@pytest.fixture(scope="session")
def write_pages() -> Callable[[Path, list[Page]], Path]:
    """`write_pages(folder, pages)` writes a page folder and returns it."""

    def write(folder: Path, found: list[Page]) -> Path:
        (folder / "images").mkdir(parents=True)
        for split in {page.split for page in found}:
            own = [page for page in found if page.split == split]
            for page in own:
                images.write(folder / "images" / f"{page.id}.png", page.image)
            sizes = [page.image.shape[1::-1] for page in own]
            rows = [pages.image_row(k, f"{p.id}.png", sizes[k], p.id, p.writer, "") for k, p in enumerate(own)]
            regions = [pages.region_row(9 * k, k, region) for k, page in enumerate(own) for region in page.regions]
            text = "".join(pages.document(rows, regions))
            (folder / f"annotations_{split}.json").write_text(text, encoding="utf-8")
        return folder

    return write


@pytest.fixture(scope="session")
def tiny_trocr() -> Callable[[str], TrOCR]:
    """`tiny_trocr("abc")` -> a TrOCR model with that alphabet, for squares of 96 pixels, the same each time."""

    def make(alphabet: str = "") -> TrOCR:
        torch.manual_seed(0)
        sizes = {
            "image_size": 96,
            "patch_size": 16,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_attention_heads": 2,
        }
        return small(Characters(alphabet), num_hidden_layers=1, **sizes)

    return make


WORDS = ["bad", "a", "gone", "on", "abba", "deed", "pond", "an", "b", "peg", "nod", "boggedbeadbag"]


@pytest.fixture(scope="session")
def talker(tiny_trocr: Callable[[str], TrOCR], draw: Callable) -> TrOCR:
    """A tiny model that has learnt twelve drawn words by heart, from one letter to thirteen, and ends them."""
    torch.set_num_threads(1)
    model = tiny_trocr("abdegnop").with_habits(longest=20)
    squares = pixels([shaped(draw(word).image, "kept", model.size) for word in WORDS], model.size)
    heard, said = labels(model.vocabulary, WORDS)
    optimizer = torch.optim.Adam(model.network.parameters(), lr=3e-3)
    model.network.eval()  # no dropout
    for _ in range(150):
        logits = model.network(pixel_values=squares, decoder_input_ids=heard).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), said.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model

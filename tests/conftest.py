"""What all tests share: `--handwriting=DIR`, the folder with research data that is passed in, and drawn words.

A drawn letter is a box of stems and bars, different for each character, so its borders and lines are known exactly.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from stackmix import cli, images, samples
from stackmix.library import LetterLibrary
from stackmix.types import Image, Sample


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--handwriting", type=Path, metavar="DIR", help="folder that holds iam/, and hkr/, hooker/ ...")


@pytest.fixture(scope="session")
def handwriting(request: pytest.FixtureRequest) -> Path:
    """The folder given with --handwriting; a test that asks for it is skipped where none was given."""
    folder = request.config.getoption("--handwriting")
    if folder is None:
        pytest.skip("needs real handwriting: pytest --handwriting=DIR")
    if not (folder / "iam").is_dir():
        pytest.fail(f"--handwriting {folder} holds no iam/")
    return folder


@pytest.fixture(scope="session")
def handwriting_of(handwriting: Path) -> Callable[[str], Path]:
    """`handwriting_of("hooker")` -> that part of --handwriting; the test is skipped where it is not there."""

    def part(name: str) -> Path:
        if not (handwriting / name).is_dir():
            pytest.skip(f"--handwriting {handwriting} holds no {name}/")
        return handwriting / name

    return part


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """One thread: small networks are slower on several, and results don't depend on how many there are."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`command("prepare", "iam", raw)` runs the command line in this process; its exit code."""

    def run(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["stackmix", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return int(end.value.code or 0)

    return run


class Drawn(NamedTuple):
    """image: (H, W) uint8. borders: (L+1,), mid-gap, the outer two on the ink. gaps: (L-1, 2) the gaps' edges."""

    image: Image
    borders: np.ndarray
    gaps: np.ndarray
    baseline: int


def _reach(letter: str) -> tuple[float, float]:
    """(top, bottom) above the baseline in x-heights, of the drawings here, not of the code under test."""
    signs = {".": (0.2, 0.0), ",": (0.2, -0.35), "-": (0.6, 0.45)}
    if letter in signs:
        return signs[letter]
    tall = 1.9 if letter in "bdhklб" else 1.75 if letter.isupper() or letter.isdigit() else 1.0
    return tall, -0.85 if letter in "gpqyру" else 0.0


def _glyph(letter: str, unit: int) -> np.ndarray:
    """(3 * unit, w) ink of a letter of x-height `unit`, its baseline below row 2 * unit."""
    top, bottom = (round((2 - above) * unit) for above in _reach(letter))
    width = unit if letter.isalnum() else max(2, unit // 4)
    ink = np.zeros((3 * unit, width), np.uint8)
    if letter.isspace():
        return ink
    if not letter.isalnum():
        ink[top:bottom] = 255
        return ink
    pen, bits, middle = max(1, unit // 6), ord(letter) * 11 % 32, 2 * unit - unit // 2
    ink[top:bottom, :pen] = 255
    ink[middle - pen // 2 - 1 : middle + pen // 2 + 1] = 255
    ink[middle:bottom, -pen:] |= 255 * (bits >> 0 & 1)
    ink[top:middle, -pen:] |= 255 * (bits >> 1 & 1)
    ink[top : top + pen] |= 255 * (bits >> 2 & 1)
    ink[bottom - pen : bottom] |= 255 * (bits >> 3 & 1)
    ink[middle:bottom, width // 2 : width // 2 + pen] |= 255 * (bits >> 4 & 1)
    return ink


def draw_word(
    text: str, unit: int = 20, gap: int = 4, margin: int = 6, paper: int = 255, joined: bool = False
) -> Drawn:
    """Draw a text of x-height `unit` with `gap` columns between letters, bridged in the middle where joined."""
    glyphs = [_glyph(letter, unit) for letter in text]
    ends = np.cumsum([g.shape[1] + gap for g in glyphs]) - gap + margin
    starts = ends - [g.shape[1] for g in glyphs]
    ink = np.zeros((3 * unit + 2 * margin, ends[-1] + margin), np.uint8)
    for glyph, start, end in zip(glyphs, starts, ends, strict=True):
        ink[margin : margin + 3 * unit, start:end] = glyph
    if joined:
        ink[margin + 2 * unit - unit // 2 - 1 :, starts[0] : ends[-1]][:2] = 255
    gaps = np.stack([ends[:-1], starts[1:]], axis=1)
    borders = np.concatenate([starts[:1], gaps.mean(axis=1).astype(int), ends[-1:]]).astype(np.int32)
    return Drawn((paper * (1 - ink / 255.0)).astype(np.uint8), borders, gaps, margin + 2 * unit)


@pytest.fixture(scope="session")
def draw() -> Callable[..., Drawn]:
    """`draw("bad", unit=20, gap=4, margin=6, paper=255, joined=False)` -> image, borders, gaps, baseline."""
    return draw_word


def draw_sample(text: str, writer: str = "w", id: str | None = None, split: str = "train", **how: int) -> Sample:
    drawn = draw_word(text, **how)
    return Sample(drawn.image, text, id or f"{writer}-{text}", writer, "drawn", split, drawn.borders)


@pytest.fixture(scope="session")
def sample_of() -> Callable[..., Sample]:
    """`sample_of("bad", writer="w", id=None, split="train", **drawing)` -> a Sample with borders."""
    return draw_sample


@pytest.fixture(scope="session")
def tiny_library() -> LetterLibrary:
    """Two hands, one writing twice as large, both with all letters of `abdegnop-,.` and the first with `B` alone."""
    words = ["bad", "gone", "Bean", "on-page.", "do,", "pa", "be", "nod", "a", "age,", "no.", "bog", "dab", "peg-"]
    own = [draw_sample(word, "anna") for word in words]
    own += [draw_sample(word, "boris", unit=40, gap=8) for word in words if "B" not in word]
    return LetterLibrary.build(own, "train")


@pytest.fixture(scope="session")
def library_folder(tiny_library: LetterLibrary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny library on disk, in a folder with a Cyrillic name."""
    folder = tmp_path_factory.mktemp("libraries") / "буквы"
    tiny_library.save(folder)
    return folder


def write_folder(path: Path, found: list[Sample], borders: bool = True) -> Path:
    for k, sample in enumerate(found):
        place = path / sample.split
        place.mkdir(parents=True, exist_ok=True)
        images.write(place / f"{k}.png", sample.image)
        own = sample if borders else replace(sample, borders=None)
        with (place / samples.METADATA).open("a", encoding="utf-8") as lines:
            lines.write(samples.dump(samples.record(own, f"{k}.png")))
    return path


@pytest.fixture(scope="session")
def folder_of() -> Callable[..., Path]:
    """`folder_of(path, samples, borders=True)` writes a sample folder, image k of all as `<split>/k.png`."""
    return write_folder

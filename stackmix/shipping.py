"""Make the words of the library that ships, from a folder of handwriting faces under the Open Font License.

npm install --prefix FONTS @expo-google-fonts/marck-script @expo-google-fonts/bad-script ...
python -m stackmix.shipping FONTS --corpus examples/ru.txt examples/en.txt --out stackmix/letters/ru_en
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stackmix import staging
from stackmix.faces import Face, open_face
from stackmix.geometry import Geometry, slant_and_stroke
from stackmix.ink import ink_of
from stackmix.library import LetterLibrary
from stackmix.setting import set_word
from stackmix.types import DataError, Image, Sample
from stackmix.wordlist import choose, vocabulary

LEVELS = 17  # steps between the 16 grey levels kept: 255 / 15


class Shipped(NamedTuple):
    """One shipped hand: its writer's name, its family (an npm package) and file.

    join: how far its letters are joined. wrong: characters that its file holds, drawn as other ones.
    """

    writer: str
    family: str
    file: str
    join: float = 0.0
    wrong: str = ""


# great-vibes and comforter are connected by themselves; marck-script has the strokes for it, but leaves them .2 apart
SHIPPED = (
    Shipped("bad-script", "bad-script", "BadScript_400Regular.ttf"),
    Shipped("caveat", "caveat", "Caveat_400Regular.ttf"),
    Shipped("caveat-700", "caveat", "Caveat_700Bold.ttf"),
    Shipped("comforter", "comforter", "Comforter_400Regular.ttf"),
    Shipped("great-vibes", "great-vibes", "GreatVibes_400Regular.ttf"),
    Shipped("marck-script", "marck-script", "MarckScript_400Regular.ttf", join=0.4),
    Shipped("neucha", "neucha", "Neucha_400Regular.ttf"),
    Shipped("pangolin", "pangolin", "Pangolin_400Regular.ttf", wrong="«»№"),
    Shipped("shantell-sans-300", "shantell-sans", "ShantellSans_300Light.ttf"),
    Shipped("shantell-sans-400-italic", "shantell-sans", "ShantellSans_400Regular_Italic.ttf"),
    Shipped("shantell-sans-500", "shantell-sans", "ShantellSans_500Medium.ttf"),
)
HELD_OUT = ("playpen-sans", "balsamiq-sans", "lobster", "pacifico")  # judge later work: nothing that ships uses them
PER_FACE = 560  # about 1.05 kB each, 6.5 MB in all


def found(fonts: Path, shipped: Shipped) -> Path:
    """The file of a shipped hand anywhere under a folder; DataError names the npm package that holds it."""
    paths = sorted(fonts.rglob(shipped.file))
    if not paths:
        raise DataError(
            f"{fonts} has no {shipped.file}: npm install --prefix {fonts} @expo-google-fonts/{shipped.family}"
        )
    return paths[0]


def licence(face: Path, fonts: Path) -> str:
    """The licence text beside a face or in a folder above it; DataError where there is none of the OFL."""
    for folder in [folder for folder in face.parents if folder.is_relative_to(fonts)]:
        for note in sorted([*folder.glob("LICENSE_FONT"), *folder.glob("OFL*.txt")]):
            if "SIL Open Font License" in (text := note.read_text(encoding="utf-8")):
                return text
    raise DataError(f"{face} has no LICENSE_FONT of the SIL Open Font License above it: it may not ship")


def open_shipped(fonts: Path) -> list[Face]:
    """Open every shipped face found under a folder of fonts."""
    return [open_face(found(fonts, s), s.writer, join=s.join, wrong=s.wrong) for s in SHIPPED]


def few_levels(image: Image) -> Image:
    """The image in 16 grey levels, black and white among them; it takes half the bytes, and no eye tells."""
    return ((image.astype(np.uint16) + LEVELS // 2) // LEVELS * LEVELS).astype(np.uint8)


def set_words(
    faces: list[Face], corpus: list[str], seed: int = 0, per_face: int = PER_FACE
) -> Iterator[tuple[Sample, float, float, float]]:
    """Set at least `per_face` words of a corpus' lines with each face; each with its baseline, x-height and slant.

    Word i of all is drawn from default_rng([seed, i]). Words with characters that a face lacks are not set with it.
    """
    words = vocabulary(corpus)
    index = 0
    for number, face in enumerate(faces):
        for text in choose(words, per_face, np.random.default_rng([seed, number, 1]), partial(able, face)):
            word = set_word(text, face, np.random.default_rng([seed, index]))
            sample = Sample(
                image=few_levels(word.image),
                text=word.text,
                id=f"{face.name}-{index:05d}",
                writer=face.name,
                source="face",
                borders=word.borders,
                scores=np.ones(len(word.text), np.float32),
                seams=word.seams,
            )
            yield sample, word.baseline, word.x_height, word.slant
            index += 1


def able(face: Face, word: str) -> bool:
    """Whether a face has every character of a word."""
    return not face.missing(word)


def library_of(words: Iterable[tuple[Sample, float, float, float]]) -> LetterLibrary:
    """The letter library of set words, whose geometry is known but for the width of their strokes."""
    kept, geometry = [], []
    for sample, baseline, x_height, slant in words:
        kept.append(sample)
        stroke_width = slant_and_stroke(ink_of(sample.image))[1]
        geometry.append(Geometry(baseline, 0.0, x_height, slant, stroke_width))
    return LetterLibrary.of(kept, "train", np.array(geometry, np.float32))


def make(fonts: Path, corpus: list[Path], out: Path, seed: int = 0, per_face: int = PER_FACE) -> int:
    """Make the folder `out` with the words of every shipped face and the licence of each; the number of words."""
    faces = open_shipped(fonts)
    lines = [line for path in corpus for line in path.read_text(encoding="utf-8-sig").splitlines()]
    with staging.whole_folder(out) as partial_out:
        for shipped in SHIPPED:
            text = licence(found(fonts, shipped), fonts)
            (partial_out / f"OFL-{shipped.family}.txt").write_text(text, encoding="utf-8", newline="\n")
        library = library_of(set_words(faces, lines, seed, per_face))
        library.save(partial_out, ".webp")
    return len(library)


def main() -> None:
    """Read the command line; a mistake ends in one line and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m stackmix.shipping", description="Make the library that ships.")
    parser.add_argument("fonts", type=Path, metavar="FONTS", help="a folder with the shipped faces and their licences")
    parser.add_argument("--corpus", type=Path, nargs="+", required=True, help="texts whose words are set")
    parser.add_argument("--out", type=Path, required=True, help="the folder to make")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--per-face", type=int, default=PER_FACE, help="words of each face, at least")
    options = parser.parse_args()
    try:
        count = make(options.fonts, options.corpus, options.out, options.seed, options.per_face)
    except (DataError, OSError) as error:
        sys.exit(f"error: {error}")
    print(f"{options.out}: {count} words of {len(SHIPPED)} hands", file=sys.stderr)


if __name__ == "__main__":
    main()

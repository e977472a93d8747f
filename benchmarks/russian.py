"""What stacking is worth where no real words can be had: readers of Russian trained on some hands, judged on others.

    python benchmarks/russian.py HANDS --work WORK [--arms faces stacked marked] [--seeds 0]

HANDS: a folder of faces that write like hands. Of every three, one is judged only, one validates every sixth time, and
the others train. All runs go on from one reader, `start`: the one of Russian that ships, trained a little further on
words set plainly with the training hands. `faces`: more of those; `stacked`: words stacked from their letters;
`marked`: these with blots and strike-outs. `shipped` and `shipped-marked` are stacked from the library that ships,
whose hands are none of these. Judged are words set with the held-out hands, which no arm has seen, of texts that none
trains on; they vary in slant, size and stroke and lie on drawn paper.

A set word is no real word: its letters are the same each time but for their distortion. So the figures say what
stacking does for a reader of other faces, not what error rate it has on real notebooks.
"""

import argparse
import re
from pathlib import Path

import numpy as np
from ablation_data import ARMS as COMPARED
from ablation_data import START, Arm, Making, Words, frequent
from ablation_series import Libraries, Plan, Series, carry_out
from tqdm import tqdm

from stackmix.faces import Face
from stackmix.library import SHIPPED, LetterLibrary
from stackmix.paper import on_paper
from stackmix.setting import Variation, set_word
from stackmix.shipping import library_of, set_words
from stackmix.train.bordering import faces_under, judged_words, read_corpus, training_words
from stackmix.train.pages import STARTERS
from stackmix.types import Sample

RESULTS = Path(__file__).parent / "results" / "russian.jsonl"
CORPUS = [Path(__file__).parents[1] / "examples" / "ru.txt"]
LETTERS = r"[^A-Za-z]+"  # of the words that are set: the list of words that need rare letters has English ones too
VARIATION = Variation((-0.25, 0.25), (0.6, 1.4), (0.85, 1.15), (-0.03, 0.08))  # as benchmarks/cutting.py judges
ARMS = {
    START: COMPARED[START],
    "faces": Arm("training hands, set plainly"),
    "stacked": Arm("their letters stacked", real=False, stacked="hands"),
    "marked": Arm("the same, with blots", real=False, stacked="hands", blots=True),
    "shipped": Arm("shipped letters stacked", real=False, stacked="shipped"),
    "shipped-marked": Arm("the same, with blots", real=False, stacked="shipped", blots=True),
}


def hands_of(folder: Path) -> tuple[list[Face], list[Face], list[Face]]:
    """Training, validation and test hands: of the faces in order every third is judged, of the others every sixth."""
    faces = faces_under([folder])
    others = [face for k, face in enumerate(faces) if k % 3 != 1]
    return [f for k, f in enumerate(others) if k % 6 != 5], others[5::6], faces[1::3]


def judged(faces: list[Face], texts: list[str], per_face: int, split: str) -> list[Sample]:
    """Words set with each face on drawn paper, varied widely; word i of face n draws from [n, i]."""
    found = []
    for number, face in enumerate(tqdm(faces, desc=f"setting {split} words")):
        own = [text for text in texts if not face.missing(text)]
        for i in range(per_face if own else 0):
            rng = np.random.default_rng([number, i])
            word = set_word(own[rng.integers(len(own))], face, rng, VARIATION)
            image = on_paper(word.image, word.x_height, rng)
            found.append(Sample(image, word.text, f"{face.name}-{i}", face.name, "face", split))
    return found


def series_of(options: argparse.Namespace) -> Series:
    """Set the words, and the runs that the options ask for."""
    corpus = read_corpus(CORPUS)
    training, validating, testing = hands_of(options.hands)
    known = [word for word in training_words(corpus) if re.fullmatch(LETTERS, word)]
    texts = judged_words(corpus)
    rows = [row for row in set_words(training, known, 0, options.per_hand) if re.fullmatch(LETTERS, row[0].text)]
    words = Words(
        [sample for sample, *_ in rows],
        judged(validating, texts, options.judged, "val"),
        judged(testing, texts, options.judged, "test"),
    )
    unknown = {re.sub(r"\W", "", text.casefold()) for text in texts}
    listed = [(w, chance) for w, chance in frequent("ru") if w not in unknown and re.fullmatch(LETTERS, w)]
    making, start = Making(blots=options.blots), tuple(options.start)
    plan = Plan("russian", ARMS, ("faces", "stacked"), listed, making, options.updates, start, STARTERS / "ru")

    def libraries() -> Libraries:
        return {"hands": library_of(rows), "shipped": LetterLibrary.load(SHIPPED)}

    return Series(plan, words, options.work, options.results, libraries)


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hands", type=Path, help="a folder of .ttf and .otf faces")
    parser.add_argument("--work", type=Path, required=True, help="where checkpoints, models and libraries are kept")
    parser.add_argument("--results", type=Path, default=RESULTS, help="a JSON line for each run")
    parser.add_argument("--plot", type=Path, help="a picture of the curves and the rates")
    parser.add_argument("--arms", nargs="+", choices=list(ARMS)[1:], default=list(ARMS)[1:])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--per-hand", type=int, default=200, help="words set with each training hand, at least")
    parser.add_argument("--judged", type=int, default=100, help="words of each hand that is judged")
    parser.add_argument("--updates", type=int, default=800, help="planned updates of a run")
    parser.add_argument(
        "--start", type=int, nargs="+", default=[400], help="planned updates of the reader they go on from"
    )
    parser.add_argument("--blots", type=float, default=Making().blots, help="share of the images that get a mark")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Make the runs that are missing; print a JSON line for each arm, and draw them."""
    carry_out(options_of(arguments), series_of)


if __name__ == "__main__":
    main()

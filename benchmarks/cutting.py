"""How well letters are cut, against known truth: words set with faces that no model was trained on.

    python benchmarks/cutting.py --fonts FONTS... [--hands HANDS] [--judge FACES...] --work WORK

FONTS: folders of handwriting faces (npm packages under the Open Font License); all but the held-out families train an
aligner and a border model, which are kept in WORK and used again. HANDS: further faces, of which every third is judged
and the others train. JUDGE: more faces that are judged only. Every word is set with slant, scale, stroke width, smooth
distortion, ruled paper and noise; no judged word, in any case or punctuation, is among the training words.

Three ways see the same emissions: greedy runs cut in the middle of the blank between them (how StackMix's authors cut:
only words that are read exactly right can be used), forced alignment cut in the middle of the gap, and ours. For each
face and way: median, mean and 95th percentile of |border error| in x-heights over inner borders (a column in the gap of
two letters is without error), the share of letters whose ink overlaps their own ink with IoU >= .8, and the share of
words that could be used at all. "ours, greedy's words" is ours on the words that the first way could use; "ours, surest
85 %" and "ours, the rest" divide the words of a face by their confidence. Borders beside a space, which is wide, don't
count.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import older_ways
from numpy.typing import NDArray
from tqdm import tqdm

from stackmix import images
from stackmix.alignment import AlignmentError, align_batch, encode
from stackmix.cutting import cut_one, word_score
from stackmix.faces import Face
from stackmix.inspection import flow
from stackmix.paper import on_paper
from stackmix.seams import BorderMap
from stackmix.setting import SetWord, Variation, set_word
from stackmix.shipping import HELD_OUT
from stackmix.train import bordering
from stackmix.train.bordering import SetWords, faces_under, fit, gather_words, judged_words, read_corpus
from stackmix.train.borders import BorderModel
from stackmix.train.ctc import CTCModel, Emission
from stackmix.train.fitting import Fitting, Recipe
from stackmix.train.normalising import normalise
from stackmix.types import SEAM_ROWS, Alignment, Sample

EXAMPLES = Path(__file__).parents[1] / "examples"
CORPUS = [EXAMPLES / "ru.txt", EXAMPLES / "en.txt"]
VARIATION = Variation((-0.25, 0.25), (0.6, 1.4), (0.85, 1.15), (-0.03, 0.08))
LINE = 60  # letters in a long line, at least
GOOD = 0.8  # IoU of a letter that is cut well
ALIGNER = Recipe(epochs=4)


class Case(NamedTuple):
    """One judged word or line: what it is and what the models make of its image."""

    word: SetWord
    image: NDArray[np.uint8]
    emission: Emission
    border_map: BorderMap
    labels: NDArray[np.int32]
    alignment: Alignment


@dataclass(frozen=True, slots=True)
class Cut:
    """A cut: borders (L+1,) and, for each row of the image, where each letter begins: edges (L+1, H)."""

    borders: NDArray[np.float64]
    edges: NDArray[np.float64]


def straight(inner: NDArray[np.float64], shape: tuple[int, ...]) -> Cut:
    """A cut along columns; the outer letters reach to the image's edges."""
    borders = np.round(np.concatenate([[0], inner, [shape[1]]]))
    return Cut(borders, np.repeat(borders[:, None], shape[0], axis=1))


def greedy_cut(case: Case, model: CTCModel, widths: dict[str, float]) -> Cut | None:
    """As StackMix's authors do."""
    inner = older_ways.greedy_midpoints(case.emission, case.word.text, model.config.alphabet)
    return None if inner is None else straight(inner, case.image.shape)


def forced_cut(case: Case, model: CTCModel, widths: dict[str, float]) -> Cut:
    """Forced alignment with midpoints."""
    return straight(older_ways.forced_midpoints(case.emission, case.alignment), case.image.shape)


def ours(case: Case, model: CTCModel, widths: dict[str, float]) -> Cut | None:
    """What `stackmix cut` does."""
    sample = Sample(case.image, case.word.text, "")
    try:
        cut = cut_one(sample, case.alignment, case.labels, case.emission, case.border_map, widths)
    except AlignmentError:
        return None
    borders, seams = cut.borders, cut.seams
    assert borders is not None and seams is not None
    rows = (np.arange(len(case.image)) + 0.5) * (SEAM_ROWS / len(case.image)) - 0.5
    edges = np.array([np.interp(rows, np.arange(SEAM_ROWS), seam) for seam in seams])
    return Cut(borders.astype(np.float64), np.round(edges))


WAYS: dict[str, Callable[[Case, CTCModel, dict[str, float]], Cut | None]] = {
    "greedy midpoints": greedy_cut,
    "forced midpoints": forced_cut,
    "ours": ours,
}


def border_errors(word: SetWord, cut: Cut) -> NDArray[np.float64]:
    """(n,) |error| of the inner borders between letters in x-heights, 0 anywhere in the gap between two letters."""
    inner = cut.borders[1:-1]
    errors = np.maximum(np.maximum(word.free[:, 0] - inner, inner - word.free[:, 1]), 0) / word.x_height
    return errors[[" " not in pair for pair in map("".join, pairwise(word.text))]]


def overlaps(word: SetWord, cut: Cut) -> list[float]:
    """IoU of each letter's ink, the word's true ink between its edges, with the ink of its own glyph."""
    height, width = word.image.shape
    own = np.zeros((len(word.text), height, width), bool)
    for k, (mask, x, y) in enumerate(word.glyphs):
        if mask.size:
            own[k, y : y + mask.shape[0], x : x + mask.shape[1]] = mask >= min(64, (int(mask.max()) + 1) // 2)
    ink, columns = own.any(axis=0), np.arange(width)
    found = []
    for k in np.flatnonzero(own.any(axis=(1, 2))):
        given = ink & (columns >= cut.edges[k][:, None]) & (columns < cut.edges[k + 1][:, None])
        found.append(float((given & own[k]).sum() / (given | own[k]).sum()))
    return found


def texts_for(face: Face, corpus: list[str], count: int, lines: bool) -> list[str]:
    """Judged words, or lines of LINE letters and more made of them."""
    words = [word for word in judged_words(corpus) if not face.missing(word)]
    rng = np.random.default_rng([len(words), lines])
    texts = []
    while len(texts) < count and words:
        text = words[rng.integers(len(words))]
        while lines and len(text) < LINE:
            text += " " + words[rng.integers(len(words))]
        texts.append(text)
    return texts


def cases(face: Face, texts: list[str], model: CTCModel, borders: BorderModel, seed: list[int]) -> Iterator[Case]:
    """Set the texts and run both models; a text with letters outside the alphabet, or too narrow, is left out."""
    drawn = []
    for i, text in enumerate(texts):
        rng = np.random.default_rng([*seed, i])
        word = set_word(text, face, rng, VARIATION)
        drawn.append((word, on_paper(word.image, word.x_height, rng)))
    window = [normalise(image, model.config.height) for _, image in drawn]
    for (word, image), emission, border_map in zip(drawn, model.emit(window), borders.emit(window), strict=True):
        try:
            labels = encode(word.text, model.config.alphabet)
        except AlignmentError:
            continue
        (alignment,) = align_batch([emission.log_probs], [labels])
        if isinstance(alignment, Alignment):
            yield Case(word, image, emission, border_map, labels, alignment)


def figures(cases: list[Case], cuts: list[Cut | None]) -> dict[str, float]:
    """Figures of one way over cases; None cuts count as words that could not be used."""
    used = [(case.word, cut) for case, cut in zip(cases, cuts, strict=True) if cut is not None]
    if not used:
        return {"words": 0.0}
    errors = np.concatenate([border_errors(*pair) for pair in used])
    good = np.array([iou >= GOOD for pair in used for iou in overlaps(*pair)])
    return {
        "words": len(used) / len(cases),
        "median": float(np.median(errors)),
        "mean": float(errors.mean()),
        "p95": float(np.percentile(errors, 95)),
        "iou80": float(good.mean()),
    }


def drift(cases: list[Case], cuts: list[Cut | None]) -> dict[str, float]:
    """Mean error in the first and the last third of lines' borders."""
    found = [border_errors(c.word, cut) for c, cut in zip(cases, cuts, strict=True) if cut is not None]
    first = np.concatenate([e[: len(e) // 3] for e in found] or [np.zeros(0)])
    last = np.concatenate([e[-(len(e) // 3) :] for e in found] or [np.zeros(0)])
    return {"first_third": float(first.mean()), "last_third": float(last.mean())} if len(first) else {}


def report(row: dict[str, Any]) -> None:
    """One JSON line."""
    print(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}), flush=True)


def drawn(case: Case, cut: Cut) -> NDArray[np.uint8]:
    """The word twice as large, with the inner seams of a cut."""
    picture = cv2.resize(np.repeat(case.image[..., None], 3, axis=2), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    rows = np.arange(len(case.image)) * 2 + 1
    for edge in cut.edges[1:-1]:
        line = np.column_stack([edge * 2, rows]).round().astype(np.int32)
        cv2.polylines(picture, [line], False, (220, 40, 40), 2, cv2.LINE_AA)
    return picture


def judge(
    faces: list[Face], lines: bool, count: int, model: CTCModel, borders: BorderModel, seed: int
) -> Iterator[NDArray[np.uint8]]:
    """Print the figures of every face and of all together; yields some words of each with our seams."""
    what, corpus, widths = "lines" if lines else "words", read_corpus(CORPUS), borders.config.widths
    everything: dict[str, tuple[list[Case], list[Cut | None]]] = {}
    for number, face in enumerate(tqdm(faces, desc=what, unit="face")):
        texts = texts_for(face, corpus, count, lines)
        found = list(cases(face, texts, model, borders, [seed, number, int(lines)]))
        cuts = {name: [way(case, model, widths) for case in found] for name, way in WAYS.items()}
        read = [k for k, cut in enumerate(cuts["greedy midpoints"]) if cut is not None]
        yield from [drawn(case, cut) for case, cut in zip(found, cuts["ours"], strict=True) if cut is not None][:4]
        rows = {name: (found, made) for name, made in cuts.items()}
        rows["ours, greedy's words"] = [found[k] for k in read], [cuts["ours"][k] for k in read]
        order = np.argsort([-word_score(case.alignment.scores) for case in found], kind="stable")
        most = -(-len(found) * 85 // 100)
        for part, chosen in (("surest 85 %", order[:most]), ("the rest", order[most:])):
            rows[f"ours, {part}"] = [found[k] for k in chosen], [cuts["ours"][k] for k in chosen]
        for name, (own, made) in rows.items():
            left_out = len(texts) - len(found)
            report({"figure": f"{what}, {name}", "face": face.name, "not_aligned": left_out, **figures(own, made)})
            everything.setdefault(name, ([], []))
            everything[name][0].extend(own)
            everything[name][1].extend(made)
    for name, (own, made) in everything.items():
        more = drift(own, made) if lines else {}
        report({"figure": f"{what}, {name}", "face": f"all {len(faces)}", **figures(own, made), **more})


def remember(work: Path, faces: list[Face], judged: list[Face], per_face: int, seed: int) -> None:
    """Write down what trains in `work`; end where something else did, or where a face would train and be judged."""
    names = sorted(face.name for face in faces)
    if both := sorted(set(names) & {face.name for face in judged}):
        sys.exit(f"{', '.join(both)} would train and be judged: rename or remove one of the files")
    plan = {"faces": names, "per_face": per_face, "seed": seed, "epochs": [bordering.EPOCHS, ALIGNER.epochs]}
    path = work / "plan.json"
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != plan:
        sys.exit(f"{path}: the models there were trained otherwise: give another --work")
    work.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plan), encoding="utf-8", newline="\n")


def trained(words: Callable[[], SetWords], work: Path) -> tuple[CTCModel, BorderModel]:
    """The two models in `work`, trained there where they are missing."""
    aligner, parting = work / "aligner", work / "borders"
    if not (parting / "config.json").exists() or not (aligner / "config.json").exists():
        data = words()
        with tqdm(total=len(data.packed) * bordering.EPOCHS, unit="word", desc="border model") as bar:
            fit(data, bordering.EPOCHS, 0, lambda n, _: bar.update(n)).save_pretrained(parting)
        held = np.arange(len(data.packed)) % 50 == 0
        aligner.mkdir(parents=True, exist_ok=True)
        fitting = Fitting(data.packed.take(~held), data.packed.take(held), ALIGNER, aligner)
        with tqdm(total=len(fitting.train) * ALIGNER.epochs, unit="word", desc="aligner") as bar:
            fitting.run(lambda n, _: bar.update(n)).save_pretrained(aligner)
    return CTCModel.from_pretrained(aligner), BorderModel.from_pretrained(parting)


def main() -> None:
    """Train where needed, judge, print one JSON line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fonts", type=Path, nargs="+", required=True)
    parser.add_argument("--hands", type=Path)
    parser.add_argument("--judge", type=Path, nargs="*", default=[])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--words", type=int, default=400, help="words judged of each face")
    parser.add_argument("--lines", type=int, default=12, help="lines judged of each face")
    parser.add_argument("--per-face", type=int, default=bordering.PER_FACE, help="training words by face and script")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sheet", type=Path, help="a picture of judged words with our seams")
    options = parser.parse_args()
    training = faces_under(options.fonts, HELD_OUT)
    hands = faces_under([options.hands]) if options.hands else []
    judged = [face for face in faces_under(options.fonts) if face.name not in {f.name for f in training}]
    judged += hands[1::3] + [face for folder in options.judge for face in faces_under([folder])]
    training += hands[0::3] + hands[2::3]
    remember(options.work, training, judged, options.per_face, options.seed)

    def words() -> SetWords:
        with tqdm(total=len(training), unit="face", desc="setting words") as bar:
            return gather_words(training, read_corpus(CORPUS), options.per_face, options.seed, bar.update)

    model, borders = trained(words, options.work)
    pictures = list(judge(judged, False, options.words, model, borders, options.seed))
    list(judge(judged, True, options.lines, model, borders, options.seed))
    if options.sheet:
        options.sheet.write_bytes(images.encode(flow(pictures), ".png"))


if __name__ == "__main__":
    main()

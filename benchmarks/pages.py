"""How fast and how well whole pages are read; each figure is a JSON line.

    bash benchmarks/peers.sh peers rapidocr
    python benchmarks/pages.py speed --models MODELS [--peers peers]
    python benchmarks/pages.py iam RAW --models MODELS [--split val]
    python benchmarks/pages.py made FONTS HANDS --models MODELS --texts TEXTS... [--pages 20]

MODELS: a folder of model folders, as `stackmix recognize` takes it.

speed: one made page of 1,400 x 2,000 pixels, decoded, in English and in a hand of the library that ships; wall seconds
on two threads, the median of ROUNDS readings after a first one that does not count. The peer reads the same page in
the same run, as it comes, on as many threads; it finds lines, not words. Each thread needs a core of its own: beside
other work two threads wait for each other, and are many times slower than one.

iam: the forms of a split, of writers that MODELS must not know; in English where MODELS hold no language model. Word F1
is that of benchmarks/words.py: boxes without a letter or digit, and those marked as faulty (err), count on neither
side. The page CER is that of `stackmix evaluate --pages`: all words of words.txt that have a box and a text, faulty and
bare signs among them, in their order with a space between them, against all words read in the order they were put in.
A sign is a word of its own in words.txt, so a comma that is read right behind its word costs the space.

made: pages in Russian and in English, photographed and marked as `generate --unit page` makes them, all scored as
`stackmix evaluate --pages` does it. Their hands are the families of FONTS that are held out from all that ships, and
the faces of HANDS that benchmarks/russian.py judges. TEXTS: what MODELS learnt to read; no word of theirs is on the
pages but those of up to SHORT letters, which no text is without. What is new is hands and words: notebooks and camera
are those that MODELS were trained on, if they were trained on made pages.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import torch
from ablation_data import frequent
from making_pages import Clock
from numpy.typing import NDArray
from russian import hands_of
from tqdm import tqdm
from words import forms_of, found_line

from stackmix import images
from stackmix.blots.school import SchoolMarks
from stackmix.corpus import fit, read
from stackmix.faces import Face
from stackmix.library import SHIPPED, LetterLibrary
from stackmix.page_evaluating import TruePage, Words, compare, evaluate, true_page
from stackmix.page_making import PHOTO, WORDS, PageMaker, PageOrder
from stackmix.shipping import HELD_OUT, PER_FACE, library_of, set_words
from stackmix.train.bordering import faces_under, read_corpus
from stackmix.train.model_folders import scan
from stackmix.train.pages import PageReader
from stackmix.train.voting import language_of
from stackmix.train.word_scoring import score
from stackmix.types import Image, Page

CORPUS = Path(__file__).parents[1] / "examples" / "en.txt"
THREADS = 2
ROUNDS = 5
NEAR = 10  # words that a page may have more or fewer than WORDS
SEEDS = {"ru": 1, "en": 2}  # of the pages; the command that makes models takes 0
SHORT = 3  # letters of a word that any text may hold
LENGTHS = (4, 14)  # words of a sentence
COMMA, ENDS = 0.12, (".", ".", ".", "!", "?")
UNITS = {
    "word_f1": ("word F1 at IoU .5", "F1"),
    "page_cer": ("page CER", "CER"),
    "contest_score": ("contest score", "CER"),
}


def speed(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Seconds that a page takes, whole and by part, beside rapidocr."""
    torch.set_num_threads(THREADS)
    cv2.setNumThreads(THREADS)
    page = page_of_words()
    reader = PageReader.from_pretrained(options.models)
    found = reader(page.image)
    rounds = rounds_of(reader, page.image)
    whole, cpu, *parts = (round(median(row[name] for row in rounds), 3) for name in rounds[0])
    line = {
        "figure": "a page of 1400x2000 pixels read",
        "value": whole,
        "unit": "s",
        "cpu_s": cpu,
        "parts_s": dict(zip(list(rounds[0])[2:], parts, strict=True)),
        "words": len(true_page(page.regions).words),
        "found": len(found.regions),
        "threads": THREADS,
        "rounds": ROUNDS,
    }
    if options.peers:
        peer = ask(options.peers / "rapidocr" / "bin" / "python", page.image)
        middle = median(peer["seconds"])
        line |= {"peer": peer["name"], "peer_value": round(middle, 3), "peer_lines": peer["lines"]}
        line |= {"ratio": round(middle / whole, 2)}
    yield line


def page_of_words() -> Page:
    """The first single page with about WORDS words."""
    library = LetterLibrary.load(SHIPPED)
    maker = PageMaker(PageOrder(SHIPPED, fit(read(CORPUS, "line"), library.index.alphabet), seed=SEEDS["en"]), library)
    pages = (maker.make(i).page for i in count())
    single = (page for page in pages if page.image.shape[:2] == PHOTO)
    return next(page for page in single if abs(len(true_page(page.regions).words) - WORDS) <= NEAR)


def rounds_of(reader: PageReader, image: Image) -> list[dict[str, float]]:
    """Seconds of each reading of a page: wall and CPU time of the whole, and wall time of its parts."""
    clock, found = Clock(time.perf_counter), []
    clock.watch(reader.finder, "find_all", "finding")
    for name in ("cut", "_language", "_readings", "read"):
        clock.watch(reader, name, name)
    for _ in range(ROUNDS):
        clock.spent.clear()
        cpu = time.process_time()
        reader(image)
        own = {"whole": clock.spent["read"], "cpu": time.process_time() - cpu, "finding": clock.spent["finding"]}
        own |= {"cutting and ordering": clock.spent["cut"]}
        found.append(own | {"language": clock.spent["_language"], "reading": clock.spent["_readings"]})
    return found


def ask(python: Path, image: Image) -> dict[str, Any]:
    """What the peer says of a page, in its own environment, of which this is the interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.npy"
        np.save(path, image)
        script = Path(__file__).with_name("pages_peers.py")
        command = [python, "-I", script, path, str(THREADS), str(ROUNDS)]
        try:
            return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        except FileNotFoundError:
            sys.exit(f"{python} is not there: bash benchmarks/peers.sh FOLDER rapidocr, and --peers FOLDER")


def iam(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Words found on IAM's forms, and the error rate of the forms' texts."""
    language = None if "language" in scan(options.models) else "en"
    reader = PageReader.from_pretrained(options.models, language=language)
    counts, writers = [], []
    true: dict[str, TruePage] = {}
    texts: dict[str, Words] = {}
    for form in tqdm(forms_of(options.data, options.split), desc="reading forms"):
        page = form.page
        texts[page.id] = reader(page.image).regions
        true[page.id] = true_page(page.regions, page.writer)
        counts.append(score([region.polygon for region in texts[page.id]], form.words, form.ignored))
        writers.append(page.writer)
    yield found_line(options.split, writers, counts)
    yield from lines(evaluate(compare(true, texts)), ("page_cer",), f"IAM bilevel part, {options.split}")


def made(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Words found and read on pages of held-out hands, by language."""
    reader = PageReader.from_pretrained(options.models)
    faces = held_out(options.fonts, options.hands)
    known = {bare(word) for line in read_corpus(options.texts) for word in line.split()}
    texts = {language: sentences(language, known, WORDS * options.pages) for language in SEEDS}
    library = library_of(set_words(faces, [line for own in texts.values() for line in own], per_face=PER_FACE))
    for language, own in texts.items():
        true, found = {}, {}
        for page in tqdm(photos(language, own, library, options.pages), desc=f"reading {language}"):
            found[page.id] = reader(page.image).regions
            true[page.id] = true_page(page.regions, page.writer)
        where = f"made pages, held-out hands, {language}"
        for line in lines(evaluate(compare(true, found)), tuple(UNITS), where):
            yield line | {"hands": len({page.writer for page in true.values()})}


def held_out(fonts: Path, hands: Path) -> list[Face]:
    """The faces that nothing which ships is made of, and the hands that are judged."""
    others = {face.name for face in faces_under([fonts], HELD_OUT)}
    return [face for face in faces_under([fonts]) if face.name not in others] + hands_of(hands)[2]


def bare(word: str) -> str:
    return re.sub(r"[\W_]", "", word.casefold())


def sentences(language: str, known: set[str], total: int) -> list[str]:
    """Sentences, without sense, of so many words drawn by frequency, short ones as often as the language has them."""
    rng = np.random.default_rng(SEEDS[language])
    listed = [(word, chance) for word, chance in frequent(language) if language_of(word) == language]
    short = [(word, chance) for word, chance in listed if len(word) <= SHORT]
    new = [(word, chance) for word, chance in listed if len(word) > SHORT and bare(word) not in known]
    share = sum(chance for _, chance in short) / sum(chance for _, chance in listed)
    either = rng.random(total) < share
    words = np.where(either, _drawn(short, total, rng), _drawn(new, total, rng)).tolist()
    found = []
    while words:
        length = int(rng.integers(*LENGTHS))
        own, words = words[:length], words[length:]
        first, *rest = [word + "," * (rng.random() < COMMA) for word in own[:-1]] + own[-1:]
        found.append(" ".join([first.capitalize(), *rest]) + str(rng.choice(ENDS)))
    return found


def _drawn(listed: list[tuple[str, float]], total: int, rng: np.random.Generator) -> NDArray[np.str_]:
    chances = np.array([chance for _, chance in listed])
    return rng.choice([word for word, _ in listed], total, p=chances / chances.sum())


def photos(language: str, texts: list[str], library: LetterLibrary, total: int) -> Iterator[Page]:
    """Pages of a language as they come out of their JPEG files."""
    corpus = fit(texts, library.index.alphabet, skip_missing=True)
    maker = PageMaker(PageOrder(Path(), corpus, total, SEEDS[language], marks=SchoolMarks()), library)
    for i in range(total):
        page, quality = maker.make(i)
        yield replace(page, image=images.decode(images.encode(page.image, ".jpg", quality)))


def lines(report: dict[str, Any], names: Iterable[str], where: str) -> Iterator[dict[str, Any]]:
    """A line for each figure of a report of `evaluate`."""
    about = {name: report[name] for name in ("pages", "words", "predictions")}
    for name in names:
        figure, unit = UNITS[name]
        own = {part: round(report[name][part], 4) for part in ("value", "low", "high")}
        yield {"figure": f"{figure}, {where}", **own, "unit": unit, "drawn": report["intervals"]["drawn"], **about}


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="measure", required=True)
    own = {name: kinds.add_parser(name) for name in MEASURES}
    for one in own.values():
        one.add_argument("--models", type=Path, required=True, help="a folder of model folders")
    own["speed"].add_argument("--peers", type=Path, help="the folder given to benchmarks/peers.sh; ours alone without")
    own["iam"].add_argument("data", type=Path, help="IAM in its official layout, with whole forms")
    own["iam"].add_argument("--split", default="val")
    own["made"].add_argument("fonts", type=Path, help="a folder of faces under the Open Font License")
    own["made"].add_argument("hands", type=Path, help="a folder of faces that write like hands")
    own["made"].add_argument("--texts", type=Path, nargs="+", required=True, help="what the models learnt to read")
    own["made"].add_argument("--pages", type=int, default=20, help="of each language")
    return parser.parse_args(arguments)


MEASURES = {"speed": speed, "iam": iam, "made": made}


def main(arguments: list[str] | None = None) -> None:
    """Measure; one JSON line a figure."""
    options = options_of(arguments)
    for line in MEASURES[options.measure](options):
        print(json.dumps(line | {"models": options.models.name}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()

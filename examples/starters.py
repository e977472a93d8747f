"""The models that ship: a word finder, a language model and readers of Russian and English, of made pages alone.

    python examples/starters.py --work WORK --out stackmix/models/starter

Every step is a command of stackmix, printed before it runs; what WORK holds already is not made again, and an
interrupted run goes on. The pages are written in the hands of the library that ships; two of the eleven hands validate.
With `--pages`, `--rounds` and `--epochs` the same makes better models for longer work, or tiny ones to try it.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from wordfreq import top_n_list, word_frequency

from stackmix import pages
from stackmix.train.ctc import CTCModel
from stackmix.train.ctc_reading import CTCReader
from stackmix.train.pages import SETTINGS, fit_margin
from stackmix.types import Page

LANGUAGES = ("en", "ru")
COMMON = 50_000  # words of a language, the most frequent ones
FLATTER = 0.75  # power of a word's frequency
LINES = 4000
ENDS, END_CHANCES = (".", "!", "?", "...", ":", ";", ""), (0.5, 0.1, 0.1, 0.02, 0.04, 0.04, 0.2)
FITTED_ON = 12  # validation pages of each language for the margin around words


def corpus(language: str) -> Iterator[str]:
    """Lines of words drawn by frequency, with capitals, numbers and signs as writing has them, though without sense."""
    words = [word for word in top_n_list(language, COMMON) if word.replace("'", "").isalpha()]
    chances = np.array([word_frequency(word, language) for word in words]) ** FLATTER
    rng = np.random.default_rng([0, *language.encode()])
    for _ in range(LINES):
        drawn = [words[k] for k in rng.choice(len(words), rng.integers(4, 14), p=chances / chances.sum())]
        yield " ".join(_dressed(drawn, rng)) + str(rng.choice(ENDS, p=END_CHANCES))


def _dressed(words: list[str], rng: np.random.Generator) -> Iterator[str]:
    for k, word in enumerate(words):
        dice = rng.random()
        if dice < 0.04:
            yield str(rng.integers(10 ** rng.integers(1, 5)))
        elif dice < 0.06:
            yield "-"
        else:
            written = word.upper() if dice > 0.98 else word.capitalize() if k == 0 or dice > 0.9 else word
            quoted = f'"{written}"' if rng.random() < 0.02 else f"({written})" if rng.random() < 0.02 else written
            yield quoted + ("," if k < len(words) - 1 and rng.random() < 0.12 else "")


def stackmix(out: Path, *arguments: str | Path) -> None:
    """Run a command of stackmix that makes `out`, unless it is there; go on with an interrupted one."""
    if out.exists():
        return
    command = ["stackmix", *map(str, arguments), "--out", str(out)]
    if out.with_name(out.name + ".partial").exists():
        command.append("--resume")
    print(" ".join(command), flush=True)
    subprocess.run([sys.executable, "-m", *command], check=True)


def validation(folder: Path) -> Iterator[Page]:
    """Some pages of the hands that training holds out, every tenth one."""
    writers = sorted({page.writer for page in pages.read(folder, "train", [])})[::10]
    return islice((page for page in pages.read(folder, "train", []) if page.writer in writers), FITTED_ON)


def fitted_margin(work: Path) -> float:
    """The margin around words at which the readers read validation hands best, on the mean of both."""
    readers = {language: CTCReader.from_pretrained(work / language) for language in LANGUAGES}
    return float(np.mean([fit_margin(readers[name], validation(work / f"pages-{name}")) for name in LANGUAGES]))


def in_one_language(folder: Path, language: str) -> None:
    """Say that a reader is for pages of this language, though it knows the letters of some foreign words too."""
    model = CTCModel.from_pretrained(folder)
    model.config = replace(model.config, languages=(language,))
    model.save_pretrained(folder)


def make(work: Path, count: int, rounds: int, epochs: int) -> None:
    """Make pages, words and models in `work`."""
    work.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        text, made = work / f"{language}.txt", work / f"pages-{language}"
        text.write_text("\n".join(corpus(language)) + "\n", encoding="utf-8", newline="\n")
        stackmix(made, "generate", "--unit", "page", "--corpus", text, "--count", str(count), "--skip-missing")
        stackmix(work / f"words-{language}", "prepare", "school-notebooks", made)
    made_pages, made_words = ([work / f"{kind}-{name}" for name in LANGUAGES] for kind in ("pages", "words"))
    stackmix(work / "words", "train", "words", *made_pages, "--rounds", str(rounds))
    for language in reversed(LANGUAGES):
        reading = "--head", "recurrent", "--epochs", str(epochs)
        stackmix(work / language, "train", "ctc", work / f"words-{language}", *reading)
        in_one_language(work / language, language)
    small = "--weights", "none", "--narrow", "8", "--epochs", "1"
    stackmix(work / "language", "train", "language", *made_words, *small)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="where pages, words and models are kept")
    parser.add_argument("--out", type=Path, required=True, help="the folder of model folders to make")
    parser.add_argument("--pages", type=int, default=180, help="made pages of each language")
    parser.add_argument("--rounds", type=int, default=16, help="of the word finder, each 60 updates")
    parser.add_argument("--epochs", type=int, default=3, help="of each reader")
    options = parser.parse_args()
    make(options.work, options.pages, options.rounds, options.epochs)
    margin = fitted_margin(options.work)
    for name in ("words", "language", *LANGUAGES):
        shutil.copytree(options.work / name, options.out / name, dirs_exist_ok=True)
    (options.out / SETTINGS).write_text(json.dumps({"margin": round(margin, 3)}) + "\n", encoding="utf-8", newline="\n")
    size = sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file())
    print(f"{options.out}: {size / 1e6:.1f} MB, margin {margin:.3f}")


if __name__ == "__main__":
    main()

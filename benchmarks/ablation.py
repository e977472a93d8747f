"""What stacking and blots are worth: readers trained with and without them, judged on other writers and other texts.

    python benchmarks/ablation.py samples/iam --work WORK [--arms real blots published ours] [--seeds 0 1]

Arms: `real`, the real words only; `blots`, the same with blots and strike-outs; `published`, StackMix as published
(letters cut by greedy midpoints, random pieces, plain pasting; Shonenkov et al. 2021); `ours`, our cutting, stacking
and blots. Besides them `stacking`, ours without blots, and `synthetic`, ours without the real words. All arms have the
same --words real words and make their libraries of those alone, with an aligner that saw no other: the convolutions of
`real`, seed 0, which is therefore trained first. The same network, schedule, paper, blur and geometric augmentation
serve all of them. Every second image of an arm that stacks is a stacked word.

A run is a JSON line in --results when it has ended, and is not made again; one that is interrupted goes on from its
last checkpoint in --work. At the end: each arm's error rates over its seeds and its gain over `real` and `published`.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ablation_data import ARMS, Arm, Feed, Making, Words, cut_libraries, english, gather_words
from ablation_judging import by_writer, figures, gain, pooled
from ablation_plot import picture
from ablation_run import Run, without_head
from tqdm import tqdm

from stackmix import images
from stackmix.library import FILE, LetterLibrary
from stackmix.staging import write_whole
from stackmix.train.calibrating import calibrate
from stackmix.train.ctc import CTCModel, read
from stackmix.train.normalising import pack
from stackmix.train.packing import HEIGHT, Packed
from stackmix.types import DataError

RESULTS = Path(__file__).parent / "results" / "ablation.jsonl"
MAIN = ["real", "blots", "published", "ours"]
UPDATES = 3500  # planned for a run: `real` gains nothing from more
FIRST = "real-0"  # the run whose convolutions align


class Ablation:
    """The runs in a folder `work`; settings: all that a run's figures depend on besides its arm and seed."""

    def __init__(self, words: Words, work: Path, results: Path, making: Making, updates: int) -> None:
        self.words, self.work, self.results, self.making, self.updates = words, work, results, making, updates
        self.val, self.test = pack(words.val, HEIGHT), pack(words.test, HEIGHT)
        self.real: Packed = pack(words.train, HEIGHT)
        counts = {"words": len(words.train), "val_words": len(words.val), "test_words": len(words.test)}
        self.settings: dict[str, Any] = {**counts, "updates": updates}
        self.listed = english()
        self._libraries: dict[str, LetterLibrary] = {}

    def settings_of(self, arm: Arm) -> dict[str, Any]:
        """What the figures of an arm depend on; how images are made counts only for arms that make any."""
        making = asdict(self.making)
        own = [*(["share", "hand", "temperature"] if arm.stacked else []), *(["blots"] if arm.blots else [])]
        return self.settings | {name: making[name] for name in own}

    def finished(self) -> list[dict[str, Any]]:
        """The runs in the results file that have these settings."""
        if not self.results.exists():
            return []
        rows = [json.loads(line) for line in self.results.read_text(encoding="utf-8").splitlines()]
        known = {name: json.loads(json.dumps(self.settings_of(arm))) for name, arm in ARMS.items()}
        return [row for row in rows if row["arm"] in known and row["settings"] == known[row["arm"]]]

    def run(self, name: str, seed: int) -> None:
        """Train and judge one arm, unless that is done."""
        if any(row["arm"] == name and row["seed"] == seed for row in self.finished()):
            return
        folder = self.work / f"{name}-{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        arm = ARMS[name]
        library = self.library(arm.stacked) if arm.stacked else None
        feed = Feed(arm, self.words.train, library, self.listed, self.making, seed)
        run = Run(feed, self.real, self.val, self.updates, seed, folder)
        run.restore()
        begun = time.process_time()
        with tqdm(initial=run.progress.update, total=self.updates, unit="update", desc=folder.name) as bar:

            def tick(_: int, message: str) -> None:
                bar.set_postfix_str(message, refresh=False)
                bar.update()

            model = run.run(tick)
        model.save_pretrained(folder / "model")
        self._keep(name, seed, model, run, time.process_time() - begun)

    def _keep(self, name: str, seed: int, model: CTCModel, run: Run, seconds: float) -> None:
        texts = read(model, self.test)
        pairs = "".join(f"{a}\t{b}\n" for a, b in zip(texts, self.test.texts.tolist(), strict=True))
        write_whole(self.work / f"{name}-{seed}" / "read.tsv", pairs.encode())
        sums = by_writer(texts, self.words.test)
        row: dict[str, Any] = {"arm": name, "seed": seed, **figures(sums), "val_cer": round(run.progress.best_cer, 4)}
        row |= {"best_update": run.best_update(), "made": run.progress.update, "cpu_seconds": round(seconds)}
        row |= {"settings": self.settings_of(ARMS[name]), "by_writer": sums}
        row["curve"] = [[r["update"], round(r["loss"], 3), round(r["cer"], 4)] for r in run.progress.history]
        self.results.parent.mkdir(parents=True, exist_ok=True)
        with self.results.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(row) + "\n")

    def library(self, way: str) -> LetterLibrary:
        """The letters of the training words cut in one way, made once."""
        if not self._libraries:
            folders = {name: self.work / "letters" / name for name in ("published", "ours")}
            if not all((folder / FILE).exists() for folder in folders.values()):
                for name, library in cut_libraries(self.words.train, self.aligner()).items():
                    library.save(folders[name])
            self._libraries = {name: LetterLibrary.load(folder) for name, folder in folders.items()}
        return self._libraries[way]

    def aligner(self) -> CTCModel:
        """The convolutions of the first run, their letters' scores calibrated on the validation words."""
        reader = self.work / FIRST / "model"
        if not (reader / "config.json").exists():
            raise DataError(f"{reader} is missing: run --arms real --seeds 0 first")
        return calibrated(without_head(CTCModel.from_pretrained(reader)), self.val)

    def summary(self) -> Iterator[dict[str, Any]]:
        """For each arm its rates over all of its seeds, and what it gains over `real` and `published`."""
        rows = self.finished()
        sums = {name: pooled(own) for name in ARMS if (own := [row for row in rows if row["arm"] == name])}
        for name, own in sums.items():
            line: dict[str, Any] = {"figure": f"ablation, {name}", "words": self.settings["words"], **figures(own)}
            line["seeds"] = sum(row["arm"] == name for row in rows)
            gains = {f"over_{other}": gain(own, sums[other]) for other in ("real", "published") if other in sums}
            yield line | {key: value for key, value in gains.items() if key != f"over_{name}"}


def calibrated(model: CTCModel, val: Packed) -> CTCModel:
    """The model with the confidence of its letters fitted on validation words."""
    model.config = replace(model.config, calibration=calibrate(model, val))
    return model


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = Making()
    parser.add_argument("data", type=Path, help="a sample folder with train, val and test splits")
    parser.add_argument("--work", type=Path, required=True, help="where checkpoints, models and libraries are kept")
    parser.add_argument("--results", type=Path, default=RESULTS, help="a JSON line for each run")
    parser.add_argument("--plot", type=Path, help="a picture of the curves and the rates")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=MAIN)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--words", type=int, default=2000, help="real training words, drawn by lot; 0: all")
    parser.add_argument("--val", type=int, default=1000, help="validation words, drawn by lot")
    parser.add_argument("--updates", type=int, default=UPDATES, help="planned updates of a run")
    parser.add_argument("--share", type=float, nargs=2, default=usual.share, help="stacked words: at first, at last")
    parser.add_argument("--hand", choices=["one", "mixed"], default=usual.hand)
    parser.add_argument("--temperature", type=float, default=usual.temperature)
    parser.add_argument("--blots", type=float, default=usual.blots, help="share of the images that get a mark")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Make the runs that are missing, `real` first; print a JSON line for each arm, and draw them."""
    options = options_of(arguments)
    making = Making(tuple(options.share), options.hand, options.temperature, options.blots)
    words = gather_words(options.data, options.words or None, options.val)
    ablation = Ablation(words, options.work, options.results, making, options.updates)
    try:
        for seed in options.seeds:
            for name in sorted(options.arms, key="real".__ne__):
                ablation.run(name, seed)
    except (DataError, OSError) as error:
        sys.exit(f"ablation: {error}")
    for line in ablation.summary():
        print(json.dumps(line))
    if options.plot:
        options.plot.write_bytes(images.encode(picture(ablation.finished()), ".png"))


if __name__ == "__main__":
    main()

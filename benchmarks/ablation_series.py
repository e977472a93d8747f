"""The runs of an experiment: arms that differ in their images alone, trained and judged once for each seed.

A run that has ended is a JSON line in the results file, with all that its figures depend on; it is not made again.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ablation_data import STACKED, START, Arm, Feed, Making, Words, all_marked
from ablation_judging import by_writer, figures, gain, pooled
from ablation_plot import picture
from ablation_run import MOST, Run
from tqdm import tqdm

from stackmix import images
from stackmix.library import FILE, LetterLibrary
from stackmix.staging import write_whole
from stackmix.train.ctc import CTCModel, read
from stackmix.train.normalising import pack
from stackmix.train.packing import HEIGHT
from stackmix.types import DataError

Libraries = dict[str, LetterLibrary]
START_SEED = 0  # of the run that all others go on from, whatever their own


@dataclass(frozen=True, slots=True)
class Plan:
    """arms: by name. against: the arms that others are held against. listed: words to stack with their frequencies.

    updates: planned for a run. start: for the arm START, from whose model the others go on, one schedule after the
    other; none: from random weights. first: the model that START itself goes on from, None for random weights.
    """

    name: str
    arms: dict[str, Arm]
    against: tuple[str, ...]
    listed: list[tuple[str, float]]
    making: Making
    updates: int
    start: tuple[int, ...] = ()
    first: Path | None = None


class Series:
    """The runs of a plan on some words, in a folder `work`, their figures in the file `results`."""

    def __init__(self, plan: Plan, words: Words, work: Path, results: Path, libraries: Callable[[], Libraries]) -> None:
        """libraries: makes the letter libraries, each under the name by which the arms call it."""
        self.plan, self.words, self.work, self.results = plan, words, work, results
        self.real, self.val, self.test = (pack(part, HEIGHT) for part in (words.train, words.val, words.test))
        self._make, self._libraries = libraries, Libraries()

    def settings_of(self, arm: Arm) -> dict[str, Any]:
        """All that an arm's figures depend on; how images are made counts only for arms that make any."""
        making, words = asdict(self.plan.making), self.words
        own = [*(["share", "hand", "temperature"] if arm.stacked else []), *(["blots"] if arm.blots else [])]
        counts = {"words": len(words.train), "val_words": len(words.val), "test_words": len(words.test)}
        is_start = arm is self.plan.arms.get(START)
        found: dict[str, Any] = {**counts, "updates": self.plan.start if is_start else self.plan.updates}
        if self.plan.start and not is_start:
            found["start"] = self.plan.start
        found |= {name: making[name] for name in own}
        if arm.stacked:
            found["stacked_rows"] = STACKED
        return dict(json.loads(json.dumps(found)))  # as it is read from the file

    def finished(self) -> list[dict[str, Any]]:
        """The runs in the results file that have these settings."""
        if not self.results.exists():
            return []
        rows = [json.loads(line) for line in self.results.read_text(encoding="utf-8").splitlines()]
        known = {name: self.settings_of(arm) for name, arm in self.plan.arms.items()}
        return [row for row in rows if row["arm"] in known and row["settings"] == known[row["arm"]]]

    def run(self, name: str, seed: int) -> None:
        """Train and judge one arm, unless that is done."""
        if any(row["arm"] == name and row["seed"] == seed for row in self.finished()):
            return
        arm, folder = self.plan.arms[name], self.work / f"{name}-{seed}"
        self._keep(name, seed, [self._trained(arm, self.settings_of(arm), seed, folder, self.start())])

    def start(self) -> CTCModel | None:
        """The model that all runs go on from, trained and judged at the first call ever; None for random weights."""
        model = CTCModel.from_pretrained(self.plan.first) if self.plan.first else None
        done, runs = any(row["arm"] == START for row in self.finished()), list[Run]()
        for k, updates in enumerate(self.plan.start):
            most, folder = 1.0 if k == 0 else MOST, self.work / f"{START}-{k}"
            if done and (folder / "model").exists():
                model = CTCModel.from_pretrained(folder / "model")
                continue
            runs.append(self._further(model, updates, folder, most))
            model = runs[-1].model
        if runs and not done:
            self._keep(START, START_SEED, runs)
        return model

    def further(self, model: CTCModel, updates: int, folder: Path) -> CTCModel:
        """A model trained further on the real words, `updates` times, once for all."""
        if not (folder / "model").exists():
            self._further(model, updates, folder, 1.0)
        return CTCModel.from_pretrained(folder / "model")

    def _further(self, model: CTCModel | None, updates: int, folder: Path, most: float) -> Run:
        arm = self.plan.arms[START]
        return self._trained(arm, self.settings_of(arm) | {"updates": updates}, START_SEED, folder, model, most)

    def _trained(
        self, arm: Arm, settings: dict[str, Any], seed: int, folder: Path, start: CTCModel | None, most: float = MOST
    ) -> Run:
        folder.mkdir(parents=True, exist_ok=True)
        library = self.library(arm.stacked) if arm.stacked else None
        feed = Feed(arm, self.words.train, library, self.plan.listed, self.plan.making, seed)
        run = Run(feed, self.real, self.val, settings, seed, folder, start, most)
        run.restore()
        with tqdm(initial=run.progress.update, total=run.updates, unit="update", desc=folder.name) as bar:

            def tick(_: int, message: str) -> None:
                bar.set_postfix_str(message, refresh=False)
                bar.update()

            run.run(tick).save_pretrained(folder / "model")
        return run

    def _keep(self, name: str, seed: int, runs: list[Run]) -> None:
        """Judge the last of some runs, each of which went on from the one before, and write their line."""
        run, made = runs[-1], [run.progress.update for run in runs]
        marked = by_writer(read(run.model, pack(all_marked(self.words.test), HEIGHT)), self.words.test)
        texts = read(run.model, self.test)
        pairs = "".join(f"{a}\t{b}\n" for a, b in zip(texts, self.test.texts.tolist(), strict=True))
        write_whole(run.folder / "read.tsv", pairs.encode())
        sums = by_writer(texts, self.words.test)
        row: dict[str, Any] = {"arm": name, "seed": seed, **figures(sums), "val_cer": round(run.progress.best_cer, 4)}
        row |= {"best_update": sum(made[:-1]) + run.best_update(), "made": sum(made)}
        row |= {"settings": self.settings_of(self.plan.arms[name]), "by_writer": sums, "by_writer_marked": marked}
        row["curve"] = [
            [sum(made[:k]) + r["update"], round(r["loss"], 3), round(r["cer"], 4)]
            for k, one in enumerate(runs)
            for r in one.progress.history
        ]
        self.results.parent.mkdir(parents=True, exist_ok=True)
        with self.results.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(row) + "\n")

    def library(self, way: str) -> LetterLibrary:
        """One of the libraries, made at the first call ever."""
        folder = self.work / "letters" / way
        if not (folder / FILE).exists():
            for name, library in self._make().items():
                library.save(self.work / "letters" / name)
        if way not in self._libraries:
            self._libraries[way] = LetterLibrary.load(folder)
        return self._libraries[way]

    def summary(self) -> Iterator[dict[str, Any]]:
        """For each arm its rates over all of its seeds and what it gains over others, as they are and with marks."""
        rows = self.finished()
        runs = {name: own for name in self.plan.arms if (own := [row for row in rows if row["arm"] == name])}
        for what, key in (("", "by_writer"), (", marked test words", "by_writer_marked")):
            sums = {name: pooled(own, key) for name, own in runs.items()}
            for name, own in sums.items():
                line: dict[str, Any] = {"figure": f"{self.plan.name}, {name}{what}", "words": len(self.words.train)}
                line |= {"seeds": len(runs[name]), **figures(own)}
                others = [other for other in self.plan.against if other in sums and other != name]
                yield line | {f"over_{other}": gain(own, sums[other]) for other in others}


def carry_out(options: argparse.Namespace, series_of: Callable[[argparse.Namespace], Series]) -> None:
    """Make the runs of `options.seeds` and `options.arms` that are missing, print a summary, draw `options.plot`."""
    try:
        series = series_of(options)
        for seed in options.seeds:
            for name in options.arms:
                series.run(name, seed)
    except (DataError, OSError) as error:
        sys.exit(f"stackmix: {error}")
    for line in series.summary():
        print(json.dumps(line))
    if options.plot:
        options.plot.write_bytes(images.encode(picture(series.finished(), series.plan.arms), ".png"))

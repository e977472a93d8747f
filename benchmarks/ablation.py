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
from dataclasses import replace
from pathlib import Path

from ablation_data import ARMS, Making, cut_libraries, frequent, gather_words
from ablation_plot import picture
from ablation_run import without_head
from ablation_series import Plan, Series

from stackmix import images
from stackmix.train.calibrating import calibrate
from stackmix.train.ctc import CTCModel
from stackmix.types import DataError

RESULTS = Path(__file__).parent / "results" / "ablation.jsonl"
MAIN = ["real", "blots", "published", "ours"]
UPDATES = 4000  # planned for a run: `real` gains nothing from more
FIRST = "real-0"  # the run whose convolutions align


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


def series_of(options: argparse.Namespace) -> Series:
    """The runs that the options ask for."""
    making = Making(tuple(options.share), options.hand, options.temperature, options.blots)
    words = gather_words(options.data, options.words or None, options.val)
    plan = Plan("ablation", ARMS, ("real", "published"), frequent("en"), making, options.updates)
    series = Series(plan, words, options.work, options.results, lambda: cut_libraries(words.train, aligner(series)))
    return series


def aligner(series: Series) -> CTCModel:
    """The convolutions of the first run, the confidence of their letters fitted on the validation words."""
    reader = series.work / FIRST / "model"
    if not (reader / "config.json").exists():
        raise DataError(f"{reader} is missing: run --arms real --seeds 0 first")
    model = without_head(CTCModel.from_pretrained(reader))
    model.config = replace(model.config, calibration=calibrate(model, series.val))
    return model


def main(arguments: list[str] | None = None) -> None:
    """Make the runs that are missing, `real` first; print a JSON line for each arm, and draw them."""
    options = options_of(arguments)
    try:
        series = series_of(options)
        for seed in options.seeds:
            for name in sorted(options.arms, key="real".__ne__):
                series.run(name, seed)
    except (DataError, OSError) as error:
        sys.exit(f"ablation: {error}")
    for line in series.summary():
        print(json.dumps(line))
    if options.plot:
        options.plot.write_bytes(images.encode(picture(series.finished(), ARMS), ".png"))


if __name__ == "__main__":
    main()

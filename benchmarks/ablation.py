"""What stacking and blots are worth: readers trained with and without them, judged on other writers and other texts.

    python benchmarks/ablation.py samples/iam --work WORK [--arms real blots published ours] [--seeds 0 1]

All runs go on from one reader, `start`, which is trained on the real words alone, until more of them help little: what
is learnt so far takes most of the time and is the same for all. Arms: `real`, more of the real words; `blots`, these
with blots and strike-outs; `published`, StackMix as published (letters cut by the greedy runs of the reader, random
pieces, plain pasting; Shonenkov et al. 2021); `ours`, our cutting, stacking and blots. Besides them `stacking`, ours
without blots, and `synthetic`, ours without the real words. All have the same --words real words and make their
libraries of those alone, and the models that cut have seen no others: the reader is `start`, the aligner its
convolutions, trained further. The same network, schedule, paper, blur and geometric augmentation serve all arms.

A run is a JSON line in --results when it has ended, and is not made again; one that is interrupted goes on from its
last checkpoint in --work. At the end: each arm's error rates over its seeds and its gain over `real` and `published`.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from ablation_data import ARMS, START, Making, cut_libraries, frequent, gather_words
from ablation_run import without_head
from ablation_series import Libraries, Plan, Series, carry_out

from stackmix.train.calibrating import calibrate
from stackmix.types import DataError

RESULTS = Path(__file__).parent / "results" / "ablation.jsonl"
MAIN = ["real", "blots", "published", "ours"]
UPDATES = 3500  # planned for a run
FIRST_UPDATES = [4000, 5000]  # for the reader that all go on from, one schedule after the other
ALIGNER_UPDATES = 2500


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = Making()
    parser.add_argument("data", type=Path, help="a sample folder with train, val and test splits")
    parser.add_argument("--work", type=Path, required=True, help="where checkpoints, models and libraries are kept")
    parser.add_argument("--results", type=Path, default=RESULTS, help="a JSON line for each run")
    parser.add_argument("--plot", type=Path, help="a picture of the curves and the rates")
    parser.add_argument("--arms", nargs="+", choices=[name for name in ARMS if name != START], default=MAIN)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--words", type=int, default=2000, help="real training words, drawn by lot; 0: all")
    parser.add_argument("--val", type=int, default=1000, help="validation words, drawn by lot")
    parser.add_argument("--updates", type=int, default=UPDATES, help="planned updates of a run")
    parser.add_argument(
        "--start",
        type=int,
        nargs="*",
        default=FIRST_UPDATES,
        help="planned updates of the reader they go on from, one schedule after the other",
    )
    parser.add_argument("--share", type=float, nargs=2, default=usual.share, help="stacked words: at first, at last")
    parser.add_argument("--hand", choices=["one", "mixed"], default=usual.hand)
    parser.add_argument("--temperature", type=float, default=usual.temperature)
    parser.add_argument("--blots", type=float, default=usual.blots, help="share of the images that get a mark")
    return parser.parse_args(arguments)


def series_of(options: argparse.Namespace) -> Series:
    """The runs that the options ask for."""
    making = Making(tuple(options.share), options.hand, options.temperature, options.blots)
    words = gather_words(options.data, options.words or None, options.val)
    plan = Plan("ablation", ARMS, ("real", "published"), frequent("en"), making, options.updates, tuple(options.start))
    series = Series(plan, words, options.work, options.results, lambda: libraries(series))
    return series


def libraries(series: Series) -> Libraries:
    """The libraries of the training words; the aligner's confidences are fitted on the validation words."""
    reader = series.start()
    if reader is None:
        raise DataError("letters are cut with the reader that arms start from: give --start")
    aligner = series.further(without_head(reader), ALIGNER_UPDATES, series.work / "aligner")
    aligner.config = replace(aligner.config, calibration=calibrate(aligner, series.val))
    return cut_libraries(series.words.train, reader, aligner)


def main(arguments: list[str] | None = None) -> None:
    """Make the runs that are missing; print a JSON line for each arm, and draw them."""
    carry_out(options_of(arguments), series_of)


if __name__ == "__main__":
    main()

"""Gather what a model is trained on: train and val splits of sample folders and of packed `.npz` files.

Folders are decoded, normalised and packed once;

    python -m stackmix.train.gathering samples/iam --out iam.npz

makes such a file for a machine that has torch and little else.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from stackmix.train.packing import HEIGHT, Packed, merged
from stackmix.types import DataError, Sample, is_test


def gather(data: list[Path], height: int, tick: Callable[[int], object]) -> tuple[Packed, list[str]]:
    """The train and val splits of sample folders and packed `.npz` files, and the images that were broken.

    Test splits are never opened. Raises DataError where a folder has no train split, or a file holds a test split.
    """
    parts: list[Packed] = []
    broken: list[str] = []
    for path in data:
        if path.suffix == ".npz":
            parts.append(Packed.load(path))
            _refuse_test(path, sorted(filter(is_test, set(parts[-1].splits.tolist()))))
            continue
        from stackmix import samples  # cv2 is wanted where data is prepared, not where it is trained on
        from stackmix.train.normalising import pack

        for split in splits_to_train(path):
            parts.append(pack(_ticked(samples.read(path, split, broken), tick), height))
    return merged(parts), broken


def splits_to_train(path: Path) -> list[str]:
    """train, and val where a sample folder has it; DataError where it has test splits alone."""
    from stackmix import samples

    splits = samples.splits_of(path)
    if all(map(is_test, splits)):
        _refuse_test(path, splits)
    return [s for s in ("train", "val") if s == "train" or s in splits]


def _refuse_test(path: Path, splits: list[str]) -> None:
    if splits:
        why = f"holds {', '.join(splits)} data, which is kept for testing and never trained on"
        raise DataError(f"{path} {why}: give data with a train split")


def _ticked(found: Iterator[Sample], tick: Callable[[int], object]) -> Iterator[Sample]:
    for sample in found:
        tick(1)
        yield sample


def main() -> None:
    """Pack the train and val splits of sample folders into one `.npz`, for a machine that has only torch."""
    parser = argparse.ArgumentParser(prog="python -m stackmix.train.gathering", description=main.__doc__)
    parser.add_argument("data", type=Path, nargs="+", help="sample folders")
    parser.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    options = parser.parse_args()
    if options.out.suffix != ".npz":
        parser.error(f"--out {options.out} does not end in .npz, by which training knows such a file")
    try:
        packed, broken = gather(options.data, HEIGHT, lambda n: None)
        packed.save(options.out)
    except (DataError, OSError) as error:
        sys.exit(f"stackmix: {error}")
    print(f"{options.out}: {len(packed):,} images ({len(broken)} broken ones left out)")


if __name__ == "__main__":
    main()

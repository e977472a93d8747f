"""Whether Mask R-CNN fits a handful of windows, from random weights, on whatever machine this is.

    python benchmarks/mask_rcnn.py pages/iam [--windows 4] [--updates 60]

Learns the same windows of training pages again and again and then finds their words. That says that the network, its
targets and the stitching belong together; it says nothing about pages that it has not seen. Each line is JSON.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from stackmix import pages
from stackmix.train import mask_learning
from stackmix.train.mask_learning import MaskLearner
from stackmix.train.mask_rcnn import SIDE
from stackmix.train.page_pool import Inked, Move, crop, inked
from stackmix.train.word_scoring import score, total

STILL = Move((1, 1), (1, 1), 0, 0, 0)


def windows_of(folder: Path, count: int, size: int) -> list[Inked]:
    """A window of each of the first pages with words."""
    found = []
    for page in pages.read(folder, "train"):
        if len(found) == count:
            break
        if (own := inked(page, SIDE)).polygons:
            found.append(crop(own, size, np.random.default_rng(len(found)), STILL))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="a page folder")
    parser.add_argument("--windows", type=int, default=4)
    parser.add_argument("--updates", type=int, default=60)
    parser.add_argument("--rate", type=float, default=1e-3)
    options = parser.parse_args()
    torch.manual_seed(0)
    learner = MaskLearner("none")
    known = windows_of(options.data, options.windows, learner.model.config.window)
    mask_learning.crop = lambda page, size, rng: page  # type: ignore[assignment]  # the windows as they are
    optimizer = torch.optim.AdamW(learner.model.parameters(), options.rate)
    losses, start = [], time.process_time()
    for update in range(options.updates):
        learner.model.train()
        loss = learner.loss(known, np.random.default_rng(update))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learner.model.parameters(), 5.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    seconds = (time.process_time() - start) / options.updates
    counts = total(score([w.polygon for w in learner.words(p)], p.polygons, p.ignored) for p in known)
    about = {"windows": len(known), "updates": options.updates, "first_loss": round(losses[0], 2)}
    line = {"figure": "loss of Mask R-CNN on windows that it learns", "value": round(float(np.mean(losses[-5:])), 2)}
    print(json.dumps(line | about | {"unit": "loss"}), flush=True)
    found = {"true": counts.true, "found": counts.found, "right": counts.right}
    print(json.dumps({"figure": "word F1 on them", "value": round(counts.f1, 3), "unit": "F1"} | found), flush=True)
    print(json.dumps({"figure": "an update of 4 windows", "value": round(seconds, 2), "unit": "CPU s"}), flush=True)


if __name__ == "__main__":
    main()

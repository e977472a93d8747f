"""Character error rate of trained CTC models on the writers of the val split, and images a second of reading.

    stackmix prepare iam RAW --out samples/iam
    stackmix train ctc samples/iam --out models/aligner
    stackmix train ctc samples/iam --head recurrent --out models/reader
    python benchmarks/ctc.py samples/iam models/aligner models/reader

Figures of a part of IAM, or of its bilevel pictures, are not to be set beside published ones. Each is a JSON line.
"""

import argparse
import json
import time
from pathlib import Path

from stackmix import samples
from stackmix.train.ctc import CTCModel, read
from stackmix.train.normalising import pack
from stackmix.train.scoring import cer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="a sample folder with a val split")
    parser.add_argument("models", type=Path, nargs="+", help="model folders of `stackmix train ctc`")
    options = parser.parse_args()
    for folder in options.models:
        model = CTCModel.from_pretrained(folder)
        packed = pack(samples.read(options.data, "val"), model.config.height)
        start = time.perf_counter()
        texts = read(model, packed)
        seconds = time.perf_counter() - start
        trained = json.loads((folder / "training.json").read_text(encoding="utf-8"))
        line = {
            "figure": f"greedy CER, {model.config.head}",
            "value": round(cer(texts, packed.texts.tolist()), 4),
            "unit": "edits per character",
            "val_images": len(packed),
            "val_writers": len(set(packed.writers.tolist())),
            "train_images": trained["train_images"],
            "epochs": len(trained["history"]),
            "images_per_second": round(len(packed) / seconds),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()

"""Wall seconds that rapidocr takes to read a page, in its own environment, as JSON on stdout.

../peers/rapidocr/bin/python -I benchmarks/pages_peers.py page.npy THREADS ROUNDS
"""

import json
import sys
import time
from importlib.metadata import version

import cv2
import numpy as np
from rapidocr import RapidOCR


def main() -> None:
    path, threads, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    cv2.setNumThreads(threads)
    engine = "EngineConfig.onnxruntime"
    run = {f"{engine}.intra_op_num_threads": threads, f"{engine}.inter_op_num_threads": 1}
    read = RapidOCR(params={"Global.log_level": "error", **run})
    page = np.ascontiguousarray(np.load(path)[..., ::-1])  # it takes BGR
    found = read(page)
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        read(page)
        seconds.append(time.perf_counter() - start)
    name = f"rapidocr {version('rapidocr')}, onnxruntime {version('onnxruntime')}"
    print(json.dumps({"name": name, "seconds": seconds, "lines": len(found.txts or ())}))


if __name__ == "__main__":
    main()

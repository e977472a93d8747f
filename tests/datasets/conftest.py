"""What the tests of loaders share: a raw folder with broken members."""

from pathlib import Path

import numpy as np
import pytest

from stackmix import images


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """300 pictures of several kinds with labels, some broken, of which many are samples as they are."""
    folder, rng, rows = tmp_path / "raw", np.random.default_rng(0), []
    (folder / "val").mkdir(parents=True)
    for k in range(300):
        name = f"{'val/' if k % 9 == 0 else ''}{k}.{('png', 'jpg', 'webp')[k % 3]}"
        shape = (30, 40, 3) if k % 2 else (30, 40)
        data = images.encode(rng.integers(0, 256, shape, dtype=np.uint8), f".{name.rsplit('.')[1]}")
        (folder / name).write_bytes(data[:50] if k % 50 == 7 else data)
        rows.append(f"{name},слово {k}")
    (folder / "labels.csv").write_text("\n".join([*rows, "absent.png,нет", "1.jpg,дважды"]), encoding="utf-8")
    (folder / "extra.png").write_bytes(images.encode(np.eye(9, dtype=np.uint8)))
    return folder

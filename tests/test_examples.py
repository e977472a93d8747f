"""The scripts of examples/ run as they stand there."""

import subprocess
import sys
from pathlib import Path

from stackmix import images

ROOT = Path(__file__).parents[1]


def test_sheet_draws_lines_on_papers(tmp_path: Path) -> None:
    script, out = ROOT / "examples" / "sheet.py", tmp_path / "лист.png"
    run = [sys.executable, script, "--out", out, "--lines", "3", "--seed", "1"]
    subprocess.run(run, check=True, cwd=tmp_path, timeout=300)
    sheet = images.read(out)
    assert sheet.ndim == 3 and sheet.shape[1] == 1240 and sheet.shape[0] >= 88
    assert len({tuple(pixel) for pixel in sheet[::7, ::7].reshape(-1, 3).tolist()}) > 200

"""The scripts of examples/ run as they stand there."""

import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from stackmix import images
from stackmix.corpus import fit
from stackmix.library import SHIPPED, LetterLibrary

ROOT = Path(__file__).parents[1]


def test_sheet_draws_lines_on_papers(tmp_path: Path) -> None:
    script, out = ROOT / "examples" / "sheet.py", tmp_path / "лист.png"
    run = [sys.executable, script, "--out", out, "--lines", "3", "--seed", "1"]
    subprocess.run(run, check=True, cwd=tmp_path, timeout=300)
    sheet = images.read(out)
    assert sheet.ndim == 3 and sheet.shape[1] == 1240 and sheet.shape[0] >= 88
    assert len({tuple(pixel) for pixel in sheet[::7, ::7].reshape(-1, 3).tolist()}) > 200


def test_starters_learn_from_lines_that_the_shipped_library_can_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    import starters

    alphabet = LetterLibrary.load(SHIPPED).index.alphabet
    for language, letters in (("en", "abcdefghijklmnopqrstuvwxyz"), ("ru", "абвгдеёжзийклмнопрстуфхцчшщъыьэюя")):
        lines = list(islice(starters.corpus(language), 400))
        assert lines == list(islice(starters.corpus(language), 400)) and len(set(lines)) == 400
        written = fit(lines, alphabet, skip_missing=True).items
        assert len(written) > 380 and set(letters) <= set("".join(written).lower())

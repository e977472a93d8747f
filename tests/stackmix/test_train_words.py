"""`stackmix train words`: mistakes end in one line and leave nothing behind."""

import sys
from pathlib import Path

import pytest

from stackmix.cli import main


def run(patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str]:
    """Exit code and the last line of stderr."""
    patch.setattr(sys, "argv", ["stackmix", "train", "words", *map(str, args)])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0), capsys.readouterr().err.splitlines()[-1]


def test_a_folder_without_pages_is_named_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = run(monkeypatch, capsys, tmp_path, "--out", tmp_path / "out")
    assert code == 1 and f"{tmp_path} has no annotations_<split>.json" in said and "--unit page" in said
    assert not list(tmp_path.iterdir())


def test_weights_that_cannot_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = tmp_path / "lost.pth"
    code, said = run(monkeypatch, capsys, tmp_path, "--out", tmp_path / "out", "--way", "mask-rcnn", "--weights", lost)
    assert code == 1 and f"--weights {lost} cannot be read" in said and "give a file, pretrained or none" in said
    assert not list(tmp_path.iterdir())


def test_the_light_way_takes_no_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = run(monkeypatch, capsys, tmp_path, "--out", tmp_path / "out", "--weights", "none")
    assert code == 2 and "only --way mask-rcnn takes --weights" in said

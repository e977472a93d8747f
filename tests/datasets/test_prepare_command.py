"""`stackmix prepare`: its options, its exit codes, and what stands on the screen."""

import errno
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stackmix import images, pages, samples
from stackmix.datasets import sources, writing


def raw_iam(root: Path) -> Path:
    """One form with one word, enough for the command."""
    (root / "forms").mkdir(parents=True)
    (root / "words.txt").write_text("a01-000u-00-00 ok 154 0 0 4 4 AT A\n", encoding="utf-8")
    (root / "forms.txt").write_text("a01-000u 000\n", encoding="utf-8")
    (root / "splits.json").write_text('{"train": ["a01-000u"]}', encoding="utf-8")
    images.write(root / "forms" / "a01-000u.png", np.eye(9, dtype=np.uint8))
    return root


def test_the_command_says_what_it_made(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sub folder" / "iam"
    assert command("prepare", "iam", raw_iam(tmp_path / "raw"), "--out", out) == 0
    assert capsys.readouterr().out == f"{out}: 1 train words\n"
    assert (out / "train" / "0000" / "a01-000u-00-00.png").is_file()


def test_the_command_passes_its_options_on(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw, out = raw_iam(tmp_path / "raw"), tmp_path / "iam"
    (raw / "lines.txt").write_text("a01-000u-00 err 154 1 0 0 4 4 A|MOVE\n", encoding="utf-8")
    (tmp_path / "mine.json").write_text('{"test1": ["a01-000u"]}', encoding="utf-8")
    options = ["--unit", "line", "--all", "--splits", tmp_path / "mine.json"]
    assert command("prepare", "iam", raw, "--out", out, *options) == 0
    assert capsys.readouterr().out == f"{out}: 1 test1 lines\n"
    assert [sample.text for sample in samples.read(out, "test1")] == ["A MOVE"]


@pytest.mark.parametrize(("run", "said"), [(None, "license: mit"), ("face", "license: ofl-1.1")])
def test_made_pages_have_the_licence_of_their_letters(
    command: Callable[..., int], tmp_path: Path, run: str | None, said: str
) -> None:
    raw, out = tmp_path / "made", tmp_path / "words"
    (raw / "images").mkdir(parents=True)
    images.write(raw / "images" / "0.png", np.eye(40, dtype=np.uint8) * 200)
    row = {"id": 0, "image_id": 0, "bbox": [4, 4, 30, 30], "attributes": {"translation": "кот"}}
    content = {"images": [{"id": 0, "file_name": "0.png", "source": "stackmix"}], "annotations": [row]}
    (raw / "annotations_train.json").write_text(json.dumps(content), encoding="utf-8")
    if run:
        (raw / "run.json").write_text(json.dumps({"library": {"sources": [run]}}), encoding="utf-8")
    assert command("prepare", "school-notebooks", raw, "--out", out) == 0
    card = (out / "README.md").read_text(encoding="utf-8")
    assert said in card and ("out of letters of face" in card) == ("# Made words" in card) == bool(run)


def test_bad_data_ends_in_one_line(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = raw_iam(tmp_path / "raw")
    (raw / "words.txt").unlink()
    assert command("prepare", "iam", raw, "--out", tmp_path / "iam") == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[-1].startswith(f"stackmix: {raw / 'ascii' / 'words.txt'} is missing")
    assert not (tmp_path / "iam").exists() and not (tmp_path / "iam.partial").exists()


def test_a_wrong_argument_is_exit_2(
    command: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("prepare", "iam", tmp_path / "nowhere", "--out", tmp_path / "iam") == 2
    assert command("prepare", "iam", tmp_path) == 2
    assert command("prepare", "mai", tmp_path, "--out", tmp_path / "iam") == 2


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 1, "stackmix: disk full: {out}"),
        (PermissionError(errno.EACCES, "Permission denied", "x.png"), 1, "stackmix: Permission denied: x.png"),
        (KeyboardInterrupt(), 130, "stackmix: interrupted"),
    ],
)
def test_outer_trouble_ends_in_one_line_and_leaves_nothing(
    command: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    line: str,
) -> None:
    def fail(*_: object) -> None:
        raise error

    raw = raw_iam(tmp_path / "raw")
    monkeypatch.setattr(writing, "write_file", fail)
    assert command("prepare", "iam", raw, "--out", tmp_path / "iam") == code
    assert capsys.readouterr().err.splitlines()[-1] == line.format(out=tmp_path / "iam")
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


@pytest.mark.parametrize(
    "words",
    [
        ["hkr", ".", "--unit", "word"],
        ["folder", ".", "--unit", "page"],
        ["iam", ".", "--one-word"],
        ["folder", ".", "--splits", "x.json"],
        ["hkr", ".", "--all"],
        ["page-xml", ".", "--text-column", "text"],
        ["alto", "nowhere"],
        ["folder", ".", "--unit", "letter"],
    ],
)
def test_options_of_another_data_set_are_exit_2(
    command: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("prepare", *words, "--out", "out") == 2
    assert capsys.readouterr().err and not list(tmp_path.iterdir())


def test_the_command_makes_pages(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw, out = raw_iam(tmp_path / "raw"), tmp_path / "pages"
    assert command("prepare", "iam", raw, "--unit", "page", "--out", out) == 0
    assert capsys.readouterr().out == f"{out}: 1 train pages\n"
    (page,) = pages.read(out, "train")
    assert [(region.text, region.line) for region in page.regions] == [("A", 0)]
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "# IAM pages" in card and "license: other" in card and "must not be redistributed" in card


def test_cards_name_the_licence_of_public_sets_alone() -> None:
    kinds = ("iam", "hkr", "school_notebooks", "folder", "page_xml", "alto", "hub")
    assert [sources.card_licence(kind) for kind in kinds] == ["other", "other", "mit", None, None, None, None]

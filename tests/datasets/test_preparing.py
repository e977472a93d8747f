"""Sample folders as `prepare` writes them: what load_dataset sees, what the report names, and what an error leaves."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from stackmix import samples
from stackmix.datasets.preparing import Report, prepare
from stackmix.types import DataError, Sample


def some(splits: str = "train train val test1 test2", ids: str = "a b c d e") -> Iterator[Sample]:
    """A sample for each split and id, each with its own grey picture."""
    for number, (split, name) in enumerate(zip(splits.split(), ids.split(), strict=True)):
        image = np.full((5, 7 + number), 255, np.uint8)
        image[1:3, 2:4] = number
        yield Sample(image, f"сло{number}", name, writer=f"w{number % 2}", source="here", split=split)


def write(found: Iterator[Sample], out: Path, report: Report | None = None) -> Report:
    report = report or Report()
    prepare(found, out, title="Some words", body="From here.", report=report, licence="other")
    return report


def facts(sample: Sample) -> tuple[str, ...]:
    return (sample.text, sample.id, sample.writer, sample.source, sample.split)


def test_samples_come_back(tmp_path: Path) -> None:
    write(some(), tmp_path / "out")
    back = [s for split in ("train", "val", "test1", "test2") for s in samples.read(tmp_path / "out", split)]
    for one, other in zip(some(), back, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        assert facts(one) == facts(other)
    assert not (tmp_path / "out.partial").exists()


def test_a_grey_picture_is_written_grey_and_a_colour_one_in_colour(tmp_path: Path) -> None:
    colour = np.zeros((4, 6, 3), np.uint8)
    colour[1] = (200, 100, 0)
    write(iter([Sample(colour, "a", "a"), Sample(colour[..., 0], "b", "b")]), tmp_path / "out")
    a, b = samples.read(tmp_path / "out", "train")
    np.testing.assert_array_equal(a.image, colour)
    assert b.image.shape == (4, 6)


def test_load_dataset_opens_it_without_our_code(tmp_path: Path) -> None:
    """In its own process, because the Hub's settings are read at import; run from the root of the project."""
    write(some(), tmp_path / "out")
    code = (
        "import datasets, sys, json; d = datasets.load_dataset(sys.argv[1], cache_dir=sys.argv[2]);"
        "i = {k: v[0]['image'] for k, v in d.items()};"
        "print(json.dumps({k: [v.column_names, v[:]['text'], i[k].mode, i[k].size] for k, v in d.items()}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "out"), str(tmp_path / "cache")],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home"), "PYTHONUTF8": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr
    splits = json.loads(run.stdout.splitlines()[-1])
    assert list(splits) == ["train", "val", "test1", "test2"]
    assert splits["train"] == [["image", "text", "id", "writer", "source"], ["сло0", "сло1"], "L", [7, 5]]
    assert splits["test2"][1] == ["сло4"]


def test_the_report_counts_and_names(tmp_path: Path) -> None:
    report = Report()
    report.skip("no box", "x")
    report.skip("no box", "y")
    report.note("Split by hand.")
    write(some(), tmp_path / "out", report)
    content = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert list(content["splits"]) == ["train", "val", "test1", "test2"]
    assert content["splits"]["train"] == {"samples": 2, "writers": 2, "characters": 8, "alphabet": "01лос"}
    assert content["skipped"] == {"no box": 2}
    assert content["skipped_items"] == {"no box": ["x", "y"]}
    assert content["notes"] == ["Split by hand."]
    kept, skipped = report.summary("words").split(" (")
    assert kept == "2 train, 1 val, 1 test1, 1 test2 words"
    assert skipped == "2 skipped: 2 no box; listed in report.json)"
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "| train | 2 | 2 | 8 |" in card and "From here." in card and "Split by hand." in card


def test_a_second_sample_of_one_id_is_skipped_and_like_names_stay_apart(tmp_path: Path) -> None:
    report = write(some("train train train train test", "a?b a/b A*B a?b a?b"), tmp_path / "out")
    assert report.skipped == {"id seen before": ["a?b", "a?b"]}
    assert [s.text for s in samples.read(tmp_path / "out", "train")] == ["сло0", "сло1", "сло2"]
    names = [row["file_name"].lower() for row in samples.rows(tmp_path / "out", "train")]
    assert len(set(names)) == 3


def test_long_ids_that_begin_alike_stay_apart(tmp_path: Path) -> None:
    write(some("train train test", f"{'ж' * 150}1 {'ж' * 150}2 c"), tmp_path / "out")
    assert [s.id[-1] for s in samples.read(tmp_path / "out", "train")] == ["1", "2"]


def test_sub_folders_hold_no_more_than_the_hub_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "PER_FOLDER", 2)
    write(some("train train train train train"), tmp_path / "out")
    found = sorted(path.name for path in (tmp_path / "out" / "train").iterdir())
    assert found == ["0000", "0001", "0002", "metadata.jsonl"]


def test_nothing_to_write_leaves_nothing(tmp_path: Path) -> None:
    report = Report()
    report.skip("no box", "x")
    with pytest.raises(DataError, match=r"nothing is left to write \(skipped: 1 no box"):
        write(iter([]), tmp_path / "out", report)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("split", ["", "..", "a/b", "a b"])
def test_a_split_that_is_no_name_is_refused(tmp_path: Path, split: str) -> None:
    with pytest.raises(DataError, match="is no name"):
        write(iter([Sample(np.zeros((2, 2), np.uint8), "a", "a", split=split)]), tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_an_error_half_way_leaves_nothing_under_the_final_name(tmp_path: Path) -> None:
    def failing() -> Iterator[Sample]:
        yield from some()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(failing(), tmp_path / "out")
    assert not list(tmp_path.iterdir())

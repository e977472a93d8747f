"""Sample folders as `prepare` writes them: what load_dataset sees, what the report names, and what an error leaves."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from stackmix import cli, images, pages, samples
from stackmix.datasets import decoding, folder, writing
from stackmix.datasets.decoding import Sheet
from stackmix.datasets.preparing import Report, prepare
from stackmix.datasets.storage import Folder
from stackmix.pages import box
from stackmix.types import DataError, Region, Sample


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


def raw_iam(root: Path) -> Path:
    """One form with one word, enough for the command."""
    (root / "forms").mkdir(parents=True)
    (root / "words.txt").write_text("a01-000u-00-00 ok 154 0 0 4 4 AT A\n", encoding="utf-8")
    (root / "forms.txt").write_text("a01-000u 000\n", encoding="utf-8")
    (root / "splits.json").write_text('{"train": ["a01-000u"]}', encoding="utf-8")
    images.write(root / "forms" / "a01-000u.png", np.eye(9, dtype=np.uint8))
    return root


def command(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    """Run the command line in this process; its exit code."""
    monkeypatch.setattr(sys, "argv", ["stackmix", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


def test_the_command_says_what_it_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sub folder" / "iam"
    assert command(monkeypatch, "prepare", "iam", raw_iam(tmp_path / "raw"), "--out", out) == 0
    assert capsys.readouterr().out == f"{out}: 1 train words\n"
    assert (out / "train" / "0000" / "a01-000u-00-00.png").is_file()


def test_the_command_passes_its_options_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raw, out = raw_iam(tmp_path / "raw"), tmp_path / "iam"
    (raw / "lines.txt").write_text("a01-000u-00 err 154 1 0 0 4 4 A|MOVE\n", encoding="utf-8")
    (tmp_path / "mine.json").write_text('{"test1": ["a01-000u"]}', encoding="utf-8")
    options = ["--unit", "line", "--all", "--splits", tmp_path / "mine.json"]
    assert command(monkeypatch, "prepare", "iam", raw, "--out", out, *options) == 0
    assert capsys.readouterr().out == f"{out}: 1 test1 lines\n"
    assert [sample.text for sample in samples.read(out, "test1")] == ["A MOVE"]


def test_bad_data_ends_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = raw_iam(tmp_path / "raw")
    (raw / "words.txt").unlink()
    assert command(monkeypatch, "prepare", "iam", raw, "--out", tmp_path / "iam") == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[-1].startswith(f"stackmix: {raw / 'ascii' / 'words.txt'} is missing")
    assert not (tmp_path / "iam").exists() and not (tmp_path / "iam.partial").exists()


def test_a_wrong_argument_is_exit_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(monkeypatch, "prepare", "iam", tmp_path / "nowhere", "--out", tmp_path / "iam") == 2
    assert command(monkeypatch, "prepare", "iam", tmp_path) == 2
    assert command(monkeypatch, "prepare", "mai", tmp_path, "--out", tmp_path / "iam") == 2


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 1, "stackmix: disk full: {out}"),
        (PermissionError(errno.EACCES, "Permission denied", "x.png"), 1, "stackmix: Permission denied: x.png"),
        (KeyboardInterrupt(), 130, "stackmix: interrupted"),
    ],
)
def test_outer_trouble_ends_in_one_line_and_leaves_nothing(
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
    assert command(monkeypatch, "prepare", "iam", raw, "--out", tmp_path / "iam") == code
    assert capsys.readouterr().err.splitlines()[-1] == line.format(out=tmp_path / "iam")
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from stackmix.cli import app; app(['--help'], standalone_mode=False);"
        "assert not {'numpy', 'cv2', 'numba', 'pandas', 'torch', 'datasets'} & set(sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert run.returncode == 0, run.stderr
    assert "prepare" in run.stdout


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


def make(raw: Path, out: Path, pages_too: bool = False, **options: object) -> Report:
    report = Report()
    found = sheets(raw) if pages_too else folder.entries(raw, report=report)
    prepare(found, out, title="T", body="B", report=report, order={"raw": str(raw)}, **options)  # type: ignore[arg-type]
    return report


def sheets(raw: Path) -> Iterator[Sheet]:
    """The pictures as pages with two regions each, a third of them with a head to cut off."""
    store = Folder(raw)
    for k, name in enumerate(store.names()):
        regions = (Region(np.float32([(2, 20), (30, 20), (30, 28.5)]), f"т{k}", line=1), Region(box(1, 22, 5, 5)))
        yield Sheet(store, name, regions, name, split="val" if k % 4 else "train", headed=k % 3 == 0)


def everything(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_files_that_are_samples_as_they_are_keep_their_bytes(raw: Path, tmp_path: Path) -> None:
    report = make(raw, tmp_path / "out")
    for row in samples.rows(tmp_path / "out", "train"):
        number = int(row["text"].split()[1])
        data = (tmp_path / "out" / "train" / row["file_name"]).read_bytes()
        if number % 3 < 2:
            assert data == (raw / f"{number}.{('png', 'jpg')[number % 3]}").read_bytes()
        else:
            assert row["file_name"].endswith(".png")
            assert np.array_equal(images.decode(data), images.read(raw / f"{number}.webp"))
    assert report.skipped == {
        "broken image": ["7", "57", "107", "157", "val/207", "257"],
        "label without image": ["labels.csv, line 301: absent.png"],
        "second label of an image": ["labels.csv, line 302: 1.jpg"],
        "image without label": ["extra.png"],
    }
    assert report.splits["val"].samples == 33


@pytest.mark.parametrize("pages_too", [False, True])
@pytest.mark.parametrize("stop", [1, 70, 200, 290])
def test_an_interrupted_run_ends_with_the_same_bytes(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int, pages_too: bool
) -> None:
    make(raw, tmp_path / "whole", pages_too)
    own, count = writing.write_file, 0

    def fail(path: Path, data: bytes) -> None:
        nonlocal count
        count += 1
        if count == stop + 1:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data[:10])
            raise KeyboardInterrupt
        own(path, data)

    monkeypatch.setattr(writing, "write_file", fail)
    with pytest.raises(KeyboardInterrupt):
        make(raw, tmp_path / "out", pages_too)
    monkeypatch.setattr(writing, "write_file", own)
    partial = tmp_path / "out.partial"
    with (partial / "progress.jsonl").open("ab") as file:
        file.write(b'["torn')
    done = max(partial.rglob("*.png"), key=lambda path: path.stat().st_mtime)
    done.write_bytes(b"")  # a file that the system lost
    with pytest.raises(DataError, match="add --resume"):
        make(raw, tmp_path / "out", pages_too)
    make(raw, tmp_path / "out", pages_too, resume=True)
    assert everything(tmp_path / "out") == everything(tmp_path / "whole")
    assert not partial.exists()


def interrupted(raw: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        calls = iter(range(10**6))
        own = writing.write_file
        patch.setattr(writing, "write_file", lambda p, d: own(p, d) if next(calls) < 100 else exit())
        with pytest.raises(SystemExit):
            make(raw, out)


def test_another_command_or_another_raw_is_not_resumed(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(raw, tmp_path / "out", monkeypatch)
    with pytest.raises(DataError, match="begun by another command"):
        prepare(some(), tmp_path / "out", title="", body="", report=Report(), order={"raw": "b"}, resume=True)
    assert (tmp_path / "out.partial").exists()
    text = (raw / "labels.csv").read_text(encoding="utf-8").partition("\n")[2]
    (raw / "labels.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="RAW has changed"):
        make(raw, tmp_path / "out", resume=True)
    assert not (tmp_path / "out.partial").exists() and not (tmp_path / "out").exists()


def test_a_resumed_run_opens_only_what_is_left(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(raw, tmp_path / "out", monkeypatch)
    opened: list[str] = []
    own = Folder.read
    monkeypatch.setattr(Folder, "read", lambda self, name: opened.append(name) or own(self, name))
    make(raw, tmp_path / "out", resume=True)
    assert 190 <= len(opened) <= 210


def test_pages_are_written_as_coco_and_keep_their_bytes(raw: Path, tmp_path: Path) -> None:
    make(raw, tmp_path / "out", pages_too=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "README.md", "annotations_train.json", "annotations_val.json", "images", "report.json"
    ]  # fmt: skip
    assert "configs" not in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    found = {page.id: page for split in ("train", "val") for page in pages.read(tmp_path / "out", split)}
    expected = {page.id: page for page in decoding.read_pages(sheets(raw))}
    assert found.keys() == expected.keys()
    for id, page in expected.items():
        assert np.array_equal(found[id].image, page.image) and found[id].split == page.split
        for own, back in zip(page.regions, found[id].regions, strict=True):
            assert (own.text, own.line, own.category) == (back.text, back.line, back.category)
            np.testing.assert_allclose(own.polygon, back.polygon, atol=0.01)


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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command(monkeypatch, "prepare", *words, "--out", "out") == 2
    assert capsys.readouterr().err and not list(tmp_path.iterdir())


def test_the_command_prepares_folders_and_goes_on(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, own = tmp_path / "out", writing.write_file
    assert command(monkeypatch, "prepare", "folder", raw, "--out", tmp_path / "whole") == 0
    calls = iter(range(10**6))
    with monkeypatch.context() as patch:
        patch.setattr(writing, "write_file", lambda p, d: own(p, d) if next(calls) < 80 else interrupt())
        assert command(monkeypatch, "prepare", "folder", raw, "--out", out) == 130
    assert command(monkeypatch, "prepare", "folder", raw, "--out", out) == 1
    assert "add --resume to go on" in capsys.readouterr().err.splitlines()[-1]
    assert command(monkeypatch, "prepare", "folder", raw, "--out", out, "--resume") == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(f"{out}: 261 train, 33 val samples (9 skipped: ")
    assert everything(out) == everything(tmp_path / "whole")


def interrupt() -> None:
    raise KeyboardInterrupt


def test_the_command_makes_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raw, out = raw_iam(tmp_path / "raw"), tmp_path / "pages"
    assert command(monkeypatch, "prepare", "iam", raw, "--unit", "page", "--out", out) == 0
    assert capsys.readouterr().out == f"{out}: 1 train pages\n"
    (page,) = pages.read(out, "train")
    assert [(region.text, region.line) for region in page.regions] == [("A", 0)]
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "# IAM pages" in card and "license: other" in card and "must not be redistributed" in card


def test_cards_name_the_licence_of_public_sets_alone() -> None:
    from stackmix.datasets import sources

    kinds = ("iam", "hkr", "school_notebooks", "folder", "page_xml", "alto", "hub")
    assert [sources.card_licence(kind) for kind in kinds] == ["other", "other", "mit", None, None, None, None]

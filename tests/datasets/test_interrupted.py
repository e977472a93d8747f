"""Interrupted runs of `prepare`: they end with the bytes of an uninterrupted one, and open only what is left."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from stackmix import images, pages, samples
from stackmix.datasets import decoding, folder, writing
from stackmix.datasets.decoding import Sheet
from stackmix.datasets.preparing import Report, prepare
from stackmix.datasets.storage import Folder
from stackmix.pages import box
from stackmix.types import DataError, Region


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
        other = {"raw": "b"}
        prepare(folder.entries(raw), tmp_path / "out", title="", body="", report=Report(), order=other, resume=True)
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


def interrupt() -> None:
    raise KeyboardInterrupt


def test_the_command_prepares_folders_and_goes_on(
    raw: Path,
    command: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, own = tmp_path / "out", writing.write_file
    assert command("prepare", "folder", raw, "--out", tmp_path / "whole") == 0
    calls = iter(range(10**6))
    with monkeypatch.context() as patch:
        patch.setattr(writing, "write_file", lambda p, d: own(p, d) if next(calls) < 80 else interrupt())
        assert command("prepare", "folder", raw, "--out", out) == 130
    assert command("prepare", "folder", raw, "--out", out) == 1
    assert "add --resume to go on" in capsys.readouterr().err.splitlines()[-1]
    assert command("prepare", "folder", raw, "--out", out, "--resume") == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(f"{out}: 261 train, 33 val samples (9 skipped: ")
    assert everything(out) == everything(tmp_path / "whole")

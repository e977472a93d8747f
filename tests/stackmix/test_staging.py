"""Outputs under their final name are whole or not there."""

from pathlib import Path

import pytest

from stackmix import staging
from stackmix.staging import partial_of, whole_folder, write_whole
from stackmix.types import DataError


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "где-то" / "набор v1.0"


@pytest.mark.parametrize("resumable", [False, True])
def test_folder_appears_at_the_end(out: Path, resumable: bool) -> None:
    with whole_folder(out, resumable=resumable) as folder:
        assert folder == partial_of(out) and not out.exists()
        (folder / "a").write_text("1")
    assert [p.name for p in out.parent.iterdir()] == [out.name]
    assert (out / "a").read_text() == "1"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_error_only_a_resumable_folder_with_content_stays(out: Path, error: type[BaseException]) -> None:
    for resumable, content in ((False, True), (True, False), (True, True)):
        with pytest.raises(error), whole_folder(out, resumable=resumable) as folder:
            if content:
                (folder / "a").write_text("1")
            raise error
        assert not out.exists()
        assert partial_of(out).exists() == (resumable and content)


def test_what_exists_is_never_overwritten(out: Path) -> None:
    out.mkdir(parents=True)
    for resume in (False, True):
        with pytest.raises(DataError, match="exists already"), whole_folder(out, resumable=True, resume=resume):
            pytest.fail("must not begin")
    assert not partial_of(out).exists()


def test_resuming_needs_the_word_and_keeps_what_is_there(out: Path) -> None:
    partial_of(out).mkdir(parents=True)
    (partial_of(out) / "a").write_text("1")
    with pytest.raises(DataError, match="--resume"), whole_folder(out, resumable=True):
        pytest.fail("must not begin")
    with whole_folder(out, resumable=True, resume=True) as folder:
        assert (folder / "a").read_text() == "1"
    assert (out / "a").exists()


def test_leftovers_of_what_does_not_resume_are_cleared(out: Path) -> None:
    partial_of(out).mkdir(parents=True)
    (partial_of(out) / "old").write_text("1")
    with whole_folder(out) as folder:
        (folder / "new").write_text("1")
    assert [p.name for p in out.iterdir()] == ["new"]


def test_file_is_replaced_whole_or_left(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(out, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(staging.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(out, b"new")
    assert out.read_bytes() == b"old" and len(list(out.parent.iterdir())) == 1
    monkeypatch.undo()
    write_whole(out, b"new")
    assert out.read_bytes() == b"new" and len(list(out.parent.iterdir())) == 1

"""The command line: a user's mistake is one line and exit code 1 or 2, and leaves nothing behind."""

import errno
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stackmix import generating, images, samples
from stackmix.library import LetterLibrary


def test_generate_writes_and_tells(shell: Any, corpus: Path, library_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "synth"
    code, said, errors = shell.run("generate", "--corpus", corpus, "--library", library_folder, "--out", out)
    assert code == 0 and said == f"{out}: 4 words\n"
    assert all("stacking" in line or not line.strip() for line in errors)
    assert (out / "train" / "metadata.jsonl").exists()
    code, said, _ = shell.run(
        "generate", "--corpus", corpus, "--library", library_folder, "--out", tmp_path / "lines", "--unit", "line",
        "--count", "5", "--height", "32", "--seed", "3", "--balance",
    )  # fmt: skip
    assert code == 0 and said.endswith("lines: 5 lines\n")


def test_wrong_corpora_are_one_line(shell: Any, library_folder: Path, tmp_path: Path) -> None:
    wrong = {
        "absent": (None, ["No such file"]),
        "empty": (b"", ["is empty"]),
        "blank": (b" \n\n", ["is empty"]),
        "cp1251": ("ok\nПривет".encode("cp1251"), ["0xcf", "offset 3", "line 2"]),
        "utf16": ("Привет".encode("utf-16"), ["0xff", "offset 0"]),
        "missing": ("bad Жук жук".encode(), ["'ж' (1 item)", "'у' (2 items)", "--skip-missing"]),
    }
    out = tmp_path / "out"
    for name, (data, parts) in wrong.items():
        path = tmp_path / f"{name} корпус.txt"
        if data is not None:
            path.write_bytes(data)
        found = shell.run("generate", "--corpus", path, "--library", library_folder, "--out", out)
        named = [] if name == "missing" else [path.name]
        assert shell.complains(found, *named, *parts), (name, found)
        assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("out")) == []


def test_wrong_libraries_are_one_line(shell: Any, corpus: Path, tmp_path: Path) -> None:
    empty, broken = tmp_path / "empty", tmp_path / "broken"
    empty.mkdir()
    broken.mkdir()
    (broken / "library.parquet").write_bytes(b"PAR1 not really PAR1")
    for folder, part in ((empty, "stackmix cut"), (tmp_path / "absent", "stackmix cut"), (broken, "no letter library")):
        found = shell.run("generate", "--corpus", corpus, "--library", folder, "--out", tmp_path / "out")
        assert shell.complains(found, folder.name, part), found
        assert shell.complains(shell.run("inspect", folder, "--out", tmp_path / "sheet.png")), folder
    assert not (tmp_path / "out").exists() and not (tmp_path / "sheet.png").exists()


def test_skip_missing_and_fallbacks_are_told(shell: Any, library_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("bad жук gone— page… щука", encoding="utf-8")
    args = ["generate", "--corpus", path, "--library", library_folder, "--out", tmp_path / "out", "--skip-missing"]
    code, said, errors = shell.run(*args)
    assert code == 0 and said.endswith("3 words\n")
    assert "'—' is written as '-', 1 times" in errors and "'…' is written as '...', 1 times" in errors
    assert "2 items are left out for want of 'к' (2), 'у' (2), 'а' (1), 'ж' (1), 'щ' (1)" in errors


def test_what_exists_and_what_was_interrupted(shell: Any, corpus: Path, library_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    args = ["generate", "--corpus", corpus, "--library", library_folder, "--out", out]
    assert shell.run(*args)[0] == 0
    code, said, errors = shell.run(*args)
    assert (code, said) == (1, "") and f"stackmix: {out} exists already" in errors[-1]
    out.rename(tmp_path / "out.partial")
    code, _, errors = shell.run(*args)
    assert code == 1 and "--resume" in errors[-1]
    code, _, errors = shell.run(*args, "--resume", "--seed", "9")
    assert code == 1 and "seed: 0 then, 9 now" in errors[-1]
    assert shell.run(*args, "--resume")[0] == 0 and out.exists()


def test_full_disk_is_one_line(
    shell: Any, corpus: Path, library_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    out = tmp_path / "out"
    monkeypatch.setattr(Path, "write_bytes", full)
    code, said, errors = shell.run("generate", "--corpus", corpus, "--library", library_folder, "--out", out)
    assert code == 1 and said == ""
    ours = [line for line in errors if line.strip() and "stacking" not in line]
    assert len(ours) == 1 and ours[0].startswith("stackmix: disk full: ") and str(tmp_path) in ours[0]
    assert not out.exists()


def test_bug_is_no_mistake_of_the_users(
    shell: Any, corpus: Path, library_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def buggy(*args: object, **options: object) -> None:
        raise ValueError("ours")

    monkeypatch.setattr(generating, "generate", buggy)
    with pytest.raises(ValueError, match="ours"):
        shell.run("generate", "--corpus", corpus, "--library", library_folder, "--out", tmp_path / "out")


@pytest.mark.parametrize(
    "args",
    [
        ["generate"],
        ["generate", "--corpus", "x", "--count", "0"],
        ["generate", "--corpus", "x", "--count", "many"],
        ["generate", "--corpus", "x", "--height", "15"],
        ["generate", "--corpus", "x", "--unit", "letter"],
        ["generate", "--corpus", "x", "--unit", "page", "--height", "64"],
        ["generate", "--corpus", "x", "--workers", "0"],
        ["generate", "--corpus", "x", "--seed", "-1"],
        ["generate", "--corpus", "x", "--speed", "1"],
        ["prepare", "iam", "nowhere", "--out", "x"],
        ["prepare", "mnist", ".", "--out", "x"],
        ["train", "ctc", "x", "--out", "y", "--head", "attention"],
        ["train", "ctc", "x"],
        ["train", "trocr", "x", "--out", "y", "--mix", "0.5"],
        ["train", "trocr", "x", "--out", "y", "--corpus", "z"],
        ["train", "trocr", "x", "--out", "y", "--blots", "0.5"],
        ["train", "trocr", "x", "--out", "y", "--recipe", "theirs"],
        ["train", "gtc", "x", "--out", "y"],
        ["cut", "x"],
        ["inspect", ".", "--out", "x.png", "--letter", "ab"],
        ["inspect", ".", "--out", "x.png", "--letter", " "],
        ["inspect", ".", "--out", "x.png", "--letter", ""],
        ["inspect", ".", "--out", "x.png", "--letter", "a", "--text", "a"],
        ["fly"],
    ],
)
def test_wrong_arguments_exit_with_2(shell: Any, tmp_path: Path, args: list[str]) -> None:
    code, out, errors = shell.run(*args)
    assert code == 2 and out == "" and errors
    assert not list(tmp_path.iterdir())


def test_wrong_data_of_the_other_commands_is_one_line(
    own_captions: None, shell: Any, library_folder: Path, corpus: Path, tmp_path: Path
) -> None:
    absent, out = tmp_path / "absent", tmp_path / "out"
    assert shell.complains(shell.run("cut", absent, "--model", absent, "--out", out), "absent", "stackmix prepare")
    assert shell.complains(shell.run("inspect", absent, "--out", out), "absent", "does not exist")
    assert shell.complains(shell.run("inspect", library_folder, "--out", tmp_path / "a.gifx"), ".gifx")
    assert shell.complains(
        shell.run("inspect", library_folder, "--out", tmp_path / "a.png", "--text", "ж"), "'ж'", "no ж"
    )
    assert shell.complains(
        shell.run("inspect", library_folder, "--out", tmp_path / "a.png", "--text", ""), "cannot be written"
    )
    (tmp_path / "raw").mkdir()
    found = shell.run("prepare", "iam", tmp_path / "raw", "--out", out)
    assert found[0] == 1 and found[2][-1].startswith("stackmix: ") and "raw" in found[2][-1]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["corpus.txt", "raw"]


def test_failed_training_leaves_no_run_to_resume(shell: Any, tmp_path: Path) -> None:
    code, out, errors = shell.run("train", "ctc", tmp_path / "absent", "--out", tmp_path / "model")
    assert code == 1 and out == "" and "absent" in errors[-1]
    code, out, errors = shell.run("train", "ctc", tmp_path / "absent", "--out", tmp_path / "model")
    assert "--resume" not in errors[-1]
    assert list(tmp_path.iterdir()) == []


def test_test_letters_are_refused(
    shell: Any, corpus: Path, sample_of: Callable, folder_of: Callable, tmp_path: Path
) -> None:
    data = folder_of(tmp_path / "data", [sample_of("bad", split=split) for split in ("Test2", "test")])
    for split in ("test", "Test2"):
        found = shell.run("cut", data, "--model", tmp_path / "none", "--out", tmp_path / "out", "--split", split)
        assert shell.complains(found, f"the {split} split is kept for testing", "--split train"), found
    code, _, errors = shell.run("train", "ctc", data, "--out", tmp_path / "out")
    assert code == 1 and "data holds Test2, test data, which is kept for testing" in errors[-1]
    LetterLibrary.build([sample_of("ab", split="test1")], "test1").save(tmp_path / "letters")
    found = shell.run("generate", "--corpus", corpus, "--library", tmp_path / "letters", "--out", tmp_path / "out")
    assert shell.complains(found, "letters holds letters of the test1 split", "stackmix cut")
    found = shell.run("inspect", data, "--letter", "a", "--out", tmp_path / "out")
    assert shell.complains(found, "is a sample folder", "stackmix cut")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["corpus.txt", "data", "letters"]


def test_blot_draws_a_sheet(shell: Any, tmp_path: Path) -> None:
    picture, out = tmp_path / "слово.png", tmp_path / "sheet.png"
    image = np.full((60, 150), 220, np.uint8)
    image[20:40, 20:130:7] = 30
    images.write(picture, image)
    code, said, errors = shell.run("blot", picture, "--out", out)
    assert code == 0 and errors == []
    found = images.read(out)
    assert said == f"{out}: {found.shape[1]} x {found.shape[0]} pixels\n" and found.ndim == 3
    images.write(picture, image[:5])
    assert shell.complains(shell.run("blot", picture, "--out", out), "слово.png has 150 x 5 pixels", "8 x 8")
    assert shell.complains(shell.run("blot", tmp_path / "none.png", "--out", out), "No such file")


def test_generate_with_blots(shell: Any, corpus: Path, library_folder: Path, tmp_path: Path) -> None:
    args = ["generate", "--corpus", corpus, "--library", library_folder, "--count", "40"]
    assert shell.run(*args, "--out", tmp_path / "plain")[0] == 0
    assert shell.run(*args, "--out", tmp_path / "marked", "--blots", "0.5")[0] == 0
    plain, marked = (list(samples.read(tmp_path / name, "train")) for name in ("plain", "marked"))
    same = [np.array_equal(a.image, b.image) for a, b in zip(plain, marked, strict=True)]
    assert 8 < sum(same) < 32
    for a, b in zip(plain, marked, strict=True):
        assert a.text == b.text and np.array_equal(a.borders, b.borders) and a.image.shape == b.image.shape
    assert json.loads((tmp_path / "marked" / "run.json").read_text(encoding="utf-8"))["blots"] == 0.5
    assert "blots" not in json.loads((tmp_path / "plain" / "run.json").read_text(encoding="utf-8"))
    (tmp_path / "marked").rename(tmp_path / "marked.partial")
    code, _, errors = shell.run(*args, "--out", tmp_path / "marked", "--resume")
    assert code == 1 and "blots: 0.5 then, None now" in errors[-1]
    code, _, errors = shell.run(*args, "--out", tmp_path / "other", "--blots", "1.5")
    assert code == 2 and "--blots" in errors[-1]


def test_it_runs_as_a_program(library_folder: Path, tmp_path: Path) -> None:
    run = [sys.executable, "-c", "from stackmix.cli import main; main()"]
    args = ["generate", "--corpus", "нет.txt", "--library", str(library_folder)]
    found = subprocess.run([*run, *args], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == "stackmix: corpus нет.txt: No such file or directory\n"
    assert list(tmp_path.iterdir()) == []


def test_check_tells_and_ends_with_1_for_a_leak(
    shell: Any, sample_of: Callable, folder_of: Callable, tmp_path: Path
) -> None:
    clean = folder_of(tmp_path / "a", [sample_of("bad", "anna"), sample_of("gone", "boris", split="test")])
    code, said, errors = shell.run("check", clean)
    assert (code, said) == (0, "no leaks\n") and not [line for line in errors if line.startswith("stackmix")]
    leaking = folder_of(tmp_path / "b", [sample_of("gone", "carl", id="copy")])
    code, said, _ = shell.run("check", clean, leaking, "--out", tmp_path / "leaks.json")
    assert code == 1 and said.splitlines()[-1] == "1 leak"
    assert said.startswith(f"leak: {leaking} train and {clean} test share 1 picture: copy = boris-gone")
    found = json.loads((tmp_path / "leaks.json").read_text("utf-8"))
    assert found["leaks"] == 1 and found["findings"][0]["pairs"] == [["copy", "boris-gone", 1.0]]


def test_check_refuses_what_is_no_data_set(shell: Any, tmp_path: Path) -> None:
    assert shell.complains(shell.run("check", tmp_path), str(tmp_path), "stackmix prepare")
    code, _, errors = shell.run("check", tmp_path, tmp_path / "x" / "..")
    assert code == 2 and "twice" in "".join(errors)

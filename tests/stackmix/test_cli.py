"""The command line: a user's mistake is one line and exit code 1 or 2, and leaves nothing behind."""

import errno
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stackmix import generating, images, inspection, pages, samples
from stackmix.cli import main
from stackmix.library import LetterLibrary
from stackmix.types import Sample

run_type = tuple[int, str, list[str]]


class Shell:
    """Runs `stackmix ARGS` in this process: exit code, stdout, lines of stderr."""

    def __init__(self, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.patch, self.capsys = patch, capsys

    def run(self, *args: object) -> run_type:
        self.patch.setattr(sys, "argv", ["stackmix", *map(str, args)])
        self.capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        said = self.capsys.readouterr()
        return code, said.out, said.err.splitlines()


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(monkeypatch, capsys)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text("bad gone\non-page. do,\n", encoding="utf-8")
    return path


def complains(found: run_type, *parts: str) -> bool:
    """Exit code 1, nothing on stdout, and one line that holds the parts."""
    code, out, errors = found
    return code == 1 and out == "" and len(errors) == 1 and all(part in errors[0] for part in parts)


def test_generate_writes_and_tells(shell: Shell, corpus: Path, library_folder: Path, tmp_path: Path) -> None:
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


def test_wrong_corpora_are_one_line(shell: Shell, library_folder: Path, tmp_path: Path) -> None:
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
        assert complains(found, *named, *parts), (name, found)
        assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("out")) == []


def test_wrong_libraries_are_one_line(shell: Shell, corpus: Path, tmp_path: Path) -> None:
    empty, broken = tmp_path / "empty", tmp_path / "broken"
    empty.mkdir()
    broken.mkdir()
    (broken / "library.parquet").write_bytes(b"PAR1 not really PAR1")
    for folder, part in ((empty, "stackmix cut"), (tmp_path / "absent", "stackmix cut"), (broken, "no letter library")):
        found = shell.run("generate", "--corpus", corpus, "--library", folder, "--out", tmp_path / "out")
        assert complains(found, folder.name, part), found
        assert complains(shell.run("inspect", folder, "--out", tmp_path / "sheet.png")), folder
    assert not (tmp_path / "out").exists() and not (tmp_path / "sheet.png").exists()


def test_skip_missing_and_fallbacks_are_told(shell: Shell, library_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("bad жук gone— page… щука", encoding="utf-8")
    args = ["generate", "--corpus", path, "--library", library_folder, "--out", tmp_path / "out", "--skip-missing"]
    code, said, errors = shell.run(*args)
    assert code == 0 and said.endswith("3 words\n")
    assert "'—' is written as '-', 1 times" in errors and "'…' is written as '...', 1 times" in errors
    assert "2 items are left out for want of 'к' (2), 'у' (2), 'а' (1), 'ж' (1), 'щ' (1)" in errors


def test_what_exists_and_what_was_interrupted(shell: Shell, corpus: Path, library_folder: Path, tmp_path: Path) -> None:
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
    shell: Shell, corpus: Path, library_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    shell: Shell, corpus: Path, library_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
def test_wrong_arguments_exit_with_2(shell: Shell, tmp_path: Path, args: list[str]) -> None:
    code, out, errors = shell.run(*args)
    assert code == 2 and out == "" and errors
    assert not list(tmp_path.iterdir())


def test_wrong_data_of_the_other_commands_is_one_line(
    own_captions: None, shell: Shell, library_folder: Path, corpus: Path, tmp_path: Path
) -> None:
    absent, out = tmp_path / "absent", tmp_path / "out"
    assert complains(shell.run("cut", absent, "--model", absent, "--out", out), "absent", "stackmix prepare")
    assert complains(shell.run("inspect", absent, "--out", out), "absent", "does not exist")
    assert complains(shell.run("inspect", library_folder, "--out", tmp_path / "a.gifx"), ".gifx")
    assert complains(shell.run("inspect", library_folder, "--out", tmp_path / "a.png", "--text", "ж"), "'ж'", "no ж")
    assert complains(
        shell.run("inspect", library_folder, "--out", tmp_path / "a.png", "--text", ""), "cannot be written"
    )
    (tmp_path / "raw").mkdir()
    found = shell.run("prepare", "iam", tmp_path / "raw", "--out", out)
    assert found[0] == 1 and found[2][-1].startswith("stackmix: ") and "raw" in found[2][-1]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["corpus.txt", "raw"]


def test_failed_training_leaves_no_run_to_resume(shell: Shell, tmp_path: Path) -> None:
    code, out, errors = shell.run("train", "ctc", tmp_path / "absent", "--out", tmp_path / "model")
    assert code == 1 and out == "" and "absent" in errors[-1]
    code, out, errors = shell.run("train", "ctc", tmp_path / "absent", "--out", tmp_path / "model")
    assert "--resume" not in errors[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def own_captions(library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Captions by the tiny library, which is there at once."""
    monkeypatch.setattr(inspection, "SHIPPED", library_folder)
    monkeypatch.setattr(inspection, "CAPTION_HAND", "anna")


def test_inspect_writes_a_sheet(own_captions: None, shell: Shell, library_folder: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "лист.png"
    code, out, errors = shell.run("inspect", library_folder, "--out", sheet, "--text", "dog bed.")
    assert code == 0 and errors == [] and out.startswith(f"{sheet}: 1600 x ")
    assert out.splitlines()[1:] == ["12 characters; fewer than 5 instances: 'B' (1), ',' (4), '-' (4), '.' (4)"]
    assert sheet.read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def scored_folder(sample_of: Callable, tmp_path: Path) -> Path:
    """A library with letters of every score; `n` and `o` stand in one word only."""
    scores = {"bad": [1, 0.9, 0.5], "dab": [0.75, 0.6, 0.125], "no": [0.5, 0.5]}
    words = [replace(sample_of(word, id=f"x:{word}"), scores=np.float32(own)) for word, own in scores.items()]
    LetterLibrary.build(words, "train").save(tmp_path / "буквы")
    return tmp_path / "буквы"


def test_letters_by_confidence_are_listed(shell: Shell, scored_folder: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "a.png"
    code, out, errors = shell.run("inspect", scored_folder, "--letter", "d", "--out", sheet)
    assert code == 0 and out == "x:dab:0\t0.7500\nx:bad:2\t0.5000\n"
    assert len(errors) == 1 and errors[0].endswith("all of 2 letters 'd', surest first")
    assert images.read(sheet).shape[1:] == (1600, 3)
    assert complains(shell.run("inspect", scored_folder, "--letter", "ж", "--out", sheet), "no 'ж', only abdno")
    code, out, errors = shell.run("inspect", scored_folder, "--letter", "ab", "--out", sheet)
    assert code == 2 and out == "" and "'ab' is not one character" in errors[-1]


def test_listed_letters_can_be_rejected(shell: Shell, scored_folder: Path, tmp_path: Path) -> None:
    """The rows of inspect are a rejects file as they are: no word is stacked from them any more."""
    path, corpus = tmp_path / "rejects.txt", tmp_path / "corpus.txt"
    corpus.write_text("bad dab ad", encoding="utf-8")
    rows = shell.run("inspect", scored_folder, "--letter", "a", "--out", tmp_path / "a.png")[1]
    path.write_text("# the a of dab\n" + rows.splitlines()[-1] + "\nx:bad:9\n", encoding="utf-8")
    args = ["generate", "--corpus", corpus, "--library", scored_folder, "--count", 40]
    code, out, errors = shell.run(*args, "--out", tmp_path / "out", "--rejects", path)
    assert code == 0 and out.endswith("out: 40 words\n")
    assert f"1 rejected letter is not in {scored_folder}: x:bad:9" in errors
    shell.run(*args, "--out", tmp_path / "all")
    for name, expected in (("out", {"x:bad"}), ("all", {"x:bad", "x:dab"})):
        pieces = [piece for row in samples.rows(tmp_path / name, "train") for piece in row["pieces"]]
        assert {p["id"] for p in pieces if p["first"] <= 1 < p["first"] + p["letters"]} == expected


def test_wrong_rejects_are_one_line(shell: Shell, scored_folder: Path, tmp_path: Path) -> None:
    path, corpus = tmp_path / "rejects.txt", tmp_path / "corpus.txt"
    corpus.write_text("no bad", encoding="utf-8")
    args = ["generate", "--corpus", corpus, "--library", scored_folder, "--out", tmp_path / "out", "--rejects", path]
    assert complains(shell.run(*args), "No such file", "rejects.txt")
    path.write_text("x:bad:0\nx:bad\n", encoding="utf-8")
    assert complains(shell.run(*args), "rejects.txt, line 2: 'x:bad'")
    path.write_text("bad:0\n", encoding="utf-8")
    assert complains(shell.run(*args), "not one rejected letter", "bad:0")
    path.write_text("x:no:1\n", encoding="utf-8")  # the library's only o
    assert complains(shell.run(*args), "'o' (1 item)")
    assert not (tmp_path / "out").exists()
    path.write_text("# nothing yet\n", encoding="utf-8")
    assert shell.run(*args)[0] == 0


def test_resume_with_other_rejects_is_refused(shell: Shell, scored_folder: Path, tmp_path: Path) -> None:
    path, corpus, out = tmp_path / "rejects.txt", tmp_path / "corpus.txt", tmp_path / "out"
    corpus.write_text("bad dab", encoding="utf-8")
    path.write_text("x:dab:0", encoding="utf-8")
    args = ["generate", "--corpus", corpus, "--library", scored_folder, "--out", out, "--rejects", path]
    assert shell.run(*args)[0] == 0
    out.rename(tmp_path / "out.partial")
    path.write_text("x:dab:2", encoding="utf-8")
    for again in (args, args[:-2]):
        code, _, errors = shell.run(*again, "--resume")
        assert code == 1 and "rejects: {'letters': 1, 'sha256'" in errors[-1]
    path.write_text("x:dab:0\t0.75\n", encoding="utf-8")  # the same, told otherwise
    assert shell.run(*args, "--resume")[0] == 0


def folder_of(path: Path, found: list[Sample]) -> Path:
    for sample in found:
        (path / sample.split).mkdir(parents=True, exist_ok=True)
        images.write(path / sample.split / f"{sample.id}.png", sample.image)
        with (path / sample.split / samples.METADATA).open("a", encoding="utf-8") as lines:
            lines.write(samples.dump(samples.record(sample, f"{sample.id}.png")))
    return path


def test_test_letters_are_refused(shell: Shell, corpus: Path, sample_of: Callable, tmp_path: Path) -> None:
    data = folder_of(tmp_path / "data", [sample_of("bad", split=split) for split in ("Test2", "test")])
    for split in ("test", "Test2"):
        found = shell.run("cut", data, "--model", tmp_path / "none", "--out", tmp_path / "out", "--split", split)
        assert complains(found, f"the {split} split is kept for testing", "--split train"), found
    code, _, errors = shell.run("train", "ctc", data, "--out", tmp_path / "out")
    assert code == 1 and "data holds Test2, test data, which is kept for testing" in errors[-1]
    LetterLibrary.build([sample_of("ab", split="test1")], "test1").save(tmp_path / "letters")
    found = shell.run("generate", "--corpus", corpus, "--library", tmp_path / "letters", "--out", tmp_path / "out")
    assert complains(found, "letters holds letters of the test1 split", "stackmix cut")
    found = shell.run("inspect", data, "--letter", "a", "--out", tmp_path / "out")
    assert complains(found, "is a sample folder", "stackmix cut")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["corpus.txt", "data", "letters"]


def test_blot_draws_a_sheet(shell: Shell, tmp_path: Path) -> None:
    picture, out = tmp_path / "слово.png", tmp_path / "sheet.png"
    image = np.full((60, 150), 220, np.uint8)
    image[20:40, 20:130:7] = 30
    images.write(picture, image)
    code, said, errors = shell.run("blot", picture, "--out", out)
    assert code == 0 and errors == []
    found = images.read(out)
    assert said == f"{out}: {found.shape[1]} x {found.shape[0]} pixels\n" and found.ndim == 3
    images.write(picture, image[:5])
    assert complains(shell.run("blot", picture, "--out", out), "слово.png has 150 x 5 pixels", "8 x 8")
    assert complains(shell.run("blot", tmp_path / "none.png", "--out", out), "No such file")


def test_generate_with_blots(shell: Shell, corpus: Path, library_folder: Path, tmp_path: Path) -> None:
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
    shell: Shell, sample_of: Callable, folder_of: Callable, tmp_path: Path
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


def test_check_refuses_what_is_no_data_set(shell: Shell, tmp_path: Path) -> None:
    assert complains(shell.run("check", tmp_path), str(tmp_path), "stackmix prepare")
    code, _, errors = shell.run("check", tmp_path, tmp_path / "x" / "..")
    assert code == 2 and "twice" in "".join(errors)


def test_inspect_prints_a_folder_s_statistics(
    shell: Shell, sample_of: Callable, folder_of: Callable, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "a", [sample_of("bad", "anna"), sample_of("gone", "boris", split="test")])
    code, said, _ = shell.run("inspect", folder, "--out", tmp_path / "sheet.png")
    assert code == 0 and "fewer than 20 times" in said
    assert ["all", "2", "7", "2"] in [line.split()[:4] for line in said.splitlines()]
    assert images.read(tmp_path / "sheet.png").shape[1] == 1600


def test_generate_pages(shell: Shell, corpus: Path, library_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "made"
    args = ["generate", "--corpus", corpus, "--library", library_folder, "--out", out, "--unit", "page"]
    code, said, errors = shell.run(*args, "--paper", "squared,lined", "--ink", "violet")
    assert code == 0 and said == f"{out}: 1 pages\n" and "making pages" in errors[-1]
    (page,) = pages.read(out, "train")
    assert {"bad", "gone", "do,"} <= {region.text for region in page.regions}
    about = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert about["paper"] == ["squared", "lined"] and about["ink"] == ["violet"]
    code, said, errors = shell.run(*args)
    assert code == 1 and said == "" and "exists already" in errors[-1]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["--paper", "white"], "'white'"),
        (["--ink", "green"], "'green'"),
        (["--height", "64"], "--height"),
        (["--balance"], "--balance"),
        (["--blots", "0.1"], "--blots"),
        (["--format", "parquet"], "--format"),
    ],
)
def test_what_pages_do_not_have_is_named(
    shell: Shell, corpus: Path, library_folder: Path, tmp_path: Path, more: list[str], named: str
) -> None:
    args = ["generate", "--corpus", corpus, "--library", library_folder, "--out", tmp_path / "out", "--unit", "page"]
    code, out, errors = shell.run(*args, *more)
    assert code == 2 and out == "" and named in errors[-1] and not (tmp_path / "out").exists()

"""Pushing end to end against a stand-in of the Hub: cut in the middle, resumed, loaded back byte for byte."""

import hashlib
import importlib.util
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from stackmix import images, samples
from stackmix.corpus import Corpus
from stackmix.datasets import card
from stackmix.generating import Order, generate
from stackmix.types import Sample

PUSH = """
import sys, time
time.sleep = lambda seconds: None  # the Hub's library waits half a minute in all before it gives a connection up
from stackmix.cli import main
main()
"""
SEVERAL = """
import contextlib, io, json, os, sys, time
time.sleep = lambda seconds: None
from stackmix.cli import main
said = []
for token, words in json.loads(sys.argv[1]):
    os.environ["HF_TOKEN"] = token
    sys.argv, errors, code = ["stackmix", "push", *words], io.StringIO(), 0
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    said.append([code, [line for line in errors.getvalue().splitlines() if line.startswith("stackmix: ")]])
print(json.dumps(said))
"""
LOAD = """
import hashlib, json, sys
import datasets
found = datasets.load_dataset(sys.argv[1])
def content(image):
    return image["bytes"] or open(image["path"], "rb").read()
raw = {split: rows.cast_column("image", datasets.Image(decode=False)) for split, rows in found.items()}
facts = {}
for split, rows in raw.items():
    facts[split] = [{**row, "image": hashlib.sha256(content(row["image"])).hexdigest()} for row in rows]
    found[split][0]["image"].load()
print(json.dumps({"rows": facts, "features": {k: str(v) for k, v in next(iter(found.values())).features.items()}}))
"""


def stand_in() -> ModuleType:
    """The module beside this file; tests are no package."""
    path = Path(__file__).with_name("hub_stand_in.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


fake = stand_in()


@pytest.fixture
def hub() -> Iterator[Any]:
    with fake.Hub() as running:
        yield running


def made(folder: Path, source: str = "mine", borders: bool = True, splits: str = "train test1 test2") -> Path:
    """A sample folder of 12 noisy pictures, Russian texts, the last split in JPEG."""
    rng = np.random.default_rng(7)
    for number in range(12):
        split, suffix = splits.split()[number % len(splits.split())], (".png", ".jpg")[number % 3 == 2]
        image = rng.integers(0, 255, (20, 30 + number), np.uint8)
        text = "ёжик"[: 1 + number % 4]
        columns = np.arange(len(text) + 1, dtype=np.int32) * 7 if borders else None
        sample = Sample(image, text, f"s{number}", f"w{number % 2}", source, split, columns)
        (folder / split / "0000").mkdir(parents=True, exist_ok=True)
        images.write(folder / split / f"0000/{number}{suffix}", image)
        with (folder / split / samples.METADATA).open("a", encoding="utf-8", newline="\n") as lines:
            lines.write(samples.dump(samples.record(sample, f"0000/{number}{suffix}")))
    return folder


def stacked(folder: Path, sources: list[str]) -> Path:
    """The same as `generate` leaves it: rows with pieces, and the account of the run."""
    made(folder, "stackmix", splits="train")
    path = folder / "train" / samples.METADATA
    pieces = [{"id": "a01-000u-00-00", "first": 0, "letters": 1, "writer": "000"}]
    rows = [{**json.loads(line), "pieces": pieces} for line in path.read_text("utf-8").splitlines()]
    path.write_bytes("".join(map(samples.dump, rows)).encode())
    library = {"name": "letters", "sha256": "0" * 64, "split": "train", "sources": sources}
    run = {"stackmix": "0.1.0", "library": library, "corpus": {"items": 3, "sha256": "1" * 64}, "unit": "word"}
    (folder / "run.json").write_text(json.dumps({**run, "seed": 7, "height": 64, "count": 12}), encoding="utf-8")
    return folder


STACKED = ("pieces", "polygons")


class Said:
    """What a subprocess did: exit code, stdout, and the lines of stderr that are no progress bar."""

    def __init__(self, run: subprocess.CompletedProcess[str]) -> None:
        self.code, self.out = run.returncode, run.stdout
        lines = [line.split("\r")[-1] for line in run.stderr.splitlines()]
        self.errors = [line for line in lines if line.startswith("stackmix: ") or "Error" in line]
        self.everything = run.stderr


def call(code: str, home: Path, *arguments: object, **environment: str | None) -> Said:
    """Run code with the Hub's variables set before anything is imported."""
    own = {"HF_HOME": str(home / "hf"), "HF_HUB_DISABLE_XET": "1", "NO_ALBUMENTATIONS_UPDATE": "1", **environment}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    run = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=home,
        env={**inherited, **{k: v for k, v in own.items() if v is not None}},
        capture_output=True,
        encoding="utf-8",
        timeout=240,
    )
    return Said(run)


def push(hub: Any, home: Path, *arguments: object, token: str | None = fake.WRITE) -> Said:
    return call(PUSH, home, "push", *arguments, HF_ENDPOINT=hub.url, HF_TOKEN=token)


def test_cut_resumed_and_loaded_back(hub: Any, tmp_path: Path) -> None:
    folder = made(tmp_path / "слова")
    hub.cut_at = 2  # the third upload breaks off in its middle, and nothing answers after it
    first = push(hub, tmp_path, folder, "anna/words")
    assert first.code == 1 and len(first.errors) == 1, first.everything
    assert "run the same command again" in first.errors[0]
    assert "anna/words" in hub.repos and "README.md" not in hub.repos["anna/words"].files
    assert hub.uploads() == 2

    hub.mend()
    second = push(hub, tmp_path, folder, "anna/words")
    assert second.code == 0, second.everything
    # the shard that was cut and the card's two pictures: what went up before is not sent again
    assert hub.uploads() == 3
    names = set(hub.repos["anna/words"].files)
    shards = {f"data/{split}-00000-of-00001.parquet" for split in ("train", "test1", "test2")}
    assert names == {*shards, "README.md", "assets/preview.png", "assets/statistics.png", ".gitattributes"}

    hub.mend()
    third = push(hub, tmp_path, folder, "anna/words")
    assert third.code == 0 and hub.uploads() == 0 and not any("commit" in line for line in hub.log), hub.log

    back = call(LOAD, tmp_path, "anna/words", HF_ENDPOINT=hub.url, HF_TOKEN=fake.READ)
    assert back.code == 0, back.everything
    same_as(json.loads(back.out), folder)


def same_as(back: dict[str, Any], folder: Path) -> None:
    """What load_dataset gave is what lies in the folder, byte for byte."""
    assert sorted(back["rows"]) == samples.splits_of(folder)
    for split, rows in back["rows"].items():
        wanted = samples.rows(folder, split)
        pictures = [samples.encoded(folder, split, row) for row in wanted]
        assert [row["image"] for row in rows] == [hashlib.sha256(picture).hexdigest() for picture in pictures]
        for name in ("text", "id", "writer", "source", "borders", *([] if "pieces" not in wanted[0] else STACKED)):
            assert [row[name] for row in rows] == [row[name] for row in wanted]


def test_pictures_as_they_are_and_a_second_push_of_less(hub: Any, tmp_path: Path) -> None:
    whole, half = made(tmp_path / "whole"), made(tmp_path / "half", splits="train test")
    assert push(hub, tmp_path, whole, "anna/words", "--private", "--format", "imagefolder").code == 0
    repo = hub.repos["anna/words"]
    assert repo.private and {name.split("/")[0] for name in repo.files} >= {"train", "test1", "test2", "README.md"}
    assert not any(name.endswith(".parquet") for name in repo.files)
    back = call(LOAD, tmp_path, "anna/words", HF_ENDPOINT=hub.url, HF_TOKEN=fake.READ)
    assert back.code == 0, back.everything
    same_as(json.loads(back.out), whole)

    assert push(hub, tmp_path, half, "anna/words", "--private").code == 0  # what the set had before goes
    shards = {f"data/{split}-00000-of-00001.parquet" for split in ("train", "test")}
    assert set(repo.files) == {*shards, "README.md", "assets/preview.png", "assets/statistics.png", ".gitattributes"}
    back = call(LOAD, tmp_path, "anna/words", HF_ENDPOINT=hub.url, HF_TOKEN=fake.READ)
    same_as(json.loads(back.out), half)


def test_shards_go_up_and_what_comes_down_is_a_sample_folder(hub: Any, library_folder: Path, tmp_path: Path) -> None:
    order = Order(library_folder, Corpus(["bad", "dog bag"]), "line", 9, 5, 24, format="parquet")
    generate(order, tmp_path / "synth", tick=lambda n: None)
    run = json.loads((tmp_path / "synth/run.json").read_text("utf-8"))
    run["library"]["sources"] = ["face"]
    (tmp_path / "synth/run.json").write_text(json.dumps(run), encoding="utf-8")
    refused = push(hub, tmp_path, tmp_path / "synth", "anna/synth", "--format", "imagefolder")
    assert refused.code == 1 and "leave --format imagefolder out" in refused.errors[0], refused.everything
    done = push(hub, tmp_path, tmp_path / "synth", "anna/synth")
    assert done.code == 0, done.everything
    back = call(LOAD, tmp_path, "anna/synth", HF_ENDPOINT=hub.url, HF_TOKEN=fake.READ)
    assert back.code == 0, back.everything
    same_as(json.loads(back.out), tmp_path / "synth")
    name = "data/train-00000-of-00001.parquet"
    (tmp_path / "down/data").mkdir(parents=True)
    (tmp_path / "down" / name).write_bytes(hub.repos["anna/synth"].files[name])
    same_as(json.loads(back.out), tmp_path / "down")


def test_every_refusal_is_one_line_with_a_cure(hub: Any, tmp_path: Path) -> None:
    mine, iam = made(tmp_path / "mine"), made(tmp_path / "iam", "iam")
    from_iam, from_nowhere = stacked(tmp_path / "a", ["face", "iam"]), stacked(tmp_path / "b", ["stackmix"])
    unsaid = stacked(tmp_path / "c", ["face"])
    (unsaid / "run.json").unlink()
    named = made(tmp_path / "d", "Teklia/IAM-line")
    hub.repos["anna/public"] = fake.Repo()
    cases = [
        (fake.WRITE, [iam, "anna/x"], 1, ["IAM Handwriting Database", "--i-have-the-right"]),
        (fake.WRITE, [from_iam, "anna/x"], 1, ["IAM Handwriting Database", "--i-have-the-right"]),
        (fake.WRITE, [named, "anna/x"], 1, ["IAM Handwriting Database", "--i-have-the-right"]),
        (fake.WRITE, [from_nowhere, "anna/x"], 1, ["origin is not recorded", "--i-have-the-right"]),
        (fake.WRITE, [unsaid, "anna/x"], 1, ["origin is not recorded", "--i-have-the-right"]),
        (fake.WRITE, [made(tmp_path / "e", "hkr"), "anna/x"], 1, ["Kazakh", "--i-have-the-right"]),
        ("", [mine, "anna/x"], 1, ["hf auth login", "HF_TOKEN"]),
        ("hf_wrong", [mine, "anna/x"], 1, ["does not know this token", "hf auth login"]),
        (fake.READ, [mine, "anna/x"], 1, ["may not write", "write access to anna"]),
        (fake.WRITE, [mine, "boris/x"], 1, ["may not write", "write access to boris"]),
        (fake.WRITE, [mine, "anna/public", "--private"], 1, ["public", "leave --private out"]),
        (fake.WRITE, [tmp_path, "anna/x"], 1, ["stackmix prepare"]),
        (fake.WRITE, [mine, "x"], 2, []),
        (fake.WRITE, [mine, "anna/wo rds"], 2, []),
    ]
    asked = json.dumps([[token, [*map(str, words)]] for token, words, *_ in cases])
    said = call(SEVERAL, tmp_path, asked, HF_ENDPOINT=hub.url)
    assert said.code == 0, said.everything
    for (_, words, code, parts), (found, errors) in zip(cases, json.loads(said.out), strict=True):
        assert found == code, (words, errors)
        assert len(errors) == (code == 1) and all(part in errors[0] for part in parts), (words, errors)
    assert list(hub.repos) == ["anna/public"] and not hub.large

    away = call(SEVERAL, tmp_path, json.dumps([[fake.WRITE, [str(mine), "anna/x"]]]), HF_ENDPOINT="http://127.0.0.1:9")
    [[code, errors]] = json.loads(away.out)
    assert code == 1 and len(errors) == 1 and "127.0.0.1:9 is not reached" in errors[0] and "again" in errors[0]


def test_the_card_names_every_option_that_is_not_the_usual_one(
    library_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command on the card makes the run again: its run.json is the same."""
    monkeypatch.setitem(os.environ, "NO_ALBUMENTATIONS_UPDATE", "1")
    (tmp_path / "corpus.txt").write_text("bad\ndog bag\nxxx\n", encoding="utf-8")
    given = "--unit line --count 3 --seed 9 --height 30 --paper lined,plain --ink blue,red --hand mixed --choice random"
    given += " --temperature 0.5 --format parquet --blots 0.25 --balance --skip-missing"
    runs = []
    for out in ("a", "b"):
        words = f"generate --corpus corpus.txt --library {shlex.quote(str(library_folder))} --out {out} {given}"
        run = call(PUSH, tmp_path, *shlex.split(words))
        assert run.code == 0, run.everything
        runs.append(json.loads((tmp_path / out / "run.json").read_text("utf-8")))
        command = card._command(runs[-1]).replace("CORPUS", "corpus.txt")
        given = command.partition(f"--library {shlex.quote(library_folder.name)} ")[2]
    assert runs[0] == runs[1] and given, given
    plain = {name: runs[0][name] for name in ("library", "seed", "unit", "height")}
    usual = {"paper": ["white"], "ink": ["black"], "hand": "one", "choice": "units", "temperature": 1.0}
    plain |= {**usual, "format": "imagefolder", "rejects": {"letters": 1, "sha256": "0"}}
    wanted = f"stackmix generate --corpus CORPUS --library {shlex.quote(library_folder.name)} --unit line"
    assert card._command(plain) == f"{wanted} --seed 9 --height 30 --rejects REJECTS"


def test_who_has_the_right_publishes_and_the_card_says_so(hub: Any, tmp_path: Path) -> None:
    folder = stacked(tmp_path / "synth", ["face", "iam"])
    done = push(hub, tmp_path, folder, "anna/synth", "--i-have-the-right")
    assert done.code == 0, done.everything
    assert done.out == f"{hub.url}/datasets/anna/synth: 12 samples, 4 files sent\n"
    card = hub.repos["anna/synth"].files["README.md"].decode()
    for part in (
        "license: other",
        "stackmix generate --corpus CORPUS --library letters --unit word --count 12 --seed 7 --height 64",
        "seed: 7",
        "[IAM Handwriting Database](https://fki.tic.heia-fr.ch/databases/iam-handwriting-database)",
        "**no**",
        "Who published it said to have the right to.",
        "![samples with their texts and letter borders](assets/preview.png)",
        "| train | 12 | 2 |",
    ):
        assert part in card, part

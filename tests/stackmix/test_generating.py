"""Whole runs: the same bytes with any number of workers, after a kill, after a full disk; and what must not go on."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stackmix import formats, images, samples
from stackmix.blots.sprinkling import Sprinkle
from stackmix.corpus import Corpus, fit
from stackmix.formats import ImageFolder, Parquet
from stackmix.generating import Order, Writer, generate, open_library
from stackmix.library import LetterLibrary
from stackmix.rendering import Look
from stackmix.staging import partial_of
from stackmix.types import DataError

ITEMS = ["bad", "gone", "on-page.", "do,", "Bean", "a", "dog bag"]
CHUNK = ImageFolder.chunk
COUNT = 2 * CHUNK + 10  # two whole chunks and a short one


def tree(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def ignore(_: int) -> None:
    pass


@pytest.fixture(scope="module")
def order(library_folder: Path) -> Order:
    return Order(library_folder, Corpus(ITEMS), "line", COUNT, 5, 24)


@pytest.fixture(scope="module")
def whole(order: Order, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The order written without an interruption by one worker."""
    out = tmp_path_factory.mktemp("whole") / "набор"
    generate(order, out, tick=ignore)
    return out


def test_layout_and_metadata(order: Order, whole: Path) -> None:
    assert sorted(p.name for p in whole.iterdir()) == ["README.md", "run.json", "train"]
    assert not list(whole.rglob("*.partial"))
    rows = samples.rows(whole, "train")
    assert [row["file_name"] for row in rows] == [f"0000/{i:08d}.jpg" for i in range(COUNT)]
    assert [row["text"] for row in rows[: len(ITEMS)]] == ITEMS
    library = LetterLibrary.load(order.library)
    texts = dict(zip(library.ids, library.texts, strict=True))
    for row, sample in zip(rows, samples.read(whole, "train"), strict=True):
        assert sample.image.shape[0] == 24 and sample.borders is not None
        assert len(sample.borders) == len(row["text"]) + 1 and sample.borders[-1] <= sample.image.shape[1]
        spelled = "".join(texts[p["id"]][p["first"] : p["first"] + p["letters"]] for p in row["pieces"])
        assert spelled == row["text"].replace(" ", "")
        hands = Counter(p["writer"] for p in row["pieces"])
        assert hands[row["writer"]] == max(hands.values())


def test_items_beyond_the_corpus_are_drawn_from_it(whole: Path) -> None:
    drawn = Counter(row["text"] for row in samples.rows(whole, "train")[len(ITEMS) :])
    assert set(drawn) == set(ITEMS)
    mean = (COUNT - len(ITEMS)) / len(ITEMS)
    assert all(0.5 * mean < n < 1.7 * mean for n in drawn.values())


def test_without_count_each_item_once_in_order(order: Order, tmp_path: Path) -> None:
    generate(Order(order.library, Corpus(ITEMS)), tmp_path / "out", tick=ignore)
    assert [row["text"] for row in samples.rows(tmp_path / "out", "train")] == ITEMS
    generate(Order(order.library, Corpus(ITEMS), count=2), tmp_path / "two", tick=ignore)
    assert [row["text"] for row in samples.rows(tmp_path / "two", "train")] == ITEMS[:2]


def test_marks_are_the_same_with_any_number_of_workers(order: Order, whole: Path, tmp_path: Path) -> None:
    marked = replace(order, marks=Sprinkle(0.4))
    for workers in (1, 2):
        generate(marked, tmp_path / str(workers), workers=workers, tick=ignore)
    assert tree(tmp_path / "1") == tree(tmp_path / "2")
    plain, found = tree(whole), tree(tmp_path / "1")
    changed = [name for name in plain if plain[name] != found[name]]
    assert "run.json" in changed and "train/metadata.jsonl" not in changed
    assert 0.25 * COUNT < len(changed) < 0.5 * COUNT  # narrow words stay as they are


@pytest.mark.parametrize("i", [0, 3, CHUNK - 1, CHUNK, COUNT - 1])
def test_a_sample_can_be_made_again_alone(order: Order, whole: Path, i: int) -> None:
    row = samples.rows(whole, "train")[i]
    word = Writer(order).word(i)
    assert (word.text, word.borders.tolist()) == (row["text"], row["borders"])
    assert images.encode(word.image, ".jpg", 95) == (whole / "train" / row["file_name"]).read_bytes()


def test_two_workers_write_the_same_bytes(order: Order, whole: Path, tmp_path: Path) -> None:
    done: list[int] = []
    generate(order, tmp_path / "out", workers=2, tick=done.append)
    assert tree(tmp_path / "out") == tree(whole)
    assert sum(done) == COUNT


def test_another_seed_writes_other_bytes(order: Order, whole: Path, tmp_path: Path) -> None:
    generate(Order(order.library, order.corpus, "line", 20, 6, 24), tmp_path / "out", tick=ignore)
    first, other = ([row["pieces"] for row in samples.rows(f, "train")[:20]] for f in (whole, tmp_path / "out"))
    assert first != other


KILLED = """
import os, signal, sys
from pathlib import Path
from stackmix import formats, generating
from stackmix.corpus import Corpus

written, write = [], formats._write

def dying(path, data):
    written.append(path)
    if len(written) == formats.ImageFolder.chunk + 30:
        path.write_bytes(data[: len(data) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    write(path, data)

formats._write = dying
library, out, items, count, seed, height = sys.argv[1:]
order = generating.Order(Path(library), Corpus(items.split("|")), "line", int(count), int(seed), int(height))
generating.generate(order, Path(out), tick=lambda n: None)
"""


def test_killed_run_goes_on_to_the_same_bytes(order: Order, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    args = [order.library, out, "|".join(ITEMS), COUNT, order.seed, order.height]
    run = subprocess.run([sys.executable, "-c", KILLED, *map(str, args)], capture_output=True, check=False)
    assert run.returncode == -signal.SIGKILL, run.stderr
    assert not out.exists() and partial_of(out).exists()
    with pytest.raises(DataError, match="--resume"):
        generate(order, out, tick=ignore)
    done: list[int] = []
    generate(order, out, resume=True, tick=done.append)
    assert done[0] == CHUNK and sum(done) == COUNT  # the first chunk was not made again
    assert tree(out) == tree(whole) and not partial_of(out).exists()


@pytest.mark.parametrize("lost", ["chunks/000001.jsonl", "chunks/000002.jsonl", "chunks", "run.json"])
def test_run_killed_at_any_later_point_goes_on(order: Order, whole: Path, tmp_path: Path, lost: str) -> None:
    """The states that a kill can leave: all images there, passing files of `write_whole`, chunks missing."""
    out = tmp_path / "out"
    step = os.replace  # the real rename
    partial = partial_of(out)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formats.shutil, "rmtree", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            generate(order, out, tick=ignore)
    assert partial.exists() and not out.exists()
    path = partial / lost
    if path.is_dir():
        for chunk in path.iterdir():
            chunk.unlink()
        path.rmdir()
    else:
        step(path, path.with_name(path.name + ".partial"))
        path.with_name(path.name + ".partial").write_bytes(b"half")
    (partial / "README.md.partial").write_bytes(b"half")
    generate(order, out, resume=True, tick=ignore)
    assert tree(out) == tree(whole)


def test_parquet_holds_what_the_image_folder_holds(order: Order, whole: Path, tmp_path: Path) -> None:
    """Shard by shard, whatever the number of workers; opened by `datasets` alone, pictures as pictures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Parquet, "chunk", 200)
        generate(replace(order, format="parquet"), tmp_path / "out", tick=ignore)
    names = [f"train-{k:05d}-of-00003.parquet" for k in range(3)]
    assert sorted(p.name for p in (tmp_path / "out").rglob("*.parquet")) == names
    code = (
        "import datasets, json, sys\n"
        "found = datasets.load_dataset(sys.argv[1], split='train')\n"
        "row = found[3]\n"
        "size = row['image'].size\n"
        "plain = found.cast_column('image', datasets.Image(decode=False))\n"
        "data = [r['image']['bytes'].hex() for r in plain.select(range(20))]\n"
        "print(json.dumps([len(found), size, row['borders'], row['polygons'], row['pieces'], found['text'][:], data]))"
    )
    run = [sys.executable, "-c", code, str(tmp_path / "out")]
    env = {**os.environ, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    said = subprocess.run(run, capture_output=True, check=True, cwd=tmp_path, env=env, encoding="utf-8").stdout
    count, size, borders, polygons, pieces, texts, data = json.loads(said)
    rows = samples.rows(whole, "train")
    assert count == COUNT and texts == [row["text"] for row in rows] and size[1] == 24
    assert (borders, polygons, pieces) == (rows[3]["borders"], rows[3]["polygons"], rows[3]["pieces"])
    pictures = [(whole / "train" / row["file_name"]).read_bytes().hex() for row in rows[:20]]
    assert data == pictures


def test_interrupted_parquet_goes_on_to_the_same_bytes(order: Order, tmp_path: Path) -> None:
    order = replace(order, format="parquet", count=70)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Parquet, "chunk", 30)
        generate(order, tmp_path / "whole", tick=ignore)

        def stop(done: int) -> None:
            if done:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            generate(order, tmp_path / "out", tick=stop)
        done: list[int] = []
        generate(order, tmp_path / "out", resume=True, tick=done.append)
    assert done[0] == 30 and sum(done) == 70
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_polygons_hold_the_ink_of_their_words(order: Order, whole: Path) -> None:
    for row, sample in zip(samples.rows(whole, "train")[:20], samples.read(whole, "train"), strict=False):
        assert len(row["polygons"]) == len(row["text"].split(" "))
        outside = sample.image.copy()
        for (left, top), _, (right, bottom), _ in row["polygons"]:
            assert outside[top:bottom, left:right].min() < 160
            outside[top:bottom, left:right] = 255
        assert outside.min() > 160  # the soft edges of JPEG may lie outside


@pytest.mark.parametrize("look", [Look(("lined", "own"), ("blue", "as-written")), Look(("plain",), ("pencil",), False)])
def test_paper_and_ink_are_the_same_for_any_number_of_workers(order: Order, tmp_path: Path, look: Look) -> None:
    order = replace(order, look=look, count=CHUNK + 5)
    generate(order, tmp_path / "one", tick=ignore)
    generate(order, tmp_path / "two", workers=2, tick=ignore)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    image = next(samples.read(tmp_path / "one", "train")).image
    assert image.ndim == (3 if look.colour else 2)
    writer = Writer(order)
    texts = [row["text"] for row in samples.rows(tmp_path / "one", "train")]
    assert [writer.word(i).text for i in (0, CHUNK)] == [texts[0], texts[CHUNK]]


@pytest.fixture
def interrupted(order: Order, tmp_path: Path) -> Iterator[Path]:
    """Where a run of the order was stopped after its first chunk."""
    out = tmp_path / "out"

    def stop(done: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(order, out, tick=stop)
    yield out


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda o: Order(o.library, o.corpus, "line", COUNT, 6, 24), "seed: 5 then, 6 now"),
        (lambda o: Order(o.library, o.corpus, "line", COUNT, 5, 32), "height: 24 then, 32 now"),
        (lambda o: Order(o.library, o.corpus, "line", COUNT + 1, 5, 24), "count"),
        (lambda o: Order(o.library, Corpus([*ITEMS[:-1], "dog bad"]), "line", COUNT, 5, 24), "corpus"),
        (lambda o: Order(o.library, o.corpus, "line", COUNT, 5, 24, True), "balanced"),
        (lambda o: replace(o, look=Look(("lined",))), "paper"),
        (lambda o: replace(o, hand="mixed", temperature=2.0), "hand: one then, mixed now; temperature"),
        (lambda o: replace(o, rejects=frozenset({("anna-bad", 1)})), "rejects: None then, .*'letters': 1"),
    ],
)
def test_resume_with_other_options_is_refused(
    order: Order, interrupted: Path, change: Callable[[Order], Order], named: str
) -> None:
    before = tree(partial_of(interrupted))
    with pytest.raises(DataError, match=named):
        generate(change(order), interrupted, resume=True, tick=ignore)
    assert tree(partial_of(interrupted)) == before and not interrupted.exists()


def test_existing_output_is_refused_and_untouched(order: Order, whole: Path) -> None:
    before = tree(whole)
    for resume in (False, True):
        with pytest.raises(DataError, match="exists already"):
            generate(order, whole, resume=resume, tick=ignore)
    assert tree(whole) == before and not partial_of(whole).exists()


@pytest.mark.parametrize("full_at", [0, 30, CHUNK])
def test_full_disk_leaves_nothing_and_names_the_place(
    order: Order, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full_at: int
) -> None:
    out, count = tmp_path / "out", 0
    write_bytes = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        nonlocal count
        count += 1
        if count > full_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_bytes(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match=r"No space left.*00000\d\d\d\.jpg"):
            generate(order, out, tick=ignore)
    assert not out.exists()
    generate(order, out, resume=True, tick=ignore)
    assert tree(out) == tree(whole)


def test_balanced_run_sees_rare_letters_more_often(library_folder: Path) -> None:
    items = ["bad", "dab", "bad", "add", "dad", "ada"] * 30 + ["pen."]
    writer = Writer(Order(library_folder, Corpus(items), count=300, height=16, balanced=True))
    again = Writer(Order(library_folder, Corpus(items), count=300, height=16, balanced=True))
    texts = [writer.word(i).text for i in range(300)]
    assert texts == [again.word(i).text for i in range(300)]
    assert texts.count("pen.") > 30  # 2 were to be expected


def test_manifest_tells_what_became_of_the_corpus(library_folder: Path, tmp_path: Path) -> None:
    corpus = fit(["bad—", "xyz", "gone—a"], "abdegno-", skip_missing=True)
    generate(Order(library_folder, corpus), tmp_path / "out", tick=ignore)
    about = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert about["replaced"] == {"— -> -": 2} and about["skipped_items"] == 1
    assert about["missing_characters"] == {"x": 1, "y": 1, "z": 1}
    assert about["count"] == 2 and about["library"]["split"] == "train"


def test_split_of_the_library_is_the_split_of_the_samples(sample_of: Callable, tmp_path: Path) -> None:
    LetterLibrary.build([sample_of("ab", split="val")], "val").save(tmp_path / "letters")
    generate(Order(tmp_path / "letters", Corpus(["ab"])), tmp_path / "out", tick=ignore)
    assert samples.splits_of(tmp_path / "out") == ["val"]


def test_nothing_is_made_of_test_letters(sample_of: Callable, tmp_path: Path) -> None:
    library = LetterLibrary.build([sample_of("ab", split="test1")], "test1")
    library.save(tmp_path / "letters")
    order = Order(tmp_path / "letters", Corpus(["ab"]))
    for own in (None, library):
        with pytest.raises(DataError, match=r"letters of the test1 split.*stackmix cut"):
            generate(order, tmp_path / "out", library=own, tick=ignore)
    with pytest.raises(DataError, match="test1"):
        Writer(order)
    assert [p.name for p in tmp_path.iterdir()] == ["letters"]


def test_workers_know_the_rejected_letters(order: Order, whole: Path, tmp_path: Path) -> None:
    """A library that is handed over open, one worker and two that open it themselves: the same bytes, none rejected."""
    library = LetterLibrary.load(order.library)
    out = frozenset((library.ids[one.sample], one.position) for one in library.letters("a")[1:])
    chosen = replace(order, rejects=out)
    generate(chosen, tmp_path / "two", workers=2, tick=ignore)
    generate(chosen, tmp_path / "one", library=open_library(order.library, out), tick=ignore)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")

    def used(folder: Path) -> set[tuple[str, int]]:
        pieces = [piece for row in samples.rows(folder, "train") for piece in row["pieces"]]
        return {(p["id"], k) for p in pieces for k in range(p["first"], p["first"] + p["letters"])}

    assert not used(tmp_path / "two") & out and used(whole) & out
    about = json.loads((tmp_path / "two" / "run.json").read_text(encoding="utf-8"))
    assert about["rejects"]["letters"] == len(out)


def test_library_is_opened_once(order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = open_library(order.library)
    monkeypatch.setattr(LetterLibrary, "load", lambda folder: pytest.fail("opened again"))
    generate(replace(order, count=3), tmp_path / "out", library=library, tick=ignore)
    assert len(samples.rows(tmp_path / "out", "train")) == 3


def test_datasets_opens_it_without_our_code(whole: Path, tmp_path: Path) -> None:
    code = (
        "import sys, json, datasets; d = datasets.load_dataset(sys.argv[1]); r = d['train'][1]; "
        "print(json.dumps([list(d), len(d['train']), r['text'], r['image'].size, r['borders'], r['pieces']]))"
    )
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    run = subprocess.run(
        [sys.executable, "-c", code, str(whole)], env=env, capture_output=True, text=True, check=True, cwd=tmp_path
    )
    splits, count, text, size, borders, pieces = json.loads(run.stdout)
    row = samples.rows(whole, "train")[1]
    assert (splits, count, text) == (["train"], COUNT, "gone")
    assert size[1] == 24 and borders == row["borders"] and pieces == row["pieces"]
    assert np.diff(borders).min() >= 1

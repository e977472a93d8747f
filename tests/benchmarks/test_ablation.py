"""The ablation's machinery on a few drawn words: its images, its stop, its figures, and a command that goes on."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from stackmix.library import LetterLibrary
from stackmix.train import fitting
from stackmix.train.ctc import CTCConfig, CTCModel
from stackmix.train.normalising import pack
from stackmix.types import Sample

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
WORDS = ["bad", "gone", "dab", "nod", "bog", "peg", "age", "on", "bead", "deed", "pond", "a"]
LISTED = [("bead", 0.7), ("go", 0.2), ("pen", 0.1), ("zoo", 0.5)]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The modules of the ablation, small rounds and batches, a frequency list of four words."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import ablation
    import ablation_data
    import ablation_judging
    import ablation_plot
    import ablation_run
    import ablation_series

    monkeypatch.setattr(ablation_data, "ROUND", 24)
    monkeypatch.setattr(ablation_run, "COLUMNS", 300)
    monkeypatch.setattr(fitting, "COLUMNS", 300)
    monkeypatch.setattr(ablation, "frequent", lambda language: LISTED)
    monkeypatch.setattr(ablation, "ALIGNER_UPDATES", 2)
    return SimpleNamespace(
        main=ablation,
        data=ablation_data,
        judging=ablation_judging,
        plot=ablation_plot,
        run=ablation_run,
        series=ablation_series,
    )


@pytest.fixture(scope="module")
def words(sample_of: Callable[..., Sample]) -> list[Sample]:
    return [sample_of(text, "anna", f"a01-000u-00-{k:02d}", unit=14) for k, text in enumerate(WORDS)]


@pytest.fixture(scope="module")
def others(sample_of: Callable[..., Sample]) -> list[Sample]:
    """Words of other writers; those of form b01-000 copy a text of their own, one of a01-000x that of training."""
    found = [sample_of(text, w, f"b01-000-0{k}-0{w}", s, unit=16) for k, (text, w, s) in enumerate(OTHERS)]
    return [*found, sample_of("bad", "3", "a01-000x-00-00", "test", unit=16)]


OTHERS = [("bad", "1", "val"), ("gone", "1", "val"), ("on", "1", "test"), ("nod", "2", "test"), ("peg", "2", "test")]


@pytest.fixture(scope="module")
def folder(words: list[Sample], others: list[Sample], folder_of: Callable, tmp_path_factory: pytest.TempPathFactory):
    return folder_of(tmp_path_factory.mktemp("drawn"), [*words, *others], borders=False)


@pytest.fixture(scope="module")
def library(words: list[Sample]) -> LetterLibrary:
    return LetterLibrary.build(words, "train")


def rows(feed: Callable, number: int, done: float = 0.0) -> list[tuple[str, bytes]]:
    packed = feed(number, done)
    images = np.split(packed.pixels, packed.offsets[1:])
    return [(str(text), image.tobytes()) for text, image in zip(packed.texts, images, strict=True)]


def test_a_text_that_training_knows_is_not_judged(bench: SimpleNamespace, folder: Path) -> None:
    assert [bench.data.copied(id) for id in ("a01-020u-03-04", "a01-020-03-04", "r06-1-00-00")] == [
        *("a01-020", "a01-020", "r06-1"),
    ]
    found = bench.data.gather_words(folder, None, 10)
    assert [len(found.train), len(found.val), len(found.test)] == [12, 2, 3]
    assert "a01-000x-00-00" not in {sample.id for sample in found.test}
    few = bench.data.gather_words(folder, 5, 1)
    assert len(few.train) == 5 and len(few.val) == 1
    assert [sample.id for sample in few.train] != [sample.id for sample in found.train[:5]]
    again = bench.data.gather_words(folder, 5, 1)
    assert [sample.id for sample in again.train] == [sample.id for sample in few.train]


def test_texts_can_be_stacked_and_come_by_their_chances(bench: SimpleNamespace) -> None:
    texts = bench.data.Texts(["bad", "Zoo"], "abdegnopB", LISTED)
    rng = np.random.default_rng(0)
    drawn = Counter(texts.draw(rng) for _ in range(4000))
    assert set("".join(drawn)) <= set("abdegnopB") and "Zoo" not in drawn
    assert abs(drawn["bad"] / 4000 - bench.data.OWN) < 0.03
    assert drawn["bead"] + drawn["Bead"] > 2 * drawn["go"] > 2 * drawn["pen"] > 0
    assert 0 < drawn["Bead"] < drawn["bead"]


@pytest.mark.parametrize("name", ["start", "real", "blots", "published", "ours", "stacking", "synthetic"])
def test_a_round_is_a_function_of_seed_and_number(
    bench: SimpleNamespace, words: list[Sample], library: LetterLibrary, name: str
) -> None:
    arm, making = bench.data.ARMS[name], bench.data.Making(share=(0.5, 0.5))

    def feed(seed: int) -> Callable:
        return bench.data.Feed(arm, words, library if arm.stacked else None, LISTED, making, seed)

    first = rows(feed(1), 3)
    assert len(first) == 24 and first == rows(feed(1), 3)
    assert first != rows(feed(1), 4) and first != rows(feed(2), 3)
    own = Counter(text for text, _ in first[0 if not arm.stacked else 12 :])
    if arm.real:
        assert set(own) == set(WORDS) and set(own.values()) == ({1} if arm.stacked else {2})


def test_blots_and_nothing_else_parts_two_arms(bench: SimpleNamespace, words: list[Sample]) -> None:
    making = bench.data.Making(blots=0.5)
    plain, blotted = (
        rows(bench.data.Feed(bench.data.ARMS[name], words, None, LISTED, making, 0), 0) for name in ("real", "blots")
    )
    assert [text for text, _ in plain] == [text for text, _ in blotted]
    same = sum(a == b for a, b in zip(plain, blotted, strict=True))
    assert 4 < same < 20


def test_words_large_enough_are_all_marked_the_same_way_again(
    bench: SimpleNamespace, sample_of: Callable[..., Sample]
) -> None:
    found = [sample_of("bad", unit=60), sample_of("gone", unit=60), sample_of("a", unit=6)]
    marked, again = bench.data.all_marked(found), bench.data.all_marked(found)
    changed = [not np.array_equal(a.image, b.image) for a, b in zip(found, marked, strict=True)]
    assert changed == [True, True, False] and [word.text for word in marked] == ["bad", "gone", "a"]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(marked, again, strict=True))


def test_the_share_of_stacked_words_goes_from_first_to_last(
    bench: SimpleNamespace, words: list[Sample], library: LetterLibrary
) -> None:
    making = bench.data.Making(share=(1.0, 0.5))
    feed = bench.data.Feed(bench.data.ARMS["ours"], words[:1], library, [("go", 1.0)], making, 0)
    real = {done: sum(text == "bad" for text, _ in rows(feed, 0, done)) for done in (0.0, 1.0, 2.0)}
    stacked_bads = real[0.0]  # its own text is stacked too
    assert stacked_bads < 15 and real[1.0] == real[2.0] >= 12


def test_a_run_ends_when_its_best_is_older_than_a_fifth(bench: SimpleNamespace) -> None:
    finished = bench.run.finished
    assert not finished(999, 0, 1000) and finished(1000, 800, 1000)
    assert not finished(1000, 801, 1000) and finished(1002, 801, 1000)
    assert not finished(1299, 1250, 1000) and finished(1300, 1300, 1000)
    assert not finished(999, 0, 1000, 1.0) and finished(1000, 1000, 1000, 1.0)


def test_the_convolutions_of_a_reader_align(bench: SimpleNamespace) -> None:
    torch.manual_seed(0)
    reader = CTCModel(CTCConfig("abc", "recurrent")).eval()
    ink = torch.rand(2, 32, 48)
    with torch.inference_mode():
        wanted, found = reader.branches(ink)[1], bench.run.without_head(reader)(ink)
    assert torch.allclose(wanted, found, atol=1e-6)


def test_figures_of_made_readings(bench: SimpleNamespace, sample_of: Callable[..., Sample]) -> None:
    true = [sample_of("bad", "1"), sample_of("gone", "2"), sample_of("on", "1")]
    sums = bench.judging.by_writer(["bad", "gene", "no"], true)
    assert sums == [[2, 5, 1, 2], [1, 4, 1, 1]]
    found = bench.judging.figures(sums)
    assert (found["cer"], found["wer"], found["accuracy"]) == (round(3 / 9, 4), round(2 / 3, 4), round(1 / 3, 4))
    assert found["cer_interval"] == [0.25, 0.4]  # writer 2 alone, writer 1 alone
    assert found["accuracy_interval"] == [0.0, 0.5]


def test_gain_is_paired(bench: SimpleNamespace) -> None:
    own, other = [[1, 10, 1, 5], [10, 100, 5, 9]], [[2, 10, 2, 5], [20, 100, 10, 9]]
    found = bench.judging.gain(own, other)
    assert found["cer_reduction"] == 0.5 and found["cer_reduction_interval"] == [0.5, 0.5]
    assert bench.judging.gain(other, other)["wer_reduction_interval"] == [0.0, 0.0]
    assert bench.judging.gain(other, own)["cer_reduction"] == -1.0
    pooled = bench.judging.pooled([{"by_writer": own}, {"by_writer": other}])
    assert pooled == [[3, 20, 3, 10], [30, 200, 15, 18]]


def run_all(bench: SimpleNamespace, folder: Path, where: Path, *more: str) -> list[dict]:
    results = where / "results.jsonl"
    options = ["--words", "0", "--updates", "6", "--start", "2", "3", *more]
    bench.main.main([str(folder), "--work", str(where), "--results", str(results), *options])
    return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]


def test_the_command_goes_on_and_makes_no_run_twice(
    bench: SimpleNamespace,
    folder: Path,
    library: LetterLibrary,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bench.main, "cut_libraries", lambda *_: {"published": library, "ours": library})
    arms = ["--arms", "ours", "real", "--seeds", "0"]
    whole = run_all(bench, folder, tmp_path / "whole", *arms, "--plot", str(tmp_path / "plot.png"))
    assert [row["arm"] for row in whole] == ["start", "ours", "real"] and (tmp_path / "plot.png").stat().st_size > 1000
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    names = [f"ablation, {name}" for name in ("start", "real", "ours")]
    assert [line["figure"] for line in lines] == names + [f"{name}, marked test words" for name in names]
    assert "over_real" in lines[2] and "over_real" not in lines[1] and lines[1]["seeds"] == 1
    assert [update for update, *_ in whole[0]["curve"]] == sorted({update for update, *_ in whole[0]["curve"]})
    assert whole[0]["made"] == whole[0]["curve"][-1][0] >= 5  # of both schedules
    assert run_all(bench, folder, tmp_path / "whole", *arms) == whole

    judge, ends = fitting.Fitting.judge, []

    def judge_and_stop(run: fitting.Fitting) -> None:
        judge(run)
        ends.append(run.progress.update)
        if len(ends) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(fitting.Fitting, "judge", judge_and_stop)
    with pytest.raises(KeyboardInterrupt):
        run_all(bench, folder, tmp_path / "again", *arms)
    again = run_all(bench, folder, tmp_path / "again", *arms)
    assert again == whole


def test_what_all_go_on_from_can_go_on_from_a_model(
    bench: SimpleNamespace, words: list[Sample], tmp_path: Path
) -> None:
    CTCModel(CTCConfig("xyz", "recurrent")).save_pretrained(tmp_path / "first")
    own = bench.data.Words(words, words[:3], words[:3])
    alphabets = []
    for name, first in (("new", None), ("further", tmp_path / "first")):
        plan = bench.series.Plan("small", bench.data.ARMS, (), LISTED, bench.data.Making(), 2, (2,), first)
        model = bench.series.Series(plan, own, tmp_path / name, tmp_path / f"{name}.jsonl", dict).start()
        alphabets.append(set(model.config.alphabet))
    assert alphabets[0] == set("".join(WORDS)) and alphabets[1] == alphabets[0] | set("xyz")


def test_other_options_are_another_run(bench: SimpleNamespace, folder: Path, tmp_path: Path) -> None:
    run_all(bench, folder, tmp_path, "--arms", "real", "--seeds", "0")
    found = run_all(bench, folder, tmp_path, "--arms", "real", "--seeds", "0", "--share", "0.9", "0.1")
    assert len(found) == 2  # no word is stacked in this arm
    with pytest.raises(SystemExit, match="updates 6 -> 5"):
        run_all(bench, folder, tmp_path, "--arms", "real", "--seeds", "0", "--updates", "5")
    found = run_all(
        bench, folder, tmp_path, "--arms", "real", "--seeds", "0", "--updates", "5", "--work", str(tmp_path / "new")
    )
    assert [row["settings"]["updates"] for row in found] == [[2, 3], 6, 5]


def test_stacking_without_a_reader_to_cut_with_names_the_cure(
    bench: SimpleNamespace, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match="give --start"):
        run_all(bench, folder, tmp_path, "--arms", "ours", "--seeds", "0", "--start")


def test_the_picture_has_a_bar_of_its_colour_for_each_arm(bench: SimpleNamespace) -> None:
    sums = {"real": [[30, 100, 9, 20], [10, 50, 3, 10]], "ours": [[10, 100, 4, 20], [8, 50, 2, 10]]}
    runs = [
        {"arm": arm, "seed": 0, "made": 20, "cer": 0.2, "by_writer": own, "curve": [[10, 2.0, 0.5], [20, 1.0, 0.2]]}
        for arm, own in sums.items()
    ]
    out = bench.plot.picture(runs, bench.data.ARMS)
    bars = out[:, bench.plot.CURVES :]
    broad = []
    for arm in sums:
        colour = bench.plot.COLOURS[list(bench.data.ARMS).index(arm)]
        broad.append(int((bars == colour).all(axis=2).sum(axis=1).max()))
    assert abs(broad[0] / broad[1] - (40 / 150) / (18 / 150)) < 0.25


def test_a_sample_keeps_its_scores_out_of_the_published_library(
    bench: SimpleNamespace, words: list[Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    unsure = [replace(word, scores=np.full(len(word.text), 0.1, np.float32)) for word in words]
    monkeypatch.setattr(bench.data, "cut_all", lambda *_: {"greedy midpoints": unsure, "ours": unsure})
    model = CTCModel(CTCConfig("abc"))
    found = bench.data.cut_libraries(words, model, model)
    assert (found["published"].scores == 1).all() and (found["ours"].scores < 0.2).all()


def test_runs_learn(bench: SimpleNamespace, words: list[Sample], tmp_path: Path) -> None:
    torch.set_num_threads(1)
    feed = bench.data.Feed(bench.data.ARMS["real"], words, None, LISTED, bench.data.Making(), 0)
    real = pack(words, 32)
    run = bench.run.Run(feed, real, real, {"updates": 60}, 0, tmp_path)
    run.run(lambda *_: None)
    losses = [row["loss"] for row in run.progress.history]
    assert losses[-1] < 0.8 * losses[0] and run.progress.history[-1]["update"] == run.progress.update >= 60

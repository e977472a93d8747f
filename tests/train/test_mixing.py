"""Who is shown when: every real image once an epoch, stacked words never twice, the same in any number of processes."""

from collections import Counter
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stackmix.corpus import Corpus
from stackmix.generating import Order
from stackmix.train.mixing import Mixture, Schedule, Share, load
from stackmix.train.pictures import Pictures
from stackmix.train.recipes import Shaping
from stackmix.train.streaming import StackedWords

NONE = Pictures((), *[np.array([], str)] * 3)  # type: ignore[arg-type]


@given(st.integers(1, 30), st.integers(1, 9), st.integers(0, 100), st.integers(0, 5))
def test_real_images_come_round_and_stacked_ones_do_not(images: int, batch: int, percent: int, seed: int) -> None:
    schedule = Schedule(images, batch, percent / 100, seed)
    shown = [item for update in range(2 * schedule.per_epoch) for item in schedule.batch_of(update)]
    real = [item.number for item in shown if not item.stacked]
    stacked = [item.number for item in shown if item.stacked]
    assert stacked == list(range(len(stacked))) and [item.draw for item in shown] == list(range(len(shown)))
    assert len(stacked) == 2 * schedule.per_epoch * round(batch * percent / 100)
    if real:
        assert set(Counter(real[: images * (len(real) // images)]).values()) == {len(real) // images}
        assert len(real) >= 2 * images


@given(st.integers(1, 4), st.integers(0, 7))
def test_processes_share_the_batches(processes: int, start: int) -> None:
    schedule = Schedule(11, 6, 0.3, 1)
    shares = [list(Share(schedule, start, 8, rank, processes)) for rank in range(processes)]
    for k, update in enumerate(range(start, 8)):
        together = [item for share in shares for item in share[k]]
        assert sorted(together) == sorted(schedule.batch_of(update)) and len(set(together)) == 6
    assert all(len(share) == 8 - start for share in shares)


def test_a_loader_worker_gives_what_one_process_gives(library_folder: Path) -> None:
    stacked = StackedWords(Order(library_folder, Corpus(["bad", "gone"]), seed=2, height=32), 2**40)
    mixture = Mixture(NONE, stacked, Shaping("kept", 96), seed=1)
    share = Share(Schedule(5, 4, 1.0, 0), 3, 7)
    alone, spread = ([[(s.tobytes(), t) for s, t in b] for b in load(mixture, share, n)] for n in (0, 1))
    assert alone == spread and len(alone) == 4

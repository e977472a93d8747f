"""What the tests of the networks share."""

from collections.abc import Callable, Iterator

import pytest
import torch

from stackmix.train.characters import Characters
from stackmix.train.trocr import TrOCR, small


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """One thread: small networks are slower on several, and results don't depend on how many there are."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def tiny_trocr() -> Callable[[str], TrOCR]:
    """`tiny_trocr("abc")` -> a TrOCR model with that alphabet, 36 patches and 32 channels, the same each time."""

    def make(alphabet: str = "") -> TrOCR:
        torch.manual_seed(0)
        sizes = {"patch_size": 64, "hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2}
        return small(Characters(alphabet), num_hidden_layers=1, **sizes)

    return make

"""What the tests of the networks share."""

from collections.abc import Callable, Iterator

import pytest
import torch

from stackmix.train.characters import Characters
from stackmix.train.shaping import pixels, shaped
from stackmix.train.trocr import TrOCR, small
from stackmix.train.trocr_fitting import labels


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """One thread: small networks are slower on several, and results don't depend on how many there are."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tiny_trocr() -> Callable[[str], TrOCR]:
    """`tiny_trocr("abc")` -> a TrOCR model with that alphabet, for squares of 96 pixels, the same each time."""

    def make(alphabet: str = "") -> TrOCR:
        torch.manual_seed(0)
        sizes = {
            "image_size": 96,
            "patch_size": 16,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_attention_heads": 2,
        }
        return small(Characters(alphabet), num_hidden_layers=1, **sizes)

    return make


WORDS = ["bad", "a", "gone", "on", "abba", "deed", "pond", "an", "b", "peg", "nod", "boggedbeadbag"]


@pytest.fixture(scope="session")
def talker(tiny_trocr: Callable[[str], TrOCR], draw: Callable) -> TrOCR:
    """A tiny model that has learnt twelve drawn words by heart, from one letter to thirteen, and ends them."""
    torch.set_num_threads(1)
    model = tiny_trocr("abdegnop").with_habits(longest=20)
    squares = pixels([shaped(draw(word).image, "kept", model.size) for word in WORDS], model.size)
    heard, said = labels(model.vocabulary, WORDS)
    optimizer = torch.optim.Adam(model.network.parameters(), lr=3e-3)
    model.network.eval()  # no dropout
    for _ in range(150):
        logits = model.network(pixel_values=squares, decoder_input_ids=heard).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), said.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model

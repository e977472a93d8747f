"""Reading with TrOCR: batches of words that are about equally long, a cache, and no work for words that have ended.

A batch takes as many steps as its longest word, so words are sorted by how wide their ink is before they are batched,
and rows that have ended leave the batch and its cache. The texts are those of plain batches in the order of the files.
"""

import inspect
import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache, EncoderDecoderCache

from stackmix.cutting import calibrated
from stackmix.train.characters import spread
from stackmix.train.reading import Reading
from stackmix.train.shaping import measured, pixels
from stackmix.types import Image

if TYPE_CHECKING:
    from stackmix.train.trocr import TrOCR

BATCH = 32  # images
DENSE = 0.75  # share of a batch's rows that still speak; below, the others leave it, which copies its cache
AHEAD = 64  # batches whose images are sorted together: 384 x 384 grey values of each are held


class Said(NamedTuple):
    """The numbers of a text without its end, the chance of each, and that of the end, 1 where it was cut off."""

    numbers: list[int]
    chances: list[float]
    end: float


def read(model: "TrOCR", images: Iterable[Image], batch: int = BATCH) -> list[Reading]:
    """The texts of images with calibrated confidences, in order."""
    return [reading(model, said) for said in say(model, images, batch)]


def reading(model: "TrOCR", said: Said) -> Reading:
    """What was said as a text; a word's confidence starts from the product of all chances, the end's included."""
    text, letters = spread(model.vocabulary, said.numbers, said.chances)
    whole = math.prod(said.chances) * said.end
    own = calibrated(np.array(letters, np.float32), model.habits.letters)
    return Reading(text, float(calibrated(np.array([whole], np.float32), model.habits.words)[0]), tuple(own.tolist()))


def say(model: "TrOCR", images: Iterable[Image], batch: int = BATCH) -> Iterator[Said]:
    """What the model says to each image, in order."""
    rest = iter(images)
    while window := list(islice(rest, batch * AHEAD)):
        squares = [measured(image, model.habits.fit, model.size) for image in window]
        order = np.argsort([-length for _, length in squares], kind="stable")
        found: dict[int, Said] = {}
        for start in range(0, len(order), batch):
            own = order[start : start + batch].tolist()
            found |= zip(own, say_batch(model, [squares[i][0] for i in own]), strict=True)
        yield from (found[i] for i in range(len(window)))


@torch.inference_mode()
def say_batch(model: "TrOCR", squares: list[Image]) -> list[Said]:
    """What the model says to squares of `shaping.shaped`, in one batch."""
    network = model.network
    network.eval()
    states = encode(network, pixels(squares, model.size).to(network.device))
    return greedy(model, states) if model.habits.beams == 1 else beams(model, states)


def encode(network: Any, images: Tensor) -> Tensor:
    """(B, patches, channels) of the image transformer, as the text transformer takes them."""
    states = network.encoder(pixel_values=images)[0]
    return network.enc_to_dec_proj(states) if hasattr(network, "enc_to_dec_proj") else states


def greedy(model: "TrOCR", states: Tensor) -> list[Said]:
    """The likeliest number step by step; rows that have ended leave the batch, the cache too."""
    decoder, end = model.network.decoder, model.vocabulary.end
    cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
    cached = {cache_name(decoder): cache, "use_cache": True}
    said = [Said([], [], 0.0) for _ in states]
    alive = list(range(len(states)))  # which image a row of the batch is
    last = torch.full((len(alive), 1), model.vocabulary.start, device=states.device)
    for _ in range(model.habits.longest):
        # behind the first step the cross attention is cached, and of `states` only the number of rows counts
        logits = decoder(input_ids=last, encoder_hidden_states=states[: len(alive)], **cached).logits[:, -1]
        chance, best = logits.float().softmax(dim=-1).max(dim=-1)
        for row, number, p in zip(alive, best.tolist(), chance.tolist(), strict=True):
            if said[row].end:
                continue
            if number == end:
                said[row] = said[row]._replace(end=p)
            else:
                said[row].numbers.append(number)
                said[row].chances.append(p)
        kept = [k for k, row in enumerate(alive) if not said[row].end]
        if not kept:
            break
        if len(kept) <= DENSE * len(alive):
            rows = torch.tensor(kept, device=states.device)
            cache.batch_select_indices(rows)
            alive, best = [alive[k] for k in kept], best[rows]
        last = best[:, None]
    return [own if own.end else own._replace(end=1.0) for own in said]


def beams(model: "TrOCR", states: Tensor) -> list[Said]:
    """Beam search of transformers; the chances are those of its text, said once more."""
    from transformers.modeling_outputs import BaseModelOutput

    habits, vocabulary = model.habits, model.vocabulary
    found = model.network.generate(
        encoder_outputs=BaseModelOutput(last_hidden_state=states),
        max_length=habits.longest,
        num_beams=habits.beams,
        length_penalty=habits.length_penalty,
        no_repeat_ngram_size=habits.no_repeat,
        do_sample=False,
    )
    logits = model.network.decoder(input_ids=found[:, :-1], encoder_hidden_states=states).logits
    chances = logits.float().softmax(dim=-1).gather(2, found[:, 1:, None])[..., 0]
    said = []
    for numbers, own in zip(found[:, 1:].tolist(), chances.tolist(), strict=True):
        stop = numbers.index(vocabulary.end) if vocabulary.end in numbers else None
        said.append(Said(numbers[:stop], own[:stop], 1.0 if stop is None else own[stop]))
    return said


def cache_name(decoder: Any) -> str:
    """What a decoder calls its cache: transformers 5.24 renames `past_key_values` to `cache`."""
    known = inspect.signature(decoder.forward).parameters
    return "cache" if "cache" in known else "past_key_values"

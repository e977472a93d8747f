"""From sample folders to the folder of a TrOCR model: what `stackmix train trocr` does, in each of its processes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from accelerate import Accelerator

from stackmix.staging import partial_of, whole_folder
from stackmix.train.calibrating import fit_logistic, read_right
from stackmix.train.characters import refuse_unknown
from stackmix.train.ctc import languages_of
from stackmix.train.generating import reading, say
from stackmix.train.pictures import Pictures, find_pictures
from stackmix.train.recipes import Recipe
from stackmix.train.splitting import held_out
from stackmix.train.streaming import StackedWords
from stackmix.train.trocr import TrOCR, open_model
from stackmix.train.trocr_fitting import CHECKPOINT, Fitting, accelerate
from stackmix.types import DataError

if TYPE_CHECKING:
    from tqdm import tqdm

    from stackmix.generating import Order

ENDLESS = 2**40  # stacked words never run out


def train_trocr(
    data: list[Path],
    out: Path,
    recipe: Recipe,
    *,
    init: str,
    characters: bool = False,
    order: "Order | None" = None,
    workers: int = 0,
    resume: bool = False,
    bar: "tqdm[Any]",
) -> str:
    """Train a TrOCR model into the folder `out`; returns a line on how it went, which the first process may print.

    init: as in `open_model`. characters: an alphabet instead of the model's tokenizer. order: stacked words to mix in.
    """
    accelerator = accelerate()
    with staged(out, accelerator, resume) as folder:
        bar.set_description("reading")
        pictures, left_out = find_pictures(data, bar.update)
        train, val, how = held_out(pictures)
        torch.manual_seed(recipe.seed)  # for the rows of new characters
        texts = [*train.texts.tolist(), *val.texts.tolist(), *(order.corpus.items if order else [])]
        model = made_ready(open_model(init), texts, recipe, characters)
        stacked = StackedWords(order, ENDLESS) if order else None
        fitting = Fitting(model, train, val, recipe, folder, stacked=stacked, workers=workers, accelerator=accelerator)
        fitting.restore()
        bar.reset(total=fitting.schedule.per_epoch * recipe.epochs * recipe.batch)
        bar.update(fitting.progress.update * recipe.batch)

        def tick(images: int, message: str) -> None:
            bar.set_description(message, refresh=False)
            bar.update(images)

        best = fitting.run(tick)
        if accelerator.is_main_process:
            calibrate(best, val).save_pretrained(folder)
            _write_history(fitting, folder, left_out)
            (folder / CHECKPOINT).unlink()
    counts = f"on {len(val):,} images of {how}, trained on {len(train):,}"
    return f"CER {fitting.progress.best_cer:.3f} {counts}" + (f"; left out: {len(left_out)}" if left_out else "")


@contextmanager
def staged(out: Path, accelerator: Accelerator, resume: bool) -> Iterator[Path]:
    """`whole_folder(out)` of the first process; the others wait until it is there, and write nothing."""
    if not accelerator.is_main_process:
        accelerator.wait_for_everyone()
        yield partial_of(out)
        return
    with whole_folder(out, resumable=True, resume=resume) as folder:
        accelerator.wait_for_everyone()
        yield folder


def made_ready(model: TrOCR, texts: list[str], recipe: Recipe, characters: bool) -> TrOCR:
    """A model that can spell the texts and reads as the recipe says; DataError for what it cannot say."""
    model = model.spelled(texts, anew=characters)
    refuse_unknown(model.vocabulary, texts)
    places = model.positions - 2
    for text, count in ((text, len(model.vocabulary.encode(text))) for text in texts):
        if count > places:
            named = f"{text[:40]!r}{'...' * (len(text) > 40)}"
            raise DataError(f"the label {named} is {count} pieces long and the model says {places}: split the line")
    longest = max((len(model.vocabulary.encode(text)) for text in texts), default=1)
    languages = languages_of("".join(texts))
    habits = recipe.habits(languages, longest, places)
    return TrOCR(model.network, model.vocabulary, languages, habits)


def calibrate(model: TrOCR, val: Pictures) -> TrOCR:
    """The model with confidences fitted to how often it reads letters and words of the validation set right."""
    raw = model.with_habits(letters=(1.0, 0.0), words=(1.0, 0.0))
    found = [reading(raw, said) for said in say(raw, val.images())]
    true = val.texts.tolist()
    right = [read_right(own.text, text) for own, text in zip(found, true, strict=True)]
    letters = [np.array(own.letters) for own in found]
    words = np.array([own.confidence for own in found])
    return model.with_habits(
        letters=fit_logistic(np.concatenate(letters), np.concatenate(right)),
        words=fit_logistic(words, np.array([own.text == text for own, text in zip(found, true, strict=True)])),
    )


def _write_history(fitting: Fitting, folder: Path, left_out: list[str]) -> None:
    """Write training.json: the recipe, the loss of each update and, for each epoch, loss and validation CER."""
    content = {
        "recipe": asdict(fitting.recipe),
        "train_images": len(fitting.mixture.pictures),
        "val_images": len(fitting.val),
        "left_out": left_out,
        "history": fitting.progress.history,
        "losses": [round(loss, 4) for loss in fitting.progress.losses],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    (folder / "training.json").write_text(text, encoding="utf-8", newline="\n")

"""Write a whole data set of stacked words or lines chunk by chunk, with any number of workers, resumable.

Sample i draws from `default_rng([seed, i])` alone, so the same seed gives the same bytes. A chunk of samples counts as
done when its metadata file stands under its final name; `run.json` holds all that the bytes depend on, and a run
resumes only where it is the same.
"""

import hashlib
import json
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

import stackmix
from stackmix import images, samples
from stackmix.corpus import Corpus, balance
from stackmix.formats import Format, Written, format_of
from stackmix.library import FILE, LetterLibrary
from stackmix.looks import looks_of
from stackmix.papers import PAPERS
from stackmix.rejects import Rejects, letter_id, without
from stackmix.rendering import Look, Renderer
from stackmix.staging import whole_folder, write_whole
from stackmix.synthesis import Stacker
from stackmix.types import DataError, Image, Word, is_test

RUN = "run.json"
SUFFIX = ".jpg"
BARE = Look()  # black on white


class Marks(Protocol):
    """Lays marks on an image (H, W) or (H, W, 3) uint8, drawn from rng.

    It is pickled for the workers; its `share` is kept in run.json.
    """

    @property
    def share(self) -> float: ...

    def __call__(self, image: Image, rng: np.random.Generator) -> Image: ...


@dataclass(frozen=True, slots=True)
class Order:
    """What to write. count: samples, None for each item once. balanced: draw items so that characters even out.

    rejects: letters of the library that are not stacked. hand, choice, temperature: as in `Stacker.stack`. look: paper
    and ink. format: as in `stackmix.formats`. marks: what is laid on each image, None for nothing.
    """

    library: Path
    corpus: Corpus
    unit: str = "word"
    count: int | None = None
    seed: int = 0
    height: int = 64
    balanced: bool = False
    rejects: Rejects = frozenset()
    hand: Literal["one", "mixed"] = "one"
    choice: Literal["units", "random"] = "units"
    temperature: float = 1.0
    look: Look = BARE
    format: Literal["imagefolder", "parquet"] = "imagefolder"
    marks: Marks | None = None

    @property
    def total(self) -> int:
        """Samples to write."""
        return len(self.corpus.items) if self.count is None else self.count

    def chances(self) -> NDArray[np.float64] | None:
        """(N,) rising sums of the items' chances where they are balanced."""
        return np.cumsum(balance(self.corpus.items)) if self.balanced else None


def open_library(folder: Path, rejects: Rejects = frozenset()) -> LetterLibrary:
    """The library to stack from, its rejected letters taken out; DataError for letters of a test split."""
    library = LetterLibrary.load(folder)
    refuse_test(library, folder)
    return without(library, rejects)


def refuse_test(library: LetterLibrary, folder: Path) -> None:
    """DataError for letters of a test split."""
    if is_test(library.split):
        why = f"holds letters of the {library.split} split, which would be trained on"
        raise DataError(f"{folder} {why}: cut a library from train with `stackmix cut --split train`")


class Writer:
    """Makes sample i of an order: `Writer(order).word(7)`, and whole chunks of them on disk."""

    def __init__(self, order: Order, library: LetterLibrary | None = None) -> None:
        self.order = order
        self.library = library or open_library(order.library, order.rejects)
        self.stacker = Stacker(self.library, order.height)
        self.chances = order.chances()
        rack = self.stacker.rack
        self.renderer = Renderer(order.look, order.height, rack.x_height, rack.baseline, order.seed)
        self.looks = looks_of(self.library) if order.look.needs_source else None
        self.places = {id: i for i, id in enumerate(self.library.ids)} if self.looks else {}

    def word(self, i: int) -> Word:
        """Sample i: item i of the corpus, then, behind its end or where balanced, an item drawn by the seed."""
        order = self.order
        items = order.corpus.items
        rng = np.random.default_rng([order.seed, i])
        if self.chances is not None:
            text = items[min(int(np.searchsorted(self.chances, rng.random())), len(items) - 1)]
        else:
            text = items[i] if i < len(items) else items[rng.integers(len(items))]
        word = self.stacker.stack(text, rng, choice=order.choice, hand=order.hand, temperature=order.temperature)
        image = word.image
        if not order.look.bare:
            source = self.looks.source(self.places[word.pieces[0][0]]) if self.looks else None
            image = self.renderer.render(255 - image, rng, source)
        if order.marks:
            image = order.marks(image, rng)
        return word if image is word.image else replace(word, image=image)

    def chunk(self, target: Format, number: int) -> int:
        """Write one chunk of samples; returns their number."""
        numbers = range(number * target.chunk, min((number + 1) * target.chunk, self.order.total))
        target.write(number, [self._written(i) for i in numbers])
        return len(numbers)

    def _written(self, i: int) -> Written:
        word = self.word(i)
        try:
            return Written(i, images.encode(word.image, SUFFIX, 95), _row(word, f"{i:08d}"))
        except DataError as error:  # JPEG ends at 65,535 columns
            raise DataError(f"{word.text[:60]!r}: {error}; split the line") from None


def _row(word: Word, name: str) -> dict[str, Any]:
    hands = Counter(writer for *_, writer in word.pieces)
    return {
        "text": word.text,
        "id": name,
        "writer": hands.most_common(1)[0][0],
        "source": "stackmix",
        "borders": word.borders.tolist(),
        "polygons": [[[a, b], [c, b], [c, d], [a, d]] for a, b, c, d in word.boxes.tolist()],
        "pieces": [{"id": i, "first": first, "letters": n, "writer": w} for i, first, n, w in word.pieces],
    }


def generate(
    order: Order,
    out: Path,
    *,
    library: LetterLibrary | None = None,
    workers: int = 1,
    resume: bool = False,
    tick: Callable[[int], None],
) -> None:
    """Write the order to the sample folder `out`; `tick(n)` is called for every n samples that are done.

    library: the order's, without its rejects, where it is open already; each further worker opens it for itself.
    Raises DataError where `out` exists, where resume finds a run of other options, or for letters of a test split.
    """
    library = library or open_library(order.library, order.rejects)
    refuse_test(library, order.library)
    about = manifest(order, library)
    with whole_folder(out, resumable=True, resume=resume) as folder:
        agree(folder / RUN, about)
        target = format_of(order.format, folder, library.split, SUFFIX, order.total)
        numbers = range(-(-order.total // target.chunk))
        todo = sorted((n for n in numbers if not target.is_done(n)), key=target.turn)
        tick(order.total - sum(min(target.chunk, order.total - n * target.chunk) for n in todo))
        for done in run(Writer, order, library, target, todo, workers):
            tick(done)
        target.finish(len(numbers))
        _write_card(order, folder, library.split, about)
        target.tidy()


def manifest(order: Order, library: LetterLibrary) -> dict[str, Any]:
    """All that the bytes of a run depend on, and what became of the corpus."""
    corpus = order.corpus
    return {
        "stackmix": stackmix.__version__,
        **provenance(order.library, library, corpus),
        **{k: v for k, v in asdict(order).items() if k in ("unit", "seed", "height", "balanced")},
        **{k: v for k, v in asdict(order).items() if k in ("hand", "choice", "temperature", "format")},
        "paper": [_paper(name) for name in order.look.papers],
        "ink": list(order.look.inks),
        "count": order.total,
        **left_out(corpus, order.rejects),
        **({"blots": order.marks.share} if order.marks else {}),
    }


def provenance(folder: Path, library: LetterLibrary, corpus: Corpus) -> dict[str, Any]:
    """Which letters a run is made of, and which texts."""
    return {
        "library": {
            "name": folder.name,
            "sha256": hashlib.sha256((folder / FILE).read_bytes()).hexdigest(),
            "split": library.split,
            "sources": sorted(set(library.sources)),
        },
        "corpus": {"items": len(corpus.items), "sha256": hashlib.sha256("\n".join(corpus.items).encode()).hexdigest()},
    }


def left_out(corpus: Corpus, rejects: Rejects) -> dict[str, Any]:
    """Which letters and which texts a run does without."""
    return {
        "rejects": _digest(rejects) if rejects else None,
        "replaced": {f"{a} -> {b}": n for (a, b), n in sorted(corpus.replaced.items())},
        "skipped_items": corpus.skipped_items,
        "missing_characters": dict(sorted(corpus.skipped.items())),
    }


def _paper(name: str) -> str | dict[str, str]:
    """A paper's name; of a folder of photos what they hold too."""
    if name in PAPERS:
        return name
    photos = sorted(path for path in Path(name).iterdir() if path.is_file())
    digest = hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in photos))
    return {"folder": Path(name).name, "sha256": digest.hexdigest()}


def _digest(rejects: Rejects) -> dict[str, Any]:
    ids = "\n".join(letter_id(*item) for item in sorted(rejects))
    return {"letters": len(rejects), "sha256": hashlib.sha256(ids.encode()).hexdigest()}


def agree(path: Path, about: dict[str, Any]) -> None:
    """Write the manifest, or compare it with the one of the run that is being resumed."""
    if not path.exists():
        write_whole(path, (json.dumps(about, ensure_ascii=False, indent=1) + "\n").encode())
        return
    then = json.loads(path.read_text(encoding="utf-8"))
    if changed := sorted(k for k in {**then, **about} if about.get(k) != then.get(k)):
        values = "; ".join(f"{k}: {then.get(k)} then, {about.get(k)} now" for k in changed)
        raise DataError(f"{path.parent} is a run with other options ({values}): repeat them, or remove it")


class Chunks(Protocol):
    """Writes whole chunks of a run."""

    def chunk(self, target: Any, number: int) -> int: ...


_writer: Chunks | None = None


def _start(make: Callable[..., Chunks], order: Any) -> None:
    global _writer
    _writer = make(order)


def _chunk(target: Any, number: int) -> int:
    assert _writer is not None
    return _writer.chunk(target, number)


def run(
    make: Callable[..., Chunks], order: Any, library: LetterLibrary, target: Any, todo: list[int], workers: int
) -> Iterator[int]:
    """Write the chunks `todo` of a target; yields how many samples each has.

    make: `make(order, library)` here, `make(order)` in each of further workers.
    """
    if workers == 1 or len(todo) < 2:
        if todo:
            writer = make(order, library)
            yield from (writer.chunk(target, number) for number in todo)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(make, order)) as pool:
        try:
            yield from pool.map(_chunk, [target] * len(todo), todo)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _write_card(order: Order, folder: Path, split: str, about: dict[str, Any]) -> None:
    body = (
        f"{order.total} {order.unit}s of height {order.height}, stacked by stackmix {stackmix.__version__} "
        f"with seed {order.seed} out of letters of {', '.join(about['library']['sources'])} "
        f"({split} split). All options stand in `{RUN}`."
    )
    write_whole(folder / "README.md", samples.card("Stacked handwriting", [split], body).encode())

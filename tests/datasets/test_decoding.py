"""Items to samples: in order, from threads, each page decoded once, and what is broken named."""

import io
import threading
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image as Pictures

from stackmix import images, pages
from stackmix.datasets import decoding
from stackmix.datasets.decoding import Item, Left, Sheet
from stackmix.datasets.reporting import Report
from stackmix.datasets.storage import Memory
from stackmix.types import Region

RNG = np.random.default_rng(0)


class Shelf(Memory):
    """Files in memory that count how often they are read, and by which thread."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.reads, self.threads = files, Counter(), set()

    def size(self, name: str) -> int:
        return len(self.files.get(name, b""))

    def read(self, name: str) -> bytes:
        self.reads[name] += 1
        self.threads.add(threading.get_ident())
        if name not in self.files:
            raise FileNotFoundError(name)
        return self.files[name]


def noise(height: int = 20, width: int = 30) -> np.ndarray:
    return RNG.integers(0, 256, (height, width), dtype=np.uint8)


def test_the_order_is_that_of_the_recipe_and_two_threads_work() -> None:
    shelf = Shelf({str(k): images.encode(noise(20 + k % 90, 30)) for k in range(300)})
    entries = [Left("why", "x"), *(Item(shelf, str(k), f"t{k}", str(k)) for k in range(300)), Left("why", "y")]
    report = Report()
    found = list(decoding.read(entries, report))
    assert [s.id for s in found] == [str(k) for k in range(300)] and report.skipped == {"why": ["x", "y"]}
    assert all(np.array_equal(s.image, images.decode(shelf.files[s.id])) for s in found)
    assert len(shelf.threads) == 2 and threading.get_ident() not in shelf.threads


def test_a_page_is_decoded_once_for_its_words() -> None:
    page = noise(200, 300)
    shelf = Shelf({"a": images.encode(page), "b": images.encode(page)})
    boxes = [pages.box(x, 10, 20, 15) for x in range(0, 280, 7)]
    entries = [Item(shelf, name, "t", f"{name}{k}", box) for name in "ab" for k, box in enumerate(boxes)]
    found = list(decoding.read(entries))
    assert shelf.reads == {"a": 1, "b": 1} and len(found) == 80
    assert np.array_equal(found[1].image, page[10:25, 7:27]) and found[0].image.base is None


def test_a_recipe_is_read_only_a_little_ahead() -> None:
    seen = 0
    data = images.encode(noise())

    def endless() -> Iterator[Item]:
        nonlocal seen
        while True:
            seen += 1
            yield Item(Memory(data), "a", "t", str(seen))

    found = decoding.read(endless())
    next(found)
    found.close()
    assert seen <= (decoding.AHEAD + 2) * decoding.GROUP


def test_large_files_are_not_gathered() -> None:
    class Large(Shelf):
        def size(self, name: str) -> int:
            return 3_000_000

    shelf = Large({})
    groups = list(decoding._groups(Item(shelf, str(k // 2), "t", str(k)) for k in range(8)))
    assert [[item.id for item in group] for group in groups] == [["0", "1"], ["2", "3"], ["4", "5"], ["6", "7"]]


def bomb() -> bytes:
    data = bytearray(images.encode(noise()))
    data[16:24] = (30_000).to_bytes(4, "big") * 2
    return bytes(data)


def test_what_cannot_be_opened_is_named_with_its_reason() -> None:
    flat = images.encode(np.full((9, 9), 200, np.uint8))
    shelf = Shelf({"broken": b"?", "half": images.encode(noise())[:-20], "bomb": bomb(), "flat": flat, "good": flat})
    entries = [Item(shelf, name, "t", name) for name in ("broken", "half", "bomb", "flat", "absent")]
    entries.append(Item(shelf, "good", "t", "off", pages.box(50, 50, 5, 5)))
    entries.append(Item(shelf, "good", "t", "wide", pages.box(0, 0, 5, 5), size=(18, 9)))
    report = Report()
    assert list(decoding.read(entries, report)) == []
    assert report.skipped == {
        "broken image": ["broken", "half"], "image over the limit of pixels": ["bomb"], "no ink": ["flat"],
        "missing image": ["absent"], "no box": ["off"], "image of another shape than annotated": ["wide"],
    }  # fmt: skip


def test_polygons_are_scaled_to_the_picture() -> None:
    page = noise(100, 200)
    shelf = Shelf({"a": images.encode(page)})
    (sample,) = decoding.read([Item(shelf, "a", "t", "a", pages.box(40, 20, 100, 60), size=(400, 200))])
    assert np.array_equal(sample.image, page[10:40, 20:70])
    (opened,) = decoding.read_pages([Sheet(shelf, "a", (Region(pages.box(40, 20, 100, 60)),), "a", size=(400, 200))])
    assert opened.regions[0].polygon.tolist() == pages.box(20, 10, 50, 30).tolist()


def test_a_photo_annotated_as_the_camera_stored_it_is_left_lying() -> None:
    exif, data = Pictures.Exif(), io.BytesIO()
    exif[0x0112] = 6
    Pictures.fromarray(noise(20, 40)).save(data, "png", exif=exif)
    for size, shape in (((40, 20), (20, 40)), ((20, 40), (40, 20)), ((0, 0), (40, 20))):
        (page,) = decoding.read_pages([Sheet(Memory(data.getvalue()), "a", (), "a", size=size)])
        assert page.image.shape == shape


def test_a_printed_head_is_cut_off_and_specks_are_not() -> None:
    page = np.full((300, 200), 250, np.uint8)
    page[200:220, 20:180:3] = 40
    page[5, 5] = 0
    region = Region(pages.box(20, 200, 160, 20))
    for printed in (False, True):
        page[50:60, 20:180:2] = 0 if printed else 250
        (found,) = decoding.read_pages([Sheet(Memory(images.encode(page)), "a", (region,), "a", headed=True)])
        assert found.image.shape == ((110, 200) if printed else (300, 200))
        top = found.regions[0].polygon[0, 1]
        assert top == (10 if printed else 200) and (found.image[int(top), 20:180:3] == 40).all()


def test_an_error_in_the_recipe_comes_through() -> None:
    def failing() -> Iterator[Item]:
        yield Item(Memory(images.encode(noise())), "a", "t", "a")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(decoding.read(failing()))

"""Where the files of a raw data set lie: a folder or a zip archive, listed once; only what is listed can be opened.

Names come out of label files and annotations that strangers wrote: `img\\1.PNG`, `/etc/passwd`, `../../x.png`. A name
is looked up in the listing, never joined to a path, so it cannot lead out of the folder or the archive. An archive is
read in place; nothing of it is unpacked.
"""

import os
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from stackmix.types import DataError

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif")
MOST_BYTES = 1 << 30  # of one file in an archive, which may claim any size
OUTSIDE = "path outside the folder"


class Store(Protocol):
    """Files by name. outside: names in it that lead out of it, which are never opened."""

    outside: list[str]

    def names(self) -> list[str]: ...
    def find(self, name: str) -> str | None: ...
    def size(self, name: str) -> int: ...
    def read(self, name: str) -> bytes: ...


def leads_out(name: str) -> bool:
    """Whether a name is an absolute path, has a drive, or climbs: `C:\\a.png`, `/a.png`, `x/../../a.png`."""
    slashes = name.replace("\\", "/")
    return slashes.startswith("/") or re.match(r"[A-Za-z]:", name) is not None or ".." in slashes.split("/")


def is_picture(name: str) -> bool:
    return name.lower().endswith(PICTURES)


def stem(name: str) -> str:
    """A file's name without folders and suffix."""
    return name.rsplit("/", 1)[-1].rsplit(".", 1)[0]


class Listing:
    """Names of files with `/` between folders, found by any spelling: `A\\B.png` is a/b.PNG, й in one sign or two.

    bare: a name without its folders is found too, where only one file has it.
    """

    def __init__(self, names: Iterator[str], bare: bool) -> None:
        self._names = sorted(names)
        self._found: dict[str, str | None] = {}
        self._several: set[str] = set()
        for name in self._names:
            self._found[_plain(name)] = name
        for name in self._names:
            self._found.setdefault(_plain(name).casefold(), name)
        if bare:
            self._add_bare()

    def _add_bare(self) -> None:
        tails: dict[str, str | None] = {}
        for name in self._names:
            tail = _plain(name).casefold().rsplit("/", 1)[-1]
            if tail in tails:
                self._several.add(tail)
            tails[tail] = None if tail in tails else name
        for tail, only in tails.items():
            self._found.setdefault(tail, only)

    def names(self) -> list[str]:
        return self._names

    def why_not(self, name: str) -> str:
        """The reason that a label is left out for, whose picture is not found."""
        if leads_out(name):
            return OUTSIDE
        return "name of several images" if _plain(name).casefold() in self._several else "label without image"

    def find(self, name: str) -> str | None:
        """The name as the disk or the archive has it; None where there is no such file, or a name leads out."""
        plain = _plain(name)
        return self._found.get(plain) or self._found.get(plain.casefold())


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name.replace("\\", "/")).removeprefix("./")


class Folder(Listing):
    """The files below a folder. Links to files outside it are listed in `outside`, links to folders not followed.

    suffixes: only these, lower case; hidden files are passed over.
    """

    def __init__(self, root: Path, suffixes: tuple[str, ...] = PICTURES, bare: bool = False) -> None:
        self.root = root
        self.outside: list[str] = []
        super().__init__(self._walk(root, suffixes), bare)

    def _walk(self, root: Path, suffixes: tuple[str, ...]) -> Iterator[str]:
        home = root.resolve()
        for folder, below, files in os.walk(root):
            below[:] = [name for name in below if not name.startswith((".", "__MACOSX"))]
            start = Path(folder).relative_to(root).as_posix()
            for name in files:
                if name.startswith(".") or not name.lower().endswith(suffixes):
                    continue
                path = name if start == "." else f"{start}/{name}"
                full = os.path.join(folder, name)  # noqa: PTH118, 100,000 times
                if os.path.islink(full) and not Path(full).resolve().is_relative_to(home):  # noqa: PTH114
                    self.outside.append(path)
                else:
                    yield path

    def size(self, name: str) -> int:
        try:
            return os.stat(f"{self.root}/{name}").st_size  # noqa: PTH116
        except OSError:
            return 0

    def read(self, name: str) -> bytes:
        with open(f"{self.root}/{name}", "rb") as file:  # noqa: PTH123
            return file.read()


class Archive(Listing):
    """The files in a zip archive, read in place; a name is found without its folders too, where it is the only one."""

    def __init__(self, path: Path) -> None:
        self.outside: list[str] = []
        try:
            self.zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise DataError(f"{path} is no whole zip archive ({error}): download it again") from None
        super().__init__(self._inside(), bare=True)

    def _inside(self) -> Iterator[str]:
        for name in self.zip.namelist():
            if leads_out(name):
                self.outside.append(name)
            elif is_picture(name) and not re.search(r"(^|/)(\.|__MACOSX)", name):
                yield name

    def size(self, name: str) -> int:
        return self.zip.getinfo(name).file_size

    def read(self, name: str) -> bytes:
        """The bytes of one file; DataError for one that is broken, encrypted or over a gigabyte."""
        if self.size(name) > MOST_BYTES:
            raise DataError(f"{name} in {self.zip.filename} is over {MOST_BYTES:,} bytes")
        try:
            return self.zip.read(name)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, NotImplementedError) as error:
            raise DataError(f"{name} in {self.zip.filename}: {error}") from None


class Memory:
    """One file that has been read already, as a row of a table brings it."""

    outside: list[str] = []  # noqa: RUF012

    def __init__(self, data: bytes) -> None:
        self.data = data

    def names(self) -> list[str]:
        return [""]

    def find(self, name: str) -> str | None:
        return name or None

    def size(self, name: str) -> int:
        return len(self.data)

    def read(self, name: str) -> bytes:
        return self.data

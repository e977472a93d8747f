"""The members of a large JSON file one by one, so that a file of 200 MB is never in memory as a whole.

    {"images": [{"id": 1}, {"id": 2}], "info": "x"}   ->   ("images", {"id": 1}), ("images", {"id": 2}), ("info", "x")

The standard library decodes a value at a time (`JSONDecoder.raw_decode`); this feeds it from a sliding buffer.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from stackmix.types import DataError

CHUNK = 1 << 18  # characters read at a time
LONGEST = 1 << 26  # characters of one value; past that a file is taken for broken rather than read to its end
_BLANK = " \t\r\n"
_ENDS = tuple(_BLANK + ",:]}")  # what may stand behind a value


def members(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield (key, value) of the object in a file, and for a value that is a list (key, element) for each element.

    Raises DataError that names the file for anything that is no JSON object, or no UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from _object(_Text(file))
    except json.JSONDecodeError as error:
        raise DataError(f"{path} is no JSON object: {error.msg} near {_around(error)}") from None
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise DataError(f"{path}: {error.reason} at a byte 0x{byte:02x}; save it as UTF-8") from None


def _around(error: json.JSONDecodeError) -> str:
    return repr(error.doc[error.pos : error.pos + 40])


def _object(text: "_Text") -> Iterator[tuple[str, Any]]:
    text.take("{")
    while text.peek() != "}":
        key = text.value()
        if not isinstance(key, str):
            raise text.wrong("a key is no string")
        text.take(":")
        if text.peek() == "[":
            yield from ((key, element) for element in _list(text))
        else:
            yield key, text.value()
        text.comma("}")
    text.take("}")
    if text.peek():
        raise text.wrong("it goes on after its end")


def _list(text: "_Text") -> Iterator[Any]:
    text.take("[")
    while text.peek() != "]":
        yield text.value()
        text.comma("]")
    text.take("]")


class _Text:
    """A window on a text file that moves forward over whole JSON values."""

    def __init__(self, file: TextIO) -> None:
        self.file, self.buffer, self.at = file, "", 0
        self.decoder = json.JSONDecoder()

    def more(self) -> bool:
        """Read on, dropping what was passed; False at the end of the file. Doubling keeps long values linear."""
        chunk = self.file.read(max(CHUNK, len(self.buffer) - self.at))
        self.buffer, self.at = self.buffer[self.at :] + chunk, 0
        return bool(chunk)

    def peek(self) -> str:
        """The next character that is no blank, "" at the end."""
        while True:
            while self.at < len(self.buffer) and self.buffer[self.at] in _BLANK:
                self.at += 1
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if not self.more():
                return ""

    def take(self, sign: str) -> None:
        if self.peek() != sign:
            raise self.wrong(f"{sign!r} is missing")
        self.at += 1

    def comma(self, end: str) -> None:
        """Pass the comma between two members; before the end there is none."""
        if self.peek() != end:
            self.take(",")
            if self.peek() == end:
                raise self.wrong(f"',' before {end!r}")

    def value(self) -> Any:
        """Decode the next value; one that no sign behind it ends might go on (`1` of `1.5`)."""
        self.peek()
        while True:
            try:
                value, end = self.decoder.raw_decode(self.buffer, self.at)
            except json.JSONDecodeError:
                if len(self.buffer) - self.at > LONGEST or not self.more():
                    raise
                continue
            except RecursionError:
                raise self.wrong("it is nested too deep") from None
            length = end - self.at
            if self.buffer[end : end + 1] in _ENDS or not self.more():
                self.at += length
                return value

    def wrong(self, why: str) -> json.JSONDecodeError:
        return json.JSONDecodeError(why, self.buffer, self.at)

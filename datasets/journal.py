"""What an interrupted run has done already: one line for each entry that was opened, kept in `OUT.partial`.

    {"order": {"kind": "hkr", "raw": "HKR", ...}}
    ["0_0_0", ".jpg", 2381, 154, 61, 0]      written: suffix, bytes, width, height, rows cut off above
    ["0_0_1", "broken image"]                left out

A resumed run names all entries again and passes over those that stand here, so its report and its rows are the same.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from stackmix.datasets.decoding import Entry, Known, Left
from stackmix.types import DataError

FILE = "progress.jsonl"
FLUSH = 64  # lines after which they are handed to the system


class Journal:
    """The lines of an earlier run of the same order, and those of this one behind them."""

    def __init__(self, folder: Path, order: dict[str, Any]) -> None:
        """Open the journal of a folder, which may have none yet; DataError where another order stands in it."""
        self.folder, self.lines, self.count = folder, [], 0
        head = json.dumps({"order": order}, ensure_ascii=False)
        path = folder / FILE
        whole = path.read_bytes().rpartition(b"\n")[0].splitlines() if path.exists() else []
        if whole and json.loads(whole[0]) != json.loads(head):
            raise DataError(f"{folder} was begun by another command: repeat that one, or remove it")
        self.lines = [tuple(json.loads(line)) for line in whole[1:]]
        self.file = path.open("wb")
        self.file.write(b"".join(line + b"\n" for line in whole or [head.encode()]))  # without a torn last line
        self.file.flush()

    def known(self, found: Iterable[Entry]) -> Iterator[Entry | Known]:
        """The entries of a recipe, those dealt with before as `Known`; DataError where it names others now."""
        number = 0
        for entry in found:
            if isinstance(entry, Left):
                yield Known(entry, ())
                continue
            if number < len(self.lines):
                if self.lines[number][0] != entry.id:
                    why = "RAW has changed since the run was interrupted, what it wrote is removed"
                    raise DataError(f"{self.folder}: {why}: begin again without --resume")
                yield Known(entry, self.lines[number][1:])
            else:
                yield entry
            number += 1

    def add(self, *line: Any) -> None:
        """Note that one more entry is dealt with, its file being written."""
        self.file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self.count += 1
        if self.count % FLUSH == 0:
            self.file.flush()

    def close(self) -> None:
        self.file.close()

"""Letters that are never stacked: a list of their ids, made by looking at `stackmix inspect --letter`.

    a01-000u-00-03:2<TAB>0.0312
    # a remark
    b02-001-01-00:0

An id is SAMPLE:POSITION, the letter's place in its sample's text, from 0. To reject a letter is to set its score to 0.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from stackmix.library import LetterLibrary, usable
from stackmix.pieces import PieceIndex
from stackmix.types import DataError

Rejects = frozenset[tuple[str, int]]  # (sample id, position)
NAMED = 3  # ids in a message


def letter_id(sample: str, position: int) -> str:
    """`letter_id("a01-000u-00-03", 2)` -> "a01-000u-00-03:2"."""
    return f"{sample}:{position}"


def read(path: Path) -> Rejects:
    """The ids in a UTF-8 file, one a line; a tab and what follows it is ignored, so are empty lines and # remarks.

    Raises DataError naming the line that holds something else.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}, offset {error.start}: {error.reason}; save it as UTF-8") from None
    found = set()
    for number, line in enumerate(lines, 1):
        text = line.split("\t")[0].strip()
        if not text or line.startswith("#"):
            continue
        parts = re.fullmatch(r"(.+):([0-9]{1,9})", text)  # the sample's id may hold colons too
        if parts is None:
            raise DataError(f"{path}, line {number}: {text!r} is no letter id like SAMPLE:POSITION")
        found.add((parts[1], int(parts[2])))
    return frozenset(found)


def letters_of(library: LetterLibrary) -> dict[str, int]:
    """How many letters each sample of a library has, by the sample's id."""
    return {sample: len(text) for sample, text in zip(library.ids, library.texts, strict=True)}


def unknown(rejects: Rejects, letters: Mapping[str, int]) -> list[str]:
    """The ids, sorted, that stand for no letter; letters: how many each sample has, by the sample's id."""
    return [letter_id(*item) for item in sorted(rejects) if item[1] >= letters.get(item[0], 0)]


def strangers(rejects: Rejects, letters: Mapping[str, int], where: str) -> str:
    """A line on the ids that are not in `where`: "2 rejected letters are not in letters/iam: a:1, b:0"; "" for none.

    Raises DataError where there are ids and not one of them is known.
    """
    strange = unknown(rejects, letters)
    if strange and len(strange) == len(rejects):
        first = f"{strange[0]} the first of {len(strange):,}"
        raise DataError(f"not one rejected letter is in {where}, {first}: `stackmix inspect --letter a` lists its ids")
    more = f" and {len(strange) - NAMED:,} more" if len(strange) > NAMED else ""
    many = "rejected letters are" if len(strange) > 1 else "rejected letter is"
    return f"{len(strange):,} {many} not in {where}: {', '.join(strange[:NAMED])}{more}" if strange else ""


def without(library: LetterLibrary, rejects: Rejects) -> LetterLibrary:
    """The library with the score of the rejected letters 0, so that no piece holds one; unknown ids change nothing."""
    if not rejects:
        return library
    where = {sample: i for i, sample in enumerate(library.ids)}
    starts = library.starts.tolist()
    scores = library.scores.copy()
    for sample, position in rejects:
        i = where.get(sample, -1)
        if i >= 0 and position < starts[i + 1] - starts[i]:
            scores[starts[i] + position] = 0
    index = PieceIndex.of(library.texts, library.writers, usable(library.texts, scores))
    return replace(library, scores=scores, index=index)

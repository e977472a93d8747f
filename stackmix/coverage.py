"""What a library covers: how many instances of each character may be stacked, by their place in a word.

Hands write a letter differently at a word's start, inside and at its end, so a character can be frequent and still
lack the one that is wanted. Counted are the pieces of one letter in the library's index: what is stacked, and no more.
"""

from typing import NamedTuple

import numpy as np

from stackmix.library import LetterLibrary
from stackmix.selection import places_in

SCARCE = 5  # instances under which a character is named
NAMED = 20  # characters at most


class Places(NamedTuple):
    """Usable instances of one character: first, inside or last in a word, and alone between spaces or signs."""

    initial: int
    medial: int
    final: int
    alone: int


def coverage(library: LetterLibrary) -> dict[str, Places]:
    """The usable instances of each character of the library's texts, spaces apart, in the order of code points."""
    index, characters = library.index, sorted(set("".join(library.texts)))
    places = np.concatenate([places_in(text) for text in library.texts])
    letters = library.starts[index.entry_sample] + index.entry_position
    found = {}
    for character in characters:
        if not character.isspace():
            medial, first, last, both = np.bincount(places[letters[index.find(character)]], minlength=4).tolist()
            found[character] = Places(first, medial, last, both)
    return found


def scarcest(found: dict[str, Places]) -> str:
    """A line that names the characters with few instances: "62 characters; fewer than 5 instances: 'Q' (2)"."""
    few = sorted((sum(places), character) for character, places in found.items() if sum(places) < SCARCE)
    named = ", ".join(f"{character!r} ({n})" for n, character in few[:NAMED])
    more = f" and {len(few) - NAMED} more" if len(few) > NAMED else ""
    many = f"{len(found)} characters" if len(found) != 1 else "1 character"
    return f"{many}; fewer than {SCARCE} instances: {named or 'none'}{more}"

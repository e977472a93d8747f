"""Where a word may be parted at the end of a line, as pupils part it: by syllables, with no dictionary.

Russian follows the school rule: each part has a vowel and two letters at least, a consonant stays with the vowel behind
it, й, ь, ъ and ы with the letter before, and doubled consonants part in their middle. English is parted before a
consonant that a vowel follows, never inside a digraph, with three letters left for the next line. A word that has a
hyphen of its own is parted behind it, too, and gets no second one.
"""

RUSSIAN, ENGLISH = "аеёиоуыэюя", "aeiouy"
BOUND = "йьъы"  # never begin a part
DIGRAPHS = {"th", "sh", "ch", "ph", "wh", "ck", "gh", "ng", "qu"}
HYPHEN = "-"


def partings(word: str) -> list[tuple[str, str]]:
    """All ways to part a word, from its front: `partings("дорога")` -> [("до-", "рога"), ("доро-", "га")]."""
    found = []
    for k in range(2, len(word) - 1):
        if word[k - 1] == HYPHEN and word[k - 2].isalpha() and word[k].isalpha() and word[k].lower() not in BOUND:
            found.append((word[:k], word[k:]))
        elif word[k - 1].isalpha() and word[k].isalpha() and _parts(*_run(word.lower(), k)):
            found.append((word[:k] + HYPHEN, word[k:]))
    return found


def _run(word: str, k: int) -> tuple[str, str]:
    """The letters before and behind place k, as far as nothing else is between them."""
    first, last = k, k
    while first > 0 and word[first - 1].isalpha():
        first -= 1
    while last < len(word) and word[last].isalpha():
        last += 1
    return word[first:k], word[k:last]


def _parts(left: str, right: str) -> bool:
    """Whether letters may be parted here, lower case."""
    if min(len(left), len(right)) < 2:
        return False
    if left.isascii() and right.isascii():
        return _parts_english(left, right)
    vowel = [letter in RUSSIAN for letter in left + right]
    before, behind = vowel[: len(left)], vowel[len(left) :]
    if not any(before) or not any(behind) or right[0] in BOUND:
        return False
    if behind[0] and not before[-1] and left[-1] not in BOUND:
        return False  # a consonant stays with its vowel
    if right[1] == "ъ" or (right[1] == "ь" and right[2:3] not in RUSSIAN):
        return False  # подъ-езд and день-ги, but ру-жьё
    doubled_behind = right[0] == right[1] and not behind[0]
    doubled_before = left[-1] == left[-2] and not before[-1]
    return not doubled_behind and not doubled_before


def _parts_english(left: str, right: str) -> bool:
    sounded = right[:-1] if right.endswith("e") else right  # a final e is mute
    if len(right) < 3 or not any(c in ENGLISH for c in left) or not any(c in ENGLISH for c in sounded):
        return False
    onset = 2 if right[:2] in DIGRAPHS else 1
    return right[0] not in ENGLISH and right[onset] in ENGLISH and left[-1] + right[0] not in DIGRAPHS

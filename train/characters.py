"""What a TrOCR model spells its texts with: the characters of any alphabet, or the pieces of its own tokenizer.

Both turn a text into the numbers that the decoder learns to say, the end among them, and back: with the alphabet "ab",
"ba" is [4, 3, 1]. A label with a character that neither can spell ends training before it starts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from stackmix.types import DataError

PIECES = "sentencepiece.bpe.model"  # all that the folders of microsoft/trocr-small-* have for a tokenizer


class Vocabulary(Protocol):
    """start, end, pad: the numbers before and behind a text, and those that fill a batch. size: numbers there are."""

    start: int
    end: int
    pad: int
    size: int

    def encode(self, text: str) -> list[int]: ...

    def decode(self, numbers: Sequence[int]) -> str: ...

    def unknown(self, text: str) -> set[str]: ...


class Characters:
    """One number for each character of an alphabet, behind pad 0, end 1 and start 2."""

    pad, end, start = 0, 1, 2

    def __init__(self, alphabet: str) -> None:
        self.alphabet = alphabet
        self.size = len(alphabet) + 3
        self._numbers = {letter: k for k, letter in enumerate(alphabet, 3)}

    def encode(self, text: str) -> list[int]:
        """The characters' numbers, then the end."""
        return [*(self._numbers[letter] for letter in text), self.end]

    def decode(self, numbers: Sequence[int]) -> str:
        """The characters of the numbers; pad, end and start have none."""
        return "".join(self.alphabet[k - 3] for k in numbers if k >= 3)

    def unknown(self, text: str) -> set[str]:
        """The characters of a text that are not in the alphabet."""
        return set(text) - self._numbers.keys()

    def widened(self, texts: Iterable[str]) -> "Characters":
        """With the characters of the texts behind those of the alphabet, whose numbers stay."""
        more = set().union(*texts) - self._numbers.keys()
        return Characters(self.alphabet + "".join(sorted(more)))


class Pieces:
    """The tokenizer that a model came with; `start` is what the model was taught to begin with."""

    def __init__(self, tokenizer: Any, start: int | None = None) -> None:
        self.tokenizer = tokenizer
        self.end, self.pad = tokenizer.eos_token_id, tokenizer.pad_token_id
        self.start = tokenizer.bos_token_id if start is None else start
        self.size = len(tokenizer)
        if None in (self.start, self.end, self.pad):
            named = tokenizer.name_or_path
            raise DataError(f"the tokenizer of {named} has no start, end or pad: add --tokenizer characters")

    def encode(self, text: str) -> list[int]:
        """The pieces of a text, between the signs that the tokenizer puts around it."""
        numbers: list[int] = self.tokenizer(text).input_ids
        return numbers if numbers[-1:] == [self.end] else [*numbers, self.end]

    def decode(self, numbers: Sequence[int]) -> str:
        """The text of the pieces, without the signs around it."""
        text: str = self.tokenizer.decode(list(numbers), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text.strip()

    def unknown(self, text: str) -> set[str]:
        """The characters of a text for which there is no piece."""
        if self.tokenizer.unk_token_id not in self.encode(text):
            return set()
        return {letter for letter in text if self.tokenizer.unk_token_id in self.encode(letter)} or {text}


def open_pieces(folder: str | Path, start: int | None = None) -> Pieces:
    """The tokenizer of a model folder or of a model of the Hub; a sentencepiece file alone will do."""
    from transformers import AutoTokenizer, XLMRobertaTokenizer

    alone = (Path(folder) / PIECES).exists() and not (Path(folder) / "tokenizer_config.json").exists()
    kind = XLMRobertaTokenizer if alone else AutoTokenizer
    return Pieces(kind.from_pretrained(folder), start)


def refuse_unknown(vocabulary: Vocabulary, texts: Iterable[str]) -> None:
    """Raise DataError for labels with characters that the vocabulary lacks, naming them."""
    needed = Counter(letter for text in texts for letter in vocabulary.unknown(text))
    if needed:
        rare_last = sorted(needed.items(), key=lambda item: (-item[1], item[0]))
        named = ", ".join(f"{letter!r} ({n} label{'s' * (n != 1)})" for letter, n in rare_last)
        cure = "--tokenizer characters gives the model an alphabet of its own"
        raise DataError(f"the model's tokenizer has no {named}: {cure}, or take these labels out")


def spread(vocabulary: Vocabulary, numbers: Sequence[int], chances: Sequence[float]) -> tuple[str, list[float]]:
    """The text of the numbers, and for each of its letters the chance of the number that brought it."""
    text, letters = "", list[float]()
    for k, chance in enumerate(chances, 1):
        text = vocabulary.decode(numbers[:k])
        letters = letters[: len(text)] + [chance] * (len(text) - len(letters))
    return text, letters

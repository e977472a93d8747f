"""TrOCR models: an image transformer reads a word, a text transformer says it (Li et al. 2021, arXiv 2109.10282).

The folder of a model is one of transformers' VisionEncoderDecoder, with `kind`, `languages`, `height` and what reading
needs in its config.json; its tokenizer lies beside it, or its alphabet stands in the config.
"""

from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from transformers import (
    TrOCRConfig,
    TrOCRForCausalLM,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
    ViTModel,
)
from transformers.utils import logging

from stackmix.train.characters import Characters, Pieces, Vocabulary, open_pieces
from stackmix.train.reading import Reading
from stackmix.train.recipes import Habits
from stackmix.types import DataError, Image

HUB = "microsoft/trocr-small-handwritten"
SIZE = 384  # pixels of both sides of a small model's square
POSITIONS = 128  # of the small decoder


class TrOCR:
    """`TrOCR.from_pretrained(folder).read(images)` -> a Reading for each image, in their order."""

    def __init__(
        self,
        network: Any,
        vocabulary: Vocabulary,
        languages: tuple[str, ...] = (),
        habits: Habits | None = None,
    ) -> None:
        """network: a VisionEncoderDecoderModel.

        Raises DataError for one whose images are no squares, or with fewer numbers than the vocabulary.
        """
        self.network, self.vocabulary, self.languages = network, vocabulary, languages
        self.habits = habits or Habits()
        size = getattr(network.config.encoder, "image_size", None)
        if not isinstance(size, int):
            raise DataError(f"a model with images of {size} pixels is no TrOCR model, which reads squares")
        if vocabulary.size > network.decoder.config.vocab_size:
            counts = f"{vocabulary.size} pieces for a decoder of {network.decoder.config.vocab_size}"
            raise DataError(f"the tokenizer has {counts}: take the model's own, or add --tokenizer characters")
        self.size = size
        _name_signs(network, vocabulary)

    @property
    def positions(self) -> int:
        """Numbers that the decoder has places for."""
        config = self.network.decoder.config
        return int(getattr(config, "max_position_embeddings", None) or config.n_positions)

    def read(self, images: Iterable[Image]) -> list[Reading]:
        """The texts of word images (H, W) or (H, W, 3) with their confidences."""
        from stackmix.train.generating import read

        return read(self, images)

    def save_pretrained(self, folder: Path) -> None:
        """Write config.json, model.safetensors and the tokenizer; a full disk raises OSError."""
        from safetensors import SafetensorError

        config = self.network.config
        config.kind, config.languages, config.height = "trocr", list(self.languages), self.size
        config.habits = asdict(self.habits)
        config.alphabet = self.vocabulary.alphabet if isinstance(self.vocabulary, Characters) else None
        folder.mkdir(parents=True, exist_ok=True)
        _hush()
        try:
            self.network.save_pretrained(folder)
        except SafetensorError as error:  # a full disk hides in it
            raise OSError(f"{folder / 'model.safetensors'} cannot be written ({error}): free some space") from None
        if isinstance(self.vocabulary, Pieces):
            self.vocabulary.tokenizer.save_pretrained(folder)

    @classmethod
    def from_pretrained(cls, folder: Path) -> "TrOCR":
        """Open a folder of `save_pretrained`; DataError says what is missing or of another kind."""
        network = _opened(str(folder), f"{folder} is no TrOCR model folder", "make one with `stackmix train trocr`")
        config = network.config
        if getattr(config, "kind", None) != "trocr":
            raise DataError(f"{folder} holds a model of kind {getattr(config, 'kind', None)!r}, not trocr")
        habits: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in config.habits.items()}
        model = cls(network, _vocabulary_of(network, folder), tuple(config.languages), Habits(**habits))
        model.network.eval()
        return model

    def spelled(self, texts: Iterable[str], *, anew: bool) -> "TrOCR":
        """With the texts' characters in the alphabet; `anew`: an alphabet of them instead of the model's tokenizer.

        Characters that the model knew keep their rows of the embedding, the others get random ones.
        """
        old = self.vocabulary
        if not isinstance(old, Characters) and not anew:
            return self
        new = old.widened(texts) if isinstance(old, Characters) else Characters("").widened(texts)
        self.network.decoder.resize_token_embeddings(new.size, mean_resizing=False)
        if not isinstance(old, Characters):
            for layer in (self.network.decoder.get_input_embeddings(), self.network.decoder.get_output_embeddings()):
                torch.nn.init.normal_(layer.weight, std=0.02)
        return TrOCR(self.network, new, self.languages, self.habits)

    def with_habits(self, **changes: Any) -> "TrOCR":
        """The same model with other habits."""
        return TrOCR(self.network, self.vocabulary, self.languages, replace(self.habits, **changes))


def open_model(name: str) -> TrOCR:
    """A model to start from: "none", a small one of random weights; else a folder, or a name on the Hub.

    Raises DataError in one line where it cannot be had.
    """
    if name == "none":
        return small(Characters(""))
    cure = "connect to the Hub, or give --init a folder that holds it, or --init none to start small"
    network = _opened(name, f"the model {name} cannot be had", cure)
    return TrOCR(network, _vocabulary_of(network, name))


def small(vocabulary: Vocabulary, layers: int = 3, **encoder: int) -> TrOCR:
    """A model with random weights: 4 layers that see, which `encoder` changes, and `layers` that speak."""
    sizes: dict[str, Any] = {"image_size": SIZE, "hidden_size": 192, "num_hidden_layers": 4, "num_attention_heads": 3}
    eyes = ViTConfig(**{**sizes, "intermediate_size": 768, **encoder})
    mouth = TrOCRConfig(
        vocab_size=vocabulary.size,
        d_model=eyes.hidden_size,
        decoder_layers=layers,
        decoder_attention_heads=eyes.num_attention_heads,
        decoder_ffn_dim=4 * eyes.hidden_size,
        max_position_embeddings=POSITIONS,
        cross_attention_hidden_size=eyes.hidden_size,
        pad_token_id=vocabulary.pad,
        bos_token_id=vocabulary.start,
        eos_token_id=vocabulary.end,
        decoder_start_token_id=vocabulary.start,
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(eyes, mouth)
    parts = {"encoder": ViTModel(eyes, add_pooling_layer=False), "decoder": TrOCRForCausalLM(mouth)}
    return TrOCR(VisionEncoderDecoderModel(config=config, **parts), vocabulary)


def _opened(name: str, trouble: str, cure: str) -> Any:
    """A VisionEncoderDecoderModel, or DataError in one line."""
    _hush()
    try:
        opened: Any = VisionEncoderDecoderModel.from_pretrained(name, output_loading_info=True)
    except Exception as error:  # a broken folder, a name the Hub lacks, no network: each raises its own
        raise DataError(f"{trouble} ({_first_line(error)}): {cure}") from None
    network, about = opened
    if lost := sorted(key for key in about["missing_keys"] if ".pooler." not in key):  # nobody reads a pooler's output
        raise DataError(f"{trouble} (it lacks {len(lost)} weights, {lost[0]} among them): {cure}")
    return network


def _vocabulary_of(network: Any, name: str | Path) -> Vocabulary:
    if (alphabet := getattr(network.config, "alphabet", None)) is not None:
        return Characters(alphabet)
    places = (network.generation_config, network.config, network.config.decoder)
    starts = [getattr(place, "decoder_start_token_id", None) for place in places]
    try:
        return open_pieces(name, next((start for start in starts if start is not None), None))
    except DataError:
        raise
    except Exception as error:  # as above
        raise DataError(f"{name} has no tokenizer that opens ({_first_line(error)}): add its files") from None


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no reason given'}"


def _hush() -> None:
    """No bars and warnings of transformers and of the Hub: what went wrong is told once, by us."""
    from huggingface_hub.utils import logging as hub_logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    hub_logging.set_verbosity_error()


def _name_signs(network: Any, vocabulary: Vocabulary) -> None:
    """The numbers of start, end and pad, which generation and the shift of labels look for in three places."""
    for place in (network.config, network.generation_config, network.config.decoder):
        place.decoder_start_token_id, place.pad_token_id = vocabulary.start, vocabulary.pad
        place.eos_token_id = vocabulary.end
    network.config.vocab_size = network.decoder.config.vocab_size

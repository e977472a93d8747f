"""The weights that a network starts from: torchvision's, which are fetched once, or those of a file."""

from pickle import UnpicklingError
from typing import Any

import torch
from torchvision.models import WeightsEnum

from stackmix.types import DataError

# what torch and pickle raise on files that hold no weights
BROKEN = (
    UnpicklingError,
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ImportError,
)


def state_of(weights: str, known: WeightsEnum) -> dict[str, Any]:
    """The state of torchvision's `known` where weights is "pretrained", else of the file that it names.

    Raises DataError where it cannot be fetched, or the file holds no state of a network.
    """
    if weights == "pretrained":
        try:
            return dict(known.get_state_dict(progress=False, check_hash=True))
        except (OSError, RuntimeError) as error:  # no network, a full disk; a file that came through broken
            cure = "go online once, or fetch it elsewhere and give --weights FILE, or start with --weights none"
            raise DataError(f"{known.url} cannot be fetched ({error}): {cure}") from None
    try:
        state = torch.load(weights, map_location="cpu", weights_only=True)
    except BROKEN as error:
        why = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DataError(f"--weights {weights} cannot be read ({why}): give a file, pretrained or none") from None
    if not isinstance(state, dict):
        raise DataError(f"--weights {weights} holds no state of a network: give a file, pretrained or none")
    return state

"""The two files of a model folder: config.json, which names the `kind`, and model.safetensors, the weights.

with model_files.reading(folder, "CTC model", "stackmix train ctc"):
    model = CTCModel(CTCConfig(**model_files.config(folder, "ctc")))
    model_files.load(folder, model)
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from stackmix.types import DataError

CONFIG, WEIGHTS = "config.json", "model.safetensors"


def save(folder: Path, config: Any, network: nn.Module) -> None:
    """Write the config, a dataclass, and the weights of a network."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(config), ensure_ascii=False, indent=1) + "\n"
    (folder / CONFIG).write_text(text, encoding="utf-8", newline="\n")
    save_file({k: v.contiguous().cpu() for k, v in network.state_dict().items()}, folder / WEIGHTS)


@contextmanager
def reading(folder: Path, what: str, command: str) -> Iterator[None]:
    """Turn what can go wrong inside into a DataError: the folder is no `what` folder, and `command` makes one."""
    from safetensors import SafetensorError

    try:
        yield
    except DataError:
        raise
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RuntimeError, SafetensorError) as error:
        raise DataError(f"{folder} is no {what} folder ({error}): make one with `{command}`") from None


def config(folder: Path, kind: str) -> dict[str, Any]:
    """config.json of a model of this kind; DataError for one of another."""
    found = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    if found.get("kind") != kind:
        raise DataError(f"{folder} holds a model of kind {found.get('kind')!r}, not {kind}")
    return found


def load(folder: Path, network: nn.Module) -> None:
    """Load the weights into a network of the same shape."""
    from safetensors.torch import load_file

    network.load_state_dict(load_file(folder / WEIGHTS))

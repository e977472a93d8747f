"""Checkpoints: written under a passing name, then renamed, so that the last good one is never damaged."""

from pathlib import Path
from typing import Any

import torch

from stackmix.types import DataError


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a state that `torch.load(path, weights_only=True)` opens; OSError where the disk is full."""
    passing = path.with_suffix(".new")
    try:
        torch.save(state, passing)
    except RuntimeError as error:  # torch hides a full disk in a RuntimeError
        passing.unlink(missing_ok=True)
        raise OSError(f"{path} cannot be written ({error}): free some space, then go on with --resume") from None
    except OSError:
        passing.unlink(missing_ok=True)
        raise
    passing.replace(path)


def agree(path: Path, then: dict[str, Any], now: dict[str, Any]) -> None:
    """Raise DataError where a checkpoint is of another run, naming what changed."""
    if changed := [f"{k} {then.get(k)} -> {v}" for k, v in now.items() if then.get(k) != v]:
        named = ", ".join(changed)
        raise DataError(f"{path} is of another run ({named}): repeat its options, or remove {path.parent}")

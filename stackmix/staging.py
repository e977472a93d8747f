"""Outputs appear under their final name only when whole: they grow in `NAME.partial` and are renamed at the end."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stackmix.types import DataError


def partial_of(out: Path) -> Path:
    """The folder that OUT grows in: `synth` -> `synth.partial`."""
    return out.with_name(out.name + ".partial")


@contextmanager
def whole_folder(out: Path, *, resumable: bool = False, resume: bool = False) -> Iterator[Path]:
    """Yield the folder `OUT.partial` to write into and rename it to OUT when the block ends well.

    After an error a resumable folder is kept for `resume` if it holds anything, any other is removed. Raises DataError
    when OUT exists already, or when a resumable `OUT.partial` does and resume is off.
    """
    partial = partial_of(out)
    if out.exists():
        raise DataError(f"{out} exists already: choose another --out or remove it")
    if partial.exists() and not resume:
        if resumable:
            raise DataError(f"{partial} holds an interrupted run: add --resume to go on with it, or remove it")
        shutil.rmtree(partial)
    partial.mkdir(parents=True, exist_ok=True)
    try:
        yield partial
    except BaseException:
        if not resumable or not any(partial.iterdir()):
            shutil.rmtree(partial, ignore_errors=True)
        raise
    partial.rename(out)


def write_whole(path: Path, data: bytes) -> None:
    """Write one file under a passing name and rename it when it is complete and on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(path)
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(path)

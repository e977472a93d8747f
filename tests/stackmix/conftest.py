"""The command line run in this process, and what its tests ask of it."""

import sys
from pathlib import Path

import pytest

from stackmix import inspection
from stackmix.cli import main

Outcome = tuple[int, str, list[str]]  # exit code, stdout, lines of stderr


class Shell:
    """`shell.run("generate", ...)` runs `stackmix generate ...` in this process."""

    def __init__(self, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.patch, self.capsys = patch, capsys

    def run(self, *args: object) -> Outcome:
        self.patch.setattr(sys, "argv", ["stackmix", *map(str, args)])
        self.capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        said = self.capsys.readouterr()
        return code, said.out, said.err.splitlines()

    @staticmethod
    def complains(found: Outcome, *parts: str) -> bool:
        """Exit code 1, nothing on stdout, and one line that holds the parts."""
        code, out, errors = found
        return code == 1 and out == "" and len(errors) == 1 and all(part in errors[0] for part in parts)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(monkeypatch, capsys)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text("bad gone\non-page. do,\n", encoding="utf-8")
    return path


@pytest.fixture
def own_captions(library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Captions by the tiny library, which is there at once."""
    monkeypatch.setattr(inspection, "SHIPPED", library_folder)
    monkeypatch.setattr(inspection, "CAPTION_HAND", "anna")

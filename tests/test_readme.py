"""Documentation under test: the README's Python runs, its commands are taken, the design names every column."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import typer.main

from stackmix import __version__
from stackmix.cli import app
from stackmix.storing import SCHEMA

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
SHELLS = ("console", "sh", "bash", "shell")
NOT_RUN = "<!-- not run:"  # the line before a Python block that needs data; the reason follows


class Block(NamedTuple):
    """One fenced block: its language, the number of its first line, its text, and the line above it."""

    language: str
    line: int
    text: str
    above: str

    def __str__(self) -> str:
        return f"line {self.line}"


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a Markdown text; indented ones too, as they stand in lists."""
    found, lines = [], text.splitlines()
    start = None
    for number, line in enumerate(lines):
        if not (fence := re.match(r"( *)```(\w*)", line)):
            continue
        if start is None:
            start, indent, language = number, len(fence[1]), fence[2]
        else:
            body = "".join(inner[indent:] + "\n" for inner in lines[start + 1 : number])
            above = next((above.strip() for above in reversed(lines[:start]) if above.strip()), "")
            found.append(Block(language, start + 2, body, above))
            start = None
    assert start is None, f"the block that begins in line {start} has no end"
    return found


def commands(block: Block) -> list[list[str]]:
    r"""The words of each `stackmix` command in a shell block: "$ a && stackmix cut x \ ..." -> [["cut", "x", ...]].

    In a `console` block lines without `$` are output, unless no line has one.
    """
    lines = block.text.replace("\\\n", " ").splitlines()
    if any(line.startswith("$ ") for line in lines):
        lines = [line for line in lines if line.startswith("$ ")]
    found = []
    for line in lines:
        lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars="&|;<>")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if set(word) <= set("&|;<>"):
                if words[:1] == ["stackmix"]:
                    found.append(words[1:])
                words = []
            else:
                words.append(word)
    return found


TEXT = README.read_text(encoding="utf-8") if README.is_file() else ""
PYTHON = [block for block in blocks(TEXT) if block.language == "python"]
COMMANDS = [words for block in blocks(TEXT) if block.language in SHELLS for words in commands(block)]


def parse(words: list[str]) -> None:
    """Let the program read a command line, up to the point where the command would start; it raises what is wrong."""
    group = typer.main.get_command(app)
    for command in group.commands.values():  # type: ignore[attr-defined]
        command.callback = lambda **_: None
    group.main(words, prog_name="stackmix", standalone_mode=False)


def test_the_readme_has_python_and_commands() -> None:
    assert PYTHON
    assert COMMANDS


def test_blocks_and_commands_are_found() -> None:
    text = (
        "a\n```python\nx = 1\n```\n<!-- not run: slow -->\n\n"
        "```console\n$ cd a && stackmix cut b \\\n    --model 'c d'  # e\nout: 3\n```\n"
        "1. list\n   ```sh\n   stackmix inspect a; stackmix --help > b\n   ```\n"
    )
    first, second, third = blocks(text)
    assert first == Block("python", 3, "x = 1\n", "a")
    assert second.above == "<!-- not run: slow -->"
    assert commands(second) == [["cut", "b", "--model", "c d"]]
    assert commands(third) == [["inspect", "a"], ["--help"]]


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_its_python_runs(block: Block, tmp_path: Path) -> None:
    """Each block by itself in a folder of its own, beside a copy of examples/."""
    if block.above.startswith(NOT_RUN):
        pytest.skip(block.above.removeprefix(NOT_RUN).removesuffix("-->").strip())
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    script = tmp_path / "block.py"
    text = "\n" * (block.line - 1) + block.text  # so that a traceback names the README's line
    script.write_text(text, encoding="utf-8", newline="\n")
    run = subprocess.run(
        [sys.executable, script.name], cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=300
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_its_commands_are_taken(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for word in words:  # whatever may be a path that has to exist
        if not word.startswith(("-", "/", "~", "..")):
            (tmp_path / word).mkdir(parents=True, exist_ok=True)
    parse(words)


def test_a_wrong_option_is_noticed() -> None:
    parse(["generate", "--corpus", "a", "--count", "3"])
    with pytest.raises(Exception, match="--cuont"):
        parse(["generate", "--corpus", "a", "--cuont", "3"])
    with pytest.raises(Exception, match="letter"):
        parse(["generate", "--corpus", "a", "--unit", "letter"])


def test_the_design_tells_every_column_and_command() -> None:
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    group = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    names = [*SCHEMA.names, *(f"stackmix {name}" for name in group)]
    assert not [name for name in names if not re.search(rf"`{name}\b", text)]


def test_the_changelog_knows_this_version() -> None:
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

"""The rules of the house, read off the source: which room imports which, how large things grow, what `--help` costs."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import typer.core
import typer.main

from stackmix.cli import app

ROOT = Path(__file__).parents[1]
ROOMS = {"stackmix": "stackmix", "blots": "stackmix.blots", "datasets": "stackmix.datasets", "train": "stackmix.train"}
MAY_IMPORT = {  # of the other rooms
    "stackmix": set(),
    "blots": set(),
    "datasets": {"stackmix"},
    "train": {"stackmix", "blots", "datasets"},
}
TORCH = {"torch", "torchvision", "transformers", "accelerate", "safetensors", "sentencepiece"}
HUGGING_FACE = {"datasets", "huggingface_hub", "transformers", "accelerate", "safetensors", "tokenizers"}
HEAVY = {"numpy", "numba", "cv2", "pandas", "pyarrow", "PIL", "torch", "datasets", "albumentations", "tqdm"}
DISTRIBUTION = {"cv2": "opencv-python-headless", "PIL": "pillow"}  # where it has another name than the import
VAGUE = {"utils", "helpers", "common", "base", "manager", "factory"}
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
ASIDE = sorted(path for room in ("tests", "benchmarks", "examples") for path in (ROOT / room).rglob("*.py"))
FRONT = ROOT / "stackmix" / "commands"  # the front door: one module a command


def commands(group: typer.core.TyperGroup, above: str = "") -> Iterator[tuple[str, typer.core.TyperCommand]]:
    """Every command by the words that call it, those of a group too: "cut", "train", "train ctc", ..."""
    for name, command in group.commands.items():
        yield above + name, command
        if isinstance(command, typer.core.TyperGroup):
            yield from commands(command, f"{above}{name} ")


COMMANDS = dict(commands(typer.main.get_command(app)))  # type: ignore[arg-type]


class Import(NamedTuple):
    """One imported module. top: it is imported together with its file, not in a function or for type checkers only."""

    module: str
    line: int
    top: bool


def room_of(module: str) -> str | None:
    """The room of one of our modules, None for everybody else's: "stackmix.train.ctc" -> "train"."""
    first, *rest = module.split(".")
    if first != "stackmix":
        return None
    return rest[0] if rest and rest[0] in ROOMS else "stackmix"


def module_of(path: Path, root: Path = ROOT) -> str:
    """The import name of a file: datasets/iam.py -> "stackmix.datasets.iam"."""
    room, *rest = path.relative_to(root).with_suffix("").parts
    return ".".join([ROOMS[room], *rest])


def for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def imports(tree: ast.AST, package: str, top: bool = True) -> Iterator[Import]:
    """Every import under a node of a file in `package`; `from a import b` counts as a and as a.b."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: package.count(".") + 2 - node.level] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
            yield from (Import(name, node.lineno, top) for name in names)
        else:
            inner = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or for_type_checkers(node)
            yield from imports(node, package, top and not inner)


def imports_of(path: Path) -> list[Import]:
    name = module_of(path)
    package = name.removesuffix(".__init__") if path.stem == "__init__" else name.rpartition(".")[0]
    return list(imports(ast.parse(path.read_text(encoding="utf-8")), package))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def python(code: str, cwd: Path, *arguments: str) -> str:
    """Run code in a fresh interpreter, as somebody in the folder `cwd` would; what it wrote to stdout."""
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=cwd, capture_output=True, encoding="utf-8", timeout=120
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_imports_run_one_way(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    allowed = {None, room, *MAY_IMPORT[room]}
    for found in imports_of(path):
        if path.parent == FRONT and not found.top:
            continue  # the front door opens every room, inside the command that needs it
        assert room_of(found.module) in allowed, f"{named(path)}:{found.line} imports {found.module}"
        # a bare name works in the root of a checkout only; a bare `datasets` is Hugging Face's
        assert found.module.split(".")[0] not in {"blots", "train"}, f"{named(path)}:{found.line}: {found.module}"


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_torch_and_hugging_face_stay_in_their_rooms(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    banned = {"stackmix": TORCH | HUGGING_FACE, "blots": TORCH | HUGGING_FACE, "datasets": TORCH, "train": set()}[room]
    for found in imports_of(path):
        assert found.module.split(".")[0] not in banned, f"{named(path)}:{found.line} imports {found.module}"


def test_the_import_rules_see_every_way_to_write_an_import() -> None:
    code = "import torch.nn\nfrom . import train\nfrom .train import ctc\nfrom stackmix import blots\ndef f(): import a"
    found = list(imports(ast.parse(code), "stackmix"))
    assert [i.module for i in found] == [
        *("torch.nn", "stackmix", "stackmix.train", "stackmix.train", "stackmix.train.ctc"),
        *("stackmix", "stackmix.blots", "a"),
    ]
    assert [i.module for i in found if not i.top] == ["a"]
    above = imports(ast.parse("from .. import blots"), "stackmix.train")
    assert [i.module for i in above] == ["stackmix", "stackmix.blots"]
    assert [room_of(m) for m in ("stackmix.train.ctc", "stackmix.types", "datasets")] == ["train", "stackmix", None]


def test_the_command_line_imports_nothing_heavy_up_front() -> None:
    for path in (ROOT / "stackmix" / "cli.py", *FRONT.glob("*.py")):
        top = {found.module for found in imports_of(path) if found.top}
        ours = {module for module in top if room_of(module)}
        assert {module.split(".")[0] for module in top - ours} <= {*sys.stdlib_module_names, "typer"}
        assert all(f"{module}.".startswith("stackmix.commands.") for module in ours)


def test_what_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    core = {re.split(r"[^\w.-]", line)[0] for line in project["dependencies"]}
    with_torch = core | {re.split(r"[^\w.-]", line)[0] for line in project["optional-dependencies"]["train"]}
    for path in SOURCES:
        for found in imports_of(path):
            name = found.module.split(".")[0]
            if name == "stackmix" or name in sys.stdlib_module_names:
                continue
            declared = with_torch if path.is_relative_to(ROOT / "train") else core
            assert DISTRIBUTION.get(name, name) in declared, f"{named(path)}:{found.line} imports {name}"


def test_the_wheel_has_every_package() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    assert {module_of(path).rpartition(".")[0] for path in SOURCES} == set(packages)


def test_datasets_has_no_init() -> None:
    """With one, `import datasets` in the repository root would find our folder instead of Hugging Face's package."""
    assert not list((ROOT / "datasets").rglob("__init__.py"))


@pytest.mark.parametrize("inside", [True, False], ids=["from the root", "from elsewhere"])
def test_both_datasets_are_found(inside: bool, tmp_path: Path) -> None:
    code = "import datasets as d, stackmix.datasets.iam as iam\nprint(d.load_dataset.__module__, iam.__file__, sep='|')"
    theirs, ours = python(code, ROOT if inside else tmp_path).strip().split("|")
    assert theirs.startswith("datasets.")
    assert Path(ours).parts[-2:] == ("datasets", "iam.py")


@pytest.mark.parametrize("name", ["", *COMMANDS], ids=lambda name: name or "stackmix")
def test_help_loads_nothing_heavy(name: str, tmp_path: Path) -> None:
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('LOADED', *sorted(sys.modules)))\n"
        "from stackmix.cli import main\n"
        "main()"
    )
    text, _, loaded = python(code, tmp_path, *name.split(), "--help").rpartition("LOADED")
    assert "Usage: stackmix" in text
    assert not HEAVY & set(loaded.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert not [parameter.name for parameter in command.params if not parameter.help]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_stands_in_the_readme(name: str) -> None:
    assert re.search(rf"\bstackmix {name}\b", (ROOT / "README.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SOURCES + ASIDE, ids=named)
def test_pictures_go_through_bytes(path: Path) -> None:
    """ruff bans the same calls; this also sees `from cv2 import imread`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = node.attr if isinstance(node, ast.Attribute) else node.name if isinstance(node, ast.alias) else ""
        assert name.rpartition(".")[2] not in ("imread", "imwrite"), f"{named(path)} uses {name}"


@pytest.mark.parametrize("path", SOURCES + ASIDE, ids=named)
def test_modules_say_what_they_do_and_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), f"{named(path)} has no docstring"
    assert path.stem not in VAGUE and not VAGUE & set(path.relative_to(ROOT).parts)
    if not path.is_relative_to(ROOT / "tests"):
        assert len(text.splitlines()) <= 300
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= 60, f"{named(path)}:{node.lineno}: {node.name} has {lines} lines"


def test_research_data_is_passed_in() -> None:
    """Only .ci/run knows where the handwriting lies; tests take --handwriting, benchmarks --data."""
    texts = [ROOT / "README.md", ROOT / "pyproject.toml", *(ROOT / "docs").rglob("*.md")]
    found = [path for path in [*SOURCES, *ASIDE, *texts] if "shared" + "/data" in path.read_text(encoding="utf-8")]
    assert not [named(path) for path in found]


def test_the_continuous_integration_script_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)

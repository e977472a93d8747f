"""What all tests share: `--handwriting DIR`, the folder with research data that is passed in and never assumed."""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--handwriting", type=Path, metavar="DIR", help="folder that holds iam/, e.g. ../shared/data")


@pytest.fixture(scope="session")
def handwriting(request: pytest.FixtureRequest) -> Path:
    """The folder given with --handwriting; a test that asks for it is skipped where none was given."""
    folder = request.config.getoption("--handwriting")
    if folder is None:
        pytest.skip("needs real handwriting: pytest --handwriting DIR")
    if not (folder / "iam").is_dir():
        pytest.fail(f"--handwriting {folder} holds no iam/")
    return folder

"""What the experiments train in their tests, they train on one thread."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def on_one_thread(one_thread: None) -> None:
    """For every module here."""

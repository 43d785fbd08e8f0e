"""Data folders for the tests of the embedded database."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.embedded import attach, start
from tests.conftest import fastest


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter: as root the server runs as another user than the tests."""
    folder = Path(tempfile.mkdtemp(prefix="workplan-test-", dir=fastest()))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def place() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def pattern() -> Iterator[Path]:
    """A data folder once used, to be copied: that is faster than to build one, and has to work too."""
    with open_folder() as folder:
        start(folder / "data").stop()
        yield folder / "data"


@pytest.fixture
def unbuilt(place: Path) -> Iterator[Path]:
    """A data folder to be. What still runs there after the test is taken over and stopped."""
    folder = place / "data"
    yield folder
    if (folder / "cluster/postmaster.pid").exists() and not attach(folder):
        start(folder).stop()


@pytest.fixture
def data(unbuilt: Path, pattern: Path) -> Path:
    """A data folder that has a cluster."""
    subprocess.run(["cp", "-a", pattern, unbuilt], check=True)
    return unbuilt

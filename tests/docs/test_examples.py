"""Every curl example in the documents is executed as it stands, in order, against a register of its own."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import copy_of, drop

_ROOT = Path(__file__).resolve().parents[2]
_DOCUMENTS = sorted([_ROOT / "README.md", *(_ROOT / "docs").glob("*.md")])
_BLOCK = re.compile(r"(<!-- refused -->\n)?```sh\n(.*?)```", re.DOTALL)
_FAILS_LOUDLY = 'curl() { command curl --fail-with-body --max-time 20 "$@"; }\nset -eu\n'

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the examples need curl")


def _blocks(document: Path) -> list[tuple[bool, str]]:
    return [(bool(refused), text) for refused, text in _BLOCK.findall(document.read_text(encoding="utf-8"))]


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[tuple[str, Path]]:
    """The address and the data folder of a register that serves the published record."""
    address = await copy_of("seeded")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "DATABASE_URL": address, "WORKPLAN_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", str(port)]
    server = subprocess.Popen(command, cwd=_ROOT, env=environment, stderr=subprocess.DEVNULL)  # noqa: ASYNC220
    try:
        _wait(f"http://127.0.0.1:{port}/readyz")
        yield f"127.0.0.1:{port}", tmp_path
    finally:
        server.terminate()
        server.wait(20)
        await drop(address)


def _wait(url: str) -> None:
    for _ in range(200):
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(url)


@pytest.mark.parametrize(
    "document", [each for each in _DOCUMENTS if _blocks(each)], ids=lambda path: path.name
)
def test_the_examples_of_a_document_work_when_pasted(
    document: Path, live: tuple[str, Path], tmp_path: Path
) -> None:
    host, data_dir = live
    ours = str(Path(sys.executable).parent)  # where the command `workplan` is
    path = f"{ours}:{os.environ['PATH']}"
    environment = {**os.environ, "WORKPLAN_DATA_DIR": str(data_dir), "PATH": path}
    said = ""
    for refused, text in _blocks(document):
        script = said + text.replace("127.0.0.1:8000", host)
        done = subprocess.run(
            ["bash", "-c", _FAILS_LOUDLY + script],
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            check=False,
        )
        expected = 22 if refused else 0  # curl's exit status for an answer of 400 or more
        assert done.returncode == expected, f"{text}\n{done.stdout[-2000:]}\n{done.stderr[-500:]}"
        said += "".join(line + "\n" for line in text.splitlines() if re.match(r"[A-Z]+=", line)).replace(
            "127.0.0.1:8000", host
        )

"""Every curl example in the documents is executed as it stands, in order, against a register of its own."""

import asyncio
import os
import re
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from app import preparing
from app.main import create_app
from tests.conftest import copy_of, drop, settings_for
from tests.input.wire import listening

_ROOT = Path(__file__).resolve().parents[2]
_DOCUMENTS = sorted([_ROOT / "README.md", *(_ROOT / "docs").glob("*.md")])
_BLOCK = re.compile(r"(<!-- refused -->\n)?```sh\n(.*?)```", re.DOTALL)
_FAILS_LOUDLY = 'curl() { command curl --fail-with-body --max-time 20 "$@"; }\nset -eu\n'

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the examples need curl")


def _blocks(document: Path) -> list[tuple[bool, str]]:
    return [(bool(refused), text) for refused, text in _BLOCK.findall(document.read_text(encoding="utf-8"))]


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[str]:
    """Host and port of a register that serves the published record; its first key is kept in the folder."""
    address = await copy_of("seeded")
    connection = await asyncpg.connect(address)
    await preparing.first_key(connection, tmp_path)
    await connection.close()
    app = create_app(settings_for(address, public_url="", deliver=True))
    async with app.router.lifespan_context(app), listening(app) as wire:
        yield f"127.0.0.1:{wire.port}"
    await drop(address)


@pytest.mark.parametrize(
    "document", [each for each in _DOCUMENTS if _blocks(each)], ids=lambda path: path.name
)
async def test_the_examples_of_a_document_work_when_pasted(document: Path, live: str, tmp_path: Path) -> None:
    ours = str(Path(sys.executable).parent)  # where the command `workplan` is
    path = f"{ours}:{os.environ['PATH']}"
    environment = {**os.environ, "WORKPLAN_DATA_DIR": str(tmp_path), "PATH": path}
    said = ""
    for refused, text in _blocks(document):
        script = said + text.replace("127.0.0.1:8000", live)
        shell = await asyncio.create_subprocess_exec(
            "bash", "-c", _FAILS_LOUDLY + script, stdout=PIPE, stderr=STDOUT, env=environment, cwd=tmp_path
        )
        answer, _ = await shell.communicate()
        expected = 22 if refused else 0  # curl's exit status for an answer of 400 or more
        assert shell.returncode == expected, f"{text}\n{answer.decode()[-2000:]}"
        said += "".join(line + "\n" for line in text.splitlines() if re.match(r"[A-Z]+=", line)).replace(
            "127.0.0.1:8000", live
        )

"""schemathesis against a running service, with every check, on the published record.

In the suite it looks at two resources, as all are made by the same code. `make fuzz` goes over the whole document:
every example, generated requests, links; `make fuzz examples=50` for longer. Coverage (a hundred odd requests to each
operation, half an hour) is run by hand beside `make serve`: `PYTHONPATH=. .venv/bin/schemathesis --config-file
tests/openapi/schemathesis.toml run http://127.0.0.1:8000/openapi.json --checks all --header "X-API-Key: ..."`.
"""

import asyncio
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from app import preparing
from app.access.keys import new_key
from app.access.permissions import Role
from tests.conftest import copy_of, drop

ROOT = Path(__file__).resolve().parents[2]
SEED = "20230706"
CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = os.environ.get("WORKPLAN_FUZZ", "")
"""How many requests are generated for each operation in a run over the whole document; empty: none is asked for."""


@asynccontextmanager
async def running(address: str) -> AsyncIterator[tuple[str, str]]:
    """A service in a process of its own: its address, and an administrator's key."""
    connection = await asyncpg.connect(address)
    key = new_key()
    await preparing.add_key(connection, key, "schemathesis", Role.ADMINISTRATOR)
    await connection.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    here = f"http://127.0.0.1:{port}"
    settings = {
        "DATABASE_URL": address,
        "WORKPLAN_PUBLIC_URL": here,
        "WORKPLAN_REQUEST_BUDGET": "60",
        "WORKPLAN_TRUSTED_PROXIES": '["127.0.0.1/32"]',
        "WORKPLAN_KEY_QUOTA": "0",
    }
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", str(port),
        cwd=ROOT, env={**os.environ, **settings}, stdout=DEVNULL, stderr=DEVNULL,
    )  # fmt: skip
    try:
        await _until_ready(here, server)
        yield here, key
    finally:
        server.send_signal(signal.SIGTERM)
        await server.wait()


async def _until_ready(here: str, server: Process) -> None:
    async with httpx.AsyncClient(base_url=here) as client:
        for _ in range(300):
            assert server.returncode is None, "the service did not start"
            try:
                if (await client.get("/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise TimeoutError


async def judged(here: str, key: str, folder: Path, *how: str) -> tuple[int | None, str]:
    """What schemathesis says."""
    command = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file", str(CONFIG),
        "run", f"{here}/openapi.json", "--header", f"Authorization: Bearer {key}",
        "--checks", "all", "--seed", SEED, "--no-color", *how,
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=PIPE, stderr=STDOUT,
    )  # fmt: skip
    said, _ = await command.communicate()
    return command.returncode, said.decode(errors="replace")


@pytest.mark.slow
@pytest.mark.parametrize(
    "how",
    [
        (
            "--phases",
            "examples,fuzzing,stateful",
            "--max-examples",
            "1",
            "--include-path-regex",
            "^/v1/(goals|areas)",
        ),
        pytest.param(
            ("--phases", "examples,fuzzing,stateful", "--max-examples", EXAMPLES),
            marks=pytest.mark.skipif(not EXAMPLES, reason="make fuzz"),
        ),
    ],
    ids=["some", "all"],
)
async def test_schemathesis_finds_nothing(tmp_path: Path, how: tuple[str, ...]) -> None:
    address = await copy_of("seeded")
    async with running(address) as (here, key):
        status, said = await judged(here, key, tmp_path, *how)
        async with httpx.AsyncClient(base_url=here, headers={"Authorization": f"Bearer {key}"}) as client:
            opens = (await client.get("/v1/keys/me")).status_code
    await drop(address)
    assert status == 0, said[-20_000:]
    assert opens == 200, "the key was lost on the way, and what came after was asked without one"
    assert re.search(r"Scenarios: +[1-9]", said), said[-2000:]

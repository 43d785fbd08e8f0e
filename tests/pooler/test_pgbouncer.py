"""Behind PgBouncer in transaction mode, where the next statement may come to another session."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import httpx
import pytest

from app import preparing
from app.access.keys import new_key
from app.access.permissions import Role
from app.main import create_app
from tests.conftest import copy_of, drop, settings_for

PROGRAM = os.environ.get("PGBOUNCER") or shutil.which("pgbouncer")


def _knows_prepared_statements() -> bool:
    if PROGRAM is None:
        return False
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"PgBouncer (\d+)\.(\d+)", said)
    return found is not None and (int(found[1]), int(found[2])) >= (1, 21)


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not _knows_prepared_statements(), reason="needs PgBouncer 1.21 or later ($PGBOUNCER)"),
]


def _account(folder: Path, server: Path) -> dict[str, int]:
    """PgBouncer refuses to run as root, and only the account of the server may use its socket."""
    if os.getuid():
        return {}
    owner = server.stat()
    for path in (folder, *folder.iterdir()):
        os.chown(path, owner.st_uid, owner.st_gid)
    return {"user": owner.st_uid, "group": owner.st_gid}


@pytest.fixture
async def pooled() -> AsyncIterator[tuple[str, str]]:
    """The address of a database through PgBouncer, and a key. Two sessions serve everybody."""
    address = await copy_of("seeded")
    folder = Path(tempfile.mkdtemp(prefix="wpr-pooler-", dir="/tmp"))
    place = urlsplit(address)
    socket_folder = unquote(parse_qs(place.query)["host"][0])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "users").write_text(f'"{place.username}" "{unquote(place.password or "")}"\n')
    (folder / "pgbouncer.ini").write_text(_SETTINGS.format(folder=folder, port=port, socket=socket_folder))
    account = _account(folder, Path(socket_folder))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([str(PROGRAM), str(folder / "pgbouncer.ini")], stderr=log, **account)  # noqa: ASYNC220
    through = f"postgresql://{place.username}:{place.password}@127.0.0.1:{port}{place.path}"
    try:
        await _reached(through, folder)
        key = new_key()
        connection = await asyncpg.connect(through)
        await preparing.add_key(connection, key, "test", Role.SECRETARIAT)
        await connection.close()
        yield through, key
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(10)
        shutil.rmtree(folder)
        await drop(address)


_SETTINGS = """[databases]
* = host={socket} port=5432
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 2
max_prepared_statements = 200
"""


async def _reached(address: str, folder: Path) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            await (await asyncpg.connect(address, timeout=2)).close()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            if time.monotonic() > until:
                raise RuntimeError((folder / "log").read_text()[-2000:]) from None
            await asyncio.sleep(0.05)
        else:
            return


async def test_reads_writes_loads_and_exports_work_through_two_shared_sessions(
    pooled: tuple[str, str],
) -> None:
    address, key = pooled
    app = create_app(settings_for(address, pooler=True))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://register.test",
            headers={"Authorization": f"Bearer {key}"},
        ) as client,
    ):
        new = {"title": "Pooled", "kind": "seminar", "start_date": "2027-01-01"}
        made = await asyncio.gather(*(client.post("/v1/events", json=new) for _ in range(20)))
        assert {each.status_code for each in made} == {201}
        places = [each.headers["Location"] for each in made]
        patched = await asyncio.gather(*(client.patch(each, json={"registered": 7}) for each in places))
        assert {each.json()["version"] for each in patched} == {2}
        read = await asyncio.gather(*(client.get(each) for each in places * 3))
        assert {each.json()["registered"] for each in read} == {7}
        listed = await asyncio.gather(*(client.get("/v1/events?sort=-start_date&limit=5") for _ in range(20)))
        assert {each.status_code for each in listed} == {200}
        lines = (await client.get("/v1/events.ndjson")).text.splitlines()
        rows = "\n".join(f'{{"title": "Loaded {number}", "goal": {{"number": 1}}}}' for number in range(200))
        load = await client.post(
            "/v1/activities/bulk?match=id", content=rows, headers={"Content-Type": "application/x-ndjson"}
        )
        assert load.json()["summary"]["create"] == 200, load.text
        assert (await client.get("/v1/events?as_of=-0d")).status_code in {200, 400}
        connection = await asyncpg.connect(address)
        try:
            events = await connection.fetchval("select count(*) from events")
            assert len(lines) == events
            assert await connection.fetchval(
                "select current_user = session_user"
            )  # nothing of ours is left behind
        finally:
            await connection.close()

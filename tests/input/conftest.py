"""One service for the whole table: what is refused leaves it as it was, which every case checks."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest

from app import preparing
from app.access.keys import new_key
from app.access.permissions import Role
from app.main import create_app
from tests import make
from tests.cast import CALLERS, Cast
from tests.conftest import copy_of, drop, settings_for
from tests.input.wire import Wire, listening


@dataclass
class House:
    """A listening service with a few records, its keys, and its database."""

    wire: Wire
    database: asyncpg.Connection
    cast: Cast
    address: str
    names: dict[str, str]
    """What `{name}` in an address or a header stands for."""

    @property
    def key(self) -> str:
        return self.names["secretariat"]

    def fill(self, value: str | bytes) -> bytes:
        filled = value.encode() if isinstance(value, str) else value
        for name, meant in self.names.items():
            filled = filled.replace(b"{%s}" % name.encode(), meant.encode())
        return filled

    async def position(self) -> tuple[int, int]:
        """Changes ever made, and requests remembered: what a refusal must leave alone."""
        row = await self.database.fetchrow(
            "select (select position from journal_head), (select count(*) from idempotency_keys)"
        )
        return row[0], row[1]


@pytest.fixture(scope="session")
async def house() -> AsyncIterator[House]:
    """A service of this worker's own for all of these tests: each leaves others alone by its own names."""
    address = await copy_of("template")
    database = await asyncpg.connect(address)
    past = datetime.now(UTC) - timedelta(days=1)
    keys = {name: new_key() for name in (*CALLERS, "revoked", "expired")}
    for name, key in keys.items():
        role, country = CALLERS.get(name, (Role.SECRETARIAT, None))
        ended = (
            {"revoked_at": past} if name == "revoked" else {"expires_at": past} if name == "expired" else {}
        )
        await preparing.add_key(database, key, name, role, country=country, **ended)
    app = create_app(settings_for(address, public_url=None))
    async with (
        app.router.lifespan_context(app),
        listening(app) as wire,
        Cast.over(app, keys) as cast,
    ):
        goal = await make.record(cast.secretariat, "goals", number=6)
        await make.record(cast.secretariat, "countries", code="TH", alpha3="THA")
        event = await make.record(cast.secretariat, "events", goals=[{"number": 6}])
        point = await make.record(cast.secretariat, "focal-points")
        names = {"goal": goal["id"], "event": event["id"], "focal_point": point["id"], **keys}
        yield House(wire, database, cast, address, names)
    await database.close()
    await drop(address)


@pytest.fixture(scope="session")
def cast(house: House) -> Cast:
    return house.cast


@pytest.fixture(scope="session")
def client(house: House) -> httpx.AsyncClient:
    return house.cast.secretariat


@pytest.fixture(scope="session")
def database(house: House) -> asyncpg.Connection:
    return house.database

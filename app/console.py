"""What commands share: where they say things, and the database that they work on."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
from rich.console import Console

from app import embedded
from app.settings import Settings

out, err = Console(), Console(stderr=True)


@contextmanager
def database() -> Iterator[str]:
    """The database of this installation, started for the while of a command if it does not run."""
    config = Settings()
    if config.database_url:
        yield config.database_url.get_secret_value()
        return
    with embedded.session(config.data_dir) as address:
        yield address


def with_connection(work: Callable[[Any], Awaitable[Any]]) -> Any:
    """What comes of some work on a connection of its own."""

    async def run(address: str) -> Any:
        connection = await asyncpg.connect(address)
        try:
            return await work(connection)
        finally:
            await connection.close()

    with database() as address:
        return asyncio.run(run(address))

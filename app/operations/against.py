"""What stands against a change of a record as it is: what all collections have of it."""

from fastapi import Request
from sqlalchemy import Uuid, bindparam, literal_column, select

from app.collection import merging, removing, restoring
from app.collection.collection import Collection
from app.collection.referring import named_by_code
from app.collection.writing import Current
from app.db import Connection
from app.operations.doors import Against


def settled(collection: Collection) -> Against:
    """Nobody changes it any more."""
    return stays(collection, collection.settled)


def lasting(collection: Collection) -> Against:
    """Nobody deletes it any more."""
    return stays(collection, collection.lasting)


def stays(collection: Collection, state: str) -> Against:
    """It is in a state, as SQL over its row, in which nobody does this any more; null: it is not."""

    async def against(request: Request, connection: Connection, current: Current) -> None:
        row = collection.table
        this = row.c.id == bindparam("this", type_=Uuid())
        statement = collection.statement(
            ("stays", state), lambda: select(literal_column(f"({state})")).select_from(row).where(this)
        )
        if (found := await connection.fetchval(statement.sql, current.id)) is not None:
            raise collection.stays(found)

    return against


def as_it_was(collection: Collection) -> Against:
    """It was deleted, and does not come back: nobody changes what it was, what it names is not there, another record
    has its place, or it breaks a rule by now.
    """

    async def against(request: Request, connection: Connection, current: Current) -> None:
        await restoring.refuse_as_it_was(connection, collection, current.record)

    return against


def referred(collection: Collection) -> Against:
    """Others refer to it."""

    async def against(request: Request, connection: Connection, current: Current) -> None:
        await removing.refuse_if_referred(connection, collection, current.id)

    return against


def distinct(collection: Collection) -> Against:
    """Two records are never one."""

    async def against(request: Request, connection: Connection, current: Current) -> None:
        merging.refuse_distinct(collection)

    return against


def referred_unseen(collection: Collection) -> Against:
    """Others refer to it that the caller does not see."""

    async def against(request: Request, connection: Connection, current: Current) -> None:
        await removing.refuse_if_referred_unseen(connection, collection, current.id)

    return against


def named(collection: Collection) -> Against:
    """Others name it by its code, seen by the caller or not."""

    async def against(request: Request, connection: Connection, current: Current) -> None:
        if named_by_code(collection.table):
            await removing.refuse_if_named(connection, collection, current.id)
            await removing.refuse_if_referred_unseen(connection, collection, current.id)

    return against


def there(collection: Collection) -> Against:
    """It is not deleted."""

    async def against(request: Request, connection: Connection, current: Current) -> None:
        raise restoring.not_deleted(collection)

    return against

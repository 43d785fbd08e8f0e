"""What the database refuses, said in the words of the API: constraint names become fields."""

from collections.abc import Sequence

import asyncpg
from sqlalchemy import UniqueConstraint

from app.access.caller import NotYours
from app.db import Base
from app.errors import AlreadyExists, BusyRecord, Conflict, Problem, StillReferred, Unavailable, Unprocessable


class PermanentKey(Conflict):
    """A code or number, once given, stays: other systems refer to it. Make a new record instead."""


def _fields(error: asyncpg.PostgresError) -> list[str]:
    """The fields that a constraint speaks of, by the naming convention of `db.Base`."""
    name = getattr(error, "constraint_name", None) or ""
    table_name = getattr(error, "table_name", None) or ""
    if name == "pk_own_keys":
        return ["keys"]
    table = Base.metadata.tables.get(table_name)
    if table is not None:
        for constraint in table.constraints:
            if constraint.name == name and isinstance(constraint, UniqueConstraint):
                return [column.name for column in constraint.columns]
    for prefix in ("ck", "fk", "uq", "permanent"):
        if name.startswith(f"{prefix}_{table_name}_"):
            return [name.removeprefix(f"{prefix}_{table_name}_").removesuffix("_id")]
    return [name.rpartition("_")[2] if name.startswith("permanent_") else ""]


RULE = "WP409"
"""SQLSTATE with which our own triggers refuse what contradicts the state of a record, in words for the caller."""


def taken(columns: Sequence[str]) -> AlreadyExists:
    """Another record has what these columns hold together."""
    fields = [each.removesuffix("_id") for each in columns]
    return AlreadyExists(
        "Another record has one of these own keys already."
        if fields == ["keys"]
        else f"Another record has this {' and '.join(fields)} already.",
        errors=[
            {"pointer": f"/{field}", "code": "already_exists", "message": "It is taken."} for field in fields
        ],
    )


def referred_unseen() -> StillReferred:
    """Something refers to a record; no more than that is said of what the caller may not see."""
    return StillReferred(
        "Other records refer to this one. If your key does not see or write them, ask the Secretariat."
    )


def refusal(error: Exception) -> Problem | None:
    """The problem that a database error stands for; None if it is a mistake of ours."""
    match error:
        case asyncpg.PostgresError() if error.sqlstate == RULE:
            return Conflict(str(error))
        case asyncpg.UniqueViolationError():
            return taken(_fields(error))
        case asyncpg.CheckViolationError() if (error.constraint_name or "").startswith("permanent_"):
            [field] = _fields(error)
            return PermanentKey(
                f"The {field} of a record cannot be changed.",
                errors=[{"pointer": f"/{field}", "code": "permanent", "message": "It is permanent."}],
            )
        case asyncpg.CheckViolationError() | asyncpg.NotNullViolationError():
            field = getattr(error, "column_name", None) or _fields(error)[0]
            return Unprocessable(
                "The database does not take this record.",
                errors=[
                    {"pointer": f"/{field}", "code": "constraint", "message": "The value breaks a rule."}
                ],
            )
        case asyncpg.ForeignKeyViolationError():
            if "still referenced" in str(error.detail or "") or "still referenced" in str(error):
                return referred_unseen()
            return Conflict(
                "A record that this one refers to is deleted. Bring it back, or refer to another."
            )
        case asyncpg.InsufficientPrivilegeError() if "row-level security" in str(error):
            return NotYours("This would not be a record of yours: your key writes those of its own country.")
        case asyncpg.LockNotAvailableError():
            return BusyRecord("Another request holds this record. Try again.", headers={"Retry-After": "1"})
        case asyncpg.DataError():
            return Unprocessable("A value cannot be stored.")
        case (
            asyncpg.QueryCanceledError()
            | asyncpg.PostgresConnectionError()
            | asyncpg.OperatorInterventionError()
            | asyncpg.InsufficientResourcesError()
            | asyncpg.ReadOnlySQLTransactionError()
            | asyncpg.SerializationError()
            | asyncpg.DeadlockDetectedError()
            | asyncpg.TransactionTimeoutError()
            | asyncpg.IdleInTransactionSessionTimeoutError()
            | asyncpg.InvalidCachedStatementError()
            | ConnectionError()
            | TimeoutError()
            | OSError()
        ):
            return Unavailable("The database did not answer in time. Try again.")
        case asyncpg.InterfaceError() if "clos" in str(
            error
        ):  # a connection or the pool; the rest is our mistake
            return Unavailable("The connection to the database was lost. Try again.")
    return None

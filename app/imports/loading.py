"""A bulk request at work: rows in chunks into a batch, the guards, the write, the report."""

from collections.abc import Iterator
from itertools import islice

from app.collection.batches import CHUNK, Batch, Row
from app.collection.collection import Collection
from app.db import Connection
from app.errors import Conflict
from app.imports.asked import Options


class UnexpectedNumber(Conflict):
    """The request would change another number of records than `expect` says. Nothing was changed.

    `would_change` is the real number; `dry_run=true` tells it beforehand.
    """


async def load(
    connection: Connection,
    collection: Collection,
    options: Options,
    rows: Iterator[Row],
    patience: float,
    *,
    versions_required: bool,
) -> Batch:
    """Write the rows; what the batch says of refused rows is the report."""
    await connection.execute(
        "select set_config('statement_timeout', $1, true), set_config('transaction_timeout', $1, true), "
        "set_config('idle_in_transaction_session_timeout', $1, true)",
        f"{patience:.0f}s",
    )
    batch = Batch(
        connection,
        collection,
        options.match,
        partial=options.partial,
        patience=patience,
        versions_required=versions_required,
    )
    while chunk := list(islice(rows, CHUNK)):
        await batch.take(chunk)
    await batch.settle()
    if batch.refused and not options.partial:
        return batch
    _as_expected(batch, options)
    if batch.changes:
        before = batch.changes
        await batch.apply()
        if batch.changes != before and options.partial:
            _as_expected(batch, options)
    return batch


def _as_expected(batch: Batch, options: Options) -> None:
    if options.expect is not None and batch.changes != options.expect:
        raise UnexpectedNumber(
            f"{batch.changes} records would change, not {options.expect}.",
            expected=options.expect,
            would_change=batch.changes,
            summary={"rows": sum(batch.counts.values()), **batch.counts},
        )

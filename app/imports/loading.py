"""A load at work: rows in chunks into a batch, the guards, the write, the report."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from app.collection.ahead import InDoubt
from app.collection.batch_rows import Row
from app.collection.batches import Batch
from app.collection.collection import Collection
from app.db import Connection, patient
from app.errors import Conflict
from app.http.formats import JSON, Format
from app.http.seals import Seal
from app.http.spool import Spool
from app.imports.asked import Options
from app.imports.cells import Header, header_of
from app.imports.duplicates import possible_duplicates
from app.imports.files import KINDS
from app.imports.items import Opened
from app.imports.plans import Plan, PlanOutdated
from app.imports.reports import Outcome, answer, refused_rows
from app.imports.rows import Reader
from app.jobs.queue import Progress
from app.operations.transactions import Answer

_FIRST_ROWS, _CHUNK_ROWS, _CHUNK_SIZE = 250, 2_000, 2_000_000
"""So many rows, or so many characters, are worked on at a time: what bounds the memory that a load takes. The first are
fewer, so that there is soon something to write."""
_MOVED_MOST = 1_000


class UnexpectedNumber(Conflict):
    """The request would change another number of records than `expect` says. Nothing was changed.

    `would_change` is the real number; `dry_run=true` tells it beforehand.
    """


@dataclass(frozen=True)
class Load:
    """What is to be loaded, and how."""

    collection: Collection
    file: Spool
    media: str
    charset: str | None
    options: Options
    style: Format
    versions_required: bool
    instance: str
    request_id: str
    patience: float
    """Seconds that it may take."""
    seal: Seal
    """For plans."""
    plan: str | None = None
    """What a dry run has shown, if only that may be done."""
    folder: Path | None = None
    """Where large answers wait."""

    def plan_of(self, rows: bytes, position: int) -> Plan:
        """What is done, as far as a plan says it."""
        options = self.options
        said = (
            self.collection.name,
            self.media,
            self.charset,
            options.match,
            options.mode,
            options.empty_is_null,
        )
        return Plan.of(self.file.digest, (*said, options.charset), rows, position)

    def opened(self) -> Opened:
        """The file, from its beginning."""
        return KINDS[self.media].read(self.file, self.options.charset or self.charset)


@dataclass
class Loaded:
    """A load that is done, while its transaction lasts: the outcome, and its refused rows on request."""

    asked: Load
    outcome: Outcome

    async def report(self) -> Answer:
        return await answer(self.outcome, instance=self.asked.instance, request_id=self.asked.request_id)

    async def refused(self) -> Answer:
        """The refused rows, in the form in which the file came."""
        into = Spool(self.asked.folder)
        try:
            with self.asked.opened() as again:
                return await refused_rows(self.outcome, again, KINDS[self.asked.media].refused, into)
        except BaseException:
            into.close()
            raise


async def load(connection: Connection, asked: Load) -> Answer:
    """Write the rows of a file, inside the transaction of the caller, who looks at `Answer.kept`."""
    loaded = await loaded_by(connection, asked)
    if loaded.outcome.batch.counts["error"] and asked.style is not JSON:
        return await loaded.refused()
    return await loaded.report()


async def loaded_by(connection: Connection, asked: Load, progress: Progress | None = None) -> Loaded:
    """The same, with the answer left to the caller, and its progress told meanwhile."""
    progress = progress or Progress()
    await patient(connection, asked.patience)
    options = asked.options
    ahead = not (options.partial or options.dry_run or asked.plan)
    await connection.execute("savepoint begun")
    # Records that others have made meanwhile are found when they are looked for again.
    with suppress(InDoubt, asyncpg.UniqueViolationError):
        return await _loaded(connection, asked, progress, ahead=ahead)
    await connection.execute("rollback to savepoint begun")
    progress.step = "reading"
    return await _loaded(connection, asked, progress, ahead=False, anew=True)


async def _loaded(
    connection: Connection, asked: Load, progress: Progress, *, ahead: bool, anew: bool = False
) -> Loaded:
    position = await connection.fetchval("select position from journal_head")
    shown = Plan.read(asked.plan, asked.seal) if asked.plan else None
    if shown:
        shown.refuse_another_request(asked.plan_of(b"", position))
    batch = Batch(
        connection,
        asked.collection,
        asked.options.match,
        partial=asked.options.partial,
        patience=asked.patience,
        versions_required=asked.versions_required,
        ahead=ahead,
        anew=anew,
    )
    try:
        with asked.opened() as opened:
            header = _header(asked.collection, opened)
            reader = Reader(asked.collection, asked.options, header, list(header.ignored) if header else [])
            await batch.staging.make(in_parts=ahead)
            for chunk in _chunks(reader.rows(opened.rows)):
                await batch.take(chunk)
                progress.rows = batch.rows
        progress.step = "writing"
        await batch.settle()
        progress.rows = batch.rows
        plan = asked.plan_of(batch.plan, position)
        if shown and shown.rows != plan.rows:
            raise await _moved(batch, shown)
        duplicates = None
        if not batch.counts["error"] or asked.options.partial:
            await _apply(batch, asked.options)
            if asked.options.duplicates:
                duplicates = await possible_duplicates(connection, batch)
    finally:
        await batch.ahead.stop()
    token = plan.token(asked.seal) if asked.options.dry_run else None
    return Loaded(asked, Outcome(batch, asked.options, header, reader.ignored, token, duplicates))


def _header(collection: Collection, opened: Opened) -> Header | None:
    if opened.header is None:
        return None
    return header_of(collection, opened.header, line=opened.header_line, first_column=opened.first_column)


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    size, most = 0, min(_FIRST_ROWS, _CHUNK_ROWS)
    for row in rows:
        chunk.append(row)
        size += row.size
        if len(chunk) >= most or size > _CHUNK_SIZE:
            yield chunk
            chunk, size, most = [], 0, min(2 * most, _CHUNK_ROWS)
    if chunk:
        yield chunk


async def _apply(batch: Batch, options: Options) -> None:
    if not options.partial:
        _as_expected(batch, options)
    if batch.changes:
        await batch.apply()
    if options.partial:  # rows may have been taken out
        _as_expected(batch, options)


def _as_expected(batch: Batch, options: Options) -> None:
    if options.expect is not None and batch.changes != options.expect:
        raise UnexpectedNumber(
            f"{batch.changes} records would change, not {options.expect}.",
            expected=options.expect,
            would_change=batch.changes,
            summary={"rows": batch.rows, **batch.counts},
        )


async def _moved(batch: Batch, shown: Plan) -> PlanOutdated:
    moved = await batch.staging.moved_since(shown.position, _MOVED_MOST)
    errors = [
        {
            "row": row["row"],
            "line": row["line"],
            **({"key": row["label"]} if row["label"] is not None else {}),
            "code": "moved",
            "message": f"The record is at version {row['version']} by now ({row['action']}).",
        }
        for row in moved
    ]
    return PlanOutdated(
        f"Since the dry run {len(errors)} of the rows' records have changed. Nothing was changed."
        if errors
        else "What the rows refer to has changed since the dry run. Nothing was changed.",
        errors=errors,
    )

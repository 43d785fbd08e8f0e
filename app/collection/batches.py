"""Many records written at once: matched, validated and resolved in chunks, then applied by one statement a step.

The same schema, merge, references and rules as for one record (`writing`); only the statements work on sets. What is
known of a chunk is put into temporary tables (`staging`), so that memory does not grow with the file, and a load
leaves its changes in one commit.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from pydantic_core import from_json, to_json

from app.collection.ahead import Ahead
from app.collection.batch_records import Meant, Records
from app.collection.batch_references import References
from app.collection.batch_refusals import Errors, found_by_halves, is_of_a_row
from app.collection.batch_rows import OUTCOMES, Row
from app.collection.collection import Collection
from app.collection.projection import WITHHELD
from app.collection.references import Found, Named, matched, wanted
from app.collection.staging import Prepared, Refused, Staged, Staging
from app.collection.storing import same, stored
from app.collection.validation import changed, field_errors, from_nothing, validated
from app.db import Connection
from app.errors import Unprocessable

_BREATH = 50
"""After so many rows other requests get their turn."""

Good = tuple[Row, Mapping[str, Any], tuple[str, ...]]
"""A row that can be read, its values, and the fields that it sets."""


@dataclass
class _Chunk:
    """Rows that are worked on together, with what the database says of them."""

    rows: Sequence[Row]
    meant: Meant
    ids: Iterator[UUID]
    """For those that are new."""


class Batch:
    """A load in progress, inside the transaction of its request."""

    def __init__(
        self,
        connection: Connection,
        collection: Collection,
        by: str,
        *,
        partial: bool,
        patience: float,
        versions_required: bool = False,
        ahead: bool = False,
        anew: bool = False,
    ) -> None:
        self.connection, self.collection, self.partial = connection, collection, partial
        self._versions_required = versions_required
        self.by, _, self.system = by.partition(":")
        """What rows are matched by: `id`, the human key, or `by-key` and a system."""
        self.counts = dict.fromkeys(OUTCOMES, 0)
        self.staging = Staging(connection, collection, patience)
        self.ahead = Ahead(possible=ahead)
        self._anew = anew
        """The load was begun once: what is taken now is not what others have made meanwhile."""
        self._records = Records(connection, collection, self.by, patience)
        self._references = References(connection, self.staging, self.ahead, None if partial else collection)
        self._patience = patience
        self._chunk: _Chunk | None = None
        """The one that is looked at next."""
        self._plan = hashlib.sha256()

    @property
    def rows(self) -> int:
        return sum(self.counts.values())

    @property
    def plan(self) -> bytes:
        """What is to be done with each row, and the version that it changes, as a digest."""
        return hashlib.sha256(self._plan.digest() + repr(self.counts).encode()).digest()

    @property
    def changes(self) -> int:
        """How many records change."""
        return self.counts["create"] + self.counts["update"] + self.counts["delete"]

    async def take(self, rows: Sequence[Row]) -> None:
        """Match, validate and resolve rows, and put what will be written beside the table: one chunk later.

        Their records are read before the chunk before them is written, and they are looked at while it is written.
        """
        before = self._chunk
        staged = await self._looked_at(before) if before else None
        await self.ahead.done()
        self._chunk = await self._read(rows)
        if before and staged:
            await self._stage(before, staged)
            await self.ahead.begin(before.rows[-1].number, self._write)

    async def _looked_at(self, chunk: _Chunk) -> Prepared:
        """What is to be written of a chunk; rows that cannot be have their errors."""
        good = [each async for each in self._validated(chunk)]
        written = await self._resolved(good, self._numbered(chunk))
        staged: list[Staged] = []
        singular = self.collection.singular
        for row in chunk.rows:
            if row.match in chunk.meant.not_ours and row.outcome != "unchanged" and not row.hopeless:
                row.refuse("not_yours", f"This {singular} belongs to others: your key does not write it.")
            if row.errors:
                row.outcome = "error"
            else:
                values = written.get(row.number, {})
                staged.append(((row.number, row.line, row.label, row.outcome, row.id), values))
            self.counts[row.outcome] += 1
            here = f"{row.id} {row.known_version}" if row.before is not None else " "
            self._plan.update(f"{row.number} {row.outcome} {here}\n".encode())
        return self.staging.prepared(staged)

    async def _stage(self, chunk: _Chunk, staged: Prepared) -> None:
        await self.staging.put(staged)
        if self.counts["error"] or self.counts["delete"] or self.staging.claims:
            self.ahead.doubt()
        await self.staging.put_refused(
            [Refused(row.number, row.line, row.label, row.errors) for row in chunk.rows if row.errors]
        )

    async def _read(self, rows: Sequence[Row]) -> _Chunk:
        meant = await self._records.meant(rows)
        new = sum(meant.by(row) is None for row in rows)
        return _Chunk(rows, meant, iter(await self._ids(new) if new else ()))

    async def _ids(self, number: int) -> list[UUID]:
        found: list[UUID] = await self.connection.fetchval(
            "select array_agg(uuidv7()) from generate_series(1, $1::int)", number, timeout=self._patience
        )
        return found

    async def _validated(self, chunk: _Chunk) -> AsyncIterator[Good]:
        """Decide what is to be done with each row; what is to be written comes with its values."""
        collection = self.collection
        for number, row in enumerate(chunk.rows):
            if number % _BREATH == 0:
                await asyncio.sleep(0)
            if not row.hopeless:
                self._decide(row, chunk)
            if row.outcome in {"", "delete"}:
                continue
            try:
                if row.before is None:
                    names = collection.writable
                    said = validated(collection, from_nothing(collection, row.body))
                else:
                    names = self._differing(row, row.before)
                    if not names and not row.errors:
                        row.outcome = "unchanged"
                        continue
                    said = changed(collection, row.before, {name: row.body[name] for name in names})
            except Unprocessable as refused:
                told = {error["pointer"] for error in row.errors}
                row.errors += [error for error in refused.errors if error["pointer"] not in told]
                continue
            if not row.errors:
                yield row, said, names

    def _differing(self, row: Row, before: Mapping[str, Any]) -> tuple[str, ...]:
        """The fields of a row that are not plainly as they are stored."""
        if errors := field_errors(self.collection, row.body):
            raise Unprocessable(errors=errors)
        key = self.collection.key
        if key in row.body and before[key] not in (None, row.body[key]):
            row.refuse("permanent", f"The {key} of a record cannot be changed.", f"/{key}")
        for name in before.get(WITHHELD) or ():
            if name in row.body:
                row.refuse("withheld", "This field is not shown to your key: it does not set it.", f"/{name}")
        return tuple(name for name, value in row.body.items() if not _equal(before[name], value))

    def _decide(self, row: Row, chunk: _Chunk) -> None:
        """What is to be done with a row, by its operation and by whether its record is there."""
        now = chunk.meant.by(row)
        singular, by = self.collection.singular, "own key" if self.by == "by-key" else self.by
        if row.match is None and (row.operation in {"update", "delete"} or self.by != "id"):
            row.refuse(
                "match_missing", f"This row does not say which {singular} it means, by {by}.", self._place
            )
            return
        if now is None:
            if row.operation in {"update", "delete"} or (self.by == "id" and row.match is not None):
                row.refuse("not_found", f"There is no {singular} with this {by}.", self._place)
            elif row.version is not None:
                row.refuse(
                    "version_conflict", "There is no record of which this could be a version.", "/version"
                )
            else:
                row.outcome = "create"
                if row.own_key and "keys" not in row.body:
                    row.body["keys"] = [row.own_key]
            return
        if row.operation == "create":
            row.refuse("already_exists", f"There is a {singular} with this {by} already.", self._place)
            return
        row.id = now["id"]
        if row.version is not None and row.version != now["version"]:
            message = f"The record is at version {now['version']} by now. Read it again."
            row.refuse("version_conflict", message, "/version")
        if row.version is None and self._versions_required:
            row.refuse("version_required", "This key has to say which version it changes.", "/version")
        row.outcome = "delete" if row.operation == "delete" else "update"
        row.before, row.known_version = from_json(now["j"]), now["version"]

    @property
    def _place(self) -> str:
        return "/keys" if self.by == "by-key" else f"/{self.by}"

    def _numbered(self, chunk: _Chunk) -> dict[Named, Found]:
        """New records get their ids before they are written, so that others in the file can refer to them."""
        kind, key = self.collection.name, self.collection.key
        found: dict[Named, Found] = {}
        for row in chunk.rows:
            if row.outcome != "create" or row.errors:
                continue
            row.id = next(chunk.ids)
            value = row.body.get(key) if key else None
            one = Found(row.id, value)
            if key and value is not None:
                found.setdefault((kind, key, str(value)), one)
            for own in row.body.get("keys") or ():
                found.setdefault((kind, "key", own), one)
        return {} if self.partial else found  # there, a row that is refused must not take others with it

    async def _resolved(self, good: Sequence[Good], made: Mapping[Named, Found]) -> dict[int, dict[str, Any]]:
        """The column values of each row, by its number; rows that would be stored as they are become `unchanged`."""
        collection = self.collection
        wants = {row.number: wanted(collection, said, names) for row, said, names in good}
        known = await self._references.known((want for each in wants.values() for want in each), made)
        written: dict[int, dict[str, Any]] = {}
        for count, (row, said, names) in enumerate(good):
            if count % _BREATH == 0:
                await asyncio.sleep(0)
            records, mistakes = matched(wants[row.number], known)
            row.errors += [await self._references.with_candidates(want, error) for want, error in mistakes]
            if row.errors:
                continue
            try:
                values = stored(collection, said, names, records)
            except Unprocessable as refused:
                row.errors += refused.errors
                continue
            before = row.before
            if before is not None and all(
                same(collection, name, before[name], said, values) for name in names
            ):
                row.outcome = "unchanged"
                continue
            written[row.number] = values
        return written

    async def settle(self) -> None:
        """Refuse what stands against the rows once all of them are known."""
        last, self._chunk = self._chunk, None
        if last:
            staged = await self._looked_at(last)
            await self.ahead.done()
            await self._stage(last, staged)
        self._refused(await self.staging.refuse_repeated(self.by, self._place))
        self._refused(await self.staging.refuse_given_away())
        if not self.ahead.written:  # else the database, which refused none, looks at the rest as well
            self._refused(await self.staging.refuse_taken())
        if self.counts["delete"]:
            self._refused(await self.staging.refuse_referred())
        if self.ahead.written and await self.staging.repeats():
            self.ahead.doubt()

    async def apply(self) -> None:
        """Write what is staged, then look at the rules.

        In partial mode rows that are refused are taken out, and the rest is written again.
        """
        while True:
            await self.connection.execute("savepoint staged")
            against = await self._against()
            broken = await self.staging.broken(new=self.counts["create"] > 0) if not against else ([], [])
            if not against and not broken[0]:
                return
            self.ahead.doubt()
            await self.connection.execute("rollback to savepoint staged")
            self._refused(
                await self.staging.refuse_against(against)
                if against
                else await self.staging.refuse_broken(*broken)
            )
            if not self.partial:
                return

    async def _against(self) -> Errors:
        """Write all; what the database has against some of the rows."""
        try:
            await self._write(self.ahead.written)
        except asyncpg.PostgresError as error:
            if not is_of_a_row(error, anew=self._anew):
                raise
        else:
            return {}
        self.ahead.doubt()
        await self.connection.execute("rollback to savepoint staged")
        return await found_by_halves(self.connection, self.staging, anew=self._anew)

    async def _write(self, behind: int, upto: int | None = None) -> None:
        await self.staging.write(self.counts, behind, upto)

    def _refused(self, counts: Mapping[str, int]) -> None:
        if counts:
            self.ahead.doubt()
        for outcome, count in counts.items():
            self.counts[outcome] -= count
            self.counts["error"] += count


def _equal(before: Any, given: Any) -> bool:
    """Whether a value is plainly the one that is stored; a reference may name its record by less.

    To Python 1, 1.0 and true are equal; to JSON they are not.
    """
    if type(before) is not type(given):
        return False
    if isinstance(given, dict):
        return bool(given) and all(
            name in before and not isinstance(value, dict | list) and _equal(before[name], value)
            for name, value in given.items()
        )
    if isinstance(given, list):
        return to_json(before) == to_json(given)
    return bool(before == given)

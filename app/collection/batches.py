"""Many records written at once: matched, validated and resolved in chunks, then applied by one statement a step.

The same schema, merge, references and rules as for one record (`writing`); only the statements work on sets. A chunk
is put into a temporary table, so that memory does not grow with the file, and a load leaves its changes in one commit.
"""

import asyncio
import json
from collections import ChainMap
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Text, UniqueConstraint, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.collection.collection import Collection
from app.collection.own_keys import OWN_KEYS
from app.collection.projection import record_json
from app.collection.references import Found, Named, Want, candidates, known_records, matched, wanted
from app.collection.validation import field_errors, from_nothing, merged, validated
from app.collection.writing import broken_rule, broken_rules, kept, referred, referred_by, same, stored
from app.db import Connection
from app.errors import Unprocessable

CHUNK = 2_000
_CANDIDATES_MOST = 50
_BREATH = 50
"""After so many rows other requests get their turn."""

OUTCOMES = ("create", "update", "unchanged", "delete", "error")
OPERATIONS = ("create", "update", "upsert", "delete")
BY_KEY = "by-key:"


@dataclass(slots=True)
class Row:
    """One row of a batch, and what becomes of it."""

    number: int
    line: int | None
    body: dict[str, Any]
    operation: str = "upsert"
    match: str | None = None
    """How the row names its record, by what the batch matches by."""
    version: int | None = None
    label: str | None = None
    """What the row is called in the report."""
    errors: list[Mapping[str, Any]] = field(default_factory=list)
    outcome: str = ""
    id: UUID | None = None
    before: dict[str, Any] | None = None
    own_key: str | None = None
    """A key that a new record gets beside those of its body."""
    hopeless: bool = False
    """Which record is meant, or what is to be done with it, cannot be read: nothing more is said of the row."""

    def refuse(self, code: str, message: str, pointer: str = "", **more: Any) -> None:
        self.errors.append({"pointer": pointer, "code": code, "message": message, **more})


@dataclass(slots=True)
class Refused:
    """A row that was refused: what the report says of it."""

    number: int
    line: int | None
    label: str | None
    errors: list[Mapping[str, Any]]


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
    ) -> None:
        self.connection, self.collection, self.partial = connection, collection, partial
        self._versions_required = versions_required
        self.by, _, self.system = by.partition(":")
        """What rows are matched by: `id`, the human key, or `by-key` and a system."""
        self.counts = dict.fromkeys(OUTCOMES, 0)
        self.refused: dict[int, Refused] = {}
        self._patience = patience
        self._seen: dict[str, int] = {}
        self._taken: dict[tuple[str, Any], int] = {}
        self._made: dict[Named, Found] = {}
        self._candidates: dict[tuple[str, str, Any], list[str]] = {}
        self._ids: dict[str, dict[UUID, int]] = {"create": {}, "update": {}, "delete": {}}
        self._columns = [
            column for name in collection.writable for column in collection.outputs[name].columns(name)
        ]
        self._unique = [
            constraint.columns[0].name
            for constraint in collection.table.constraints
            if isinstance(constraint, UniqueConstraint) and len(constraint.columns) == 1
        ]
        self._staged = False

    @property
    def changes(self) -> int:
        """How many records change."""
        return self.counts["create"] + self.counts["update"] + self.counts["delete"]

    async def take(self, rows: Sequence[Row]) -> None:
        """Match, validate and resolve a chunk, and put what will be written beside the table."""
        current = await self._current(rows)
        models = [each async for each in self._validated(rows, current)]
        await self._number_the_new(rows)
        written = await self._resolved(models)
        await self._refuse_what_is_taken(written)
        records = []
        for row in rows:
            if row.errors:
                row.outcome = "error"
                self.refused[row.number] = Refused(row.number, row.line, row.label, row.errors)
            elif row.outcome in self._ids and row.id is not None:
                self._ids[row.outcome][row.id] = row.number
                values = written.get(row.number, (row, {}))[1]
                columns = (values.get(column) for column in self._columns)
                records.append((row.number, row.line, row.label, row.outcome, row.id, *columns))
            self.counts[row.outcome] += 1
        await self._stage(records)

    async def _current(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The records that rows name, held until the transaction ends."""
        named = [row.match for row in rows if row.match is not None and not row.errors]
        if not named:
            return {}
        collection, own = self.collection, OWN_KEYS.alias()

        def build() -> Any:
            table = collection.table
            json_text = record_json(collection, table, collection.outputs, {}).label("j")
            if self.by == "by-key":
                asked = bindparam("asked", type_=ARRAY(Text))
                name: Any = own.c.key
                source: Any = table.join(
                    own, (own.c.record_id == table.c.id) & (own.c.kind == collection.name)
                )
            else:
                name, source = table.c[self.by], table
                asked = bindparam("asked", type_=ARRAY(name.type))
            columns = (cast(name, Text).label("named"), table.c.id, table.c.version, json_text)
            found = select(*columns).select_from(source).where(name == func.any(asked))
            return found.order_by(table.c.id).with_for_update(of=table)  # one order: no deadlocks

        read = {"id": UUID, "number": int}.get(self.by, str)
        statement = collection.statement(("batch", self.by), build)
        asked = {"asked": [read(name) for name in named]}
        found = await self.connection.fetch(statement.sql, *statement.args(asked), timeout=self._patience)
        return {each["named"]: each for each in found}

    async def _validated(
        self, rows: Sequence[Row], current: Mapping[str, Any]
    ) -> AsyncIterator[tuple[Row, BaseModel, tuple[str, ...]]]:
        """Decide what is to be done with each row; what is to be written comes as a model of the schema."""
        collection = self.collection
        for number, row in enumerate(rows):
            if number % _BREATH == 0:
                await asyncio.sleep(0)
            if not row.hopeless:
                self._decide(row, current.get(row.match) if row.match is not None else None)
            if row.outcome in {"", "delete"}:
                continue
            try:
                if row.before is None:
                    names = collection.writable
                    model = validated(collection, from_nothing(collection, row.body))
                else:
                    names = self._differing(row, row.before)
                    if not names and not row.errors:
                        row.outcome = "unchanged"
                        continue
                    model = validated(collection, merged(collection, row.before, row.body))
            except Unprocessable as refused:
                said = {error["pointer"] for error in row.errors}
                row.errors += [error for error in refused.errors if error["pointer"] not in said]
                continue
            if not row.errors:
                yield row, model, names

    def _differing(self, row: Row, before: Mapping[str, Any]) -> tuple[str, ...]:
        """The fields of a row that are not plainly as they are stored."""
        if errors := field_errors(self.collection, row.body):
            raise Unprocessable(errors=errors)
        key = self.collection.key
        if key in row.body and before[key] not in {None, row.body[key]}:
            row.refuse("permanent", f"The {key} of a record cannot be changed.", f"/{key}")
        return tuple(name for name, value in row.body.items() if not _equal(before[name], value))

    def _decide(self, row: Row, now: Any) -> None:
        """What is to be done with a row, by its operation and by whether its record is there."""
        singular, by = self.collection.singular, "own key" if self.by == "by-key" else self.by
        if row.match is not None:
            if (earlier := self._seen.setdefault(row.match, row.number)) != row.number:
                row.refuse("repeated_row", f"Row {earlier} names the same {singular}.", self._place)
                return
        elif row.operation in {"update", "delete"} or self.by != "id":
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
        row.before = json.loads(now["j"])

    @property
    def _place(self) -> str:
        return "/keys" if self.by == "by-key" else f"/{self.by}"

    async def _number_the_new(self, rows: Sequence[Row]) -> None:
        """New records get their ids before they are written, so that others in the file can refer to them."""
        new = [row for row in rows if row.outcome == "create" and not row.errors]
        if not new:
            return
        ids = await self.connection.fetch(
            "select uuidv7() from generate_series(1, $1::int)", len(new), timeout=self._patience
        )
        key = self.collection.key
        for row, made in zip(new, ids, strict=True):
            row.id = made[0]
            if self.partial:  # there, a row that is refused must not take others with it
                continue
            value = row.body.get(key) if key else None
            found = Found(made[0], value)
            if key and value is not None:
                self._made.setdefault((self.collection.name, key, str(value)), found)
            for own in row.body.get("keys") or ():
                self._made.setdefault((self.collection.name, "key", own), found)

    async def _resolved(
        self, models: list[tuple[Row, BaseModel, tuple[str, ...]]]
    ) -> dict[int, tuple[Row, dict[str, Any]]]:
        """The column values of each row, by its number; rows that would be stored as they are become `unchanged`."""
        collection = self.collection
        wants = {row.number: wanted(collection, model, names) for row, model, names in models}
        found = await known_records(self.connection, (want for each in wants.values() for want in each))
        known = ChainMap(found, self._made)
        written: dict[int, tuple[Row, dict[str, Any]]] = {}
        for count, (row, model, names) in enumerate(models):
            if count % _BREATH == 0:
                await asyncio.sleep(0)
            records, mistakes = matched(wants[row.number], known)
            row.errors += [await self._with_candidates(want, error) for want, error in mistakes]
            if row.errors:
                continue
            try:
                values = stored(collection, model, names, records)
            except Unprocessable as refused:
                row.errors += refused.errors
                continue
            if row.before is not None:
                if all(same(collection, name, row.before[name], model, values) for name in names):
                    row.outcome = "unchanged"
                    continue
                others = (name for name in collection.writable if name not in names)
                values |= kept(collection, model, others, row.before)
            written[row.number] = row, values
        return written

    async def _with_candidates(self, want: Want, error: dict[str, Any]) -> dict[str, Any]:
        asked = (want.to.name, want.by, want.value)
        if asked not in self._candidates and len(self._candidates) < _CANDIDATES_MOST:
            self._candidates[asked] = await candidates(self.connection, want)
        near = error.get("candidates") or self._candidates.get(asked, [])
        return {**error, "candidates": near} if near else error

    async def _refuse_what_is_taken(self, written: Mapping[int, tuple[Row, dict[str, Any]]]) -> None:
        """What must be unique is looked for in the file and in the table before anything is written."""
        for name in self._unique:
            asked = self._claimed(
                name, ((row, [values[name]]) for row, values in written.values() if name in values)
            )
            table = self.collection.table
            held = f'select "{name}"::text, id from {table.name} where "{name}" = any($1)'  # noqa: S608  (our own names)
            await self._refuse_held(name, asked, held)
        asked = self._claimed("keys", ((row, values["keys"]) for row, values in written.values()))
        held = f"select key, record_id from own_keys where kind = '{self.collection.name}' and key = any($1)"  # noqa: S608
        await self._refuse_held("keys", asked, held)

    def _claimed(self, name: str, rows: Iterable[tuple[Row, list[Any]]]) -> dict[Any, Row]:
        """The values that rows bring along, each with the first row that does."""
        claimed: dict[Any, Row] = {}
        for row, values in rows:
            before = row.before[name] if row.before is not None else None
            has = before if isinstance(before, list) else [before]
            for value in values:
                if value is None or value in has:
                    continue
                if (first := self._taken.setdefault((name, value), row.number)) != row.number:
                    row.refuse("already_exists", f"Row {first} has it already.", f"/{name}")
                else:
                    claimed[value] = row
        return claimed

    async def _refuse_held(self, name: str, claimed: dict[Any, Row], held: str) -> None:
        if not claimed:
            return
        rows = {str(value): row for value, row in claimed.items()}
        for value, owner in await self.connection.fetch(held, list(claimed), timeout=self._patience):
            row = rows[value]
            if owner != row.id and owner not in self._ids["delete"]:
                row.refuse("already_exists", "Another record has it already.", f"/{name}")

    async def _stage(self, records: list[tuple[Any, ...]]) -> None:
        if not self._staged:
            self._staged = True
            listed = ", ".join(f'"{column}"' for column in self._columns)
            await self.connection.execute(
                "create temporary table staged on commit drop as select 0 as _row, 0 as _line, ''::text as _label, "  # noqa: S608
                f"''::text as _outcome, id, {listed} from {self.collection.table.name} with no data"
            )
        if records:
            columns = ["_row", "_line", "_label", "_outcome", "id", *self._columns]
            await self.connection.copy_records_to_table(
                "staged", records=records, columns=columns, timeout=self._patience
            )

    async def settle(self) -> None:
        """Refuse deletes that other records stand against, now that all rows are known."""
        found = await referred(self.connection, self.collection, list(self._ids["delete"]), self._patience)
        for record, by in found.items():
            message = referred_by(self.collection, by)
            error = {"pointer": "", "code": "still_referred", "message": message}
            await self._refuse_staged("delete", record, [error])

    async def apply(self) -> None:
        """Write what is staged: one statement for each of deleted, changed and new records; then look at the rules.

        In partial mode rows that break a rule are taken out, and the rest is written again.
        """
        while True:
            await self.connection.execute("savepoint staged")
            await self._write()
            ids = [*self._ids["update"], *self._ids["create"]]
            broken: dict[UUID, list[Mapping[str, Any]]] = {}
            for record, rule in await broken_rules(self.connection, self.collection, ids, self._patience):
                broken.setdefault(record, []).append(broken_rule(rule))
            if not broken:
                return
            await self.connection.execute("rollback to savepoint staged")
            for record, errors in broken.items():
                outcome = "create" if record in self._ids["create"] else "update"
                await self._refuse_staged(outcome, record, errors)
            if not self.partial:
                return

    async def _write(self) -> None:
        table = self.collection.table.name
        listed = ", ".join(f'"{column}"' for column in self._columns)
        taken = ", ".join(f'"{column}" = s."{column}"' for column in self._columns)
        statements = {
            "delete": f"delete from {table} t using staged s where t.id = s.id and s._outcome = 'delete'",  # noqa: S608
            "update": f"update {table} t set {taken} from staged s where t.id = s.id and s._outcome = 'update'",  # noqa: S608
            "create": f"insert into {table} (id, {listed}) select id, {listed} from staged where _outcome = 'create' "  # noqa: S608
            "order by _row",
        }
        for outcome, statement in statements.items():
            if self._ids[outcome]:
                await self.connection.execute(statement, timeout=self._patience)

    async def _refuse_staged(self, outcome: str, record: UUID, errors: list[Mapping[str, Any]]) -> None:
        """Take a row out that was staged already."""
        number = self._ids[outcome].pop(record)
        row = await self.connection.fetchrow(
            "delete from staged where _row = $1 returning _line, _label", number
        )
        assert row is not None
        self.refused[number] = Refused(number, row["_line"], row["_label"], errors)
        self.counts[outcome] -= 1
        self.counts["error"] += 1


def _equal(before: Any, given: Any) -> bool:
    """Whether a value is plainly the one that is stored; a reference may name its record by less."""
    if isinstance(given, dict) and isinstance(before, dict):
        return bool(given) and given.items() <= before.items() if _plain(given) else False
    return type(before) is type(given) and bool(before == given)


def _plain(given: dict[str, Any]) -> bool:
    return not any(isinstance(value, dict | list) for value in given.values())

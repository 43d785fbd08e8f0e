"""The rows of a load beside the table: in temporary tables, so that every question and every step is one statement.

`staged` holds what will be written, `refused` what the report says of the other rows. Both end with the transaction.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import Text, UniqueConstraint, Uuid, column, select, table

from app.collection.collection import Collection
from app.collection.copy_text import copy_text
from app.collection.removing import referring
from app.collection.rules import broken_rule, broken_rules, rules_on
from app.collection.sets import Among
from app.db import Connection

Staged = tuple[tuple[int, int | None, str | None, str, UUID | None], Mapping[str, Any]]
"""A row that can be written: its number, line, label, outcome and id, and the values by column."""

_ROWS_MOST = 2**31 - 1
_OUR_OWN = ("_row", "_line", "_label", "_outcome", "id", "_set")
_STAGED = table("staged", column("id", Uuid), column("_outcome", Text))


def _among(*outcomes: str) -> Among:
    ids = select(_STAGED.c.id).where(_STAGED.c._outcome.in_(outcomes))  # noqa: SLF001  (a column of ours)
    return Among(f"staged for {' '.join(outcomes)}", lambda each: each.in_(ids))


DELETED, CREATED, WRITTEN = _among("delete"), _among("create"), _among("update", "create")


class Prepared(NamedTuple):
    """Rows to be staged, as COPY reads them."""

    columns: list[str]
    text: bytes


@dataclass(slots=True)
class Refused:
    """A row that was refused: what the report says of it."""

    number: int
    line: int | None
    label: str | None
    errors: list[Mapping[str, Any]]


class Staging:
    """The temporary tables of one load."""

    def __init__(self, connection: Connection, collection: Collection, patience: float) -> None:
        self._connection, self._collection, self._patience = connection, collection, patience
        self._table = collection.table.name
        self._columns = [
            each for name in collection.writable for each in collection.outputs[name].columns(name)
        ]
        unique = [each for each in collection.table.constraints if isinstance(each, UniqueConstraint)]
        self._unique = [each.columns[0].name for each in unique if len(each.columns) == 1]
        self._claiming = {"keys", *(column.name for each in unique for column in each.columns)}
        """The columns of which no two records may hold the same."""
        # An array of their names takes longer to send and to look through than all that it speaks of.
        self._bits = {each: 1 << place for place, each in enumerate(self._columns)}
        self._changed: set[str] = set()
        """The columns in which records that are there change."""
        self._given: set[str] = set()
        """The columns that rows give."""

    @property
    def claims(self) -> bool:
        """Whether records that are there change what must be unique."""
        return not self._changed.isdisjoint(self._claiming)

    async def make(self, *, in_parts: bool) -> None:
        """Make the tables: empty, with the columns of the collection; `in_parts`: to be written so."""
        await self._connection.execute(
            "create temporary table staged on commit drop as select 0 as _row, 0 as _line, ''::text as _label, "  # noqa: S608
            f"''::text as _outcome, id, 0::bigint as _set, {_listed(self._columns)} from {self._table} with no data"
        )
        if in_parts:
            await self._connection.execute("create index staged_row on staged (_row)")
        await self._connection.execute(
            "create temporary table refused (row int, line int, label text, errors json) on commit drop"
        )

    def prepared(self, rows: Sequence[Staged]) -> Prepared:
        """Rows to be staged, without values those that are not written. It needs nothing of the database.

        `_set` has the bits of the columns that a row gives; a record that is there keeps the others.
        """
        given = set().union(*(values for _, values in rows))
        columns = [each for each in self._columns if each in given]
        bits = self._bits
        self._given |= given
        self._changed.update(each for row, values in rows if row[3] == "update" for each in values)
        text = copy_text(
            (*row, sum(map(bits.__getitem__, values)), *map(values.get, columns)) for row, values in rows
        )
        return Prepared([*_OUR_OWN, *columns], text)

    async def put(self, rows: Prepared) -> None:
        """Stage rows."""
        if rows.text:
            await self._connection.copy_to_table(
                "staged", source=_once(rows.text), columns=rows.columns, timeout=self._patience
            )

    async def put_refused(self, rows: Sequence[Refused]) -> None:
        """Keep what is wrong with rows."""
        if rows:
            records = [
                (each.number, each.line, each.label, json.dumps(each.errors, ensure_ascii=False))
                for each in rows
            ]
            await self._connection.copy_records_to_table(
                "refused",
                records=records,
                columns=["row", "line", "label", "errors"],
                timeout=self._patience,
            )

    async def new_records(self, by: str, names: Sequence[Any]) -> Sequence[asyncpg.Record]:
        """Those of the new records that have one of these keys: `name`, `id`, `key`."""
        key = f'"{self._collection.key}"' if self._collection.key else "null"
        name = "unnest(keys)" if by == "key" else f'"{by}"'
        return await self._connection.fetch(
            f"select name, id, key from (select {name} as name, id, {key} as key from staged "  # noqa: S608
            "where _outcome = 'create') new where name::text = any($1::text[])",
            names,
            timeout=self._patience,
        )

    async def created(self) -> Sequence[asyncpg.Record]:
        """The new records: `row`, `id`."""
        return await self._connection.fetch(
            "select _row as row, id from staged where _outcome = 'create' order by _row",
            timeout=self._patience,
        )

    async def refuse_repeated(self, by: str, pointer: str) -> dict[str, int]:
        """Refuse all rows but the first that name the same record, be it there or new."""
        new = "id::text" if by == "id" else "_label"
        return await self._refuse(
            f"""with named as (select _row, case _outcome when 'create' then {new} else id::text end as name
                from staged)
            select named._row, json_build_object('pointer', $1::text, 'code', 'repeated_row',
                'message', format('Row %s names the same {self._collection.singular}.', first))
            from named join (select name, min(_row) as first from named group by name having count(*) > 1) several
            using (name) where named._row <> first""",  # noqa: S608
            pointer,
        )

    async def refuse_given_away(self) -> dict[str, int]:
        """Refuse records that would belong to others: the database would refuse all for one of them."""
        guard = self._collection.guard
        if guard.owner is None:
            return {}
        owner = guard.owner_of or guard.owner
        if owner == "owner":  # a new record without an owner is the caller's own
            own = "nullif(current_setting('register.country', true), '')"
            owner = f"case _outcome when 'create' then coalesce(owner, {own}) else owner end"
        # What is held may be written as it is: only who gives the owner, or what it hangs on, gives anything away.
        if guard.owner_of:
            after = ", ".join(f'{self._after(each)} as "{each}"' for each in self._columns)
            join = f"staged s left join {self._table} t on t.id = s.id"
            rows = f"(select s._row, s._outcome, {after} from {join}) s"  # noqa: S608
        else:
            gives = self._gives(guard.owner)
            rows = f"(select * from staged s where _outcome = 'create' or {gives}) s"  # noqa: S608
        pointer = "" if guard.owner_of else f"/{guard.owner}"
        return await self._refuse(
            f"""select _row, json_build_object('pointer', '{pointer}', 'code', 'not_yours',
                'message', 'Your key writes records of its own country.')
            from {rows} where _outcome in ('create', 'update')
                and not coalesce({guard.may(guard.writes, f"({owner})")}, false)"""  # noqa: S608
        )

    async def refuse_taken(self) -> dict[str, int]:
        """Refuse what must be unique and is held by another record, or claimed by an earlier row."""
        counts: dict[str, int] = {}
        for name in (each for each in [*self._unique, "keys"] if each in self._given):
            if name == "keys":
                claims = "unnest(s.keys) claim(value)", "not coalesce(claim.value = any(t.keys), false)"
                says = "s.keys <> '{}'"
                held = f"own_keys h on h.kind = '{self._table}' and h.key = value and h.record_id <> c.id"
                holder = "h.record_id"
            else:
                claims = f'(values (s."{name}")) claim(value)', f't."{name}" is distinct from claim.value'
                says = f's."{name}" is not null'
                held, holder = f'{self._table} h on h."{name}" = value and h.id <> c.id', "h.id"
            refused = await self._refuse(
                f"""with claims as materialized (select s._row, s.id, claim.value
                    from staged s left join {self._table} t on t.id = s.id and s._outcome = 'update'
                    cross join lateral {claims[0]}
                    where s._outcome in ('create', 'update') and {says} and {claims[1]}),
                mistakes as (select c._row, format('Row %s has it already.', first) as message
                    from claims c join (select value, min(_row) as first from claims group by value
                    having count(*) > 1) several using (value) where c._row <> first
                union all select c._row, 'Another record has it already.' from claims c join {held}
                    where not exists (select from staged d where d.id = {holder} and d._outcome = 'delete'))
                select _row, json_build_object('pointer', '/{name}', 'code', 'already_exists',
                    'message', min(message)) from mistakes group by _row"""  # noqa: S608
            )
            counts = {each: counts.get(each, 0) + refused.get(each, 0) for each in counts | refused}
        return counts

    async def refuse_referred(self) -> dict[str, int]:
        """Refuse deletes that other records stand against."""
        statement = referring(self._collection, DELETED)
        if statement is None:
            return {}
        return await self._refuse(
            f"""select s._row, json_build_object('pointer', '', 'code', 'still_referred', 'message',
                string_agg(format('%s %s', count, records), ', ') || ' refer to this {self._collection.singular}.')
            from (select id, records, sum(count) as count from ({statement.sql}) r group by 1, 2) r
            join staged s using (id) group by s._row""",  # noqa: S608
            *statement.args({}),
        )

    async def broken(self, *, new: bool) -> tuple[list[int], list[int]]:
        """The rows whose records break a rule as they are now, and which rule each breaks. `new`: some are."""
        asked = dict.fromkeys(rules_on(self._collection), CREATED) if new else {}
        asked |= dict.fromkeys(rules_on(self._collection, self._changed), WRITTEN)
        if not asked:
            return [], []
        statement = broken_rules(self._collection, asked)
        found = await self._connection.fetchrow(
            "select array_agg(s._row), array_agg(b.rule) "  # noqa: S608
            f"from ({statement.sql}) b join staged s using (id)",
            *statement.args({}),
            timeout=self._patience,
        )
        assert found is not None
        return found[0] or [], found[1] or []

    async def refuse_broken(self, rows: list[int], rules: list[int]) -> dict[str, int]:
        """Refuse rows for the rules that they break."""
        return await self._refuse(
            "select row, $3::json -> rule from unnest($1::int[], $2::int[]) broken(row, rule)",
            rows,
            rules,
            json.dumps([broken_rule(rule) for rule in self._collection.rules]),
        )

    async def numbers(self, outcome: str) -> list[int]:
        """The numbers of the rows that come to this, in order; they are soon looked up by them."""
        await self._connection.execute("create index if not exists staged_row on staged (_row)")
        numbers: list[int] | None = await self._connection.fetchval(
            "select array_agg(_row order by _row) from staged where _outcome = $1",
            outcome,
            timeout=self._patience,
        )
        return numbers or []

    async def refuse_against(self, against: Mapping[int, Sequence[Mapping[str, Any]]]) -> dict[str, int]:
        """Refuse rows for what stands against them."""
        return await self._refuse(
            "select row, error "
            "from unnest($1::int[], $2::json[]) stands(row, errors), json_array_elements(errors) error",
            list(against),
            [json.dumps(each, ensure_ascii=False) for each in against.values()],
        )

    async def repeats(self) -> bool:
        """Whether several rows are of one record."""
        found = await self._connection.fetchval(
            "select exists (select from staged group by id having count(*) > 1)", timeout=self._patience
        )
        return bool(found)

    async def write(self, counts: Mapping[str, int], behind: int, upto: int | None) -> None:
        """Write the rows behind a number, up to another: one statement for each of deleted, new and changed records.

        Columns in which none of the records changes are not named: the database does less for them.
        """
        taken = ", ".join(
            f'"{each}" = {self._after(each)}' for each in self._columns if each in self._changed
        )
        listed = _listed(self._columns)
        part = " and s._row > $1 and s._row <= $2"
        span = (behind, _ROWS_MOST if upto is None else upto)
        statements = {  # new records before those that may come to refer to them
            "delete": f"delete from {self._table} t using staged s where t.id = s.id and s._outcome = 'delete'{part}",  # noqa: S608
            "create": f"insert into {self._table} (id, {listed}) select id, {listed} from staged s "  # noqa: S608
            f"where s._outcome = 'create'{part} order by s._row",
            "update": f"update {self._table} t set {taken} from staged s "  # noqa: S608
            f"where t.id = s.id and s._outcome = 'update'{part}",
        }
        # Chosen at once: meanwhile the next rows may be counted.
        for statement in [each for outcome, each in statements.items() if counts[outcome]]:
            await self._connection.execute(statement, *span, timeout=self._patience)

    async def moved_since(self, position: int, most: int) -> Sequence[asyncpg.Record]:
        """The rows whose records changed after a position of the journal, be they refused now or not."""
        key = f"record ->> '{self._collection.key}'" if self._collection.key else "null"
        return await self._connection.fetch(
            f"""with moved as (select c.record_id, c.version, c.action,
                    array[record ->> 'id', {key}]
                    || array(select json_array_elements_text(record -> 'keys')) as names
                from changes c join commits m on m.number = c.commit_number
                where m.position > $1 and c.kind = '{self._table}')
            select distinct on (r.row) r.row, r.line, r.label, moved.version, moved.action
            from (select _row as row, _line as line, _label as label, id from staged
                union all select row, line, label, null from refused) r
            join moved on moved.record_id = r.id or r.label = any(moved.names)
            order by r.row, moved.version desc limit $2""",  # noqa: S608
            position,
            most,
        )

    async def told(self, most: int) -> AsyncIterator[Refused]:
        """The first of the refused rows, in the order of the file."""
        await self._connection.execute(
            "declare told no scroll cursor for "  # noqa: S608
            f"select row, line, label, errors from refused order by row limit {most:d}"
        )
        while rows := await self._connection.fetch("fetch 500 from told", timeout=self._patience):
            for row in rows:
                yield Refused(row["row"], row["line"], row["label"], json.loads(row["errors"]))
        await self._connection.execute("close told")

    def _gives(self, column: str) -> str:
        """Whether a staged row `s` gives a column."""
        return f"s._set & {self._bits[column]} <> 0"

    def _after(self, column: str) -> str:
        """The value that a column will have, of a staged row `s` and the record `t` that it changes."""
        return f"""case when {self._gives(column)} then s."{column}" else t."{column}" end"""

    async def _refuse(self, mistakes: str, *args: Any) -> dict[str, int]:
        """Move rows from `staged` to `refused`, by a query for row and error; how many there were of each outcome."""
        gone = await self._connection.fetch(
            f"""with mistakes(_row, error) as ({mistakes}),
            several as (select _row, json_agg(error) as errors from mistakes group by _row),
            gone as (delete from staged s using several m where m._row = s._row
                returning s._row, s._line, s._label, s._outcome, m.errors),
            kept as (insert into refused select _row, _line, _label, errors from gone)
            select _outcome, count(*) from gone group by 1""",  # noqa: S608
            *args,
            timeout=self._patience,
        )
        return {row[0]: row[1] for row in gone}


async def _once(text: bytes) -> AsyncIterator[bytes]:
    yield text


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(f'"{each}"' for each in columns)

"""How the chain of commits is walked: by sets in the database, in constant memory, from a checkpoint or from the start.

Every commit's hash is of the hash before it, of its own entry and of the digests of its changes (migration 0002); the
walk is a database function (`migrations/walk.py`). Whoever holds a checkpoint, a position with its hash, can tell that
nothing before it was rewritten since.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from app.db import Connection
from app.errors import InvalidParameter

_COMMITS_AT_A_TIME = 2000
GENESIS = sha256(b"").hexdigest()


@dataclass(frozen=True)
class Checkpoint:
    """A place in the journal, and what the chain is there."""

    position: int
    hash: str
    at: datetime | None = None

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"


BEGINNING = Checkpoint(0, GENESIS)


@dataclass(frozen=True)
class Verdict:
    """How far the chain holds, and the first link that does not."""

    until: Checkpoint
    broken_at: int | None = None
    problem: str = ""
    complete: bool = True
    """Whether the end of the journal was reached."""


def read_checkpoint(given: str) -> Checkpoint:
    """`position:hash`, as a witness has kept it."""
    found = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", given)
    if not found:
        raise InvalidParameter(
            "A checkpoint is a position and a hash, `812:9f86…`, as /v1/audit/checkpoint gave it.",
            errors=[{"parameter": "from", "code": "unreadable"}],
        )
    return Checkpoint(int(found[1]), found[2])


_NEWEST = """select position, hash, at from commits where position is not null
order by position desc limit 1"""


async def newest(connection: Connection) -> Checkpoint:
    """The end of the chain, for witnesses."""
    row = await connection.fetchrow(_NEWEST)
    return Checkpoint(row["position"], row["hash"].hex(), row["at"]) if row else BEGINNING


_WALK = "select * from walk_chain($1, $2, $3, $4)"


async def verify(
    connection: Connection,
    since: Checkpoint = BEGINNING,
    *,
    go_on: Callable[[Checkpoint], bool] = lambda _: True,
) -> Verdict:
    """Walk the chain inside one view of the register, for as long as `go_on` says so."""
    if since.position and (broken := await _checkpoint_fails(connection, since)):
        return Verdict(BEGINNING, since.position, broken)
    until = since
    while True:
        if not go_on(until):
            return Verdict(until, complete=False)
        rows = await connection.fetch(
            _WALK, until.position, bytes.fromhex(until.hash), until.at, _COMMITS_AT_A_TIME
        )
        for row in rows:
            if row["problem"]:
                return Verdict(until, row["place"], row["problem"])
            until = Checkpoint(row["ends"], row["sealed"].hex(), row["moment"])
        if len(rows) < _COMMITS_AT_A_TIME:
            return await _ended(connection, until)


# The last image of each record beside the record itself. Columns that are younger than an image are as they are; an
# image that was erased says nothing.
_RECORDED = """select c.relname from pg_trigger t join pg_class c on c.oid = t.tgrelid
where t.tgname = 'record_update' order by 1"""
_CHANGED = """select coalesce(r.id, last.record_id) from {kind} r
full join (select distinct on (record_id) record_id, action, record, salt from changes where kind = '{kind}'
  order by record_id, version desc, action in ('delete', 'merge') desc) last on last.record_id = r.id
where case when last.action in ('delete', 'merge') then r.id is not null
  when r.id is null or last.record_id is null then true
  else last.salt is not null and to_jsonb(r) <> to_jsonb(json_populate_record(r, last.record)) end limit 1"""
_REPORT_CHANGED = """select c.number from frozen_reports f full join consultations c on c.id = f.consultation_id
where c.report_hash is distinct from encode(sha256(convert_to(f.content, 'UTF8')), 'hex') limit 1"""


async def changed_beside(connection: Connection) -> str:
    """What is not what the journal says of it, first of all; empty if all is. Looks at every record."""
    for (kind,) in await connection.fetch(_RECORDED):
        if record := await connection.fetchval(_CHANGED.format(kind=kind)):
            return f"{kind.replace('_', '-')}/{record}"
    number = await connection.fetchval(_REPORT_CHANGED)
    return "" if number is None else f"consultations/{number}/report/frozen"


async def _checkpoint_fails(connection: Connection, since: Checkpoint) -> str:
    row = await connection.fetchrow("select hash from commits where position = $1", since.position)
    if row is None:
        return "the journal has no commit that ends at the checkpoint: it was cut off or rewritten"
    return "" if row["hash"].hex() == since.hash else "the journal was rewritten at or before the checkpoint"


async def _ended(connection: Connection, until: Checkpoint) -> Verdict:
    """The head of the journal says where it ends, and nothing lies beside the chain."""
    head = await connection.fetchrow("select position, hash from journal_head")
    assert head is not None
    if head["position"] > until.position:
        return Verdict(until, until.position + 1, "the end of the journal was cut off")
    if (head["position"], head["hash"].hex()) != (until.position, until.hash):
        return Verdict(until, until.position, "the head of the journal is not its last commit")
    if await connection.fetchval("select beside_chain()"):
        return Verdict(until, until.position + 1, "changes were inserted beside the chain")
    return Verdict(until)

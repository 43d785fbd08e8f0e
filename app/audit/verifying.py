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

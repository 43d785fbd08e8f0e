"""The operations on persons: those of every record, and erasing, reporting, revealing."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.collection.days import told
from app.collection.projection import WITHHELD
from app.collection.restoring import TURN
from app.collection.writing import Current
from app.db import Connection
from app.errors import BadRequest, NotFound
from app.operations import documented as doc
from app.operations.bouncing import bounces
from app.operations.documents import add_deed, add_document, answered, asked_of, text_of
from app.operations.routes import endings, flags, operations, unchanged
from app.operations.serving import caller_of, headers_of
from app.operations.transactions import Answer, reason_of, write
from app.persons import erasing
from app.persons.queries import PERSONS
from app.persons.reporting import one_of, report

router = operations(PERSONS, tag="Persons")
files = endings(PERSONS)
deeds = APIRouter(prefix="/persons", tags=["Persons"])
_READS = PERSONS.needs(Permission.READ_CONTACTS)
_REVEALED = "select set_config('register.revealed', $1, true)"
_LOG = "insert into reveals (person_id, key_id, request_id, reason) values ($1, $2, $3, $4)"


def _id(request: Request) -> UUID:
    _, value = PERSONS.named(PERSONS.table, request.path_params["name"])
    assert isinstance(value, UUID)
    return value


async def erase_person(request: Request) -> Response:
    """Erase a person for good: the entry, its history, and what is kept of it in answers, reports and files.

    The journal keeps that there was one and that it was erased, by whom, when and why; its chain holds. Focal points
    name nobody then. A deleted person can be erased, too. Copies that others made are told by the feed (`delete`).

    By a ministry, name, mail and telephone are looked for in what is its country's; by the Secretariat everywhere.
    """
    asked = flags(request, "dry_run", "keep_mentions")
    caller, person = await caller_of(request), _id(request)

    async def work(connection: Connection) -> Answer:
        country = await erasing.country_of(connection, person)
        erasing.may_keep(caller, country)
        if (current := await _current(connection, person)) is not None:
            await unchanged(request, connection, current)
        done = await erasing.erase(connection, person, keep_mentions=asked["keep_mentions"])
        return Answer(200, text_of(done))

    return await write(request, b"", work, dry_run=asked["dry_run"], needs=PERSONS.needs(), key_first=True)


async def reveal_person(request: Request) -> Response:
    """Show mail and telephone of a person where they are withheld, once, for a reason: `X-Reason`.

    Who was shown them, when and why is recorded, and in the person's report. A dry run shows nothing.
    """
    dry_run = flags(request, "dry_run")["dry_run"]
    _READS.asked_of(caller := await caller_of(request))
    person, reason = _id(request), reason_of(headers_of(request))
    if reason is None:
        raise BadRequest(
            "Say in `X-Reason` what mail and telephone are needed for; it is recorded.",
            errors=[{"header": "X-Reason", "code": "missing"}],
        )

    async def work(connection: Connection) -> Answer:
        # An erasure beside this would not see what is recorded.
        await connection.execute(TURN, str(person))
        current = await _current(connection, person)
        if current is None:
            raise PERSONS.missing(str(person))
        await unchanged(request, connection, current)
        if dry_run or WITHHELD not in current.record:
            return Answer(200, current.json)
        logged = (person, caller.key_id, request.scope["state"]["request_id"], reason)
        await connection.execute(_LOG, *logged)
        await connection.execute(_REVEALED, str(person))
        return Answer(200, current.json, shown=text_of(await one_of(connection, person) or {}))

    return await write(request, b"", work, dry_run=dry_run, needs=_READS)


async def report_person(request: Request) -> Response:
    """All that is held about a person, for who keeps the entry to hand to the person."""
    PERSONS.needs().asked_of(caller := await caller_of(request))
    asked_of(request)
    person = _id(request)

    async def made(connection: Connection) -> str:
        there = await one_of(connection, person)
        last = await connection.fetchval(_COUNTRY, person)
        if there is None and last is None:
            raise NotFound("Nothing is held about a person with this id.")
        erasing.may_keep(caller, there["country"] if there else last)
        return text_of(await report(connection, person))

    return await answered(request, made, people=True)


async def list_erased_persons(request: Request) -> Response:
    """Who was erased, by id: to be erased again where a backup from before is restored."""
    PERSONS.needs().asked_of(await caller_of(request))
    asked_of(request)

    async def made(connection: Connection) -> str:
        gone = await connection.fetch(erasing.ERASED)
        return text_of({"items": [{"id": str(row["id"]), "at": told(row["at"])} for row in gone]})

    return await answered(request, made)


_COUNTRY = """select record ->> 'country' from changes where record_id = $1 and kind = 'persons'
and salt is not null order by version desc limit 1"""


async def _current(connection: Connection, person: UUID) -> Current | None:
    """The person as the caller sees it."""
    record = await one_of(connection, person)
    if record is None:
        return None
    return Current(person, record["version"], str(record["version"]), text_of(record))


_NAME = doc.name_parameter(PERSONS)
_KEEP: dict[str, Any] = doc.parameter(
    "keep_mentions",
    "Erase although other records name the person in what they say; they stay as they are.",
    {"type": "boolean", "default": False},
    True,
)
_WHY = {
    **doc.REASON,
    "required": True,
    "description": "What they are needed for; it is recorded.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 500, "pattern": "^[!-~][ -~]*$"},
}
add_deed(
    deeds, "/{name}/erase", erase_person, "erase_person", Permission.EDIT, "Erase a person", "Erasure",
    parameters=[_NAME, _KEEP], held=False, against=(erasing.kept,), deleted=(erasing.kept,),
)  # fmt: skip
add_deed(
    deeds, "/{name}/reveal", reveal_person, "reveal_person", Permission.READ_CONTACTS, "Show mail and telephone",
    "Person", parameters=[_NAME, _WHY], held=False,
)  # fmt: skip
bounces(deeds, PERSONS, "person", lambda record: record, "Another address or number ends it.")
for _path, _handler, _summary, _schema, _names in (
    ("/{name}/report", report_person, "All that is held about a person", "SubjectReport", [_NAME]),
    ("/erased", list_erased_persons, "Who was erased", "ErasedPersons", []),
):
    add_document(
        deeds,
        _path,
        _handler,
        _handler.__name__,
        _summary,
        _schema,
        parameters=_names,
        permission=Permission.EDIT,
        follows=False,  # what is held about a merged one is told of that one
    )

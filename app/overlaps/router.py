"""The operations on overlaps: list them, decide about one."""

import re
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.activities.queries import ACTIVITIES
from app.collection import writing
from app.collection.collection import Collection
from app.db import Connection
from app.errors import NotFound
from app.events.queries import EVENTS
from app.framework_items.queries import FRAMEWORK_ITEMS
from app.http.bodies import read_object
from app.operations import documented as doc
from app.operations.documents import add_deed, add_document, answered, asked_of
from app.operations.parameters import countries, number, refused, words
from app.operations.routes import endings, flags, operations, read_body
from app.operations.transactions import Answer, write
from app.overlaps.duplicates import alike, alike_among
from app.overlaps.finding import KINDS, OVERLAPS_MOST, one_overlap, page_around, page_of_overlaps
from app.overlaps.queries import OVERLAP_VERDICTS
from app.overlaps.schemas import PAIR_PATTERN

router = APIRouter(prefix="/overlaps", tags=["Overlaps"])
verdicts = operations(OVERLAP_VERDICTS, tag="Overlap verdicts")
files = endings(OVERLAP_VERDICTS)
ACTIVITIES.alike = EVENTS.alike = alike
ACTIVITIES.alike_among = EVENTS.alike_among = alike_among
_LIMIT, _LEAST = 50, "0.5"
_VERDICTS = ("none", "same", "related", "distinct")
_UNSETTLED = ["none", "same", "related"]
_SUBJECTS: dict[str, Collection] = {
    "activity": ACTIVITIES, "event": EVENTS, "framework_item": FRAMEWORK_ITEMS,
}  # fmt: skip
_SCORE = re.compile(r"[01]|[01]\.[0-9]{1,2}")
_PAIR = re.compile(PAIR_PATTERN)


def _score(given: dict[str, str]) -> str:
    score = given.get("min_score", _LEAST)
    if not _SCORE.fullmatch(score):
        raise refused("min_score", "a number from 0 to 1 is expected, such as 0.75")
    return score


def _goals(given: dict[str, str]) -> list[int] | None:
    if "goal" not in given:
        return None
    asked = given["goal"].split(",")
    if not all(re.fullmatch("[1-9][0-9]{0,3}", each) for each in asked):
        raise refused("goal", "numbers of goals are expected, such as 7")
    return [int(each) for each in asked]


def _behind(given: dict[str, str]) -> tuple[str | None, str]:
    score, _, pair = given.get("cursor", "").partition(":")
    if not score:
        return None, ""
    if not _SCORE.fullmatch(score) or not _PAIR.fullmatch(pair):
        raise refused("cursor", "this is no place in the list; follow `next`")
    return score, pair


def _next(given: dict[str, str], last: Any) -> str:
    kept = "&".join(f"{name}={value}" for name, value in given.items() if name != "cursor")
    return f"/v1/overlaps?{kept}{'&' if kept else ''}cursor={last['score']}:{last['id']}"


def _named(name: str, value: str) -> tuple[str, Any]:
    """The statement that finds the id of a record by what an address says of it, and its parameter."""
    collection = _SUBJECTS[name]
    try:
        by, found = collection.named(collection.table, value)
    except NotFound:
        raise refused(name, f"no {collection.singular} is named like this") from None
    return f"select id from {collection.name} where {by.key} = $1", found


async def list_overlaps(request: Request) -> Response:
    """Records that may be about the same thing, the likeliest first, found now or `as_of` then. The list compares
    records whose titles share an uncommon word or are the same, and weighs the thousand most similar; with `activity`,
    `event` or `framework_item` that record is compared with all others. Dates more than a month apart tell records
    apart, and so do goals where dates are not known. An event and what it carries out do not overlap.
    """
    given = asked_of(
        request, *_SUBJECTS, "kind", "country", "goal", "min_score", "verdict", "limit", "cursor"
    )
    about = [_named(name, given[name]) for name in _SUBJECTS if name in given]
    score, after = _behind(given)
    limit = number(given, "limit", _LIMIT, 1, OVERLAPS_MOST)
    values = {
        "kinds": words(given, "kind", KINDS),
        "countries": countries(given),
        "goals": _goals(given),
        "least": _score(given),
        "verdicts": words(given, "verdict", _VERDICTS) or _UNSETTLED,
        "score": score,
        "after": after,
        "limit": limit + 1,
    }

    async def made(connection: Connection) -> str:
        await connection.execute("set local work_mem = '32MB'")  # the words of all titles, in memory
        statement = page_of_overlaps()
        if about:
            statement = page_around()
            values["subjects"] = [await connection.fetchval(sql, value) for sql, value in about]
        rows = await connection.fetch(statement.sql, *statement.args(values))
        following = f'"{_next(given, rows[limit - 1])}"' if len(rows) > limit else "null"
        return f'{{"items":[{",".join(row["j"] for row in rows[:limit])}],"next":{following}}}'

    return await answered(request, made)


async def decide_overlap(request: Request) -> Response:
    """Say what two records are to each other: the same, related, or distinct. Said again, it is changed. Where both
    belong to one country, that country decides; else the Secretariat.
    """
    dry_run = flags(request, "dry_run")["dry_run"]
    body = await read_body(request, ("application/json",), OVERLAP_VERDICTS.needs())
    pair, said = request.path_params["name"], read_object(body)

    async def work(connection: Connection) -> Answer:
        await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 13))", pair)
        ids = pair.split(":") if _PAIR.fullmatch(pair) else ["", ""]
        found = await connection.fetchrow(one_overlap().sql, *map(UUID, ids)) if ids[0] < ids[1] else None
        if found is None:
            raise NotFound("There are no two such records: /v1/overlaps lists them, the smaller id first.")
        known = await connection.fetchval("select id from overlap_verdicts where overlap = $1", pair)
        if known is None:
            done = await writing.create(connection, OVERLAP_VERDICTS, {**said, "overlap": pair})
        else:
            current = await writing.locked(connection, OVERLAP_VERDICTS, str(known))
            done = await writing.change(connection, OVERLAP_VERDICTS, current, said)
            if not done.changed:  # decided anew about what the titles are by now
                word = current.record["verdict"]
                done = await writing.put(connection, OVERLAP_VERDICTS, current, {"verdict": word})
        return Answer(200, done.json, {"ETag": f'"{done.tag}"'})

    return await write(request, body, work, dry_run=dry_run, needs=OVERLAP_VERDICTS.needs())


def _subject(name: str, collection: Collection) -> dict[str, Any]:
    by, example = ("code or id", "7.2") if collection.key else ("id", "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11")
    schema = {"type": "string", "maxLength": 40, "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"}
    return doc.parameter(
        name, f"Only what this {collection.singular} overlaps with, by its {by}.", schema, example
    )


add_document(
    router, "", list_overlaps, "list_overlaps", "List overlaps", "Overlaps",
    parameters=[
        *(_subject(name, collection) for name, collection in _SUBJECTS.items()),
        doc.parameter("kind", "One of the two is of these collections.", doc.several(KINDS), "activities"),
        doc.parameter(
            "country", "One of the two concerns these countries.",
            {"type": "string", "maxLength": 200, "pattern": "^[A-Z]{2}(,[A-Z]{2})*$"}, "TH",
        ),
        doc.parameter(
            "goal", "One of the two serves these goals.",
            {"type": "string", "maxLength": 200, "pattern": "^[1-9][0-9]{0,3}(,[1-9][0-9]{0,3})*$"}, "7",
        ),
        doc.parameter(
            "min_score", "So likely at least.",
            {"type": "number", "format": "double", "minimum": 0, "maximum": 1, "default": float(_LEAST)}, 0.75,
        ),
        doc.parameter(
            "verdict", "By what was decided; `distinct` ones are left out unless they are asked for. A verdict that "
            "holds no more counts as `none`.", doc.several(_VERDICTS), "none",
        ),
        doc.parameter(
            "limit", "How many.",
            {"type": "integer", "format": "int32", "minimum": 1, "maximum": OVERLAPS_MOST, "default": _LIMIT}, 100,
        ),
        doc.parameter(
            "cursor", "Where the page before has ended.", {"type": "string", "maxLength": 80},
            "0.77:019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11:019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e12",
        ),
    ],
)  # fmt: skip
add_deed(
    router, "/{name}/decide", decide_overlap, "decide_overlap", Permission.EDIT, "Decide about an overlap",
    "OverlapVerdict", body="OverlapDecided", guarded=False,
    parameters=[
        doc.parameter(
            "name", "Id of the overlap.", {"type": "string", "maxLength": 73, "pattern": PAIR_PATTERN},
            "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11:019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e12", place="path",
        )
    ],
)  # fmt: skip

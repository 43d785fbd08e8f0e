"""Records that several requests write in one transaction, each made or changed as it would be alone.

Whoever cannot go with the others (a mistake, a reference to nothing) is left out, with None in its place: alone it is
told why. What the database refuses, it refuses to all.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from app.collection.collection import Collection
from app.collection.references import Want, known_records, matched, wanted
from app.collection.storing import stored
from app.collection.writing import Current, Written, drafted, insert_told, update_all
from app.db import Connection
from app.errors import Problem

_STATEMENTS = 3
"""Who changes other columns than most goes alone, at the same time: here they would be written one after the other."""
Places = dict[int, Any]
"""By the place of each in the group."""


async def create(
    connection: Connection,
    collection: Collection,
    drafts: Sequence[Callable[[], Mapping[str, Any]]],
    who: Sequence[tuple[str, str | None]],
) -> list[Written | None]:
    """Make records of what drafts bring, if they are valid; `who`: the request of each, and its reason."""
    valid: Places = {}
    for place, draft in enumerate(drafts):
        with suppress(Problem):
            valid[place] = draft()
    wants = {place: wanted(collection, said, collection.writable) for place, said in valid.items()}
    rows: Places = {}
    for place, found in (await _references(connection, wants)).items():
        with suppress(Problem):
            rows[place] = stored(collection, valid[place], collection.writable, found)
    made: list[Written] = []
    if rows:
        made = await insert_told(connection, collection, list(rows.values()), [who[place] for place in rows])
    done = dict(zip(rows, made, strict=True))
    return [done.get(place) for place in range(len(drafts))]


async def change(
    connection: Connection, collection: Collection, patches: Sequence[tuple[Current, Mapping[str, Any]]]
) -> list[Written | None]:
    """Apply a merge patch to each of several records, which are held."""
    drafts: Places = {}
    for place, (current, patch) in enumerate(patches):
        with suppress(Problem):
            drafts[place] = drafted(collection, current, patch)
    wants = {place: wanted(collection, draft.said, draft.names) for place, draft in drafts.items()}
    done: dict[UUID, Written] = {}
    alike: dict[tuple[str, ...], dict[UUID, Mapping[str, Any]]] = {}
    for place, found in (await _references(connection, wants)).items():
        current, _ = patches[place]
        with suppress(Problem):
            if values := drafts[place].differing(found):
                alike.setdefault(tuple(sorted(values)), {})[current.id] = values
            else:
                done[current.id] = Written(current.id, current.tag, current.json, changed=False)
    commonest = sorted(alike.values(), key=len, reverse=True)[:_STATEMENTS]
    for rows in commonest:
        done |= {each.id: each for each in await update_all(connection, collection, rows)}
    return [done.get(current.id) for current, _ in patches]


async def _references(connection: Connection, wants: Mapping[int, list[Want]]) -> Places:
    """The records behind the pointers of each, in one statement; who names one that is not there is left out."""
    known = await known_records(connection, (want for each in wants.values() for want in each))
    found = {place: matched(each, known) for place, each in wants.items()}
    return {place: records for place, (records, mistakes) in found.items() if not mistakes}

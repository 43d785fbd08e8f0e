"""What a create may be asked to say or to refuse: that a record like the new one is there already."""

import json
from collections.abc import Mapping

from app.collection.collection import Collection
from app.collection.writing import Written
from app.db import Connection
from app.errors import Conflict, InvalidParameter

WORDS = ("ignore", "report", "refuse")


class PossibleDuplicates(Conflict):
    """Records that may be the same are there already: `possible_duplicates` names them. Nothing was made.

    Use one of them, or leave `on_duplicate=refuse` out.
    """


def on_duplicate(given: Mapping[str, str]) -> str:
    """What is to happen if there is a record like the new one."""
    word = given.get("on_duplicate", WORDS[0])
    if word not in WORDS:
        raise InvalidParameter(
            f"`on_duplicate` is one of {', '.join(WORDS)}.",
            errors=[{"parameter": "on_duplicate", "code": "unreadable", "allowed": list(WORDS)}],
        )
    return word


async def compared(connection: Connection, collection: Collection, made: Written, word: str) -> str:
    """The new record as JSON, with what it may be the same as; or the refusal."""
    if word == WORDS[0]:
        return made.json
    assert collection.alike is not None
    found = await collection.alike(connection, made.id)
    if found and word == "refuse":
        raise PossibleDuplicates(
            f"{len(found)} records may be the same.", possible_duplicates=[json.loads(each) for each in found]
        )
    return f'{made.json.rstrip().removesuffix("}")},"possible_duplicates":[{",".join(found)}]}}'

"""What the new records of a load may be duplicates of, if that is asked for: one statement for all of them."""

import json
from typing import Any

from app.collection.batches import Batch
from app.db import Connection


async def possible_duplicates(connection: Connection, batch: Batch) -> list[dict[str, Any]]:
    """The likeliest first, each with the rows of the file that it is about; none for what was not written."""
    assert batch.collection.alike_among is not None
    created = {str(row["id"]): row for row in await batch.staging.created()}
    if not created:
        return []
    found = map(
        json.loads, await batch.collection.alike_among(connection, [row["id"] for row in created.values()])
    )
    return [
        {
            "rows": [row["row"] for each in overlap["records"] if (row := created.get(each["id"]))],
            "overlap": overlap,
        }
        for overlap in found
    ]

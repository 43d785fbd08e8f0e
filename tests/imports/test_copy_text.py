"""Rows come into the database as they were, whatever their texts hold."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.collection.copy_text import copy_text

_TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
_ODD = st.sampled_from(["\\N", "\\.", "\t", "a\nb", "\r\n", '{"a"}', "\\t", "null", '"', ",", ""])
_ROWS = st.lists(
    st.tuples(
        st.none() | _TEXTS | _ODD,
        st.none() | st.lists(_TEXTS | _ODD, max_size=4),
        st.none() | st.booleans(),
        st.none() | st.integers(-(2**31), 2**31 - 1),
        st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=3),
        st.none() | st.dates(),
        st.none() | st.datetimes(datetime(1, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001  (a bound of what has one)
        st.none() | st.uuids(),
    ),
    max_size=5,
)


@given(_ROWS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_rows_are_copied_as_they_are(database_address: str, rows: list[tuple[Any, ...]]) -> None:
    connection = await asyncpg.connect(database_address)
    await connection.execute(
        "create temporary table copied (a text, b text[], c bool, d int, e numeric, f date, g timestamptz, h uuid)"
    )

    await connection.copy_to_table("copied", source=_once(copy_text(rows)))

    assert [tuple(row) for row in await connection.fetch("select * from copied")] == rows
    await connection.close()


async def _once(text: bytes) -> AsyncIterator[bytes]:
    yield text

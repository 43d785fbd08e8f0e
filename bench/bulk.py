"""A load of 10 000 rows by one request, beside the same rows by COPY and one INSERT … ON CONFLICT written by hand.

Both write into the same tables under the same triggers: journal, search, links.
"""

import asyncio
import csv
import io
import json
import time
from datetime import date, timedelta
from functools import partial
from http.client import HTTPConnection
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from bench.data import COMMON_WORD, settle
from bench.processes import Server

COLUMNS = ("code", "title", "goal", "lead", "countries", "start_date", "end_date", "status", "description")
Rows = list[tuple[Any, ...]]
_turns = count(int(time.time()))

_STAGE = """create temporary table raw (code text, title text, goal int, lead text, countries text[], start_date date,
end_date date, status text, description text) on commit drop"""
_MERGE = """insert into activities (code, title, goal_id, lead_id, countries, start_date, end_date, status, description)
select r.code, r.title, g.id, o.id, r.countries, r.start_date, r.end_date, r.status, r.description
from raw r join goals g on g.number = r.goal left join organisations o on o.code = r.lead
on conflict (code) do update set title = excluded.title, goal_id = excluded.goal_id, lead_id = excluded.lead_id,
countries = excluded.countries, start_date = excluded.start_date, end_date = excluded.end_date,
status = excluded.status, description = excluded.description"""


def next_turn() -> int:
    """A number that no other round has."""
    return next(_turns)


def rows_of(prefix: str, number: int, *, turn: int, again: int | None = None) -> Rows:
    """Rows of a turn: the first half has the codes of every turn, the second half is new.

    `again` is a turn whose texts are kept: only dates and status differ from it.
    """
    found = []
    written = turn if again is None else again
    for n in range(number):
        day = date(2020, 1, 1) + timedelta(days=(n * 7919 + turn) % 3000)
        code = f"{prefix}-{n}" if n < number // 2 else f"{prefix}-{written}-{n}"
        about = "This entry is generated for measurement. " * 4 + (COMMON_WORD if n % 5 == 0 else "")
        found.append(
            (code, f"Generated activity {n}, turn {written}", 1 + n % 8, f"GEN-{1 + n % 200}", ["AX", "BX"], day,
             day + timedelta(days=90), ("planned", "ongoing")[turn % 2], about)
        )  # fmt: skip
    return found


def by_hand(address: str, rows: Rows) -> float:
    """Seconds of COPY into a temporary table and one statement, in one transaction."""

    async def run() -> float:
        connection = await asyncpg.connect(address)
        begun = time.perf_counter()
        async with connection.transaction():
            await connection.execute(_STAGE)
            await connection.copy_records_to_table("raw", records=rows, columns=COLUMNS)
            await connection.execute(_MERGE)
        seconds = time.perf_counter() - begun
        await connection.close()
        return seconds

    return asyncio.run(run())


def by_request(server: Server, key: str, rows: Rows, style: str) -> float:
    """Seconds of the same through the API."""
    content, kind = (_csv(rows), "text/csv") if style == "csv" else (_ndjson(rows), "application/x-ndjson")
    headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
    seconds, answer = post(server, "/v1/activities/bulk?match=code", content, headers)
    assert json.loads(answer)["summary"]["error"] == 0
    return seconds


def post(server: Server, path: str, content: bytes, headers: dict[str, str]) -> tuple[float, bytes]:
    """Seconds from the request to the last byte of its answer, and the answer."""
    connection = HTTPConnection(urlsplit(server.address).netloc, timeout=300)
    begun = time.perf_counter()
    connection.request("POST", path, content, headers)
    response = connection.getresponse()
    answer = response.read()
    seconds = time.perf_counter() - begun
    connection.close()
    if response.status >= 300:
        raise RuntimeError(f"{response.status} {answer[:1000]!r}")
    return seconds, answer


def _csv(rows: Rows) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["code", "title", "goal.number", "lead.code", *COLUMNS[4:]])
    writer.writerows([*row[:4], ";".join(row[4]), *row[5:]] for row in rows)
    return text.getvalue().encode()


def records_of(rows: Rows) -> list[dict[str, Any]]:
    """The rows as the register's JSON has them."""
    return [
        {**dict(zip(COLUMNS, row, strict=True)), "goal": {"number": row[2]}, "lead": {"code": row[3]}}
        for row in rows
    ]


def _ndjson(rows: Rows) -> bytes:
    return "\n".join(json.dumps(record, default=str) for record in records_of(rows)).encode()


def one_round(address: str, server: Server, key: str, number: int) -> dict[str, float]:
    """Seconds of each way, with rows that no other round has; none pays for the new words that another one left."""
    turn, again = next_turn(), next_turn()
    rows, dates = (
        partial(rows_of, number=number, turn=turn),
        partial(rows_of, number=number, turn=again, again=turn),
    )
    ways = {
        "by hand": lambda: by_hand(address, rows("HAND")),
        "csv": lambda: by_request(server, key, rows("CSV"), "csv"),
        "ndjson": lambda: by_request(server, key, rows("LINES"), "ndjson"),
        "by hand, dates": lambda: by_hand(address, dates("HAND")),
        "csv, dates": lambda: by_request(server, key, dates("CSV"), "csv"),
    }
    seconds = {}
    for name, way in ways.items():
        asyncio.run(settle(address))
        seconds[name] = way()
    return seconds

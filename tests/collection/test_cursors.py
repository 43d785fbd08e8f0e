"""Cursors: signed, bound to collection, filter and order, and opaque."""

import base64
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.activities.queries import ACTIVITIES
from app.collection.asked import Asked, read
from app.collection.collection import Collection
from app.collection.cursors import continued, cursor_of
from app.errors import BadRequest, InvalidCursor
from app.events.queries import EVENTS
from app.http.seals import Seal
from tests import rows

SEAL = Seal(b"secret")
SORTED = "kind=forum&sort=-start_date,title,updated_at"


def asked(query: str, collection: Collection = EVENTS) -> Asked:
    return read(collection, query.encode())


def cursor(query: str = SORTED, seal: Seal = SEAL) -> str:
    keys: list[Any] = [
        date(2025, 6, 24),
        "Title",
        datetime.fromisoformat("2026-11-23T09:00:00+00:00"),
        UUID(int=7),
    ]
    return cursor_of(seal, asked(query), 41, keys)


@settings(max_examples=50)
@given(
    st.dates(), st.text(st.characters(exclude_categories=["Cs"]), max_size=250),
    st.datetimes(timezones=st.just(UTC)), st.uuids(), st.integers(0, 2**62),
)  # fmt: skip
def test_the_keys_come_back_as_they_went(
    day: date, title: str, moment: datetime, some: UUID, position: int
) -> None:
    made = cursor_of(SEAL, asked(SORTED), position, [day, title, moment, some])
    back = continued(SEAL, EVENTS, asked(f"{SORTED}&cursor={made}"))
    assert [back.values[f"c{number}"] for number in range(4)] == [day, title, moment, str(some)]
    assert back.values["since"] == position
    assert back.shape.after
    assert len(made) <= 2000


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_refused_as_a_cursor(sent: bytes) -> None:
    escaped = "".join(f"%{byte:02x}" for byte in sent)
    for written in (escaped, base64.urlsafe_b64encode(sent).rstrip(b"=").decode()):
        with pytest.raises((InvalidCursor, BadRequest)) as caught:
            continued(SEAL, EVENTS, read(EVENTS, f"cursor={written}".encode("ascii")))
        assert caught.value.status == 400


@given(st.data())
def test_a_changed_cursor_is_refused(data: st.DataObject) -> None:
    made = cursor()
    at = data.draw(st.integers(0, len(made) - 1))
    other = data.draw(st.sampled_from("Aa0_-").filter(lambda letter: letter != made[at]))
    changed = made[:at] + other + made[at + 1 :]
    decoded = [base64.urlsafe_b64decode(each + "=" * (-len(each) % 4)) for each in (made, changed)]
    if decoded[0] != decoded[1]:  # the last letter has bits that say nothing
        with pytest.raises(InvalidCursor):
            continued(SEAL, EVENTS, asked(f"{SORTED}&cursor={changed}"))


@pytest.mark.parametrize("length", [0, 1, 10, 22, 40])
def test_a_truncated_cursor_is_refused(length: int) -> None:
    with pytest.raises(InvalidCursor):
        continued(SEAL, EVENTS, asked(f"{SORTED}&cursor={cursor()[:length]}"))


@pytest.mark.parametrize("query", [
    "sort=-start_date,title,updated_at", "kind=seminar&sort=-start_date,title,updated_at",
    "kind__ne=forum&sort=-start_date,title,updated_at", "kind=forum&sort=start_date,title,updated_at",
    "kind=forum&sort=-start_date,title", "kind=forum&q=law&sort=-start_date,title,updated_at",
    "kind=forum&status=planned&sort=-start_date,title,updated_at",
])  # fmt: skip
def test_a_cursor_of_another_filter_or_order_is_refused(query: str) -> None:
    with pytest.raises(InvalidCursor):
        continued(SEAL, EVENTS, asked(f"{query}&cursor={cursor()}"))


def test_a_cursor_of_another_collection_or_another_register_is_refused() -> None:
    plain = cursor_of(SEAL, asked("sort=title"), 1, ["Title", UUID(int=7)])
    with pytest.raises(InvalidCursor):
        continued(SEAL, ACTIVITIES, asked(f"sort=title&cursor={plain}", ACTIVITIES))
    with pytest.raises(InvalidCursor):
        continued(Seal(b"another"), EVENTS, asked(f"sort=title&cursor={plain}"))


def test_a_cursor_goes_on_with_other_fields_and_another_page_size() -> None:
    assert continued(SEAL, EVENTS, asked(f"{SORTED}&fields=id&limit=7&cursor={cursor()}")).shape.after


async def test_the_next_page_of_a_relative_filter_can_be_read(
    client: httpx.AsyncClient, database_address: str
) -> None:
    await rows.events(database_address, 3)
    first = (await client.get("/v1/events?updated_at__gte=-30d&limit=2")).json()
    assert len((await client.get(first["next"])).json()["items"]) == 1


async def test_next_stands_in_the_body_and_in_the_link_header(
    client: httpx.AsyncClient, database_address: str
) -> None:
    await rows.events(database_address, 3)
    first = await client.get("/v1/events?limit=2")
    assert first.headers["link"] == f'<{first.json()["next"]}>; rel="next"'
    last = await client.get(first.json()["next"])
    assert last.json()["next"] is None
    assert "link" not in last.headers


async def test_a_foreign_cursor_is_a_problem_that_names_the_parameter(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/events?cursor=AAAA")
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"parameter": "cursor", "code": "invalid_cursor"}]

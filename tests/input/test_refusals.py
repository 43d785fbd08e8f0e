"""Every hostile input gets its refusal, leaves nothing behind, and is not repeated."""

import pytest

from app.http.edge import DEFAULT_HEADERS
from tests.input.conftest import House
from tests.input.table import CANARY, TABLE, Case
from tests.input.wire import Answer

_MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}


async def send(house: House, case: Case) -> Answer:
    headers = tuple((name, house.fill(value)) for name, value in case.headers)
    if case.key:
        headers += (("Authorization", f"Bearer {house.key}"),)
    return await house.wire.send(case.method, house.fill(case.target), headers, case.body)


def is_a_refusal(answer: Answer, status: int, code: str) -> None:
    """A whole problem document, under the headers that every refusal has."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status, problem["status"], problem["type"]) == (status, status, f"/problems/{code}"), (
        problem
    )
    assert problem.keys() >= _MEMBERS
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"].isascii()
    assert answer.headers["x-request-id"] == problem["request_id"] != ""
    for name, value in DEFAULT_HEADERS:
        assert answer.headers[name.decode()] == value.decode()
    for secret in (b"Traceback", b'File "', b"asyncpg", b"SELECT", b"pydantic"):
        assert secret not in answer.body


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in TABLE])
async def test_it_is_refused(house: House, case: Case) -> None:
    before = await house.position()
    answer = await send(house, case)
    is_a_refusal(answer, case.status, case.code)
    assert CANARY.encode() not in answer.body
    assert len(answer.body) < 100_000
    assert await house.position() == before
    if case.at is not None:
        named = [
            error.get(kind)
            for error in answer.json()["errors"]
            for kind in ("pointer", "parameter", "header")
        ]
        assert case.at in named
    if case.status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
    if case.status == 415:
        assert {"accept-post", "accept-patch"} & answer.headers.keys()
    if case.allow is not None:
        assert ", ".join(sorted(answer.headers["allow"].split(", "))) == case.allow

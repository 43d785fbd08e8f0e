"""The refusals themselves: each has a page behind its `type`, and a line in docs/problems.md."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.collection import writing
from app.collection.writing import Written
from app.problem_pages import catalogue
from tests.input.conftest import House
from tests.input.table import JSON, event
from tests.input.test_refusals import is_a_refusal

DOCUMENT = Path(__file__).parents[2] / "docs" / "problems.md"
APP = Path(__file__).parents[2] / "app"
CODE = re.compile(r'(?:"code": |PydanticCustomError\(\s*|Rule\(\s*|_error\(\w+, )"([a-z_]+)"')
LINE = re.compile(r"^\| `([a-z-]+)` \| ([0-9]{3}) \| ([^|]+) \| (.+) \|$", re.MULTILINE)


@pytest.mark.parametrize("code", sorted(catalogue()))
async def test_the_type_of_a_problem_leads_to_its_page(client: httpx.AsyncClient, code: str) -> None:
    answer = await client.get(f"/problems/{code}")
    page = answer.json()
    assert answer.status_code == 200
    assert (page["type"], page["status"]) == (f"/problems/{code}", catalogue()[code].status)
    assert len(page["about"]) >= 20


async def test_the_list_of_problems_is_whole(client: httpx.AsyncClient) -> None:
    answer = await client.get("/problems")
    assert [page["type"] for page in answer.json()["items"]] == [
        f"/problems/{code}" for code in sorted(catalogue())
    ]


def test_the_document_names_every_problem_with_its_status() -> None:
    written = {
        code: (int(status), title, about) for code, status, title, about in LINE.findall(DOCUMENT.read_text())
    }
    known = {
        code: (kind.status, kind.title, " ".join(kind.__doc__.split())) for code, kind in catalogue().items()
    }
    assert written == known


def test_the_document_explains_every_code_of_an_error() -> None:
    explained = set(re.findall(r"`([a-z_]+)`", DOCUMENT.read_text().partition("## Codes")[2]))
    used = {code for file in APP.rglob("*.py") for code in CODE.findall(file.read_text())}
    assert used - explained == set()


def test_a_problem_has_a_title_and_a_sentence_of_its_own() -> None:
    for kind in catalogue().values():
        assert kind.title
        assert kind.__doc__
        assert 300 <= kind.status < 600


async def test_a_crash_is_a_problem_document_and_changes_nothing(
    house: House, once: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the Idempotency-Key is used up: the same request succeeds once the fault is gone."""
    make = writing.make

    async def broken(*given: Any) -> Written:
        await make(*given)
        raise RuntimeError("a secret of the code")

    headers = (*JSON, ("X-API-Key", house.key), *once.items())
    before = await house.position()
    with monkeypatch.context() as patch:
        patch.setattr(writing, "make", broken)
        answer = await house.wire.send("POST", "/v1/events", headers, event())
    is_a_refusal(answer, 500, "internal-error")
    assert b"secret" not in answer.body
    assert await house.position() == before
    mended = await house.wire.send("POST", "/v1/events", headers, event())
    assert mended.status == 201
    assert "idempotency-replayed" not in mended.headers


@pytest.mark.parametrize(
    ("target", "status"), [("/v1/nothing", 404), ("/v1/goals?x=1", 400), ("/v1/goals/0", 404)]
)
async def test_head_is_refused_as_get_is_without_a_body(house: House, target: str, status: int) -> None:
    get, head = await house.wire.send("GET", target), await house.wire.send("HEAD", target)
    assert (get.status, head.status) == (status, status)
    changing = {"x-request-id", "date", "ratelimit"}
    assert {n: v for n, v in head.headers.items() if n not in changing} == {
        n: v for n, v in get.headers.items() if n not in changing
    }


async def test_options_names_every_method(house: House) -> None:
    answer = await house.wire.send("OPTIONS", "/v1/goals/6")
    assert (answer.status, sorted(answer.headers["allow"].split(", "))) == (
        204,
        ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH"],
    )
    is_a_refusal(await house.wire.send("OPTIONS", "/v1/nothing"), 404, "not-found")


async def test_the_parser_of_the_server_refuses_like_the_service(house: House) -> None:
    for bytes_ in (
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"hello\r\n\r\n",
    ):
        is_a_refusal(await house.wire.exchange(bytes_), 400, "bad-request")

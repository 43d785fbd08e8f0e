"""The refusals themselves: each has a page behind its `type`, and a line in docs/problems.md."""

import re
from pathlib import Path

import httpx
import pytest

from app.problem_pages import catalogue

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
    written = {code: (int(status), title, about) for code, status, title, about in LINE.findall(DOCUMENT.read_text())}
    known = {code: (kind.status, kind.title, " ".join(kind.__doc__.split())) for code, kind in catalogue().items()}
    assert written == known


def test_the_document_explains_every_code_of_an_error() -> None:
    explained = set(re.findall(r"`([a-z_]+)`", DOCUMENT.read_text().partition("## Codes")[2]))
    used = {code for file in APP.rglob("*.py") for code in CODE.findall(file.read_text())}
    assert used - explained == set()


def test_a_problem_has_a_title_and_a_sentence_of_its_own() -> None:
    for kind in catalogue().values():
        assert kind.title
        assert kind.__doc__
        assert 400 <= kind.status < 600

"""The examples of the document work when they are pasted: bodies, addresses, and every parameter."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.cast import Cast
from tests.conftest import Register
from tests.openapi.test_document import COMPONENTS, OPERATIONS, parameters

CREATES = [
    name for name in OPERATIONS if re.fullmatch(r"POST /v1/[a-z-]+", name) and name != "POST /v1/bundle"
]
CHANGES = [name for name in OPERATIONS if re.fullmatch(r"PATCH /v1/[a-z-]+/{name}", name)]
LISTS = [
    name for name in OPERATIONS if re.fullmatch(r"GET /v1/[a-z-]+(/stats)?", name) and name != "GET /v1/plan"
]

BEFORE = {"/v1/report-lines": "/v1/progress-reports"}
"""Examples that refer to the example of another collection."""


@pytest.fixture(scope="module")
async def register() -> AsyncIterator[Register]:
    """A register with the published record, which all examples are pasted into."""
    async with Register.of("seeded") as made:
        yield made


@pytest.fixture
async def seeded(register: Register) -> AsyncIterator[httpx.AsyncClient]:
    async with Cast.over(register.app, register.keys) as cast:
        yield cast.administrator


def example(operation: dict[str, Any], media: str = "application/json") -> Any:
    return operation["requestBody"]["content"][media]["example"]


NONE_YET = ("/v1/decisions", "/v1/amendments")
"""What has codes, and is empty in the published record."""


async def create(client: httpx.AsyncClient, path: str) -> httpx.Response:
    """The example of a create, after the one that it refers to."""
    if path in BEFORE:
        await create(client, BEFORE[path])
    return await client.post(path, json=example(OPERATIONS[f"POST {path}"][2]))


@pytest.mark.parametrize("name", CREATES)
async def test_the_example_of_a_create_creates(seeded: httpx.AsyncClient, name: str) -> None:
    _, path, operation = OPERATIONS[name]
    answer = await create(seeded, path)
    assert answer.status_code == 201, answer.text
    sent = example(operation)
    assert {key: answer.json()[key] for key in sent if not isinstance(sent[key], dict | list)} == {
        key: value for key, value in sent.items() if not isinstance(value, dict | list)
    }


@pytest.mark.parametrize("name", CHANGES)
async def test_the_example_of_a_change_changes(seeded: httpx.AsyncClient, name: str) -> None:
    _, path, operation = OPERATIONS[name]
    named = next(each["example"] for each in parameters(operation) if each["name"] == "name")
    if re.fullmatch(r"[0-9a-f-]{36}", named):  # an id: nobody else has the one of the example
        records = path.removesuffix("/{name}")
        answer = await create(seeded, records)
        if answer.status_code == 409:  # another test was here before
            answer = await seeded.get(records, params={"limit": 1})
        named = answer.json().get("id") or answer.json()["items"][0]["id"]
    elif path.startswith(NONE_YET):
        await create(seeded, path.removesuffix("/{name}"))
    for media in ("application/merge-patch+json", "application/json"):
        answer = await seeded.patch(
            path.format(name=named), json=example(operation, media), headers={"Content-Type": media}
        )
        assert answer.status_code == 200, answer.text


async def test_the_example_of_a_bundle_writes_all_of_it(seeded: httpx.AsyncClient) -> None:
    answer = await seeded.post("/v1/bundle", json=example(OPERATIONS["POST /v1/bundle"][2]))
    assert answer.status_code == 200, answer.text
    assert answer.json()["summary"]["create"] == 3


async def test_the_example_of_the_plan_changes_it(seeded: httpx.AsyncClient) -> None:
    answer = await seeded.patch("/v1/plan", json=example(OPERATIONS["PATCH /v1/plan"][2]))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("name", LISTS)
async def test_the_example_of_every_parameter_of_a_list_is_answered(
    seeded: httpx.AsyncClient, name: str
) -> None:
    _, path, operation = OPERATIONS[name]
    known = [each for each in parameters(operation) if each["in"] == "query" and "example" in each]
    always = {each["name"]: written(each) for each in known if each["required"]}
    for some in in_twelves([each for each in known if not each["required"]]):
        answer = await seeded.get(path, params={**always, **{each["name"]: written(each) for each in some}})
        assert answer.status_code == 200, answer.text


def in_twelves(known: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Several parameters in one request: they limit each other, but each must be understood."""
    return [known[at : at + 12] for at in range(0, len(known), 12)]


def written(parameter: dict[str, Any]) -> str:
    """The example of a parameter as it stands in an address."""
    value = parameter["example"]
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(
    "name", [each for each in OPERATIONS if re.fullmatch(r"GET /v1/[a-z-]+/{name}", each)]
)
async def test_an_example_of_the_plan_is_in_the_published_record(
    seeded: httpx.AsyncClient, name: str
) -> None:
    _, path, operation = OPERATIONS[name]
    named = next(each["example"] for each in parameters(operation) if each["name"] == "name")
    if path.startswith(NONE_YET):
        return
    answer = await seeded.get(path.format(name=named))
    if re.fullmatch(r"[0-9a-f-]{36}", named):  # records without a code have an id of their own everywhere
        assert answer.status_code == 404
        return
    schema = COMPONENTS["schemas"][
        operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"][21:]
    ]
    assert answer.status_code == 200
    assert answer.json()["title" if "title" in schema["properties"] else "name"] in str(schema["examples"])

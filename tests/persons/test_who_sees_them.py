"""The public sees the office, partners the person; what is withheld is not shown, found or counted, nor is it wiped."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests import make
from tests.cast import Cast
from tests.openapi.conforming import DOCUMENT
from tests.persons.conftest import CANARIES, MAIL, NAME, ROMANISED, Behind

OUTSIDE = ("anonymous", "reader", "auditor")
INSIDE = ("partner", "thailand_editor", "japan_editor", "asean_authority", "secretariat")


def leaked(text: str) -> list[str]:
    return [each for each in CANARIES if each in text]


def beside(behind: Behind) -> list[str]:
    """Addresses that everybody may read, where a person may be told of."""
    return [
        "/v1/focal-points?expand=person", "/v1/focal-points.csv", "/v1/focal-points.ndjson?expand=person",
        f"{behind.office_at}/history", f"{behind.office_at}/diff?from=version:1", "/v1/search?q=tarotsukinowa",
        "/v1/focal-points?q=tarotsukinowa", "/v1/changes?include=record&after=0", "/v1/changes/snapshot",
        "/v1/changes/digest", "/v1/focal-points?compare=-0d", "/v1/countries?expand=", "/v1/gaps",
    ]  # fmt: skip


def at(behind: Behind) -> list[str]:
    """Addresses of persons themselves."""
    return [
        "/v1/persons", behind.at, "/v1/persons.csv", "/v1/persons/stats?group_by=country",
        f"{behind.at}/history", "/v1/persons/by-key/moj-jp/person-1", f"{behind.at}?as_of=today",
    ]  # fmt: skip


async def test_partners_see_the_person_and_others_that_something_is_withheld(
    cast: Cast, behind: Behind
) -> None:
    for name in OUTSIDE:
        shown = (await getattr(cast, name).get(f"{behind.office_at}?expand=person")).json()
        assert "person" not in shown, name
        assert shown["_withheld"] == ["person"]
    for name in INSIDE:
        shown = (await getattr(cast, name).get(f"{behind.office_at}?expand=person")).json()
        assert (shown["person"]["display"], shown["person"]["email"]) == (NAME, MAIL), name
        assert "_withheld" not in shown


async def test_every_door_but_those_for_partners_is_free_of_the_person(cast: Cast, behind: Behind) -> None:
    key = behind.person["id"]
    for name in OUTSIDE:
        client: httpx.AsyncClient = getattr(cast, name)
        for address in beside(behind):
            answer = await client.get(address)
            assert not leaked(answer.text), (name, address)
            assert key not in answer.text, (name, address)
        for address in at(behind):
            answer = await client.get(address)
            assert answer.status_code == (401 if name == "anonymous" else 403), (name, address, answer.text)
    assert leaked((await cast.partner.get("/v1/changes?include=record&after=0")).text)
    assert leaked((await cast.partner.get("/v1/search?q=tarotsukinowa")).text)


async def test_what_tells_of_a_person_is_kept_by_no_cache(cast: Cast, behind: Behind) -> None:
    more = (
        f"{behind.at}/report",
        f"{behind.office_at}?expand=person",
        "/v1/focal-points?expand=person&as_of=today",
    )
    kept: dict[bool, set[str]] = {True: set(), False: set()}
    for address in (*beside(behind), *at(behind), *more):
        for client in (cast.japan_editor, cast.reader):
            answer = await client.get(address)
            if answer.status_code == 200:
                kept[bool(leaked(answer.text))].add(answer.headers["cache-control"])
    assert kept[True] == {"no-store"}
    assert "private, no-cache" in kept[False]


@pytest.mark.parametrize(
    "asked",
    [
        "person.display=x",
        "person.id__isnull=true",
        "person.email__starts=a",
        "successor.person.id__isnull=true",
    ],
)
async def test_a_filter_by_what_is_withheld_is_refused_and_not_empty(
    cast: Cast, behind: Behind, asked: str
) -> None:
    for address in ("/v1/focal-points", "/v1/focal-points.csv", "/v1/focal-points/stats"):
        query = f"{address}?{asked}" + ("&group_by=country" if "stats" in address else "")
        assert (await cast.anonymous.get(query)).status_code == 401
        refused = await cast.reader.get(query)
        assert refused.status_code == 403, refused.text
        assert refused.json()["missing"] == {"permission": "read_contacts"}
        assert (await cast.partner.get(query)).status_code == 200


async def test_a_table_has_no_column_for_what_is_withheld(cast: Cast, behind: Behind) -> None:
    public = (await cast.anonymous.get("/v1/focal-points.csv")).text.splitlines()[0].split(",")
    partner = (await cast.partner.get("/v1/focal-points.csv")).text.splitlines()[0].split(",")
    assert set(partner) - set(public) == {"person.id"}
    assert (await cast.reader.get("/v1/focal-points.csv?fields=id,person")).status_code == 403


async def test_one_tag_for_all_who_see_the_same_and_another_for_who_sees_less(
    cast: Cast, behind: Behind
) -> None:
    for address in (behind.office_at, "/v1/focal-points", "/v1/focal-points.csv"):
        tags = {
            name: (await getattr(cast, name).get(address)).headers["etag"]
            for name in ("anonymous", "reader", "partner", "asean_authority")
        }
        assert tags["partner"] == tags["asean_authority"] != tags["reader"]
        for client in (cast.anonymous, cast.reader):
            again = await client.get(address, headers={"If-None-Match": tags["partner"]})
            assert again.status_code == 200
    known = (await cast.anonymous.get(behind.office_at)).headers["etag"]
    answer = await cast.japan_editor.patch(
        behind.office_at, json={"note": "By the public's tag."}, headers={"If-Match": known}
    )
    assert answer.status_code == 200, answer.text


async def _narrow(cast: Cast) -> httpx.AsyncClient:
    """A key of Japan that may write offices and does not see people."""
    body = {"name": "offices", "role": "editor", "country": "JP", "scopes": ["focal-points:*"]}
    made = (await cast.administrator.post("/v1/keys", json=body)).json()
    return httpx.AsyncClient(
        transport=cast.reader._transport, base_url=cast.reader.base_url,
        headers={"Authorization": f"Bearer {made['key']}"},
    )  # fmt: skip


async def test_what_is_withheld_survives_every_way_of_writing_a_representation_back(
    cast: Cast, behind: Behind
) -> None:
    writer = await _narrow(cast)
    shown = (await writer.get(behind.office_at)).json()
    assert shown["_withheld"] == ["person"]
    own = {name: value for name, value in shown.items() if name not in
           {"id", "version", "created_at", "updated_at", "freshness", "freshness_by_purpose", "channels"}}  # fmt: skip
    table = (await writer.get("/v1/focal-points.csv")).text
    sheet = (await writer.get("/v1/focal-points.xlsx")).content
    lines = (await writer.get("/v1/focal-points.ndjson")).text
    excel = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    sent: list[dict[str, Any]] = [
        {"url": behind.office_at, "method": "PATCH", "json": {**own, "note": "1"}},
        {"url": "/v1/focal-points/by-key/moj-jp/office-1", "method": "PUT", "json": {**own, "note": "2"}},
        {"url": "/v1/focal-points/bulk?match=id&empty=null", "content": table, "type": "text/csv"},
        {"url": "/v1/focal-points/bulk?match=id&empty=null", "content": sheet, "type": excel},
        {"url": "/v1/focal-points/bulk?match=id", "content": lines, "type": "application/x-ndjson"},
        {"url": "/v1/focal-points/bulk?match=id", "json": [{"id": shown["id"], **own, "note": "3"}]},
    ]
    for each in sent:
        kind = each.pop("type", None)
        headers = {"Content-Type": kind} if kind else {}
        if kind:  # what was exported is older by now
            each["url"] += "&dry_run=false"
        answer = await writer.request(each.pop("method", "POST"), **each, headers=headers)
        assert answer.status_code in {200, 422}, answer.text
        if answer.status_code == 422:
            assert {error["code"] for error in answer.json()["errors"]} == {"version_conflict"}
        kept = (await cast.japan_editor.get(behind.office_at)).json()
        assert kept["person"] == {"id": behind.person["id"]}, each
    assert kept["note"] == "3"
    for method, url in (("PATCH", behind.office_at), ("PUT", "/v1/focal-points/by-key/moj-jp/office-1")):
        refused = await writer.request(method, url, json={"person": None})
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/withheld")
    row = {"id": shown["id"], "person": None}
    refused = await writer.post("/v1/focal-points/bulk?match=id", json=[row])
    assert [error["code"] for error in refused.json()["errors"]] == ["withheld"]


async def test_untouched_exports_change_nothing_for_who_sees_all_and_for_who_does_not(
    cast: Cast, behind: Behind
) -> None:
    for client in (cast.japan_editor, await _narrow(cast)):
        for ending, kind in (("csv", "text/csv"), ("ndjson", "application/x-ndjson")):
            content = (await client.get(f"/v1/focal-points.{ending}")).content
            answer = await client.post(
                "/v1/focal-points/bulk?match=id&empty=null", content=content, headers={"Content-Type": kind}
            )
            counts = answer.json()["summary"]
            assert (counts["rows"], counts["unchanged"]) == (1, 1), answer.text


async def test_a_person_kept_to_the_country_is_withheld_also_from_partners(
    cast: Cast, behind: Behind
) -> None:
    await cast.japan_editor.patch(behind.at, json={"visibility": "own"})
    for client in (cast.partner, cast.thailand_editor):
        assert (await client.get(behind.office_at)).json()["_withheld"] == ["person"]
        assert (await client.get(behind.at)).status_code == 404
        assert not leaked((await client.get("/v1/persons.ndjson")).text)
    assert (await cast.secretariat.get(behind.at)).json()["display"] == NAME


async def test_mail_and_telephone_of_a_restricted_person_are_neither_shown_nor_found(
    cast: Cast, behind: Behind
) -> None:
    await cast.japan_editor.patch(behind.at, json={"restricted": True})
    shown = (await cast.partner.get(behind.at)).json()
    assert shown["_withheld"] == ["email", "phone"]
    assert shown["display"] == NAME
    for address in ("/v1/persons.csv", "/v1/persons.ndjson", f"{behind.office_at}?expand=person",
                    "/v1/changes?include=record&after=0", f"{behind.at}/history"):  # fmt: skip
        assert MAIL not in (await cast.partner.get(address)).text, address
    found = await cast.partner.get(f"/v1/persons?email={MAIL}")
    assert found.json()["items"] == []
    own = (await cast.japan_editor.get(f"/v1/persons?email={MAIL}")).json()["items"]
    assert [each["email"] for each in own] == [MAIL]


@pytest.mark.parametrize("deleted", [False, True])
async def test_what_is_restricted_now_is_so_in_the_past(cast: Cast, behind: Behind, deleted: bool) -> None:
    """Also if it is there no more."""
    then = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    await cast.japan_editor.patch(behind.at, json={"restricted": True})
    if deleted:
        await cast.japan_editor.delete(f"{behind.at}?cascade=true")
    for address in (
        behind.at, "/v1/persons", "/v1/persons.csv", f"/v1/persons?email={MAIL}", f"{behind.office_at}.vcf",
        "/v1/focal-points?expand=person",
    ):  # fmt: skip
        answer = await cast.partner.get(address, params={**httpx.URL(address).params, "as_of": then})
        assert answer.status_code == 200, answer.text
        assert leaked(answer.text.replace(NAME, "").replace(ROMANISED, "")) == [], address
        assert f"email={MAIL}" not in address or answer.json()["items"] == []
    for address in (f"{behind.at}/history", "/v1/changes?include=record"):
        assert MAIL not in (await cast.partner.get(address)).text, address
    assert (await cast.japan_editor.get(behind.at, params={"as_of": then})).json()["email"] == MAIL


async def test_an_office_names_nobody_of_another_country(cast: Cast, behind: Behind) -> None:
    refused = await cast.thailand_editor.post(
        "/v1/focal-points",
        json=await make.body(cast.thailand_editor, "focal-points", person={"id": behind.person["id"]}),
    )
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "person_elsewhere"
    assert (await cast.thailand_editor.patch(behind.at, json={"title": "Mine"})).status_code == 403


async def test_who_answers_for_an_office_does_not_pass_to_another_country(
    cast: Cast, behind: Behind, sent: list[str]
) -> None:
    """Nor by a merge. A new person, for whom there is no office yet, is not asked about that."""
    sent.clear()
    other = await make.record(cast.secretariat, "persons", country="VN")
    assert not [each for each in sent if "focal_points" in each]
    moved = {"id": behind.person["id"], "country": "VN"}
    for refused in (
        await cast.secretariat.patch(behind.at, json={"country": "VN"}),
        await cast.secretariat.post("/v1/persons/bulk", json=[moved]),
        await cast.secretariat.post(f"{behind.at}/merge", json={"into": {"id": other["id"]}}),
    ):
        assert refused.status_code == 422, refused.text
        error = refused.json()["errors"][0]
        assert (error["code"], error["pointer"]) == ("person_elsewhere", "/country")
    assert (await cast.secretariat.patch(behind.office_at, json={"person": None})).status_code == 200
    assert (await cast.secretariat.patch(behind.at, json={"country": "VN"})).status_code == 200


async def test_a_channel_of_a_person_bounces_until_there_is_another(cast: Cast, behind: Behind) -> None:
    japan, bounce = cast.japan_editor, f"{behind.at}/bounce"
    for client, status in ((cast.anonymous, 401), (cast.partner, 403), (cast.thailand_editor, 403)):
        assert (await client.post(bounce, json={"channel": "email"})).status_code == status
    for channel in ("email", "phone"):
        assert (await japan.post(bounce, json={"channel": channel})).status_code == 200
    said = (await cast.partner.get(behind.at)).json()
    assert (said["bounced"], said["phone_bounced"], said["version"]) == (True, True, 3)
    corrected = await japan.patch(behind.at, json={"email": "corrected@example.org"})
    assert (corrected.json()["bounced"], corrected.json()["phone_bounced"]) == (False, True)
    gone = await japan.patch(behind.at, json={"phone": None})
    assert gone.json()["phone_bounced"] is False
    refused = await japan.post(bounce, json={"channel": "phone"})
    assert refused.json()["errors"][0]["code"] == "no_such_channel"


def _unmarked(schema: dict[str, Any], value: Any) -> Any:
    """A document without what its schema marks as personal data."""
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    for option in schema.get("anyOf", ()):
        schema = {**schema, **option} if "$ref" in option else schema
    if "$ref" in schema:
        return _unmarked({"$ref": schema["$ref"]}, value)
    if isinstance(value, list):
        return [_unmarked(schema.get("items", {}), each) for each in value]
    if not isinstance(value, dict):
        return value
    known = schema.get("properties", {})
    return {
        name: _unmarked(known.get(name, {}), each)
        for name, each in value.items()
        if not known.get(name, {}).get("x-personal")
    }


async def test_the_document_marks_every_field_that_is_personal(cast: Cast, behind: Behind) -> None:
    for address, schema in (
        (behind.at, "Person"),
        ("/v1/persons", "PersonPage"),
        (f"{behind.office_at}?expand=person", "FocalPoint"),
        ("/v1/focal-points?expand=person,successor", "FocalPointPage"),
        (f"{behind.at}/report", "SubjectReport"),
    ):
        answer = await cast.japan_editor.get(address)
        assert leaked(answer.text), address
        rest = json.dumps(
            _unmarked({"$ref": f"#/components/schemas/{schema}"}, answer.json()), ensure_ascii=False
        )
        assert not leaked(rest), (address, rest)
    public = (await cast.anonymous.get(behind.office_at)).json()
    assert _unmarked({"$ref": "#/components/schemas/FocalPoint"}, public) == public

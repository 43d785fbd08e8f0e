"""Focal points that do not rot quietly: how fresh each purpose and channel is, and how an office confirms its entry."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.focal_points.links import Link
from app.http.seals import Seal
from tests import make
from tests.cast import Cast

OFFICE = {"name": "Division <for> tests", "email": "office@example.org", "phone": "+81 3 3580 4111"}


def ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


async def office(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    return await make.record(client, "focal-points", country="JP", office=OFFICE, **more)


@pytest.mark.parametrize(
    ("age", "general", "urgent"),
    [
        (80, "fresh", "fresh"),
        (100, "fresh", "due"),
        (200, "fresh", "stale"),
        (400, "due", "stale"),
    ],
)
async def test_contacts_between_authorities_age_faster(
    client: httpx.AsyncClient, age: int, general: str, urgent: str
) -> None:
    purposes = ["general", "mutual_legal_assistance"]
    made = await office(client, purposes=purposes, verified_at=ago(age), verified_by="The office")
    assert made["freshness"] == urgent
    assert made["freshness_by_purpose"] == [
        {"purpose": "general", "freshness": general}, {"purpose": purposes[1], "freshness": urgent},
    ]  # fmt: skip
    assert {each["freshness"] for each in made["channels"]} == {urgent}


async def test_a_channel_bounces_alone_and_what_is_not_there_does_not(client: httpx.AsyncClient) -> None:
    made = await office(client, verified_at=ago(1), verified_by="The office")
    at = f"/v1/focal-points/{made['id']}"
    after = (await client.post(f"{at}/bounce", json={"channel": "phone"})).json()
    assert (after["freshness"], after["version"]) == ("fresh", 2)
    assert after["channels"] == [
        {"channel": "email", "freshness": "fresh"}, {"channel": "phone", "freshness": "bounced"},
    ]  # fmt: skip
    again = (await client.post(f"{at}/bounce", json={"channel": "phone"})).json()
    assert again["version"] == 2
    mailed = (await client.post(f"{at}/bounce", json={"channel": "email"})).json()
    assert (mailed["freshness"], mailed["freshness_by_purpose"][0]["freshness"]) == ("bounced", "bounced")
    await client.patch(at, json={"office": {"phone": None}})
    refused = await client.post(f"{at}/bounce", json={"channel": "phone"})
    assert refused.json()["errors"][0]["code"] == "no_such_channel"
    assert (await client.post(f"{at}/bounce", json={"channel": "fax"})).status_code == 422


async def link_of(client: httpx.AsyncClient, made: dict[str, Any], **query: Any) -> str:
    answer = await client.post(f"/v1/focal-points/{made['id']}/verification-link", params=query)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])


async def test_an_office_confirms_what_is_public_by_a_link_that_holds_once(cast: Cast) -> None:
    person = await make.record(cast.japan_editor, "persons", country="JP", display="Test Behindperson")
    made = await office(cast.japan_editor, person={"id": person["id"]}, bounced=True, note="Public note.")
    link = await link_of(cast.japan_editor, made)
    for _ in range(2):  # whoever looks through a mail opens its links
        page = await cast.anonymous.get(link)
        assert page.status_code == 200
    assert "Division &lt;for&gt; tests" in page.text
    assert OFFICE["email"] in page.text
    assert "Behindperson" not in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    at = f"/v1/focal-points/{made['id']}"
    assert (await cast.anonymous.get(at)).json()["freshness"] == "bounced"
    thanks = await cast.anonymous.post(link)
    assert (thanks.status_code, "Thank you" in thanks.text) == (200, True)
    after = (await cast.japan_editor.get(at)).json()
    assert (after["freshness"], after["verified_by"], after["version"]) == ("fresh", OFFICE["name"], 2)
    assert after["person"] == {"id": person["id"]}
    for again in (await cast.anonymous.get(link), await cast.anonymous.post(link)):
        assert (again.status_code, "has done its work" in again.text) == (410, True)
    entry = (await cast.japan_editor.get(f"{at}/history")).json()["items"][0]
    assert entry["reason"] == "Confirmed by its link."


@pytest.mark.parametrize("by", ["link", "confirmed_by"])
async def test_whoever_confirms_an_entry_is_reached_by_every_channel_again(cast: Cast, by: str) -> None:
    made = await office(cast.japan_editor)
    at = f"/v1/focal-points/{made['id']}"
    for channel in ("email", "phone"):
        await cast.japan_editor.post(f"{at}/bounce", json={"channel": channel})
    if by == "link":
        await cast.anonymous.post(await link_of(cast.japan_editor, made))
    else:
        await cast.japan_editor.patch(at, json={"confirmed_by": "The office"})
    after = (await cast.anonymous.get(at)).json()
    assert (after["bounced"], after["phone_bounced"]) == (False, False)
    assert {each["freshness"] for each in after["channels"]} == {"fresh"}


async def test_a_link_that_is_old_changed_or_not_ours_confirms_nothing(cast: Cast) -> None:
    made = await office(cast.japan_editor)
    link = await link_of(cast.japan_editor, made)
    place, _, token = link.rpartition("/")
    seal = cast.anonymous._transport.app.state.service.seal  # type: ignore[attr-defined]
    true = Link.read(token, seal)
    assert true is not None
    old = Link(true.focal_point, true.version, 1).token(seal)
    other = Link(true.focal_point, true.version + 1, true.expires).token(Seal(b"of somebody else"))
    for wrong, status in (
        (old, 410),
        (other, 404),
        ("", 404),
        (token[:-1], 404),
        ("A" * 54, 404),
        ("%C3%A9", 404),
    ):
        assert (await cast.anonymous.post(f"{place}/{wrong}")).status_code == status, wrong
    await cast.japan_editor.patch(f"/v1/focal-points/{made['id']}", json={"note": "Changed"})
    assert (await cast.anonymous.post(link)).status_code == 410
    assert (await cast.japan_editor.get(f"/v1/focal-points/{made['id']}")).json()["freshness"] == "stale"


async def test_links_are_for_public_entries_and_made_by_who_keeps_them(cast: Cast) -> None:
    made = await office(cast.japan_editor, visibility="partners")
    at = f"/v1/focal-points/{made['id']}/verification-link"
    assert (await cast.japan_editor.post(at)).json()["type"] == "/problems/not-public"
    await cast.japan_editor.patch(f"/v1/focal-points/{made['id']}", json={"visibility": "public"})
    for client, status in ((cast.anonymous, 401), (cast.partner, 403), (cast.thailand_editor, 403)):
        assert (await client.post(at)).status_code == status
    assert (await cast.japan_editor.post(f"{at}?days=61")).status_code == 400
    once = {"Idempotency-Key": "link"}
    first, again = [(await cast.japan_editor.post(at, headers=once)).json() for _ in range(2)]
    assert re.search("/confirm/[A-Za-z0-9_-]{54}$", first["url"])
    assert (again["url"], again["expires_at"]) == (None, first["expires_at"])
    assert first["expires_at"].endswith("Z")


async def test_the_yearly_round_is_a_table_that_is_filled_in_and_sent_back(cast: Cast) -> None:
    japan = cast.japan_editor
    right = await office(japan, bounced=True)
    wrong, silent = [await office(japan) for _ in range(2)]
    await office(japan, confirmed_by="The office")
    table = (await japan.get("/v1/focal-points.csv?country=JP&freshness__ne=fresh")).text
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {row["id"] for row in rows} == {right["id"], wrong["id"], silent["id"]}
    for row in rows:
        if row["id"] != silent["id"]:
            row["confirmed_by"] = "Director (test)"
        if row["id"] == wrong["id"]:
            row["office.email"] = "corrected@example.org"
    filled = io.StringIO(newline="")
    writer = csv.DictWriter(filled, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    answer = await japan.post(
        "/v1/focal-points/bulk?match=id", content=filled.getvalue(), headers={"Content-Type": "text/csv"}
    )
    assert (answer.json()["summary"]["update"], answer.json()["summary"]["unchanged"]) == (2, 1), answer.text
    after = {each["id"]: each for each in (await japan.get("/v1/focal-points")).json()["items"]}
    assert [after[each["id"]]["freshness"] for each in (right, wrong, silent)] == ["fresh", "fresh", "stale"]
    assert after[wrong["id"]]["office"]["email"] == "corrected@example.org"
    assert (after[right["id"]]["verified_by"], after[right["id"]]["confirmed_by"]) == (
        "Director (test)",
        None,
    )

"""Cards that address books take: every line by RFC 6350, every member by RFC 9553, and people only for partners."""

import json
import re
from typing import Any

import httpx
import pytest

from app.focal_points.cards import folded, tel
from tests import make
from tests.cast import Cast

NAME = "国際課; Intl, Affairs \\ Division " + "ກະຊວງຍຸຕິທຳ " * 6
OFFICE: dict[str, Any] = {
    "name": NAME.strip(), "email": "office@example.org", "phone": "+856 21 414 105", "languages": ["lo", "en"],
    "hours": "09:00-16:00", "time_zone": "Asia/Vientiane", "address": 'Lane Xang "Ave"\nVientiane; LA',
}  # fmt: skip


def read_card(text: str) -> list[tuple[str, str]]:
    """The lines of vCards, strictly: CRLF, 75 octets, whole characters. Names with parameters, values as written."""
    assert text.endswith("\r\n")
    physical = text.removesuffix("\r\n").split("\r\n")
    lines: list[str] = []
    for line in physical:
        assert 0 < len(line.encode()) <= 75
        assert "\n" not in line
        assert "\r" not in line
        if line.startswith(" "):
            lines[-1] += line[1:]
        else:
            lines.append(line)
    return [_named(line) for line in lines]


def _named(line: str) -> tuple[str, str]:
    quoted = False
    for place, letter in enumerate(line):
        quoted ^= letter == '"'
        if letter == ":" and not quoted:
            return line[:place], line[place + 1 :]
    raise AssertionError(line)


def plain(value: str) -> str:
    """A text value without its escapes."""
    meant = {"n": "\n", "\\": "\\", ",": ",", ";": ";"}
    assert not re.search(r"[,;]", re.sub(r"\\.", "", value))
    return re.sub(r"\\(.)", lambda found: meant[found[1]], value)


@pytest.fixture
async def office(cast: Cast) -> dict[str, Any]:
    person = await make.record(
        cast.secretariat, "persons", country="LA", display="ທົດສອບ ບຸກຄົນ", romanised="Test, Person", sort_as='The "Test"',
        email="person@example.org", phone="+856 21 414 106", languages=["lo"], title="Director",
    )  # fmt: skip
    return await make.record(
        cast.secretariat, "focal-points", country="LA", office=OFFICE, person={"id": person["id"]},
        purposes=["general", "extradition"], note="One; two, three\nfour",
    )  # fmt: skip


async def test_the_public_gets_the_card_of_the_office(cast: Cast, office: dict[str, Any]) -> None:
    at = f"/v1/focal-points/{office['id']}"
    answer = await cast.anonymous.get(f"{at}.vcf")
    assert answer.headers["content-type"] == "text/vcard; charset=utf-8"
    lines = read_card(answer.text)
    assert [lines[0], lines[1], lines[-1]] == [("BEGIN", "VCARD"), ("VERSION", "4.0"), ("END", "VCARD")]
    card = dict(lines)
    assert (card["KIND"], card["UID"]) == ("org", f"urn:uuid:{office['id']}")
    assert plain(card["FN"]) == plain(card["ORG"]) == OFFICE["name"]
    assert plain(card["NOTE"]) == "Hours: 09:00-16:00 Asia/Vientiane\nOne; two, three\nfour\nEntry: stale"
    assert card['TEL;VALUE=uri;TYPE="work,voice"'] == "tel:+856-21-414-105"
    assert card["CATEGORIES"] == "general,extradition"
    assert [value for name, value in lines if name.startswith("LANG;")] == ["lo", "en"]
    (label,) = [name for name in card if name.startswith("ADR")]
    assert label == "ADR;TYPE=work;LABEL=\"Lane Xang ^'Ave^'^nVientiane; LA\""
    assert "person@example.org" not in answer.text
    same = await cast.anonymous.get(at, headers={"Accept": "text/vcard"})
    assert same.text == answer.text
    known = await cast.anonymous.get(f"{at}.vcf", headers={"If-None-Match": answer.headers["etag"]})
    assert known.status_code == 304


async def test_partners_get_the_card_of_the_person(cast: Cast, office: dict[str, Any]) -> None:
    answer = await cast.partner.get(f"/v1/focal-points/{office['id']}.vcf")
    card = dict(read_card(answer.text))
    assert card["KIND"] == "individual"
    assert plain(card["FN;ALTID=1"]) == "ທົດສອບ ບຸກຄົນ"
    assert plain(card["FN;ALTID=1;LANGUAGE=und-Latn"]) == "Test, Person"
    assert card["N;SORT-AS=\"The ^'Test^'\""] == "ທົດສອບ ບຸກຄົນ;;;;"
    assert (card["EMAIL;TYPE=work;PREF=1"], card["EMAIL;TYPE=work"]) == (
        "person@example.org",
        "office@example.org",
    )
    public = await cast.anonymous.get(f"/v1/focal-points/{office['id']}.vcf")
    assert public.headers["etag"] != answer.headers["etag"]


async def test_the_same_as_jscontact(cast: Cast, office: dict[str, Any]) -> None:
    at = f"/v1/focal-points/{office['id']}.jscontact"
    answer = await cast.partner.get(at)
    assert answer.headers["content-type"] == "application/jscontact+json"
    card = json.loads(answer.text)
    assert (card["@type"], card["version"], card["kind"]) == ("Card", "1.0", "individual")
    assert card["name"] == {"full": "ທົດສອບ ບຸກຄົນ"}
    assert card["organizations"] == {"office": {"name": OFFICE["name"]}}
    assert card["emails"]["person"] == {
        "address": "person@example.org",
        "contexts": {"work": True},
        "pref": 1,
    }
    assert card["phones"]["office"]["number"] == "tel:+856-21-414-105"
    assert card["keywords"] == {"general": True, "extradition": True}
    assert card["addresses"]["office"]["timeZone"] == "Asia/Vientiane"
    public = json.loads((await cast.anonymous.get(at)).text)
    assert (public["kind"], set(public["emails"])) == ("org", {"office"})
    assert "titles" not in public


async def test_lists_are_cards_too_and_filters_hold(cast: Cast, office: dict[str, Any]) -> None:
    await make.record(cast.secretariat, "focal-points", country="TH")
    whole = await cast.anonymous.get("/v1/focal-points.vcf")
    assert [value for name, value in read_card(whole.text) if name == "BEGIN"] == ["VCARD", "VCARD"]
    one = await cast.anonymous.get(
        "/v1/focal-points?country=TH", headers={"Accept": "application/jscontact+json"}
    )
    assert [each["kind"] for each in json.loads(one.text)] == ["org"]
    none = await cast.anonymous.get("/v1/focal-points.jscontact?country=VN")
    assert json.loads(none.text) == []
    for query in ("fields=id", "expand=person"):
        refused = await cast.anonymous.get(f"/v1/focal-points.vcf?{query}")
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "not_here")
    assert (await cast.anonymous.get(f"/v1/events/{office['id']}.vcf")).status_code == 404


async def test_numbers_and_addresses_that_lead_nowhere_are_refused(client: httpx.AsyncClient) -> None:
    for channel, code in (
        ({"phone": "+81 3"}, "string_pattern_mismatch"), ({"phone": "+81 3 1"}, "phone_impossible"),
        ({"phone": "+999 1234567"}, "phone_impossible"), ({"email": "a..b@example.org"}, "mail_impossible"),
    ):  # fmt: skip
        body = await make.body(client, "focal-points", office={"name": "A", **channel})
        refused = await client.post("/v1/focal-points", json=body)
        assert refused.status_code == 422
        assert [each["code"] for each in refused.json()["errors"]] == [code], channel


def test_a_line_is_folded_between_characters() -> None:
    for length in range(60, 90):
        line = "N" * length + "ກ" * 40
        assert folded(line).replace("\r\n ", "") == line + "\r\n"
        assert all(len(each.encode()) <= 75 for each in folded(line).split("\r\n"))
    assert tel("+81 (3) 3580-4111") == "tel:+81-3-3580-4111"

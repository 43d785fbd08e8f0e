"""A focal point as an address book takes it: vCard 4 (RFC 6350) and JSContact (RFC 9553).

The card is of the office. Where the caller sees a person, it is of the person at that office.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from app.collection.renditions import Rendition
from app.http.formats import Format

Record = Mapping[str, Any]
_OCTETS = 75
_ESCAPES = str.maketrans({"\\": "\\\\", ",": "\\,", ";": "\\;", "\n": "\\n", "\r": ""})
# RFC 6868: in a parameter's quotes neither quotes nor line breaks can stand.
_IN_PARAMETER = str.maketrans({"^": "^^", '"': "^'", "\n": "^n", "\r": ""})


def tel(number: str) -> str:
    """A telephone number as an address (RFC 3966)."""
    import phonenumbers  # a few megabytes, for those who need them

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return "tel:+" + "".join(each for each in number if each.isdigit())
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.RFC3966))


def folded(line: str) -> str:
    """A line in pieces of at most 75 octets, none of which ends inside a character."""
    octets = line.encode()
    pieces, limit = [], _OCTETS
    while len(octets) > limit:
        end = limit
        while octets[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(octets[:end].decode())
        octets, limit = octets[end:], _OCTETS - 1
    return "\r\n ".join([*pieces, octets.decode()]) + "\r\n"


def _text(value: str) -> str:
    return value.translate(_ESCAPES)


def _said(name: str, value: str | None) -> Iterator[str]:
    if value:
        yield f"{name}:{_text(value)}"


def _person(record: Record) -> Record | None:
    person: Record | None = record.get("person")
    return person if person and "display" in person else None


def _about(record: Record) -> str:
    """What a user of the entry should know."""
    office = record["office"]
    hours = " ".join(filter(None, (office.get("hours"), office.get("time_zone"))))
    parts = [f"Hours: {hours}" if hours else "", record["note"] or "", f"Entry: {record['freshness']}"]
    return "\n".join(filter(None, parts))


def _lines(record: Record) -> Iterator[str]:
    office, person = record["office"], _person(record)
    yield "BEGIN:VCARD"
    yield "VERSION:4.0"
    yield f"UID:urn:uuid:{record['id']}"
    yield f"REV:{datetime.fromisoformat(record['updated_at']).astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"KIND:{'individual' if person else 'org'}"
    if person:
        yield f"FN;ALTID=1:{_text(person['display'])}"
        if person["romanised"]:
            yield f"FN;ALTID=1;LANGUAGE=und-Latn:{_text(person['romanised'])}"
        sort_as = person["sort_as"].translate(_IN_PARAMETER)
        yield f'N;SORT-AS="{sort_as}":{_text(person["display"])};;;;'
        yield from _said("TITLE", person["title"])
        yield from _said("EMAIL;TYPE=work;PREF=1", person.get("email"))
        if person.get("phone"):
            yield f'TEL;VALUE=uri;TYPE="work,voice";PREF=1:{tel(person["phone"])}'
    else:
        yield f"FN:{_text(office['name'])}"
    yield f"ORG:{_text(office['name'])}"
    yield from _said("EMAIL;TYPE=work", office.get("email"))
    if office.get("phone"):
        yield f'TEL;VALUE=uri;TYPE="work,voice":{tel(office["phone"])}'
    if office.get("address"):
        label = office["address"].translate(_IN_PARAMETER)
        yield f'ADR;TYPE=work;LABEL="{label}":;;{_text(office["address"])};;;;{record["country"]}'
    for place, language in enumerate((person or office).get("languages") or (), 1):
        yield f"LANG;PREF={place}:{language}"
    yield from _said("TZ", office.get("time_zone"))
    yield f"CATEGORIES:{','.join(record['purposes'])}"
    yield from _said("NOTE", _about(record))
    yield "END:VCARD"


def vcard(record: Record) -> str:
    """The card as vCard 4."""
    return "".join(folded(line) for line in _lines(record))


def _channels(prefix: str, value: Any, key: str, member: str, *, first: bool) -> dict[str, Any]:
    if not (said := value.get(key)):
        return {}
    address = tel(said) if key == "phone" else said
    return {prefix: {member: address, "contexts": {"work": True}, **({"pref": 1} if first else {})}}


def contact(record: Record) -> dict[str, Any]:
    """The card as JSContact."""
    office, person = record["office"], _person(record)
    updated = datetime.fromisoformat(record["updated_at"]).astimezone(UTC)
    card: dict[str, Any] = {
        "@type": "Card",
        "version": "1.0",
        "uid": f"urn:uuid:{record['id']}",
        "kind": "individual" if person else "org",
        "updated": f"{updated:%Y-%m-%dT%H:%M:%SZ}",
        "name": {"full": person["display"] if person else office["name"]},
        "organizations": {"office": {"name": office["name"]}},
        "keywords": dict.fromkeys(record["purposes"], True),
        "notes": {"entry": {"note": _about(record)}},
    }
    emails, phones = (
        {
            **_channels("person", person or {}, key, member, first=True),
            **_channels("office", office, key, member, first=False),
        }
        for key, member in (("email", "address"), ("phone", "number"))
    )
    languages = (person or office).get("languages") or ()
    place = {
        "full": office.get("address"),
        "timeZone": office.get("time_zone"),
        "countryCode": record["country"],
    }
    place = {key: value for key, value in place.items() if value}
    more = {
        "emails": emails,
        "phones": phones,
        "titles": {"office": {"name": person["title"]}} if person and person["title"] else {},
        "preferredLanguages": {
            f"l{number}": {"language": language, "pref": number} for number, language in enumerate(languages, 1)
        },
        "addresses": {"office": place},
        "localizations": {"und-Latn": {"name": {"full": person["romanised"]}}}
        if person and person["romanised"]
        else {},
    }  # fmt: skip
    return card | {name: value for name, value in more.items() if value}


VCARD = Format("vcf", "text/vcard")
JSCONTACT = Format("jscontact", "application/jscontact+json")
CARDS = {
    VCARD: Rendition(
        lambda record, _: vcard(record),
        expand=("person",),
        example="BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Office\r\nEND:VCARD\r\n",
    ),
    JSCONTACT: Rendition(
        lambda record, _: json.dumps(contact(record), ensure_ascii=False),
        expand=("person",),
        around=("[", ",", "]"),
        example='{"@type":"Card","version":"1.0","uid":"urn:uuid:019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"}',
    ),
}

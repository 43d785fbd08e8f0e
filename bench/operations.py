"""The requests that are measured: of the register, and of the peers that stand beside it."""

import json
import urllib.request
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from bench.load import Call

LIST = "kind=seminar&sort=-start_date&limit=50"
FIRST = "sort=-start_date&limit=50"
COUNTS = "group_by=kind,status,country"
EXPORT = "kind=seminar,training&sort=-start_date"
"""Half of the events: 100 000 of 200 000."""
DEPTH = 50_000
_EVENT: dict[str, Any] = {
    "title": "Generated seminar on mediation {n}",
    "kind": "seminar",
    "status": "planned",
    "start_date": "1999-03-01",  # so that pages of the newest are those that were filled, from first to last
    "end_date": "1999-03-03",
    "mode": "hybrid",
    "city": "Generated city 7",
    "country": "AX",
    "goals": [{"number": 3, "link": "assigned"}],
    "organisations": [{"code": "GEN-5", "role": "host"}, {"code": "GEN-12", "role": "participant"}],
    "summary": "This entry is generated for measurement. " + "It describes nothing that took place. " * 10,
}


@dataclass(frozen=True)
class Measured:
    """The requests of one filled register."""

    key: str

    @property
    def writer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def calls(self) -> dict[str, Call]:
        """Every operation that a load generator repeats."""
        writer = {**self.writer, "Idempotency-Key": "bench-{n}"}
        return {
            "get": Call("/v1/events/{read}"),
            "304": Call("/v1/events/{read}", headers={"If-None-Match": '"1"'}),
            "list": Call(f"/v1/events?{LIST}"),
            "first page": Call(f"/v1/events?{FIRST}"),
            "search": Call("/v1/search?q={new word}&limit=20"),
            "search, again": Call("/v1/search?q={word}&limit=20"),
            "counts": Call(f"/v1/events/stats?{COUNTS}"),
            "create": Call(
                "/v1/events", "POST", {**writer, "Content-Type": "application/json"}, json.dumps(_EVENT)
            ),
            "patch": Call(
                "/v1/events/{id}", "PATCH", {**writer, "Content-Type": "application/merge-patch+json"},
                '{"registered": {small}}',
            ),
        }  # fmt: skip


def peer_calls(measured: Measured) -> dict[str, Call]:
    """The same of a peer, at the addresses that all of them have."""
    head = {"Content-Type": "application/json"}
    return {
        "get": Call("/events/{read}"),
        "list": Call(f"/events?{LIST}"),
        "search": Call("/search?q={new word}&limit=20"),
        "search, again": Call("/search?q={word}&limit=20"),
        "create": Call("/events", "POST", head, json.dumps(_EVENT)),
        "patch": Call("/events/{id}", "PATCH", head, '{"registered": {small}}'),
    }


def body_of(address: str, path: str) -> bytes:
    with urllib.request.urlopen(address + path) as answer:
        content: bytes = answer.read()
        return content


def deep_page(address: str, depth: int) -> Call:
    """The page behind so many events, by the cursor of the walk that leads there."""
    path = f"/v1/events?{FIRST.replace('50', '1000')}&fields=id"
    connection = HTTPConnection(urlsplit(address).netloc)
    for _ in range(depth // 1000):
        connection.request("GET", path)
        path = json.loads(connection.getresponse().read())["next"]
    cursor = path.rpartition("cursor=")[2].partition("&")[0]
    return Call(f"/v1/events?{FIRST}&cursor={cursor}")

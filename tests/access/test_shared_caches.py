"""A cache in front that everybody shares, as RFC 9111 has it: it serves nobody what was answered to somebody else."""

import httpx

from tests import make
from tests.cast import BASE, CALLERS, Cast
from tests.conftest import Register

_ASKED = ("secretariat", "japan_editor", "partner", "reader", "", "thailand_editor", "auditor", "")
"""Callers in turn; nobody comes without a key."""


class SharedCache:
    """Keeps what it may, by address and by what `Vary` names, and asks anew where it is told to."""

    def __init__(self, origin: httpx.AsyncClient) -> None:
        self._origin = origin
        self._kept: list[tuple[str, dict[str, str | None], httpx.Response]] = []
        self.served = 0

    async def get(self, address: str, headers: dict[str, str]) -> httpx.Response:
        known = next((each for each in self._kept if self._suits(each, address, headers)), None)
        tag = {"If-None-Match": known[2].headers["etag"]} if known and "etag" in known[2].headers else {}
        answer = await self._origin.get(address, headers={**headers, **tag})
        if known and answer.status_code == 304:
            self.served += 1
            return known[2]
        told = set(answer.headers["cache-control"].split(", "))
        if answer.status_code == 200 and not told & {"no-store", "private"}:
            varies = answer.headers["vary"].split(", ")
            self._kept.append((address, {name: headers.get(name) for name in varies}, answer))
        return answer

    @staticmethod
    def _suits(
        kept: tuple[str, dict[str, str | None], httpx.Response], address: str, headers: dict[str, str]
    ) -> bool:
        return kept[0] == address and all(headers.get(name) == value for name, value in kept[1].items())


async def test_a_cache_that_all_share_serves_nobody_what_is_for_others(empty: Register, cast: Cast) -> None:
    person = await make.record(cast.japan_editor, "persons", country="JP", display="Canary Person")
    office = await make.record(cast.japan_editor, "focal-points", country="JP", person={"id": person["id"]})
    for visibility in ("public", "partners", "own"):
        await make.record(cast.japan_editor, "events", title=f"Event {visibility}", visibility=visibility)
    addresses = (
        "/v1/events", "/v1/events.csv", "/v1/events.ics", "/v1/events/stats?group_by=status", "/v1/search?q=event",
        "/v1/persons", f"/v1/persons/{person['id']}", f"/v1/focal-points/{office['id']}?expand=person",
        "/v1/focal-points.vcf", f"/v1/focal-points/{office['id']}/history", "/v1/changes?after=0&include=record",
    )  # fmt: skip
    async with httpx.AsyncClient(transport=httpx.ASGITransport(empty.app), base_url=BASE) as origin:
        cache, seen = SharedCache(origin), set()
        for name in _ASKED:
            headers = {"X-Request-ID": "same"} | ({"X-API-Key": empty.keys[name]} if name in CALLERS else {})
            for address in addresses:
                through, direct = (
                    await cache.get(address, headers),
                    await origin.get(address, headers=headers),
                )
                assert (through.status_code, through.content) == (direct.status_code, direct.content), (
                    name,
                    address,
                )
                seen.add((address, through.content))
    assert cache.served > 3, "nothing was kept: this shows nothing"
    assert len(seen) > 2 * len(addresses), "all see the same: this shows nothing"

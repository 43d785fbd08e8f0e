"""Two whole periods over HTTP by the keys of twelve countries, counted again from the rows that everybody can read."""

import hashlib
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from tests.cast import BASE, Cast
from tests.conftest import Register
from tests.openapi.conforming import as_documented
from tests.status_reports.recount import Row, Rows, counted, difference, printed

Client = httpx.AsyncClient
WORDS = ("proposed", "planned", "ongoing", "implemented", "suspended")
CODES = ("BN", "ID", "JP", "KH", "LA", "MM", "MY", "PH", "SG", "TH", "TL", "VN")
LEADS = {
    "TH": "TH-MOJ",
    "VN": "VN-MOJ",
    "ID": "ID-MOL",
    "JP": "JP-MOJ",
    "LA": "LA-MOJ",
    "PH": "PH-DOJ",
    "MY": "MY-AGC",
}
SILENT, LATE, RETURNED_TWICE, RETURNED_FOR_GOOD = "MM", "KH", "ID", "LA"
THIRD = {"number": 3, "title": "3rd Consultation (test)", "start_date": "2025-10-20", "end_date": "2025-10-20",
         "period_start": "2024-10-01", "period_end": "2025-09-30"}  # fmt: skip
FOURTH = {"number": 4, "title": "4th Consultation (test)", "start_date": "2026-10-20", "end_date": "2026-10-21",
          "period_start": "2025-10-01", "period_end": "2026-09-30"}  # fmt: skip


async def ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


class Period:
    """Everybody who takes part, each by a key of its own."""

    def __init__(self, cast: Cast, ministries: dict[str, Client]) -> None:
        self.cast, self.ministries = cast, ministries
        self.own: dict[str, str] = {}

    @property
    def secretariat(self) -> Client:
        return self.cast.secretariat

    async def add(self, country: str, goal: int, **more: Any) -> None:
        """An activity of a country, by its own key."""
        body = {
            "title": f"Activity of {country}",
            "goal": {"number": goal},
            "lead": {"code": LEADS[country]},
            **more,
        }
        made = await ok(await self.ministries[country].post("/v1/activities", json=body), 201)
        self.own[country] = made["id"]

    async def lines(self, country: str, number: int, **own: Any) -> str:
        """The lines of a country: of all plan activities as its turn has it, of its own as said. Id of the report."""
        key = self.ministries[country]
        found = await ok(
            await key.get(f"/v1/progress-reports?consultation.number={number}&country={country}")
        )
        (report,) = found["items"]
        plan = (await ok(await key.get("/v1/activities?origin=plan&sort=id&fields=id,code")))["items"]
        rows = [
            {"report": {"id": report["id"]}, "activity": {"id": activity["id"]}, **said}
            for place, activity in enumerate(plan)
            if (said := _turn(CODES.index(country) + place + number, place))
        ]
        if own:
            rows.append({"report": {"id": report["id"]}, "activity": {"id": self.own[country]}, **own})
        await ok(await key.post("/v1/report-lines/bulk", json=rows))
        return str(report["id"])

    async def move(self, client: Client, report: str, verb: str, status: int = 200) -> Any:
        body = {"reason": "The lines name no results."} if verb == "return" else None
        return await ok(await client.post(f"/v1/progress-reports/{report}/{verb}", json=body), status)

    async def report(self, country: str, number: int, **own: Any) -> str:
        """Reported, submitted by the ministry, accepted by the Secretariat."""
        report = await self.lines(country, number, **own)
        await self.move(self.ministries[country], report, "submit")
        await self.move(self.secretariat, report, "accept")
        return report

    async def frozen(self, number: int) -> tuple[Row, Rows]:
        """The frozen report, and the rows that it was counted from. Frozen twice, it is the same."""
        place, rows = f"/v1/consultations/{number}", await Rows.of(self.secretariat)
        first = await ok(await self.secretariat.post(f"{place}/freeze?force=true"))
        assert await ok(await self.secretariat.post(f"{place}/freeze")) == first
        answer = await self.cast.anonymous.get(f"{place}/report/frozen")
        assert hashlib.sha256(answer.content).hexdigest() == first["report_hash"]
        return answer.json(), rows


def _turn(number: int, place: int) -> Row | None:
    """What a country says of a plan activity; of the second of the plan all say that it is not theirs."""
    if place == 1:
        return {"response": "not_applicable", "narrative": "Not ours."}
    return (
        {"response": "reported", "status": WORDS[number % 5]},
        {"response": "nothing_to_report"},
        {"response": "not_applicable", "narrative": "Not ours."},
        None,
    )[number % 4]


@pytest.fixture
async def period(published: Register, seeded_cast: Cast) -> Any:
    async with AsyncExitStack() as stack:
        ministries = {}
        for code in CODES:
            body = {"name": f"Ministry of {code}", "role": "approver", "country": code}
            key = (await ok(await seeded_cast.administrator.post("/v1/keys", json=body), 201))["key"]
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(published.app),
                base_url=BASE,
                headers={"Authorization": f"Bearer {key}"},
                event_hooks={"response": [as_documented]},
            )
            ministries[code] = await stack.enter_async_context(client)
        yield Period(seeded_cast, ministries)


async def test_two_periods_of_twelve_countries_are_counted_right(period: Period) -> None:
    money = [{"source": "JAIF", "amount": "1000.50", "currency": "USD"}, {"source": "TH-MOJ"}]
    await period.add(
        "TH", 6, countries=["TH", "VN"], start_date="2025-01-01", status="planned", funding=money
    )
    await period.add("VN", 7, start_date="2025-03-01", end_date="2027-03-01", funding=money[:1])
    await period.add("JP", 8, start_date="2025-02-01", end_date="2026-01-31")
    await period.add("LA", 6, status="planned")
    await period.add("ID", 5)
    await period.add("MY", 5)
    await ok(await period.secretariat.post("/v1/consultations", json=THIRD), 201)
    asked = await ok(await period.secretariat.post("/v1/consultations/3/open-reporting"))
    assert asked["expected"] == len(asked["items"]) == 11

    late = await period.lines(LATE, 3)
    again = await period.lines(RETURNED_TWICE, 3, response="reported", status="ongoing")
    for _ in range(2):
        await period.move(period.ministries[RETURNED_TWICE], again, "submit")
        await period.move(period.secretariat, again, "return")
    await period.move(period.ministries[RETURNED_TWICE], again, "submit")
    await period.move(period.secretariat, again, "accept")
    back = await period.lines(RETURNED_FOR_GOOD, 3, response="reported", status="implemented")
    await period.move(period.ministries[RETURNED_FOR_GOOD], back, "submit")
    await period.move(period.secretariat, back, "return")
    for country in ("BN", "MY", "PH", "SG"):
        await period.report(country, 3)
    for country in ("TH", "VN", "JP"):
        await period.report(country, 3, response="reported", status="ongoing")
    before = await ok(await period.secretariat.get("/v1/consultations/3/outstanding"))
    assert {each["country"]: each["state"] for each in before["items"] if each["state"] != "accepted"} == {
        SILENT: "open", LATE: "open", RETURNED_FOR_GOOD: "returned",
    }  # fmt: skip
    await period.move(period.ministries[LATE], late, "submit")
    third, rows_of_third = await period.frozen(3)
    assert printed(third) == counted(rows_of_third, 3)
    assert third["consultation"]["number"] == 3
    assert "TL" not in {each["country"] for each in third["reports"]}
    await period.move(period.secretariat, late, "accept", 409)

    await period.add("PH", 5, status="planned")
    await ok(await period.ministries["VN"].patch(
        f"/v1/activities/{period.own['VN']}", json={"end_date": "2027-09-30"}))  # fmt: skip
    kept, gone = [
        await period.ministries[each].delete(f"/v1/activities/{period.own[each]}?cascade=true")
        for each in ("ID", "MY")
    ]
    await ok(await period.secretariat.post("/v1/consultations", json=FOURTH), 201)
    asked = await ok(await period.secretariat.post("/v1/consultations/4/open-reporting"))
    assert asked["expected"] == 12
    await period.report("TH", 4, response="reported", status="implemented")
    await period.report("VN", 4, response="nothing_to_report")
    await period.report("JP", 4, response="reported", status="ongoing")
    await period.report("LA", 4, response="reported", status="cancelled")
    for country in ("BN", "KH", "MY", "PH", "SG", "TL"):
        await period.report(country, 4)
    fourth, rows_of_fourth = await period.frozen(4)
    assert printed(fourth) == counted(rows_of_fourth, 4)

    told = await ok(await period.cast.anonymous.get("/v1/consultations/4/report/diff?from=3"))
    found = {
        name: {each["id"] for each in told[name]} for name in told["counts"] if name != "newly_reporting"
    }
    found["newly_reporting"] = {each["country"] for each in told["newly_reporting"]}
    assert found == difference(rows_of_third, 3, rows_of_fourth, 4)
    assert told["counts"] == {name: len(each) for name, each in found.items()}
    assert period.own["TH"] in found["moved"]
    assert found["redated"] == {period.own["VN"]}
    assert found["slipped"] == {period.own["JP"]}
    assert found["newly_added"] == {period.own["PH"]}
    assert found["newly_reporting"] == {"KH", "LA", "TL"}
    assert (kept.status_code, gone.status_code) == (409, 204)  # what was reported on stays
    assert found["dropped"] == {period.own["MY"]}
    assert (await period.cast.anonymous.get("/v1/consultations/3/report/frozen")).json() == third

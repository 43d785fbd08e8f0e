"""Money as given: entry by entry, summed exactly and never across currencies or parts."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests import make

JAIF, OWN = "Japan-ASEAN Integration Fund (JAIF)", "กองทุน & Co=1"


async def _money(client: httpx.AsyncClient) -> None:
    await make.record(client, "goals", number=6)
    held = await make.record(client, "activities", goal={"number": 6}, funding=[
        {"source": JAIF, "implementer": "UNODC", "amount": "0.10", "currency": "USD", "commitment": "committed"},
        {"source": JAIF, "amount": "0.20", "currency": "USD", "commitment": "committed"},
        {"source": OWN, "amount": "999999999999999.99", "currency": "JPY"},
        {"source": OWN},
    ])  # fmt: skip
    await make.record(
        client, "events", start_date="2026-01-15", goals=[{"number": 6}], activities=[{"id": held["id"]}],
        funding=[{"source": JAIF, "amount": "5", "currency": "USD", "commitment": "sought"}],
    )  # fmt: skip


async def test_every_sum_is_that_of_the_entries_behind_it(client: httpx.AsyncClient) -> None:
    await _money(client)
    everything = (await client.get("/v1/funding")).json()["items"]
    sums: dict[Any, Decimal] = defaultdict(Decimal)
    for entry in everything:
        sums[entry["part"], entry["currency"]] += Decimal(entry["amount"] or 0)
    assert sums["activities", "USD"] == Decimal("0.30")  # what binary fractions would miss
    totals = (await client.get("/v1/funding/totals")).json()
    assert {(t["part"], t["currency"]): Decimal(t["amount"] or 0) for t in totals["by_currency"]} == sums
    for total in totals["by_currency"] + totals["by_source"]:
        behind = (await client.get(total["href"])).json()["items"]
        assert len(behind) == total["entries"], total
        assert sum(each["amount"] is None for each in behind) == total["without_amount"]
        given = [Decimal(each["amount"]) for each in behind if each["amount"]]
        assert sum(given) == Decimal(total["amount"] or 0)


async def test_entries_come_in_pages_that_neither_miss_nor_repeat(client: httpx.AsyncClient) -> None:
    await _money(client)
    whole = (await client.get("/v1/funding?currency=USD,none")).json()
    address, walked = "/v1/funding?currency=USD,none&limit=1", []
    while address:
        page = (await client.get(address)).json()
        walked += page["items"]
        address = page["next"]
    assert walked == whole["items"]
    assert len(walked) == 4


async def test_entries_are_found_by_what_they_say(client: httpx.AsyncClient) -> None:
    await _money(client)
    for query, count in (
        ({"source": OWN}, 2), ({"commitment": "none"}, 2), ({"goal": 6}, 5), ({"goal": 5}, 0),
        ({"since": "2026-01-01", "until": "2026-12-31"}, 1), ({"since": "2026-02-01"}, 0),
    ):  # fmt: skip
        found = (await client.get("/v1/funding", params=query)).json()["items"]
        assert len(found) == count, query


@pytest.mark.parametrize(
    "query",
    ["currency=usd", "commitment=firm", "since=2026-02-30", "goal=x", "cursor=x", "part=plans", "from=1"],
)
async def test_what_is_not_understood_is_refused(client: httpx.AsyncClient, query: str) -> None:
    for path in ("/v1/funding", "/v1/funding/totals"):
        assert (await client.get(f"{path}?{query}")).status_code == 400


async def test_an_amount_has_a_currency(client: httpx.AsyncClient) -> None:
    event = await make.body(client, "events", funding=[{"source": JAIF, "amount": "5"}])
    refused = await client.post("/v1/events", json=event)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "currency_missing"
    event["funding"][0]["currency"] = "USD"
    assert (await client.post("/v1/events", json=event)).status_code == 201


async def test_money_of_what_is_not_public_is_not_told(cast: Any) -> None:
    await make.record(
        cast.secretariat,
        "events",
        visibility="own",
        funding=[{"source": JAIF, "amount": "5", "currency": "USD"}],
    )
    assert (await cast.anonymous.get("/v1/funding/totals")).json()["by_currency"] == []
    assert len((await cast.secretariat.get("/v1/funding/totals")).json()["by_currency"]) == 1


async def test_a_report_sums_money_up_to_the_consultation_and_so_does_its_link(
    client: httpx.AsyncClient,
) -> None:
    """Of a period that has a beginning and no end."""
    await make.record(client, "consultations", number=1, start_date="2026-02-03", period_start="2025-04-01")
    for day in ("2025-05-05", "2026-02-03", "2026-03-03"):
        await make.record(
            client,
            "events",
            start_date=day,
            funding=[{"source": "JAIF", "amount": "1.00", "currency": "USD"}],
        )
    report = (await client.get("/v1/consultations/1/report")).json()
    for total in (*report["funding_by_currency"], *report["funding"]):
        behind = (await client.get(total["href"])).json()["items"]
        assert (total["entries"], len(behind)) == (2, 2), total["href"]

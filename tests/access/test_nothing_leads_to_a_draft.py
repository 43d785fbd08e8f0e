"""What stands beside a draft tells nothing of it: references, merges, dismissals, frozen reports, counts."""

import pytest

from tests import make
from tests.cast import Cast
from tests.conftest import Register
from tests.meanwhile import asked_meanwhile


async def _referring(cast: Cast, path: str) -> tuple[str, str, str]:
    """A public record that names a draft: its address, the field, and the id of the draft."""
    if path == "decisions":
        draft = await make.record(cast.secretariat, "amendments")
        made = await make.record(cast.secretariat, path, amendment={"id": draft["id"]})
        return f"/v1/{path}/{made['id']}", "amendment", draft["id"]
    draft = await make.record(cast.japan_editor, path, country="JP", visibility="own")
    made = await make.record(cast.japan_editor, path, country="JP", successor={"id": draft["id"]})
    return f"/v1/{path}/{made['id']}", "successor", draft["id"]


@pytest.mark.parametrize("path", ["decisions", "focal-points"])
async def test_a_reference_to_a_draft_is_none_by_every_door(cast: Cast, path: str) -> None:
    address, name, draft = await _referring(cast, path)
    assert (await cast.secretariat.get(address)).json()[name]["id"] == draft
    for door in (address, f"{address}/history", "/v1/changes?include=record", "/v1/changes/snapshot"):
        assert draft in (await cast.secretariat.get(door)).text, door
        assert draft not in (await cast.partner.get(door)).text, door
    for asked, found in (
        (f"{name}.id={draft}", 0), (f"{name}.id__isnull=false", 0),
        (f"{name}.id__ne={draft}&{name}.id__isnull=true&id={address.rpartition('/')[2]}", 1),
    ):  # fmt: skip
        listed = await cast.partner.get(f"/v1/{path}?{asked}&count=exact")
        assert listed.json()["total"] == found, asked
    assert (await cast.secretariat.get(f"/v1/{path}?{name}.id={draft}&count=exact")).json()["total"] == 1


async def test_what_every_record_refers_to_is_null_where_that_is_a_draft(cast: Cast) -> None:
    line = await make.record(cast.secretariat, "report-lines")
    for step in ("submit", "accept"):  # now everybody sees the line
        await cast.secretariat.post(f"/v1/progress-reports/{line['report']['id']}/{step}")
    draft = line["activity"]["id"]
    await cast.secretariat.patch(f"/v1/activities/{draft}", json={"visibility": "own"})
    address = f"/v1/report-lines/{line['id']}"
    for door in (address, f"{address}?expand=activity"):
        assert (await cast.secretariat.get(door)).json()["activity"]["id"] == draft
        assert (await cast.partner.get(door)).json()["activity"] is None


async def test_a_record_that_was_merged_into_a_draft_does_not_lead_there(cast: Cast) -> None:
    gone = await make.record(cast.japan_editor, "events")
    into = await make.record(cast.japan_editor, "events", visibility="own")
    address = f"/v1/events/{gone['id']}"
    await cast.japan_editor.post(f"{address}/merge", json={"into": {"id": into["id"]}})
    for door in (f"{address}/history", "/v1/changes"):
        assert into["id"] in (await cast.japan_editor.get(door)).text, door
        told = await cast.partner.get(door)
        assert '"merge"' in told.text
        assert into["id"] not in told.text, door


async def test_a_dismissal_is_seen_by_who_sees_the_record_that_has_the_gap(cast: Cast) -> None:
    event = await make.record(cast.japan_editor, "events", visibility="own")
    dismissed = await cast.secretariat.post(
        f"/v1/gaps/event_without_outcome:{event['id']}/dismiss",
        json={"reason": "Talks", "until": "2399-01-01"},
    )
    address = f"/v1/gap-dismissals/{dismissed.json()['id']}"
    for hidden in (True, False, True):
        visibility = "own" if hidden else "public"
        await cast.japan_editor.patch(f"/v1/events/{event['id']}", json={"visibility": visibility})
        assert (await cast.secretariat.get(address)).json()["visibility"] == visibility
        assert (await cast.anonymous.get(address)).status_code == (404 if hidden else 200)
        for door in ("/v1/gap-dismissals", "/v1/gap-dismissals.csv", "/v1/changes/snapshot"):
            assert ("Talks" in (await cast.anonymous.get(door)).text) is not hidden, door
    told = (await cast.anonymous.get("/v1/changes?kinds=gap-dismissals")).json()["items"]
    assert [each["action"] for each in told][-1] == "hide"


@pytest.mark.parametrize("what", ["gap", "overlap"])
async def test_what_is_decided_while_its_record_is_hidden_is_hidden_with_it(
    cast: Cast, empty: Register, what: str
) -> None:
    first, second = [await make.record(cast.japan_editor, "events") for _ in range(2)]
    door, named, said = {
        "gap": ("gaps", f"event_without_outcome:{first['id']}/dismiss", {"until": "2399-01-01"}),
        "overlap": ("overlaps", f"{first['id']}:{second['id']}/decide", {"verdict": "distinct"}),
    }[what]
    deciding = cast.secretariat.post(f"/v1/{door}/{named}", json={"reason": "Talks", **said})
    hidden = f"update events set visibility = 'own' where id = '{first['id']}'"
    [decided] = await asked_meanwhile(empty.address, hidden, deciding)
    assert (decided.status_code, decided.json()["visibility"]) == (200, "own")
    assert "Talks" not in (await cast.partner.get("/v1/changes/snapshot")).text


async def test_a_verdict_is_seen_by_who_sees_both_records_also_if_both_are_changed_at_once(
    cast: Cast, empty: Register
) -> None:
    first, second = [await make.record(cast.japan_editor, "events") for _ in range(2)]
    said = {"reason": "Talks", "verdict": "distinct"}
    address = f"/v1/overlaps/{first['id']}:{second['id']}/decide"
    verdict = (await cast.secretariat.post(address, json=said)).json()
    hidden = f"update events set visibility = 'own', owner = 'TH' where id = '{first['id']}'"
    shared = cast.japan_editor.patch(f"/v1/events/{second['id']}", json={"visibility": "partners"})
    [answer] = await asked_meanwhile(empty.address, hidden, shared)
    assert answer.status_code == 200
    now = (await cast.secretariat.get(f"/v1/overlap-verdicts/{verdict['id']}")).json()
    assert (now["visibility"], now["owner"]) == ("own", None)


async def test_a_report_is_frozen_as_everybody_sees_the_record(cast: Cast) -> None:
    goal = await make.record(cast.secretariat, "goals")
    about = {"goal": {"id": goal["id"]}, "title": "Secret plan", "visibility": "own", "code": "JP-1"}
    activity = await make.record(cast.japan_editor, "activities", **about)
    await make.record(
        cast.japan_editor, "events", title="Secret plan", visibility="own", start_date="2026-10-01"
    )
    await make.record(
        cast.secretariat, "consultations", number=3, start_date="2026-11-01", period_start="2026-01-01"
    )
    report = await make.record(
        cast.japan_editor, "progress-reports", consultation={"number": 3}, country="JP"
    )
    await make.record(
        cast.japan_editor, "report-lines", report={"id": report["id"]}, activity={"id": activity["id"]}
    )
    public = (await cast.anonymous.get("/v1/consultations/3/report")).json()
    assert (await cast.secretariat.post("/v1/consultations/3/freeze?force=true")).status_code == 200
    frozen = await cast.anonymous.get("/v1/consultations/3/report/frozen")
    assert "Secret" not in frozen.text
    found = frozen.json()
    assert [each["state"] for each in found["reports"] if each["country"] == "JP"] == ["open"]
    others = ("kind", "forced", "as_of", "position", "reports")
    assert {**found, **{name: public[name] for name in others}} == public

"""A ministry writes its own report; nobody else sees it before it is accepted, and then everybody does."""

import httpx
import pytest

from tests import make
from tests.cast import Cast

SAID = {"overview": "Two trainings were held."}


async def drafted(cast: Cast) -> tuple[dict[str, object], dict[str, object]]:
    """Thailand's report with a line, made by Thailand."""
    to = await make.record(cast.secretariat, "consultations", number=3)
    about = await make.record(cast.secretariat, "activities")
    editor = cast.thailand_editor
    made = await make.record(editor, "progress-reports", consultation={"id": to["id"]}, country="TH")
    line = await make.record(
        editor, "report-lines", report={"id": made["id"]}, activity={"id": about["id"]}, narrative="Held."
    )
    return made, line


async def seen(client: httpx.AsyncClient, *records: tuple[str, dict[str, object]]) -> list[int]:
    found = []
    for path, record in records:
        listed = (await client.get(f"/v1/{path}")).json()["items"]
        status = (await client.get(f"/v1/{path}/{record['id']}")).status_code
        assert (status == 200) == bool(listed)
        found.append(status)
    return found


async def test_a_report_is_its_countrys_own_until_it_is_accepted(cast: Cast) -> None:
    made, line = await drafted(cast)
    both = ("progress-reports", made), ("report-lines", line)
    others = (cast.anonymous, cast.japan_editor, cast.partner)
    for caller in (cast.thailand_editor, cast.thailand_approver, cast.secretariat):
        assert await seen(caller, *both) == [200, 200]
    for caller in others:
        assert await seen(caller, *both) == [404, 404]
    assert (await cast.thailand_approver.post(f"/v1/progress-reports/{made['id']}/submit")).status_code == 200
    assert (await cast.secretariat.post(f"/v1/progress-reports/{made['id']}/accept")).status_code == 200
    for caller in others:
        assert await seen(caller, *both) == [200, 200]


@pytest.mark.parametrize(("caller", "verb", "status"), [
    ("thailand_editor", "submit", 403), ("thailand_approver", "submit", 200), ("thailand_approver", "accept", 403),
    ("japan_editor", "submit", 403), ("anonymous", "submit", 401), ("partner", "return", 403),
])  # fmt: skip
async def test_who_may_move_a_report(cast: Cast, caller: str, verb: str, status: int) -> None:
    made, _ = await drafted(cast)
    body = {"reason": "No."} if verb == "return" else None
    answer = await getattr(cast, caller).post(f"/v1/progress-reports/{made['id']}/{verb}", json=body)
    assert answer.status_code == status


async def test_nobody_reports_for_another_country(cast: Cast) -> None:
    made, line = await drafted(cast)
    editor = cast.japan_editor
    body = {"consultation": made["consultation"], "country": "TH"}
    assert (await editor.post("/v1/progress-reports", json=body)).status_code == 403
    about = await make.record(cast.secretariat, "activities")
    theirs = {"report": {"id": made["id"]}, "activity": {"id": about["id"]}, "response": "nothing_to_report"}
    answer = await editor.post("/v1/report-lines", json=theirs)
    assert answer.status_code == 422  # what one may not see is not there to refer to
    assert (await editor.patch(f"/v1/progress-reports/{made['id']}", json=SAID)).status_code == 404
    assert (await editor.delete(f"/v1/report-lines/{line['id']}")).status_code == 404

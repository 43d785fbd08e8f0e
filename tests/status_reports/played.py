"""A period that has been played through: two Consultations, reports in six scripts, money, gaps, a difference."""

from typing import Any

import httpx

from tests import make

NAMES = {
    "BN": "Brunei Darussalam", "ID": "Indonesia", "KH": "Cambodia", "LA": "Lao PDR", "MM": "Myanmar", "MY": "Malaysia",
    "PH": "Philippines", "SG": "Singapore", "TH": "Thailand", "TL": "Timor-Leste", "VN": "Viet Nam", "JP": "Japan",
}  # fmt: skip
SCRIPTS = {
    "TH": "จัดฝึกอบรมเรื่องความช่วยเหลือซึ่งกันและกันในเรื่องทางอาญา ผู้เข้าร่วม ๔๘ คน",
    "LA": "ໄດ້ຈັດຝຶກອົບຮົມກ່ຽວກັບການຊ່ວຍເຫຼືອເຊິ່ງກັນແລະກັນທາງອາຍາ",
    "KH": "បានរៀបចំវគ្គបណ្តុះបណ្តាលស្តីពីជំនួយផ្លូវច្បាប់ទៅវិញទៅមក",
    "MM": "ပြစ်မှုဆိုင်ရာ အပြန်အလှန် ဥပဒေအကူအညီ သင်တန်းများ ကျင်းပခဲ့သည်",
    "VN": "Đã tổ chức hai khóa tập huấn về tương trợ tư pháp hình sự tại Hà Nội.",
    "JP": "刑事共助に関する研修を二回実施した。講師：髙橋（東京）、﨑本、𠮷野。",
}
"""That trainings on mutual legal assistance were held, by way of example."""
OUTSIDE = "A sign that no font here has: 🙂"


async def played(client: httpx.AsyncClient) -> None:
    """On the published record. The third Consultation is frozen; the fourth stands before its freeze."""
    for number, day in ((3, "2025-06-20"), (4, "2026-06-19")):
        await make.record(
            client, "consultations", number=number,
            title=f"{number}{'rd' if number == 3 else 'th'} ASLOM-Japan Consultation", start_date=day,
            end_date=day, period_start=f"{2021 + number}-06-01", period_end=f"{2022 + number}-05-31",
        )  # fmt: skip
    await _done(client.post("/v1/consultations/3/freeze?force=true"))
    training = await make.record(
        client, "activities", code="6.1-TH-1", goal={"number": 6}, parent={"code": "6.1"}, lead={"code": "TH-MOJ"},
        title="Trainings on mutual legal assistance for central authorities (example)", countries=["TH", "VN", "JP"],
        start_date="2026-01-12", end_date="2027-03-31", status="ongoing",
        funding=[
            {"source": "Japan-ASEAN Integration Fund (JAIF)", "implementer": "UNODC", "amount": "120000.00",
             "currency": "USD", "commitment": "committed"},
            {"source": "法務省", "amount": "7500000", "currency": "JPY", "commitment": "disbursed"},
            {"source": "กระทรวงยุติธรรม", "amount": "350000.50", "currency": "THB", "commitment": "pledged"},
            {"source": "United Nations Development Programme"},
        ],
    )  # fmt: skip
    for month, kind in ((1, "training"), (3, "seminar"), (3, "workshop"), (4, "symposium")):
        await make.record(
            client, "events", title=f"{kind.capitalize()} on requests for assistance (example)", kind=kind,
            country="TH", start_date=f"2026-0{month}-15", end_date=f"2026-0{month}-16",
            goals=[{"number": 6}, {"number": 4}], status="implemented", activities=[{"id": training["id"]}],
            funding=[{"source": "ASEAN Trust Fund", "amount": "8000", "currency": "USD", "commitment": "disbursed"}],
        )  # fmt: skip
    for code, more in (
        ("6.1", {"status": "ongoing"}), ("6.2", {"status": "implemented"}), ("7.1", {"status": "ongoing"}),
        ("2.1", {"status": "planned", "start_date": "2025-09-01", "end_date": "2026-03-31"}),
        ("8.1", {"status": "ongoing", "start_date": "2024-04-01", "end_date": "2026-12-31"}),
    ):  # fmt: skip
        await _done(client.patch(f"/v1/activities/{code}", json=more))
    for number, title in enumerate(("Study visit on case management", "Handbook on asset recovery"), 1):
        await make.record(
            client, "activities", code=f"4.1-VN-{number}", goal={"number": 4}, parent={"code": "4.1"}, countries=["VN"],
            title=f"{title} (example)", status="planned", start_date="2025-02-01", end_date="2025-02-05",
        )  # fmt: skip
    await _done(client.post("/v1/consultations/4/open-reporting"))
    opened = {
        each["country"]: each["id"]
        for each in (await client.get("/v1/progress-reports?consultation.number=4")).json()["items"]
    }
    rows = []
    for country, words in SCRIPTS.items():
        rows += [
            {"report": {"id": opened[country]}, "activity": {"code": "6.1"}, "response": "reported",
             "status": "ongoing", "narrative": words, "results": ["Handbook"], "participants": 48,
             "obstacles": "Few interpreters.", "next_steps": "A second round in autumn."},
            {"report": {"id": opened[country]}, "activity": {"code": "7.1"}, "response": "nothing_to_report"},
            {"report": {"id": opened[country]}, "activity": {"code": "5.1"}, "response": "not_applicable",
             "narrative": "Another ministry carries it out."},
        ]  # fmt: skip
    rows.append(
        {"report": {"id": opened["TH"]}, "activity": {"code": "6.1-TH-1"}, "response": "reported", "status": "ongoing",
         "narrative": OUTSIDE}
    )  # fmt: skip
    await _done(client.post("/v1/report-lines/bulk", json=rows))
    for country in SCRIPTS:
        overview = {
            "overview": "Cooperation went on as planned; two requests were answered within a month (example)."
        }
        await _done(client.patch(f"/v1/progress-reports/{opened[country]}", json=overview))
        await _done(client.post(f"/v1/progress-reports/{opened[country]}/submit"))
        await _done(client.post(f"/v1/progress-reports/{opened[country]}/accept"))
    gaps = (await client.get("/v1/gaps?severity=critical&limit=1")).json()["items"]
    for gap in gaps:
        said = {"reason": "The host confirms the new dates in July.", "until": "2399-01-01"}
        await _done(client.post(f"/v1/gaps/{gap['id']}/dismiss", json=said))


async def _done(asked: Any) -> None:
    answer = await asked
    assert answer.status_code in {200, 201}, answer.text

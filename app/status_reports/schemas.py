"""What travels of a status report, of what is outstanding, and of the difference between two reports."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from app.activities.schemas import ActivityStatus, Funding
from app.collection.records import Answered
from app.collection.values import CountryCode
from app.funding.schemas import CurrencyTotal, FundingTotal
from app.gaps.schemas import Gap, SeverityWord
from app.report_lines.schemas import Response

_ID = "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11"
_MOST = 1_000_000
Count = Annotated[int, Field(ge=0, le=2**53, json_schema_extra={"format": "int64"})]
Text = Annotated[str, Field(max_length=20_000)]
Address = Annotated[str, Field(max_length=2000)]
Reporter = Literal["missing", "open", "submitted", "returned", "accepted", "frozen"]


def _count(description: str, example: int = 1) -> Any:
    return Field(description=description, examples=[example])


class Answer(Answered):
    """Whatever is told of reports."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The example of the whole is made of the examples of its parts."""
        schema = handler(core_schema)
        own = handler.resolve_ref_schema(schema)
        own["examples"] = [
            {name: part["examples"][0] for name, part in own["properties"].items() if "examples" in part}
        ]
        return schema


class ReportedConsultation(Answer):
    """The Consultation that a report is put before."""

    number: int = Field(
        ge=1, le=32_767, description="Its number.", examples=[2], json_schema_extra={"format": "int32"}
    )
    title: Text = Field(description="Its title.", examples=["2nd ASLOM-Japan Consultation"])
    start_date: date | None = Field(description="Its first day.", examples=["2022-10-01"])
    end_date: date | None = Field(description="Its last day.", examples=[None])
    period_start: date | None = Field(description="First day of the period.", examples=["2021-10-01"])
    period_end: date | None = Field(description="Last day of the period.", examples=["2022-09-30"])
    href: Address = Field(description="Its address.", examples=["/v1/consultations/2"])


class Rate(Answer):
    """A share, with what it is made of."""

    counted: Count = _count("Activities that count: neither cancelled nor not applicable.", 14)
    reached: Count = _count("Of these: implemented or ongoing.", 7)
    percent: float | None = Field(
        ge=0,
        le=100,
        description="`reached` of `counted`; null if there are none.",
        examples=[50.0],
        json_schema_extra={"format": "double"},
    )


class CountedStatus(Answer):
    """How many activities have a status."""

    status: ActivityStatus = Field(description="The status.", examples=["ongoing"])
    count: Count = _count("How many.", 7)
    href: Address = Field(description="The list of them.", examples=["/v1/activities?status=ongoing"])


class Conflicts(Answer):
    """Activities whose reported status contradicts dates and events."""

    count: Count = _count("How many.", 0)
    href: Address = Field(description="The list of them.", examples=["/v1/activities?status_conflict=true"])


class Overall(Answer):
    """All activities together."""

    activities: Count = _count("How many there are.", 14)
    href: Address = Field(description="The list of them.", examples=["/v1/activities"])
    rate: Rate = Field(
        description="How far they are as a whole.", examples=[{"counted": 12, "reached": 9, "percent": 75.0}]
    )
    conflicts: Conflicts = Field(
        description="Where report and dates disagree.",
        examples=[{"count": 1, "href": "/v1/activities?status_conflict=true"}],
    )


class Member(Answer):
    """A State that was a party on the day of the report."""

    country: CountryCode = Field(description="ISO 3166-1 code.", examples=["TH"])
    name: Text = Field(description="Name.", examples=["Thailand"])
    side: Literal["asean", "japan"] = Field(description="Its side.", examples=["asean"])


class LineCounts(Answer):
    """How a reporter answered."""

    reported: Count = _count("Activities of which a status is reported.", 9)
    nothing_to_report: Count = _count("Activities of which there is nothing to report.", 3)
    not_applicable: Count = _count("Activities that are not the reporter's.", 1)
    not_reported: Count = _count("Activities of which nothing is said.", 1)


class ReportStanding(Answer):
    """Where the report of a country or body stands."""

    country: CountryCode | None = Field(description="The country, if one reports.", examples=["TH"])
    organisation: Annotated[str, Field(max_length=40)] | None = Field(
        description="The body, if one reports.", examples=[None]
    )
    name: Text | None = Field(description="Name of the country.", examples=["Thailand"])
    state: Reporter = Field(
        description="State of its report; `missing` if there is none.", examples=["accepted"]
    )
    state_since: datetime | None = Field(
        description="Since when.", examples=["2026-11-23T09:00:00.000000+00:00"]
    )
    overview: Text | None = Field(description="The report as a whole, once it is accepted.", examples=[None])
    lines: LineCounts = Field(
        description="Its answers.",
        examples=[{"reported": 8, "nothing_to_report": 4, "not_applicable": 1, "not_reported": 1}],
    )
    href: Address | None = Field(description="Its lines.", examples=[f"/v1/report-lines?report.id={_ID}"])


class ActivityNamed(Answer):
    """An activity, by name."""

    id: UUID = Field(description="Its id.", examples=[_ID])
    code: Annotated[str, Field(max_length=40)] | None = Field(description="Its code.", examples=["6.1"])
    title: Text = Field(description="Its title.", examples=["Enhance mutual legal assistance"])
    href: Address = Field(description="Its address.", examples=[f"/v1/activities/{_ID}"])


class SaidLine(Answer):
    """What one reporter says of an activity."""

    country: CountryCode | None = Field(description="The country that says so.", examples=["TH"])
    organisation: Annotated[str, Field(max_length=40)] | None = Field(
        description="The body that says so.", examples=[None]
    )
    response: Response = Field(description="Its answer.", examples=["reported"])
    status: ActivityStatus | None = Field(description="The status it reports.", examples=["ongoing"])
    narrative: Text | None = Field(description="What was done.", examples=["Two trainings were held."])
    results: Annotated[list[Text], Field(max_length=100)] = Field(
        description="What came of it.", examples=[["A handbook in Thai"]]
    )
    participants: Count | None = Field(description="How many people took part.", examples=[48])
    obstacles: Text | None = Field(description="What stood in the way.", examples=[None])
    next_steps: Text | None = Field(description="What comes next.", examples=[None])
    funding: Annotated[list[Funding], Field(max_length=100)] = Field(
        description="Who paid.", examples=[[{"source": "Japan-ASEAN Integration Fund (JAIF)"}]]
    )
    href: Address = Field(description="The line.", examples=[f"/v1/report-lines/{_ID}"])


class ReportedActivity(ActivityNamed):
    """An activity, with what is reported of it and what follows from dates and events."""

    origin: Literal["plan", "member"] = Field(description="Whose it is.", examples=["plan"])
    lead: Annotated[str, Field(max_length=40)] | None = Field(description="Who leads.", examples=["JP-MOJ"])
    countries: Annotated[list[CountryCode], Field(max_length=50)] = Field(
        description="Countries concerned.", examples=[["TH", "JP"]]
    )
    start_date: date | None = Field(description="First day.", examples=["2025-04-01"])
    end_date: date | None = Field(description="Last day.", examples=["2026-03-31"])
    status: ActivityStatus = Field(description="As reported by its lead.", examples=["ongoing"])
    derived_status: ActivityStatus = Field(description="As dates and events have it.", examples=["ongoing"])
    status_conflict: bool = Field(description="Whether the two disagree.", examples=[False])
    lines: Annotated[list[SaidLine], Field(max_length=1000)] = Field(
        description="What reporters say.", examples=[[]]
    )


class ReportedGoal(Answer):
    """A goal, with its activities."""

    number: int = Field(
        ge=1, le=32_767, description="Its number.", examples=[6], json_schema_extra={"format": "int32"}
    )
    title: Text = Field(description="Its text.", examples=["Strengthen the mechanisms …"])
    rate: Rate = Field(
        description="How far its activities are.", examples=[{"counted": 3, "reached": 1, "percent": 33.3}]
    )
    by_status: Annotated[list[CountedStatus], Field(max_length=6)] = Field(
        description="Its activities by reported status.", examples=[[]]
    )
    activities: Annotated[list[ReportedActivity], Field(max_length=_MOST)] = Field(
        description="Its activities.", examples=[[]]
    )


class MatrixCell(LineCounts):
    """A goal and a country: what the country says of the goal's activities that concern it."""

    goal: int = Field(
        ge=1, le=32_767, description="The goal.", examples=[6], json_schema_extra={"format": "int32"}
    )
    country: CountryCode = Field(description="The country.", examples=["TH"])
    activities: Count = _count("Activities that concern it.", 3)
    statuses: dict[ActivityStatus, Count] = Field(
        description="Of those reported: how many have which status.",
        examples=[{"ongoing": 2, "implemented": 1}],
        json_schema_extra={"maxProperties": 6},
    )
    href: Address = Field(
        description="The lines behind it.",
        examples=["/v1/report-lines?activity.goal.number=6&report.country=TH"],
    )


class ReportedEvent(Answer):
    """An event of the period."""

    id: UUID = Field(description="Its id.", examples=[_ID])
    title: Text = Field(description="Its title.", examples=["4th Criminal Justice Forum"])
    kind: Annotated[str, Field(max_length=40)] = Field(description="What sort of event.", examples=["forum"])
    status: Annotated[str, Field(max_length=40)] = Field(
        description="Where it stands.", examples=["implemented"]
    )
    start_date: date = Field(description="First day.", examples=["2025-06-24"])
    end_date: date | None = Field(description="Last day.", examples=["2025-06-26"])
    country: CountryCode | None = Field(description="Where it is held.", examples=["JP"])
    goals: Annotated[
        list[Annotated[int, Field(ge=1, le=32_767, json_schema_extra={"format": "int32"})]],
        Field(max_length=50),
    ] = Field(description="Goals that it serves.", examples=[[6]])
    href: Address = Field(description="Its address.", examples=[f"/v1/events/{_ID}"])


class GapCount(Answer):
    """The gaps of a check."""

    name: Annotated[str, Field(max_length=60)] = Field(
        description="The check.", examples=["event_without_outcome"]
    )
    severity: SeverityWord = Field(description="How grave they are.", examples=["warning"])
    open: Count = _count("Gaps that nobody has explained.", 12)
    dismissed: Count = _count("Gaps that are explained.", 1)
    href: Address = Field(description="The gaps.", examples=["/v1/gaps?check=event_without_outcome"])


class ReportedGaps(Answer):
    """What the plan asks for and the record lacks."""

    by_check: Annotated[list[GapCount], Field(max_length=100)] = Field(
        description="How many there are.", examples=[[]]
    )
    critical: Annotated[list[Gap], Field(max_length=_MOST)] = Field(
        description="Those that are critical and not explained.", examples=[[]]
    )
    dismissed: Annotated[list[Gap], Field(max_length=_MOST)] = Field(
        description="Those that are explained, with the reason.", examples=[[]]
    )


class ChangedActivity(ActivityNamed):
    """An activity in a difference of two reports."""

    model_config = ConfigDict(extra="allow")

    goal: int = Field(
        ge=1, le=32_767, description="Its goal.", examples=[6], json_schema_extra={"format": "int32"}
    )


class ReportDifference(Answer):
    """What has changed from one report to another."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    since: ReportedConsultation = Field(
        alias="from",
        description="The earlier Consultation.",
        examples=[
            {
                "number": 1, "title": "1st ASLOM-Japan Consultation", "start_date": "2021-10-26", "end_date": None,
                "period_start": None, "period_end": None, "href": "/v1/consultations/1",
            }
        ],
    )  # fmt: skip
    to: ReportedConsultation = Field(
        description="The later one.",
        examples=[
            {
                "number": 2, "title": "2nd ASLOM-Japan Consultation", "start_date": "2022-10-01", "end_date": None,
                "period_start": None, "period_end": None, "href": "/v1/consultations/2",
            }
        ],
    )  # fmt: skip
    counts: dict[str, Count] = Field(
        description="How many there are of each.",
        examples=[{"moved": 2, "stalled": 1}],
        json_schema_extra={"maxProperties": 10},
    )
    moved: Annotated[list[ChangedActivity], Field(max_length=_MOST)] = Field(
        description="Another reported status, `from` one `to` another.", examples=[[]]
    )
    stalled: Annotated[list[ChangedActivity], Field(max_length=_MOST)] = Field(
        description="The same status, not finished, and nobody reports on it.", examples=[[]]
    )
    slipped: Annotated[list[ChangedActivity], Field(max_length=_MOST)] = Field(
        description="Past its last day and not finished.", examples=[[]]
    )
    newly_added: Annotated[list[ChangedActivity], Field(max_length=_MOST)] = Field(
        description="Not in the earlier report.", examples=[[]]
    )
    dropped: Annotated[list[ChangedActivity], Field(max_length=_MOST)] = Field(
        description="Not in the later report.", examples=[[]]
    )
    redated: Annotated[list[ChangedActivity], Field(max_length=_MOST)] = Field(
        description="Other dates than before.", examples=[[]]
    )
    newly_reporting: Annotated[list[dict[str, Any]], Field(max_length=10_000)] = Field(
        description="Who reports now and did not before.",
        examples=[[{"country": "TL", "organisation": None}]],
    )


class StatusReport(Answer):
    """The status of implementation: what is reported, what dates and events say, and what is missing."""

    kind: Literal["live", "frozen"] = Field(
        description="`live`: as the record stands now; `frozen`: as it was put before the Consultation.",
        examples=["live"],
    )
    forced: bool = Field(
        description="Whether it was frozen although critical gaps were open.", examples=[False]
    )
    consultation: ReportedConsultation = Field(
        description="The Consultation.",
        examples=[
            {
                "number": 2, "title": "2nd ASLOM-Japan Consultation", "start_date": "2022-10-01", "end_date": None,
                "period_start": None, "period_end": None, "href": "/v1/consultations/2",
            }
        ],
    )  # fmt: skip
    position: Count = _count("Place in the feed of changes at which it was counted.", 218)
    as_of: datetime = Field(
        description="Time of the last change that is in it.", examples=["2026-11-23T09:00:00.000000+00:00"]
    )
    membership_on: date = Field(description="Day whose members count.", examples=["2022-10-01"])
    members: Annotated[list[Member], Field(max_length=50)] = Field(
        description="The States that were parties on that day.",
        examples=[[{"country": "JP", "name": "Japan", "side": "japan"}]],
    )
    overall: Overall = Field(
        description="What holds of all activities together.",
        examples=[
            {
                "activities": 14, "href": "/v1/activities", "rate": {"counted": 14, "reached": 7, "percent": 50.0},
                "conflicts": {"count": 0, "href": "/v1/activities?status_conflict=true"},
            }
        ],
    )  # fmt: skip
    by_status: Annotated[list[CountedStatus], Field(max_length=6)] = Field(
        description="Activities by reported status.", examples=[[]]
    )
    by_derived_status: Annotated[list[CountedStatus], Field(max_length=6)] = Field(
        description="Activities by derived status.", examples=[[]]
    )
    not_applicable: Annotated[list[ActivityNamed], Field(max_length=_MOST)] = Field(
        description="Activities that every reporter calls not applicable; they are not in the rates.",
        examples=[[]],
    )
    reports: Annotated[list[ReportStanding], Field(max_length=10_000)] = Field(
        description="Who has reported, and who has not.", examples=[[]]
    )
    goals: Annotated[list[ReportedGoal], Field(max_length=1000)] = Field(
        description="Goal by goal.", examples=[[]]
    )
    matrix: Annotated[list[MatrixCell], Field(max_length=50_000)] = Field(
        description="Goal by country.", examples=[[]]
    )
    events: Annotated[list[ReportedEvent], Field(max_length=_MOST)] = Field(
        description="Events of the period; none if the Consultation has no period.", examples=[[]]
    )
    funding_by_currency: Annotated[list[CurrencyTotal], Field(max_length=10_000)] = Field(
        description="Money by currency: of activities, and of the events of the period.", examples=[[]]
    )
    funding: Annotated[list[FundingTotal], Field(max_length=100_000)] = Field(
        description="Money by currency, source and commitment.", examples=[[]]
    )
    gaps: ReportedGaps = Field(
        description="What is missing.",
        examples=[
            {
                "by_check": [
                    {
                        "name": "event_without_outcome", "severity": "warning", "open": 12, "dismissed": 1,
                        "href": "/v1/gaps?check=event_without_outcome",
                    }
                ],
                "critical": [],
                "dismissed": [],
            }
        ],
    )  # fmt: skip
    difference: ReportDifference | None = Field(
        description="What has changed since the frozen report of the Consultation before; null if there is none.",
        examples=[None],
    )
    method: dict[str, Text] = Field(
        description="How the numbers are made.",
        examples=[{"rate": "Activities reported as implemented or ongoing, of all that count."}],
        json_schema_extra={"maxProperties": 20},
    )


class Outstanding(Answer):
    """Who still owes what before a Consultation."""

    consultation: ReportedConsultation = Field(
        description="The Consultation.",
        examples=[
            {
                "number": 2, "title": "2nd ASLOM-Japan Consultation", "start_date": "2022-10-01", "end_date": None,
                "period_start": None, "period_end": None, "href": "/v1/consultations/2",
            }
        ],
    )  # fmt: skip
    expected: Count = _count("Countries that are to report.", 12)
    accepted: Count = _count("Reports that are accepted.", 0)
    items: Annotated[list[ReportStanding], Field(max_length=10_000)] = Field(
        description="Those whose report is missing, unfinished, or silent on activities.", examples=[[]]
    )

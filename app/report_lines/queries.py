"""How the lines of progress reports are read."""

from app.activities.queries import ACTIVITIES
from app.collection.collection import Collection
from app.collection.projection import Ref, Reverse
from app.progress_reports.queries import PROGRESS_REPORTS
from app.report_lines.models import ReportLine
from app.report_lines.schemas import ReportLine as ReportLineSchema

_SETTLED = """(select case when c.frozen_at is null then r.state else 'frozen' end
from progress_reports r join consultations c on c.id = r.consultation_id
where r.id = report_id and (r.state not in ('open', 'returned') or c.frozen_at is not null))"""
REPORT_LINES = Collection(
    ReportLine,
    ReportLineSchema,
    singular="report line",
    owner="country",
    owner_of="(select r.country from progress_reports r where r.id = report_id)",
    drafts=True,
    sources={"report": Ref(PROGRESS_REPORTS), "activity": Ref(ACTIVITIES)},
    sorts=("response",),
    settled=_SETTLED,
    lasting=_SETTLED,
    distinct="Two report lines are of two reports or about two activities: neither stands for the other. One is "
    "changed, and what should not be there is deleted.",
)
PROGRESS_REPORTS.reverse["lines"] = Reverse(
    lambda: REPORT_LINES, lambda report, line: line.c.report_id == report.c.id, "report", "Its lines."
)
ACTIVITIES.reverse["report_lines"] = Reverse(
    lambda: REPORT_LINES,
    lambda activity, line: line.c.activity_id == activity.c.id,
    "activity",
    "What reporters say of it.",
)

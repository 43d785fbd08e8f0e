"""How progress reports are read."""

from app.collection.collection import Collection
from app.collection.projection import Ref, Reverse
from app.consultations.queries import CONSULTATIONS
from app.organisations.queries import ORGANISATIONS
from app.progress_reports.models import ProgressReport
from app.progress_reports.schemas import ProgressReport as ProgressReportSchema

_LASTING = "case when state not in ('open', 'returned') then state end"
FROZEN = "(select 'frozen' from consultations c where c.id = consultation_id and c.frozen_at is not null)"
PROGRESS_REPORTS = Collection(
    ProgressReport,
    ProgressReportSchema,
    singular="progress report",
    owner="country",
    drafts=True,
    sources={"consultation": Ref(CONSULTATIONS), "organisation": Ref(ORGANISATIONS)},
    sorts=("state", "state_since"),
    settled=f"coalesce({_LASTING}, {FROZEN})",
    lasting=_LASTING,
    distinct="Two progress reports are of two reporters or to two Consultations: neither stands for the other. Lines "
    "are moved by their `report`, and what should not be there is deleted.",
)
CONSULTATIONS.reverse["progress_reports"] = Reverse(
    lambda: PROGRESS_REPORTS,
    lambda consultation, report: report.c.consultation_id == consultation.c.id,
    "consultation",
    "Reports made to it.",
)

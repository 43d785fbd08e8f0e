"""Every table, imported once, for migrations and for the checks that look at all of them."""

from app.access.models import ApiKey, ApiKeySecret, HiddenRecord, SpentQuota, TokenHolder
from app.activities.models import Activity
from app.amendments.models import Amendment
from app.areas.models import Area
from app.collection.own_keys import OwnKeyOf
from app.collection.search import SearchText
from app.consultations.models import Consultation
from app.countries.models import Country
from app.db import Base
from app.decisions.models import Decision
from app.events.models import Event
from app.focal_points.models import FocalPoint
from app.framework_items.models import FrameworkItem
from app.gaps.models import GapDismissal
from app.goals.models import Goal
from app.http.models import IdempotencyKey
from app.jobs.models import Job, JobPiece
from app.journal import Change
from app.organisations.models import Organisation
from app.overlaps.models import OverlapVerdict
from app.persons.models import Person, Reveal
from app.plan.models import Plan
from app.progress_reports.models import ProgressReport
from app.report_lines.models import ReportLine
from app.status_reports.models import FrozenFile, FrozenReport
from app.webhooks.models import Webhook

METADATA = Base.metadata

__all__ = [
    "METADATA",
    "Activity",
    "Amendment",
    "ApiKey",
    "ApiKeySecret",
    "Area",
    "Change",
    "Consultation",
    "Country",
    "Decision",
    "Event",
    "FocalPoint",
    "FrameworkItem",
    "FrozenFile",
    "FrozenReport",
    "GapDismissal",
    "Goal",
    "HiddenRecord",
    "IdempotencyKey",
    "Job",
    "JobPiece",
    "Organisation",
    "OverlapVerdict",
    "OwnKeyOf",
    "Person",
    "Plan",
    "ProgressReport",
    "ReportLine",
    "Reveal",
    "SearchText",
    "SpentQuota",
    "TokenHolder",
    "Webhook",
]

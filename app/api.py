"""The table of contents: every router, in the order of the documentation."""

from fastapi import APIRouter, FastAPI

import app.search.queries  # noqa: F401  (all collections, before a router asks what refers to one of them)
from app import health, problem_pages
from app.activities.router import files as activity_files
from app.activities.router import router as activities
from app.amendments.router import exact as amendment_texts
from app.amendments.router import files as amendment_files
from app.amendments.router import router as amendments
from app.amendments.router import steps as amendment_steps
from app.areas.router import files as area_files
from app.areas.router import router as areas
from app.audit.router import router as audit
from app.bundles.router import bundle
from app.changes.router import changes
from app.consultations.router import files as consultation_files
from app.consultations.router import router as consultations
from app.countries.router import files as country_files
from app.countries.router import router as countries
from app.decisions.router import files as decision_files
from app.decisions.router import router as decisions
from app.events.router import files as event_files
from app.events.router import router as events
from app.focal_points.pages import router as confirmations
from app.focal_points.router import deeds as focal_point_deeds
from app.focal_points.router import files as focal_point_files
from app.focal_points.router import router as focal_points
from app.framework_items.router import files as framework_item_files
from app.framework_items.router import router as framework_items
from app.funding.router import router as funding
from app.gaps.router import catalogued as checks
from app.gaps.router import dismissals as gap_dismissals
from app.gaps.router import files as gap_dismissal_files
from app.gaps.router import router as gaps
from app.goals.router import files as goal_files
from app.goals.router import router as goals
from app.imports.background import loader
from app.imports.router import bulk
from app.imports.templates import templates
from app.jobs.router import router as jobs
from app.keys.router import router as keys
from app.operations.allowing import permissions
from app.operations.history import histories
from app.operations.keyed import by_key
from app.operations.merges import merge_of
from app.organisations.router import files as organisation_files
from app.organisations.router import router as organisations
from app.overlaps.router import files as overlap_verdict_files
from app.overlaps.router import router as overlaps
from app.overlaps.router import verdicts as overlap_verdicts
from app.persons.router import deeds as person_deeds
from app.persons.router import files as person_files
from app.persons.router import router as persons
from app.plan.queries import PLANS
from app.plan.redlines import redlines
from app.plan.router import router as plan
from app.progress_reports.router import files as progress_report_files
from app.progress_reports.router import router as progress_reports
from app.progress_reports.router import steps as progress_report_steps
from app.report_lines.router import files as report_line_files
from app.report_lines.router import router as report_lines
from app.search.queries import SEARCHED
from app.search.router import router as search
from app.status_reports.router import explained as why_status
from app.status_reports.router import router as status_reports
from app.webhooks.router import webhooks

ROUTERS: tuple[APIRouter, ...] = (
    plan, redlines, amendments, amendment_steps, amendment_texts, areas, goals, activities, events, consultations,
    progress_reports, progress_report_steps, report_lines, status_reports, why_status, funding, gaps, checks,
    gap_dismissals, decisions, framework_items, focal_points, focal_point_deeds, persons, person_deeds, organisations,
    countries, search, audit,
    overlaps, overlap_verdicts,
)  # fmt: skip
FILES: tuple[APIRouter, ...] = (
    area_files, goal_files, activity_files, event_files, consultation_files, focal_point_files, organisation_files,
    country_files, person_files, progress_report_files, report_line_files, gap_dismissal_files,
    framework_item_files, amendment_files, decision_files,
    overlap_verdict_files,
)  # fmt: skip
COLLECTIONS = tuple(SEARCHED.values())
"""Every collection; the promises of all resources are tested over these."""
WRITTEN = tuple(each for each in COLLECTIONS if each is not PLANS)
"""Collections to which records can be added; the plan is one."""
KEYED: tuple[APIRouter, ...] = tuple(by_key(collection) for collection in WRITTEN)
HISTORIES: tuple[APIRouter, ...] = tuple(histories(collection) for collection in WRITTEN)
PERMISSIONS: tuple[APIRouter, ...] = tuple(
    permissions(collection, follows=collection in WRITTEN) for collection in COLLECTIONS
)
MERGES: tuple[APIRouter, ...] = tuple(merge_of(collection) for collection in WRITTEN)
BULK: tuple[APIRouter, ...] = tuple(
    router for collection in WRITTEN for router in (templates(collection), bulk(collection))
)
BUNDLE = bundle(WRITTEN)
LOADER = loader({each.path: each for each in WRITTEN})
"""What works at the jobs that bulk requests leave."""
CHANGES = changes(COLLECTIONS)
WEBHOOKS = webhooks(COLLECTIONS)


def include(app: FastAPI) -> None:
    """Put every router into the application."""
    app.include_router(health.router)  # FastAPI makes routes ready as it passes them: a probe is to pass none
    for router in (
        *FILES,
        *ROUTERS,
        *KEYED,
        *HISTORIES,
        *PERMISSIONS,
        *MERGES,
        *BULK,
        jobs,
        BUNDLE,
        CHANGES,
        WEBHOOKS,
        keys,
    ):
        app.include_router(router, prefix="/v1")
    app.include_router(problem_pages.router)
    app.include_router(confirmations)

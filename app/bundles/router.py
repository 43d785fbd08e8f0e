"""The operation on bundles."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from app.access.permissions import Permission
from app.bundles import documented as told
from app.bundles.applying import Applied, apply
from app.bundles.ordering import tasks_of
from app.bundles.schemas import Bundle, BundleReport, BundleSummary
from app.collection.collection import Collection
from app.collection.validation import mistakes
from app.db import Connection
from app.errors import MEDIA_TYPE, BadRequest, Unprocessable, did_you_mean
from app.http.bodies import read_object
from app.operations.doors import open_door
from app.operations.routes import flags, read_body
from app.operations.serving import caller_of, headers_of
from app.operations.transactions import Answer, write


class EntriesRefused(Unprocessable):
    """Entries of the bundle were refused, and nothing was stored. `errors` names every mistake by its pointer."""


def bundle(collections: Sequence[Collection]) -> APIRouter:
    """`POST /v1/bundle`."""
    router = APIRouter(prefix="/bundle", tags=["Bundle"])
    known = {collection.path: collection for collection in collections}

    async def write_bundle(request: Request) -> Response:
        dry_run = flags(request, "dry_run")["dry_run"]
        body = await read_body(request, ("application/json",))
        if b"if-match" in headers_of(request):
            raise BadRequest(
                "A bundle has no one version: give each entry its `version`.",
                errors=[{"header": "If-Match", "code": "not_here"}],
            )
        sent = _read(body, known)
        caller = await caller_of(request)
        for path in dict.fromkeys(entry.collection for entry in sent.entries):
            known[path].needs().asked_of(caller)

        async def work(connection: Connection) -> Answer:
            done = await apply(
                connection, tasks_of(sent.entries, known), versions_required=caller.require_if_match
            )
            return _refusal(request, done) if done.errors else _report(done, dry_run=dry_run)

        return await write(request, body, work, dry_run=dry_run)

    open_door(
        router,
        "POST",
        "",
        write_bundle,
        "write_bundle",
        Permission.EDIT,
        summary="Write records of several collections together",
        description=told.ABOUT,
        responses=told.RESPONSES,
        openapi_extra=told.EXTRA,
    )
    return router


def _read(body: bytes, known: Mapping[str, Collection]) -> Bundle:
    """The bundle, or a refusal that names every mistake in its form."""
    document = read_object(body)
    sent, errors = None, []
    try:
        sent = Bundle.model_validate_json(body)
    except ValidationError as refused:
        errors = mistakes(refused)
    entries = document.get("entries")
    for place, entry in enumerate(entries if isinstance(entries, list) else ()):
        named = entry.get("collection") if isinstance(entry, dict) else None
        if isinstance(named, str) and named not in known:
            pointer = f"/entries/{place}/collection"
            hint = did_you_mean(named[:40], list(known))
            message = "There is no such collection."
            errors.append({"pointer": pointer, "code": "unknown", "message": message, **hint})
    if errors or sent is None:
        raise EntriesRefused(_sentence(len(errors)), errors=errors)
    return sent


def _refusal(request: Request, done: Applied) -> Answer:
    problem = EntriesRefused(_sentence(len(done.errors)), errors=done.errors)
    text = problem.body(request.scope["path"], request.scope["state"].get("request_id", "")).decode()
    return Answer(422, text, {"Content-Type": MEDIA_TYPE}, kept=False)


def _sentence(count: int) -> str:
    return f"{count} {'mistake needs' if count == 1 else 'mistakes need'} attention; nothing was stored."


def _report(done: Applied, *, dry_run: bool) -> Answer:
    summary = BundleSummary(entries=len(done.outcomes))
    for each in done.outcomes:
        setattr(summary, each.outcome, getattr(summary, each.outcome) + 1)
    report = BundleReport(dry_run=dry_run, summary=summary, entries=done.outcomes)
    return Answer(200, report.model_dump_json())

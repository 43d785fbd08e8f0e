"""A load that is done after the answer, as a job: by the same steps, with the same report."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from app.access.caller import Caller
from app.collection.collection import Collection
from app.db import Connection
from app.errors import BadRequest
from app.http.formats import JSON, Format
from app.http.spool import Spool
from app.imports.asked import Options, options_of
from app.imports.files import KINDS
from app.imports.loading import Load, loaded_by
from app.jobs import asking
from app.jobs.documented import PREFER_MOST
from app.jobs.queue import Done, Job, Progress, accepted
from app.jobs.running import Work
from app.operations.serving import Service
from app.operations.transactions import Answer, Opening
from app.operations.transactions import Work as Write

ASYNC = "respond-async"


@dataclass(frozen=True)
class Sent:
    """What a bulk request says beside its file; it can be kept and carried out later."""

    media: str
    charset: str | None
    query: str
    plan: str | None
    request_id: str
    reason: str | None

    @classmethod
    def of(cls, job: Job) -> Self:
        return cls(**job.request)

    def load(
        self,
        service: Service,
        caller: Caller,
        collection: Collection,
        file: Spool,
        options: Options,
        style: Format,
        patience: float,
    ) -> Load:
        """The load that this asks for."""
        return Load(
            collection,
            file,
            self.media,
            self.charset,
            options,
            style,
            versions_required=caller.require_if_match,
            instance=f"/v1/{collection.path}/bulk",
            request_id=self.request_id,
            patience=patience,
            seal=service.seal,
            plan=self.plan,
            folder=service.settings.spool_dir,
        )


def prefers_async(headers: Mapping[bytes, bytes]) -> bool:
    """Whether `Prefer` asks for an answer before the work is done (RFC 7240)."""
    given = headers.get(b"prefer", b"").decode("latin-1")
    if len(given) > PREFER_MOST:
        raise BadRequest(
            f"`Prefer` has at most {PREFER_MOST} characters.",
            errors=[{"header": "Prefer", "code": "too_long"}],
        )
    preferences = given.replace(";", ",").split(",")
    return ASYNC in {each.strip().lower() for each in preferences}


def accepting(
    service: Service, caller: Caller, collection: Collection, sent: Sent, file: Spool, *, preferred: bool
) -> Write:
    """Keep the file and answer 202."""

    async def work(connection: Connection) -> Answer:
        assert caller.key_id is not None
        patience = service.settings.bulk_budget
        job = await accepted(connection, caller.key_id, collection.path, asdict(sent), file, patience)
        headers = {"Location": f"/v1/jobs/{job}", "Retry-After": "1"}
        if preferred:
            headers["Preference-Applied"] = ASYNC
        return Answer(202, await asking.job_as_it_is(connection, caller, job), headers)

    return work


def loader(collections: Mapping[str, Collection]) -> Work:
    """What works at jobs: a function that loads the file of one, inside the transaction that it is given."""

    async def work(
        connection: Connection, service: Service, caller: Caller, job: Job, file: Spool, progress: Progress
    ) -> Done:
        sent, collection = Sent.of(job), collections[job.collection]
        collection.needs().asked_of(caller)
        options = options_of(collection, sent.query.encode("latin-1"))
        await Opening(caller, sent.request_id, sent.reason, system=options.system).claim(connection)
        asked = sent.load(service, caller, collection, file, options, JSON, service.settings.job_budget)
        loaded = await loaded_by(connection, asked, progress)
        report = await loaded.report()
        report.kept = report.kept and not options.dry_run
        if not loaded.outcome.batch.counts["error"]:
            return Done(report)
        rows = (await loaded.refused()).body
        assert isinstance(rows, Spool)
        return Done(report, rows, KINDS[sent.media].refused.content_type)

    return work

"""What is answered of the data as a whole: its tag names their version, and while that lasts it is not made again."""

from fastapi import Request, Response

from app.db import PLAIN, Context
from app.http.answers import Told, Unchanged
from app.http.etags import not_modified
from app.operations.answering import caching
from app.operations.kept import VERSION, Read, Version
from app.operations.moments import Moment
from app.operations.serving import Service, address_of, headers_of, service_of


async def version_of(service: Service, moment: Moment | None) -> Version:
    """The version of the data, now or then; it is the same for all callers."""
    row = await service.database.same(VERSION, moment.context if moment else PLAIN)
    return row[0], row[1]


async def of_version(
    request: Request, moment: Moment | None, context: Context, suffix: str, read: Read
) -> Response:
    """What `read` tells of the data, with the version that it saw; or that the client has it already. `suffix` is what
    the tag says beside the version: all else that the answer depends on.
    """
    service, header = service_of(request), headers_of(request).get(b"if-none-match")
    asked = (suffix, address_of(request), *context.items())
    version = None
    if header is not None or (moment is None and service.kept.may_have(asked)):
        version = await version_of(service, moment)
    if version and not_modified(header, f"{version[0]}.{suffix}"):
        return Unchanged(caching(moment, ETag=f'"{version[0]}.{suffix}"'))
    seen, text = await (read() if moment else service.kept.answer(version, asked, read))
    answer = caching(moment, ETag=f'"{seen[0]}.{suffix}"')
    return Told(text, answer)

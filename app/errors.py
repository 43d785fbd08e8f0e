"""Problems (RFC 9457): the general refusals, and the one shape in which every refusal is answered.

A refusal is a `Problem` subclass beside the rule that raises it. Its name in kebab case is its `type`,
its docstring is the page that `type` leads to, and both are listed in `docs/problems.md`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar
from urllib.parse import quote

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """Something was refused. Raised anywhere below a route, answered in one place."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = ""
    code: ClassVar[str] = ""
    abstract: ClassVar[bool] = True

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail or self.title
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.extra = extra

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()
        cls.abstract = False
        if "title" not in cls.__dict__:
            cls.title = re.sub(r"(?<!^)(?=[A-Z])", " ", cls.__name__).capitalize()

    def document(self, instance: str, request_id: str) -> dict[str, Any]:
        """The problem document: `type` resolves in the service itself."""
        body: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": quote(instance, safe="/:@!$&'()*+,;=-._~", errors="replace"),
            "request_id": request_id,
            **self.extra,
        }
        if self.errors:
            body["errors"] = self.errors
        return body

    def headers_for(self, scope: Mapping[str, Any]) -> Mapping[str, str]:
        """The headers of the answer to a request (ASGI)."""
        return self.headers

    def body(self, instance: str, request_id: str) -> bytes:
        text = json.dumps(self.document(instance, request_id), ensure_ascii=False, default=str)
        return text.encode("utf-8", "replace")


def every_problem(of: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """Every refusal that the service knows, for the problem pages."""
    for kind in of.__subclasses__():
        yield kind
        yield from every_problem(kind)


def did_you_mean(got: str, allowed: Sequence[str]) -> dict[str, Any]:
    """A hint for a misspelt name: near ones first, then what is allowed."""
    near = get_close_matches(got, allowed, n=3, cutoff=0.6)
    hint = {"hint": f"Did you mean {' or '.join(near)}?", "did_you_mean": near} if near else {}
    return {**hint, "allowed": list(allowed)}


class BadRequest(Problem):
    """The request cannot be read: broken JSON, a malformed address, an undecodable byte."""

    status = 400


class UnknownParameter(Problem):
    """A query parameter, field or operator that this collection does not have.

    Nothing is ignored: a misspelt filter that returned everything would be worse than a refusal.
    """

    status = 400


class InvalidParameter(Problem):
    """A query parameter whose value cannot be read, or that is given twice."""

    status = 400


class InvalidCursor(Problem):
    """The cursor is not one that this service made for this filter and order.

    A cursor belongs to the filter and the sort it was made with. Start again without `cursor`.
    """

    status = 400


class NotFound(Problem):
    """There is nothing at this address, or nothing with this key."""

    status = 404
    title = "Not found"


class MethodNotAllowed(Problem):
    """The address exists, the method does not. `Allow` names those that do."""

    status = 405


class NotAcceptable(Problem):
    """None of the formats that `Accept` asks for can be had here."""

    status = 406


class Conflict(Problem):
    """The request contradicts the state of the record."""

    status = 409


class AlreadyExists(Conflict):
    """Another record has this code, number or own key already."""


class StillReferred(Conflict):
    """Other records refer to this one. Change them first, or ask for `cascade=true`: that does not change who names a
    country by its code.
    """


class BusyRecord(Conflict):
    """Another request holds this record just now. Try again."""


class TooLarge(Problem):
    """The request body is larger than this service takes."""

    status = 413
    title = "Request body too large"


class UnsupportedMediaType(Problem):
    """The body is of a type, an encoding or a charset that is not read here."""

    status = 415


class Unprocessable(Problem):
    """The body could be read, but says something that the register cannot take. `errors` says what."""

    status = 422
    title = "Unprocessable content"


class InternalError(Problem):
    """Something broke on our side. Nothing was changed. The log has more under the request id."""

    status = 500


class Unavailable(Problem):
    """The database cannot be reached or is busy. Try again after the time in `Retry-After`.

    A write that was answered so may or may not have happened: repeat it under the same Idempotency-Key.
    """

    status = 503
    title = "Temporarily unavailable"

    def __init__(self, detail: str = "", **more: Any) -> None:
        super().__init__(detail, headers={"Retry-After": "2"}, **more)

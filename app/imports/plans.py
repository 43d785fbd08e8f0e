"""Plan tokens: what a dry run has shown, signed, so that exactly this can be asked for afterwards.

Nothing is stored: the token holds digests of the file, of the options, and of what is to be done with each row at which
version, and the position of the journal, so that the rows that moved since can be named.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from typing import Any, Self

from app.errors import BadRequest, Problem
from app.http.seals import Seal

_PART, _PLACE = 12, 8
_LENGTH = 4 * _PART + _PLACE


class PlanOutdated(Problem):
    """What would be done is no longer what the dry run has shown. Nothing was changed.

    `errors` names the rows whose records moved since, or says that the file or the options are others. Look at a new
    dry run, and send its plan.
    """

    status = 412


@dataclass(frozen=True)
class Plan:
    """What a dry run has shown."""

    file: bytes
    options: bytes
    rows: bytes
    position: int
    """Of the journal, before the first record was looked at."""

    @classmethod
    def of(cls, file: bytes, options: tuple[Any, ...], rows: bytes, position: int) -> Self:
        return cls(
            file[:_PART], hashlib.sha256(repr(options).encode()).digest()[:_PART], rows[:_PART], position
        )

    def token(self, seal: Seal) -> str:
        body = self.file + self.options + self.rows + self.position.to_bytes(_PLACE)
        return urlsafe_b64encode(body + seal.of(_sealed(body), _PART)).decode()

    @classmethod
    def read(cls, token: str, seal: Seal) -> Self:
        """The plan of a token that we have made."""
        try:
            whole = urlsafe_b64decode(token.strip().strip('"'))
        except (Error, ValueError):
            whole = b""
        body = whole[:-_PART]
        if len(whole) != _LENGTH or not seal.is_on(_sealed(body), whole[-_PART:], _PART):
            raise BadRequest(
                "`If-Plan-Match` is the plan that a dry run has answered.",
                errors=[{"header": "If-Plan-Match", "code": "malformed"}],
            )
        file, options, rows = (body[place : place + _PART] for place in range(0, 3 * _PART, _PART))
        return cls(file, options, rows, int.from_bytes(body[3 * _PART :]))

    def refuse_another_request(self, now: Self) -> None:
        """Refuse another file or other options than those of the dry run."""
        for part, message in (("file", "This is another file"), ("options", "The options are others")):
            if getattr(self, part) != getattr(now, part):
                error = {"header": "If-Plan-Match", "code": f"other_{part}", "message": f"{message}."}
                raise PlanOutdated(f"{message} than in the dry run. Nothing was changed.", errors=[error])


def _sealed(body: bytes) -> bytes:
    return b"plan" + body

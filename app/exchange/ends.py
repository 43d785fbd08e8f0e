"""How a command ends: exit codes that scripts rely on, each with the sentence that is said."""

from collections.abc import Mapping
from typing import Any, ClassVar


class Ended(Exception):
    """The command cannot go on."""

    code: ClassVar[int] = 1

    def __init__(self, sentence: str, problem: Mapping[str, Any] | None = None) -> None:
        super().__init__(sentence)
        self.problem = problem or {}


class Misused(Ended):
    """An argument, the file or the request as a whole cannot be read."""

    code = 2


class RowsRefused(Ended):
    """Rows of the file were refused."""

    code = 3


class Conflicting(Ended):
    """Another number of records than expected would change, records have changed since the plan, or the same file was
    loaded before.
    """

    code = 4


class Unreachable(Ended):
    """The register did not answer in time, however often it was asked."""

    code = 5


class NotAllowed(Ended):
    """There is no key, or it may not do this."""

    code = 6


BY_STATUS: Mapping[int, type[Ended]] = {
    400: Misused, 401: NotAllowed, 403: NotAllowed, 404: Misused, 406: Misused, 409: Conflicting, 412: Conflicting,
    413: Misused, 415: Misused, 422: RowsRefused, 428: Conflicting,
}  # fmt: skip
CODES = (
    "Exit codes: 0 all went well; 1 something unexpected; 2 an argument or the file cannot be read; 3 rows refused; "
    "4 conflict (`--expect`, the plan is outdated, or the file was loaded before); 5 the register cannot be reached; "
    "6 the key may not."
)


def refusal(status: int, problem: Mapping[str, Any]) -> Ended:
    """What a refused request means for the command."""
    sentence = problem.get("detail") or problem.get("title") or f"The register answered {status}."
    if status == 422 and "summary" not in problem:  # the file as a whole, not its rows
        return Misused(sentence, problem)
    return BY_STATUS.get(status, Ended)(sentence, problem)

"""Records of a collection as a set, so that one question serves a single record and a whole load."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement


@dataclass(frozen=True)
class Among:
    """Which records are meant."""

    name: str
    """Part of the shape of the statements that ask."""
    has: Callable[[ColumnElement[Any]], ColumnElement[bool]]
    """Whether a column holds the id of one of them."""
    values: Mapping[str, Any] = field(default_factory=dict)


def these(ids: Sequence[UUID]) -> Among:
    """Records by their ids."""
    given = bindparam("these", type_=ARRAY(Uuid))
    return Among("these", lambda column: column == func.any(given), {"these": ids})

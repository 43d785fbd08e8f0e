"""The operations on decisions."""

from app.decisions.queries import DECISIONS
from app.operations.routes import endings, operations

router = operations(DECISIONS, tag="Decisions")
files = endings(DECISIONS)

"""The operations on goals."""

from app.goals.queries import GOALS
from app.operations.routes import endings, operations

router = operations(GOALS, tag="Goals")
files = endings(GOALS)

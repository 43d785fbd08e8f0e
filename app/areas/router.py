"""The operations on areas."""

from app.areas.queries import AREAS
from app.operations.routes import endings, operations

router = operations(AREAS, tag="Areas")
files = endings(AREAS)
